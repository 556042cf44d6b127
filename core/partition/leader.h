// The leader of one partition during one leader epoch: who is in sync, and up to where the log is
// committed. A new leader epoch makes a new Leader; nothing known about replicas outlives it.
//
//   offsets   0 ─────────── high watermark ─────────── end offset
//             committed: on every replica              ours; some replicas
//             the controller can elect                 may lack it
//
// Pure: positions, time and metadata in, decisions out. The owner keeps the log; before it makes a
// Leader it has assigned the epoch to the log's epochs (KAFKA-7415), and right afterwards it calls
// tick() once. Rules: KIP-101, KIP-497, KIP-841, KIP-903.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "core/api/error_code.h"
#include "core/base/expected.h"
#include "core/base/ids.h"
#include "core/base/rules.h"
#include "core/base/time.h"
#include "core/partition/acks.h"
#include "core/partition/isr.h"
#include "core/partition/partition_state.h"

namespace brokersim::partition {

// Whether this incarnation of a broker may be in sync: it is registered under this epoch, neither
// fenced nor shutting down, as far as our metadata knows.
using IsEligible = std::function<bool(NodeId, BrokerEpoch)>;

struct LeaderConfig {
  Duration replica_lag_time_max = 30s;   // replica.lag.time.max.ms
  std::int32_t min_insync_replicas = 1;  // min.insync.replicas
  Rules rules{};
};

// What the leader asks the controller for. Its LeaderRecoveryState is always RECOVERED.
struct AlterPartition {
  struct Member {
    NodeId broker;
    BrokerEpoch broker_epoch = no_broker_epoch;  // -1: it has not fetched in this epoch.
    friend bool operator==(const Member&, const Member&) = default;
  };
  std::int64_t proposal = 0;  // Ours, not on the wire: to be given back with the result.
  LeaderEpoch leader_epoch{};
  PartitionEpoch partition_epoch{};
  std::vector<Member> new_isr;
  friend bool operator==(const AlterPartition&, const AlterPartition&) = default;
};

// The controller's answer for this partition. Any failure to get one is an error, too: a top-level
// error, or REQUEST_TIMED_OUT for a broken connection. `isr` and the epochs count only for NONE.
struct AlterPartitionResult {
  std::int64_t proposal = 0;
  LeaderEpoch proposed_in{};  // The proposal's leader epoch: each one counts from 1.
  api::ErrorCode error = api::ErrorCode::none;
  LeaderEpoch leader_epoch{};
  PartitionEpoch partition_epoch{};
  std::vector<NodeId> isr;
};

struct LeaderOutput {
  // Advanced to this: waiting produces and fetches are to be looked at again.
  std::optional<Offset> high_watermark;
  // To be sent, and its result reported whatever happens. After an error this may be the same
  // proposal again: the sender backs off before it asks again.
  std::optional<AlterPartition> alter_partition;
};

struct FollowerFetch {
  NodeId replica;
  BrokerEpoch broker_epoch = no_broker_epoch;
  Offset fetch_offset = 0;
  Offset log_start_offset = -1;  // Where the follower's log begins; -1: it did not say.
};

class Leader {
 public:
  struct Setup {
    NodeId self;
    BrokerEpoch broker_epoch = no_broker_epoch;
    PartitionState state;           // Names `self` as the leader.
    Offset end_offset = 0;          // The log's, at the election: where this epoch begins.
    Offset high_watermark = 0;      // What this replica knew to be committed.
    std::optional<Offset> counted;  // What lies behind is still to be on disk; unset: nothing is.
    LeaderConfig config;
    IsEligible is_eligible;
  };
  Leader(Setup setup, Instant now);

