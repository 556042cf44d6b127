// BS-G07: a consumer group's assignment is not ahead of it, nor behind once it is empty (invariant
// G4; KIP-848).
#include <fmt/format.h>

#include "properties/all.h"

namespace brokersim::properties {

namespace {

class AssignmentEpochs final : public Property {
 public:
  std::string_view id() const override { return "BS-G07"; }
  std::string_view name() const override { return "assignment of another epoch"; }
  std::string_view explanation() const override {
    return "Who asks how a consumer group is (KIP-848) is not told of a target assignment of a "
           "later "
           "epoch than the group's; and if nobody is in the group, of none of an earlier one: "
           "there "
           "is nothing left to be assigned, and what the group becomes next rests on that.";
  }
  Needs needs() const override { return Need::wire; }
  Kinds listens_to() const override { return Kinds::of<ConsumerGroupDescribed>(); }

  void observe(const Event& e, Judge& judge) override {
    const auto& group = std::get<ConsumerGroupDescribed>(e.body);
    const bool is_ahead = group.assignment_epoch > group.epoch;
    const bool is_behind = group.members == 0 && group.assignment_epoch < group.epoch;
    if (!is_ahead && !is_behind) return;
    judge.report(
        {.id = std::string(id()),
         .kind = is_ahead ? "ahead" : "empty_and_behind",
         .message = fmt::format("{} is in epoch {} with {} members, and its assignment is "
                                "of epoch {}.",
                                group.group, group.epoch, group.members, group.assignment_epoch),
         .facts = {e.id, {}},
         .at = {},
         .partition = {}});
  }
};

}  // namespace

std::unique_ptr<Property> assignment_epochs() { return std::make_unique<AssignmentEpochs>(); }

}  // namespace brokersim::properties
