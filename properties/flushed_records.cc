// BS-D03: what flush.messages has synced no loss of power takes.
#include <fmt/format.h>

#include "properties/all.h"
#include "properties/ledger.h"
#include "properties/text.h"

namespace brokersim::properties {

namespace {

class FlushedRecords final : public Property {
 public:
  std::string_view id() const override { return "BS-D03"; }
  std::string_view name() const override { return "flushed record lost"; }
  std::string_view explanation() const override {
    return "Where a topic has flush.messages, a loss of power leaves a replica all that it has "
           "spoken of, but for the last records, fewer than that setting says: as leader what it "
           "acknowledged, or showed to be committed, since it leads; as follower what it has "
           "copied in this life, and fetched what lies behind it. The setting is the largest that "
           "the topic ever had; nothing is promised where it ever had none, or of a machine whose "
           "disk has failed to sync. That the record is kept elsewhere is no excuse.";
  }
  Needs needs() const override { return Need::wire | Need::disk | Need::metadata; }
  Kinds listens_to() const override { return Kinds::of<FetchAnswered>(); }

  void observe(const Event& e, Judge& judge) override {
    const auto& breach = judge.ledger().flush_promises().last_breach();
    if (!breach || breach->found_by != e.id) return;
    judge.report(
        {std::string(id()),
         "lost_to_power_loss",
         fmt::format("A loss of power took the record at {} of {} from {}, which had told that it "
                     "has all before offset {}, with flush.messages={}.",
                     text_of_offsets(breach->first), breach->partition,
                     judge.ledger().name_of(breach->node), breach->told, breach->flush_messages),
         {breach->told_by, e.id},
         {},
         breach->partition});
  }
};

}  // namespace

std::unique_ptr<Property> flushed_records() { return std::make_unique<FlushedRecords>(); }

}  // namespace brokersim::properties