  // The first read of a follower's Fetch, already found to be on our epoch and not diverging;
  // reads repeated while the request waits must not come here. Errors: UNKNOWN_LEADER_EPOCH for
  // what is no replica as far as we know, NOT_LEADER_OR_FOLLOWER for an old incarnation.
  Expected<LeaderOutput, api::ErrorCode> follower_fetched(Instant now, const FollowerFetch& fetch);
  // The log now ends at `end_offset`. What lies behind `counted` is to be on disk before it counts
  // as our copy.
  LeaderOutput appended(Instant now, Offset end_offset, Offset counted);
  LeaderOutput appended(Instant now, Offset end_offset) {
    return appended(now, end_offset, end_offset);
  }
  bool awaits_disk() const { return counted_ < end_offset_; }
  // Looks for replicas that lag. To be called every replica.lag.time.max.ms / 2, and when brokers
  // were fenced or unfenced.
  LeaderOutput tick(Instant now);
  LeaderOutput alter_partition_result(Instant now, const AlterPartitionResult& result);
  // Metadata of the same leader epoch, with the min.insync.replicas that goes with it: fewer in
  // sync than it asks for commit nothing, from the change on that made them so few (KIP-966). An
  // older partition epoch is ignored.
  LeaderOutput metadata(Instant now, const PartitionState& state, std::int32_t min_insync_replicas);
  LeaderOutput set_min_insync_replicas(Instant now, std::int32_t min_insync_replicas);

  // NONE, INVALID_REQUIRED_ACKS or NOT_ENOUGH_REPLICAS. Only for NONE may the batch be appended.
  api::ErrorCode may_append(std::int16_t acks) const;
  // How to answer a Produce whose records end before `required_offset`, appended in `appended_in`:
  // nothing yet; NONE; NOT_ENOUGH_REPLICAS_AFTER_APPEND; NOT_LEADER_OR_FOLLOWER in another epoch.
  std::optional<api::ErrorCode> acks_satisfied(std::int16_t acks, Offset required_offset,
                                               LeaderEpoch appended_in) const;

  Offset high_watermark() const { return high_watermark_; }
  Offset end_offset() const { return end_offset_; }
  Offset epoch_start_offset() const { return epoch_start_offset_; }
  LeaderEpoch leader_epoch() const { return state_.leader_epoch; }
  PartitionEpoch partition_epoch() const { return state_.partition_epoch; }
  const PartitionState& state() const { return state_; }
  const Isr& isr() const { return isr_; }
  // The end of a replica's log as it last told us; -1 while it has not.
  Offset end_offset_of(NodeId replica) const;
  // Where a follower's log begins; -1 while it has not told.
  Offset start_offset_of(NodeId replica) const;
  // What lies before it is deleted on every replica that is alive (KIP-107): the lowest start of
  // their logs, where ours is `log_start`. -1 while one of them has not said.
  Offset low_watermark(Offset log_start) const;

 private:
  struct Replica {
    NodeId id;
    BrokerEpoch broker_epoch = no_broker_epoch;
    Offset end_offset = -1;
    Offset log_start_offset = -1;
    Offset leader_end_at_last_fetch = -1;
    Instant last_fetch;
    Instant last_caught_up;
  };

  void track_replicas(Instant now);
  Replica* find(NodeId id);
  std::int32_t holders_of(Offset required_offset) const;
  bool has_lagged(const Replica& replica, Instant now) const;
  bool may_join(const Replica& replica) const;
  bool is_outdated(PartitionEpoch answered) const;
  bool holds_back(const Replica& replica, Instant now) const;
  std::optional<Offset> advance_high_watermark(Instant now);
  AlterPartition propose();
  AcksConfig acks_config() const;

  NodeId self_;
  BrokerEpoch broker_epoch_;
  PartitionState state_;
  LeaderConfig config_;
  IsEligible is_eligible_;
  Isr isr_;
  std::vector<Replica> replicas_;  // All but ourselves.
  Offset epoch_start_offset_;
  Offset end_offset_;
  Offset counted_;  // Of our own log, for the high watermark.
  Offset high_watermark_;
  std::optional<AlterPartition> in_flight_;
  std::int64_t proposals_ = 0;
};

}  // namespace brokersim::partition
