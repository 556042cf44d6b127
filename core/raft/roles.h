// The roles of a node in the quorum, each with what only it has to know (KIP-595, KIP-996).
//
//   Unattached --timeout--> Prospective --majority--> Candidate --majority--> Leader
//        ^                       |                        |                     |
//        '-- higher epoch -------'---- leader found --> Follower            Resigned
//
// An observer, which has no vote, is only ever Unattached or Follower; or Leader until the record
// that takes its vote away is committed, and Resigned then (KIP-853).
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/raft/messages.h"
#include "core/raft/quorum.h"
#include "core/raft/voter_set.h"

namespace brokersim::raft {

// Knows the epoch, but nobody who leads in it.
struct Unattached {
  static constexpr std::string_view name = "unattached";
  Instant election_at = never;
};

// Asks whether an election would be won before it disturbs anybody with a new epoch.
struct Prospective {
  static constexpr std::string_view name = "prospective";
  VoteTally votes;
  Instant ends_at = never;
};

struct Candidate {
  static constexpr std::string_view name = "candidate";
  VoteTally votes;
  Instant ends_at = never;  // The election's end, then that of the back-off after it.
  bool is_backing_off = false;
};

// The leader's snapshot, as far as it has arrived (KIP-630).
struct SnapshotDownload {
  SnapshotId id;
  std::int64_t position = 0;  // What comes next.
  bool is_complete = false;   // Awaits the owner's judgement.
};

struct Follower {
  static constexpr std::string_view name = "follower";
  Instant fetch_deadline = never;
  bool has_fetched = false;  // In this epoch, with success.
  std::optional<SnapshotDownload> download;
};

// Until when somebody had all that the leader had, as far as fetches tell (KIP-836).
struct CaughtUp {
  std::optional<Instant> last;
  Instant previous_fetch;
  Offset leader_end_at_previous_fetch = -1;

  void fetched(Instant now, Offset fetch_offset, Offset leader_end) {
    if (fetch_offset >= leader_end) {
      last = now;
    } else if (leader_end_at_previous_fetch >= 0 && fetch_offset >= leader_end_at_previous_fetch) {
      last = std::max(last.value_or(previous_fetch), previous_fetch);
    }
    previous_fetch = now;
    leader_end_at_previous_fetch = leader_end;
  }
};

// What a leader knows of somebody who fetches from it.
struct Replica {
  Offset end_offset = -1;  // Synced by a voter before it fetches from there.
  Instant last_fetch;
  Offset told_high_watermark = -1;
  CaughtUp caught_up;
};

struct Leader {
  static constexpr std::string_view name = "leader";
  Offset epoch_start = 0;            // Of its LeaderChange record.
  Offset flushed = 0;                // Its own log is synced up to here.
  std::vector<NodeId> granted_by;    // Who voted for it, itself included.
  std::map<NodeId, Replica> voters;  // The others.
  std::map<ReplicaKey, Replica> observers;
  std::set<NodeId> acknowledged;  // Voters who know of this leader.
  // The other voters as each describes itself: kept while the log names none.
  std::map<NodeId, Voter> described;
};

// Led this epoch and no longer does: it must not lead, nor vote, in it again (KAFKA-10527).
struct Resigned {
  static constexpr std::string_view name = "resigned";
  Instant election_at = never;
  std::set<NodeId> unacknowledged;  // Voters who have not heard of the resignation.
  std::vector<ReplicaKey> preferred_successors;
};

using Role = std::variant<Unattached, Prospective, Candidate, Follower, Leader, Resigned>;

}  // namespace brokersim::raft
