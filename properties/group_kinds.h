// Of which kind a group is, as its records in __consumer_offsets say (KIP-848): a classic one has
// one generation for all; of consumers each has an epoch of its own, and so has a member that
// speaks the classic protocol among them, which calls it its generation.
//
//   generation 1 ─▶ epoch 2 ─▶ generation 3
//   classic       │           │
//                 │           of consumers until this is committed: it may yet be lost
//                 from when this is stored, though nobody was told: whoever coordinates next may
//                 find it
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "core/base/event.h"
#include "properties/group_log.h"
#include "properties/ledger.h"

namespace brokersim::properties {

class GroupKinds {
 public:
  // Whether it tells the generation, or the epoch, of a group.
  static bool is_of_group(const GroupStateStored& stored) {
    return stored.what != GroupStateStored::of_member && stored.epoch != GroupStateStored::gone;
  }

  void take(const Event& e, const GroupStateStored& stored) {
    if (!is_of_group(stored)) return;
    Group& group = groups_[stored.group];
    group.place = stored.partition;
    if (stored.what == GroupStateStored::of_epoch) {
      group.epoch = std::max(group.epoch, Position(position_of(stored)));
    } else {
      generations_.take(e, stored);
    }
  }

  // Who is told of an epoch is in a group of consumers, be its record seen or not.
  void take(const ConsumerGroupHeartbeatAnswered& beat) {
    Group& group = groups_[beat.group];
    group.epoch = std::max(group.epoch, Position(InLog{}));
    group.generation.reset();
  }

  // Beyond doubt, as far as the disks tell up to now.
  bool is_classic(const std::string& name, const Ledger& ledger) {
    const auto found = groups_.find(name);
    if (found == groups_.end()) return true;
    const Group& group = found->second;
    follow(group.place, ledger);
    return !group.epoch || group.generation > group.epoch;
  }

 private:
  // In the order in which the log has them. Of what an earlier leader wrote it has, behind what is
  // committed of a later one, nothing any more.
  using InLog = std::pair<LeaderEpoch, Offset>;
  using Position = std::optional<InLog>;

  struct Group {
    TopicPartition place;  // Of __consumer_offsets.
    Position epoch;        // The last that is stored anywhere …
    Position generation;   // … and the last that is committed.
  };

  static InLog position_of(const GroupStateStored& stored) {
    return {stored.leader_epoch, stored.offset};
  }

  void follow(const TopicPartition& place, const Ledger& ledger) {
    const auto news = generations_.news_of(place, ledger);
    if (news.was_cut) forget_generations_in(place);
    for (const StoredGroupState& now : news.states) {
      Position& last = groups_[now.record.group].generation;
      last = std::max(last, Position(position_of(now.record)));
    }
  }

  void forget_generations_in(const TopicPartition& place) {
    for (auto& [name, group] : groups_) {
      if (group.place == place) group.generation.reset();
    }
  }

  GroupLogs generations_;
  std::map<std::string, Group> groups_;
};

}  // namespace brokersim::properties
