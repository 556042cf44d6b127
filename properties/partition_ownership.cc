// BS-G01: in one generation of a group, or at one time where members have epochs of their own, a
// partition has one owner (invariants G1, G4; KIP-62, KIP-345, KIP-848).
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/ledger.h"

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
           "one may still read, but not commit (BS-G02). In a consumer group (KIP-848) a "
           "coordinator that has given a partition to one member takes no heartbeat that is sent "
           "after that of another one which still has it, neither told nor having said that it "
           "gave it up; and a member's epoch does not go back. Nor does a classic group's "
           "generation: who had its part in one is not told by the same coordinator that it has "
           "joined an earlier one, unless the group began anew. Some of its members may speak the "
           "classic protocol, and a generation is then the epoch of one of them: what they are "
           "given nobody else has, either. Where records of groups are lost with an excuse, what "
           "was handed out before is not compared.";
  }
  Needs needs() const override { return Need::wire | Need::disk | Need::metadata; }
  bool judges_names() const override { return true; }  // Members own what is called so.
  Kinds listens_to() const override {
    return Kinds::of<JoinGroupAnswered, SyncGroupAnswered, ConsumerGroupHeartbeatAnswered>();
  }

  void observe(const Event& e, Judge& judge) override {
    const auto losses = judge.ledger().excused_losses_of_groups();
    if (std::exchange(losses_, losses) != losses) forget_all();
    if (const auto* joined = std::get_if<JoinGroupAnswered>(&e.body)) {
      // A group that was deleted begins again: what was before is another one's.
      if (joined->error == 0 && joined->generation == 1) begin_anew(joined->group);
      if (joined->error == 0) check_generation(e, *joined, judge);
    } else if (const auto* synced = std::get_if<SyncGroupAnswered>(&e.body)) {
      if (synced->error == 0) take(e, *synced, judge);
    } else if (const auto* beat = std::get_if<ConsumerGroupHeartbeatAnswered>(&e.body)) {
      if (beat->error == 0) take(e, *beat, judge);
    }
  }

 private:
  void forget_all() {
    owners_.clear();
    synced_.clear();
    consumers_.clear();
  }
  void begin_anew(const std::string& group) {
    owners_.erase(group);
    synced_.erase(group);
  }

  struct Owner {
    std::string member;
    EventId event;
  };
  struct Generation {
    std::int32_t number = -1;
    std::map<TopicPartition, Owner> owners;
  };

  // The last in which a member had its part, as one coordinator said: it is on the disks by then.
  struct Synced {
    std::int32_t generation = -1;
    EventId event;
  };

  void check_generation(const Event& e, const JoinGroupAnswered& joined, Judge& judge) {
    const auto group = synced_.find(joined.group);
    if (group == synced_.end()) return;
    const auto known = group->second.find({joined.member, e.node});
    if (known == group->second.end() || joined.generation >= known->second.generation) return;
    judge.report({.id = std::string(id()),
                  .kind = "generation_went_back",
                  .message = fmt::format("{} had its part in generation {} of {}, and then joined "
                                         "generation {}.",
                                         joined.member, known->second.generation, joined.group,
                                         joined.generation),
                  .facts = {known->second.event, e.id},
                  .at = {},
                  .partition = {}});
  }

  void take(const Event& e, const SyncGroupAnswered& synced, Judge& judge) {
    give_among_consumers(e, synced);
    auto& last = synced_[synced.group][{synced.member, e.node}];
    if (synced.generation > last.generation) last = {synced.generation, e.id};
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

  // ---- Consumer groups ----

  // To a member that speaks the classic protocol, if the group has others.
  void give_among_consumers(const Event& e, const SyncGroupAnswered& synced) {
    const auto group = consumers_.find(synced.group);
    if (group == consumers_.end()) return;
    for (const auto& partition : synced.assigned) {
      group->second.given[partition] = {synced.member, synced.generation, e.id, e.at, e.node};
    }
  }

  // What a member has, as far as it and its coordinator have said.
  struct Holder {
    std::set<TopicPartition> has;
    std::int32_t epoch = 0;
    std::int64_t asked_at_ns = -1;
    NodeId coordinator = no_node;
    EventId event;
  };
  struct Given {
    std::string member;
    std::int32_t epoch = 0;
    EventId event;
    Instant at;
    NodeId coordinator = no_node;
  };
  struct Consumers {
    std::map<std::string, Holder> holders;
    std::map<TopicPartition, Given> given;  // Last.
  };

  void take(const Event& e, const ConsumerGroupHeartbeatAnswered& beat, Judge& judge) {
    auto& group = consumers_[beat.group];
    if (beat.asked_epoch < 0) {
      group.holders.erase(beat.member);
      return;
    }
    if (beat.asked_epoch == 0) group.holders[beat.member] = {};
    // Who comes is told the group's own epoch: it began anew if that was passed before.
    const auto known = owners_.find(beat.group);
    const bool begins_anew =
        beat.asked_epoch == 0 && known != owners_.end() && known->second.number > beat.epoch;
    if (begins_anew) begin_anew(beat.group);
    auto& holder = group.holders[beat.member];
    if (beat.asked_at_ns < holder.asked_at_ns) return;  // Late news.
    if (beat.has_said) holder.has = {beat.has.begin(), beat.has.end()};
    check_epoch(e, beat, holder, judge);
    for (const auto& partition : holder.has) {
      const auto given = group.given.find(partition);
      if (given != group.given.end()) check_holder(e, beat, given->second, partition, judge);
    }
    holder.epoch = beat.epoch;
    holder.asked_at_ns = beat.asked_at_ns;
    holder.coordinator = e.node;
    holder.event = e.id;
    for (const auto& partition : beat.assigned) {
      holder.has.insert(partition);
      auto& given = group.given[partition];
      if (was_decided_before(beat, given)) continue;
      given = {beat.member, beat.epoch, e.id, e.at, e.node};
    }
  }

  // What a coordinator decides it tells once it is committed, and then in any order. What it gives,
  // it gives in the epoch that the group has by then.
  static bool was_decided_before(const ConsumerGroupHeartbeatAnswered& beat, const Given& given) {
    return beat.epoch < given.epoch && beat.asked_at_ns < given.at.ns();
  }

  // What another coordinator says, which may have been deposed without knowing it, is not compared.
  void check_holder(const Event& e, const ConsumerGroupHeartbeatAnswered& beat, const Given& given,
                    const TopicPartition& partition, Judge& judge) const {
    const bool is_others = given.member != beat.member && given.coordinator == e.node &&
                           given.at.ns() < beat.asked_at_ns;
    if (!is_others) return;
    judge.report({.id = std::string(id()),
                  .kind = "two_holders",
                  .message = fmt::format(
                      "{} was given {} of {}, and after that a heartbeat of {} was accepted, which "
                      "has it.",
                      given.member, partition, beat.group, beat.member),
                  .facts = {given.event, e.id},
                  .at = {},
                  .partition = partition});
  }

  void check_epoch(const Event& e, const ConsumerGroupHeartbeatAnswered& beat, const Holder& holder,
                   Judge& judge) const {
    if (holder.coordinator != e.node || beat.epoch >= holder.epoch) return;
    judge.report({.id = std::string(id()),
                  .kind = "epoch_went_back",
                  .message = fmt::format("{} of {} was in epoch {} and then told {}.", beat.member,
                                         beat.group, holder.epoch, beat.epoch),
                  .facts = {holder.event, e.id},
                  .at = {},
                  .partition = {}});
  }

  std::map<std::string, Generation> owners_;  // By group: of its latest generation.
  // By group, then by member and coordinator.
  std::map<std::string, std::map<std::pair<std::string, NodeId>, Synced>> synced_;
  std::map<std::string, Consumers> consumers_;  // By group.
  std::size_t losses_ = 0;
};

}  // namespace

std::unique_ptr<Property> partition_ownership() { return std::make_unique<PartitionOwnership>(); }

}  // namespace brokersim::properties
