// BS-G10: what a coordinator writes of a group follows from what is written of it before (KIP-62,
// KIP-848): epochs and generations rise, and what a member has nobody else is given.
//
// Judged by the records themselves, where they lie committed in __consumer_offsets, whoever wrote
// them.
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/group_log.h"
#include "properties/ledger.h"
#include "properties/topic_names.h"

namespace brokersim::properties {

namespace {

class GroupStates final : public Property {
 public:
  std::string_view id() const override { return "BS-G10"; }
  std::string_view name() const override { return "impossible group state"; }
  std::string_view explanation() const override {
    return "In what is committed of __consumer_offsets, the epoch of a consumer group and the "
           "generation of a classic one do not go back, unless the group was deleted or became one "
           "of the other kind, which begins where that ended; and no member of a consumer group is "
           "given a partition that another one has, or has yet to give up (KIP-848): whichever "
           "brokers coordinated, one after the other. With BS-G09 this tells that at no time two "
           "members have been given one partition. What stands behind a loss is not held against "
           "what was lost, and partitions of topics that were deleted are not compared.";
  }
  Needs needs() const override { return Need::disk | Need::metadata; }
  Kinds listens_to() const override { return Kinds::of<GroupStateStored>(); }

  void observe(const Event& e, Judge& judge) override {
    const auto& stored = std::get<GroupStateStored>(e.body);
    logs_.take(e, stored);
    check_committed(stored.partition, judge);
  }

  void finish(Judge& judge) override {
    for (const auto& partition : logs_.partitions()) check_committed(partition, judge);
  }

 private:
  struct Member {
    std::set<TopicPartition> has;  // Also what it has yet to give up.
    EventId event;
  };
  struct Group {
    std::optional<StoredGroupState> generation;  // Of a classic group …
    std::optional<StoredGroupState> epoch;       // … or of one of consumers.
    std::map<std::string, Member> members;
  };
  using Groups = std::map<std::string, Group>;

  void check_committed(const TopicPartition& partition, Judge& judge) {
    const auto news = logs_.news_of(partition, judge.ledger());
    Groups& groups = groups_[partition];
    if (news.was_cut) groups.clear();
    for (const auto& now : news.states) take(groups[now.record.group], now, judge);
  }

  // A record of one kind of groups stands in the place of what was of the other.
  void take(Group& group, const StoredGroupState& now, Judge& judge) {
    if (now.is_of(GroupStateStored::of_generation)) {
      if (!now.is_tombstone()) group = {.generation = group.generation};
      take_number(group.generation, now, "generation_went_back", judge);
    } else if (now.is_of(GroupStateStored::of_epoch)) {
      if (!now.is_tombstone()) group.generation.reset();
      take_number(group.epoch, now, "epoch_went_back", judge);
    } else {
      take_member(group, now, judge);
    }
  }

  void take_number(std::optional<StoredGroupState>& known, const StoredGroupState& now,
                   std::string kind, Judge& judge) {
    if (now.is_tombstone()) return known.reset();
    if (known && now.record.epoch < known->record.epoch) {
      report(std::move(kind), known->event, now,
             fmt::format("{} of {} is {}, after {}", now.record.what, now.record.group,
                         now.record.epoch, known->record.epoch),
             std::nullopt, judge);
    }
    known = now;
  }

  void take_member(Group& group, const StoredGroupState& now, Judge& judge) {
    const auto& record = now.record;
    if (now.is_tombstone()) {
      group.members.erase(record.member);
      return;
    }
    for (const auto& partition : record.assigned) check_owners(group, now, partition, judge);
    Member& member = group.members[record.member];
    member.has = {record.assigned.begin(), record.assigned.end()};
    member.has.insert(record.pending.begin(), record.pending.end());
    member.event = now.event;
  }

  void check_owners(const Group& group, const StoredGroupState& now,
                    const TopicPartition& partition, Judge& judge) {
    for (const auto& [name, other] : group.members) {
      if (name == now.record.member || !other.has.contains(partition)) continue;
      if (was_deleted(partition, judge.ledger())) continue;
      report("two_owners", other.event, now,
             fmt::format("{} of {} is given {}, which {} has", now.record.member, now.record.group,
                         partition, name),
             partition, judge);
    }
  }

  // A topic by that name: the members may have parts of two.
  static bool was_deleted(const TopicPartition& name, const Ledger& ledger) {
    const Partition* partition = ledger.find_present(name);
    return partition != nullptr && (partition->is_removed || was_made_again(partition->name.topic));
  }

  void report(std::string kind, EventId other, const StoredGroupState& now, const std::string& what,
              std::optional<TopicPartition> partition, Judge& judge) {
    judge.report({std::string(id()),
                  std::move(kind),
                  fmt::format("Offset {} of {} says that {}.", now.record.offset,
                              now.record.partition, what),
                  {other, now.event},
                  {},
                  partition ? std::move(partition) : now.record.partition});
  }

  GroupLogs logs_;
  std::map<TopicPartition, Groups> groups_;  // By partition of __consumer_offsets.
};

}  // namespace

std::unique_ptr<Property> group_states() { return std::make_unique<GroupStates>(); }

}  // namespace brokersim::properties
