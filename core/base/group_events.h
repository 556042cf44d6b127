// What coordinators wrote of groups, as the disks hold it, and what they and the members of groups
// told each other, as the wire tap saw it: events of event.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"

namespace brokersim {

// ---- World: what disks hold --------------------------------------------------------------------

// A log of __consumer_offsets has a record that was in no log before: how a group stands, as its
// coordinator wrote it (KIP-62, KIP-848). Offsets are not told. Of one that speaks of several
// members there is one event for each.
struct GroupStateStored {
  static constexpr std::string_view kind = "group_state_stored";
  static constexpr std::int32_t gone = -1;
  static constexpr std::string_view of_generation = "generation";  // Of a classic group.
  static constexpr std::string_view of_epoch = "epoch";            // Of a consumer group.
  static constexpr std::string_view of_member = "member";          // What one of it has.
  TopicPartition partition;                                        // Of __consumer_offsets.
  Offset offset = 0;
  LeaderEpoch leader_epoch{};
  std::string group;
  std::string what;                      // One of those.
  std::string member;                    // A static one by its instance. Empty: nobody is in it.
  std::int32_t epoch = gone;             // Or generation. `gone`: a tombstone.
  std::vector<TopicPartition> assigned;  // Of consumers that use Kafka's own assignors.
  std::vector<TopicPartition> pending;   // What a member of a consumer group has yet to give up.
  static void visit(auto& e, auto&& f) {
    f("partition", e.partition);
    f("offset", e.offset);
    f("leader_epoch", e.leader_epoch);
    f("group", e.group);
    f("what", e.what);
    f("member", e.member);
    f("epoch", e.epoch);
    f("assigned", e.assigned);
    f("pending", e.pending);
  }
};

// ---- World: frames on the wire -----------------------------------------------------------------

// The coordinator has sent the answer to a member's JoinGroup or SyncGroup; an assignment's
// partitions are those of consumers that use Kafka's own assignors.
struct JoinGroupAnswered {
  static constexpr std::string_view kind = "join_group_answered";
  std::string peer;
  std::string group;
  std::string member;
  std::int32_t generation = -1;
  std::int32_t error = 0;
  static void visit(auto& e, auto&& f) {
    f("peer", e.peer);
    f("group", e.group);
    f("member", e.member);
    f("generation", e.generation);
    f("error", e.error);
  }
};
struct SyncGroupAnswered {
  static constexpr std::string_view kind = "sync_group_answered";
  std::string peer;
  std::string group;
  std::string member;
  std::int32_t generation = -1;  // As asked for.
  std::int32_t error = 0;
  std::vector<TopicPartition> assigned;
  static void visit(auto& e, auto&& f) {
    f("peer", e.peer);
    f("group", e.group);
    f("member", e.member);
    f("generation", e.generation);
    f("error", e.error);
    f("assigned", e.assigned);
  }
};
// The same of a member of a consumer group (KIP-848), which says and is told everything at once.
struct ConsumerGroupHeartbeatAnswered {
  static constexpr std::string_view kind = "consumer_group_heartbeat_answered";
  std::string peer;
  std::string group;
  std::string member;
  std::int32_t asked_epoch = 0;
  std::int32_t epoch = 0;
  std::int32_t error = 0;
  bool has_said = false;  // What it has: otherwise that has not changed.
  std::vector<TopicPartition> has;
  bool is_told = false;  // What it is to have: otherwise that has not changed.
  std::vector<TopicPartition> assigned;
  std::int64_t asked_at_ns = 0;  // When the request was sent.
  static void visit(auto& e, auto&& f) {
    f("peer", e.peer);
    f("group", e.group);
    f("member", e.member);
    f("asked_epoch", e.asked_epoch);
    f("epoch", e.epoch);
    f("error", e.error);
    f("has_said", e.has_said);
    f("has", e.has);
    f("is_told", e.is_told);
    f("assigned", e.assigned);
    f("asked_at_ns", e.asked_at_ns);
  }
};
// The coordinator has sent the answer to a Heartbeat of the classic protocol.
struct HeartbeatAnswered {
  static constexpr std::string_view kind = "heartbeat_answered";
  std::string peer;
  std::string group;
  std::string member;
  std::int32_t generation = -1;
  std::int32_t error = 0;
  static void visit(auto& e, auto&& f) {
    f("peer", e.peer);
    f("group", e.group);
    f("member", e.member);
    f("generation", e.generation);
    f("error", e.error);
  }
};
// The coordinator has said how a consumer group is.
struct ConsumerGroupDescribed {
  static constexpr std::string_view kind = "consumer_group_described";
  std::string group;
  std::string state;
  std::int32_t epoch = 0;
  std::int32_t assignment_epoch = 0;
  std::int32_t members = 0;
  static void visit(auto& e, auto&& f) {
    f("group", e.group);
    f("state", e.state);
    f("epoch", e.epoch);
    f("assignment_epoch", e.assignment_epoch);
    f("members", e.members);
  }
};
// The coordinator has sent the answer to one partition of an OffsetCommit or OffsetFetch request.
struct OffsetCommitAnswered {
  static constexpr std::string_view kind = "offset_commit_answered";
  std::string peer;
  std::string group;
  std::string member;
  std::int32_t generation = -1;  // As asked for; -1: by nobody of the group.
  TopicPartition partition;
  Offset offset = 0;
  std::int32_t error = 0;        // -1: the connection ended without an answer to a commit.
  std::int64_t asked_at_ns = 0;  // When the request was sent.
  static void visit(auto& e, auto&& f) {
    f("peer", e.peer);
    f("group", e.group);
    f("member", e.member);
    f("generation", e.generation);
    f("partition", e.partition);
    f("offset", e.offset);
    f("error", e.error);
    f("asked_at_ns", e.asked_at_ns);
  }
};
struct OffsetFetchAnswered {
  static constexpr std::string_view kind = "offset_fetch_answered";
  std::string peer;
  std::string group;
  TopicPartition partition;
  Offset offset = -1;  // -1: nothing is committed.
  std::int32_t error = 0;
  std::int64_t asked_at_ns = 0;
  static void visit(auto& e, auto&& f) {
    f("peer", e.peer);
    f("group", e.group);
    f("partition", e.partition);
    f("offset", e.offset);
    f("error", e.error);
    f("asked_at_ns", e.asked_at_ns);
  }
};

}  // namespace brokersim
