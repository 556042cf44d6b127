// BS-G01: in one generation of a group a partition has one owner (invariant G1; KIP-62, KIP-345).
#include <map>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "properties/all.h"

namespace brokersim::properties {

namespace {

class PartitionOwnership final : public Property {
 public:
  std::string_view id() const override { return "BS-G01"; }
  std::string_view name() const override { return "two owners in one generation"; }
  std::string_view explanation() const override {
    return "Of all assignments that a group's coordinators hand out in one generation, none names "
           "a partition that another member was given in the same generation: whichever broker "
           "coordinates, and however often a member asks. A static member that restarts is the "
           "same member. Nothing is promised across generations: who has not heard of the next "
           "one may still read, but not commit (BS-G02).";
  }
  Needs needs() const override { return Need::wire; }
  Kinds listens_to() const override { return Kinds::of<JoinGroupAnswered, SyncGroupAnswered>(); }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* joined = std::get_if<JoinGroupAnswered>(&e.body)) {
      // A group that was deleted begins again: what was before is another one's.
      if (joined->error == 0 && joined->generation == 1) owners_.erase(joined->group);
    } else if (const auto* synced = std::get_if<SyncGroupAnswered>(&e.body)) {
      if (synced->error == 0) take(e, *synced, judge);
    }
  }

 private:
  struct Owner {
    std::string member;
    EventId event;
  };
  struct Generation {
    std::int32_t number = -1;
    std::map<TopicPartition, Owner> owners;
  };

  void take(const Event& e, const SyncGroupAnswered& synced, Judge& judge) {
    auto& generation = owners_[synced.group];
    if (synced.generation < generation.number) return;  // Late news of what is over.
    if (synced.generation > generation.number) generation = {synced.generation, {}};
    for (const auto& partition : synced.assigned) {
      const auto [known, is_new] =
          generation.owners.try_emplace(partition, Owner{synced.member, e.id});
      if (is_new || known->second.member == synced.member) continue;
      judge.report({.id = std::string(id()),
                    .kind = "two_owners",
                    .message = fmt::format("In generation {} of {} both {} and {} were given {}.",
                                           synced.generation, synced.group, known->second.member,
                                           synced.member, partition),
                    .facts = {known->second.event, e.id},
                    .at = {},
                    .partition = partition});
    }
  }

  std::map<std::string, Generation> owners_;  // By group: of its latest generation.
};

}  // namespace

std::unique_ptr<Property> partition_ownership() { return std::make_unique<PartitionOwnership>(); }

}  // namespace brokersim::properties
