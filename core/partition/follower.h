// A follower of one partition during one leader epoch: what to fetch next, and what to do with the
// answer. Every new leader epoch makes a new Follower, also under the same leader, so that the logs
// are compared anew each time (KAFKA-7164).
//
//   loop:  next_fetch ─► Fetch ─► fetched ─► do the step (truncate, append) ─► applied
//
// Truncation goes by leader epochs (KIP-101, KIP-279): each fetch names the epoch of the last
// record, and a leader that differs answers where to cut. Pure.
#pragma once

#include <optional>

#include "core/api/error_code.h"
#include "core/base/ids.h"
#include "core/base/rules.h"
#include "core/base/time.h"
#include "core/log/leader_epochs.h"
#include "core/partition/fetch_check.h"
#include "core/partition/partition_state.h"

namespace brokersim::partition {

// The follower's own log, read at the moment of the call.
struct LogEnd {
  Offset end_offset = 0;
  LeaderEpoch last_epoch = no_epoch;  // The latest the log's epochs know; -1: none.
  Offset start_offset = 0;
};

// The partition's part of a Fetch response, as far as it decides anything.
struct FetchAnswer {
  api::ErrorCode error = api::ErrorCode::none;
  Offset high_watermark = -1;
  Offset log_start_offset = -1;
  std::optional<Divergence> diverging;
  std::optional<Offset> first_offset;  // Of the first batch; nothing: no records.
  Offset first_batch_end = -1;         // What comes after it.
};

// What the owner does, in this order; then it calls applied().
struct FollowerStep {
  std::optional<Offset> truncate_to;     // May equal the log's end: the epochs are cut as well.
  std::optional<Offset> restart_log_at;  // Drop everything; the log begins here.
  bool append = false;              // The response's batches of epochs up to ours (KAFKA-18723).
  std::optional<Offset> log_start;  // Then the log is to begin here, as far as it is committed.
  bool must_ask_leader_offsets = false;  // ListOffsets as a replica; then call leader_offsets().
};

// Whether a follower of what was `known` of the partition is to be made anew.
bool begins_anew(const PartitionState& known, const PartitionState& next,
                 const ReplicationRules& rules);

class Follower {
 public:
  struct Setup {
    NodeId leader;
    LeaderEpoch leader_epoch{};
    LogEnd log;
    Offset high_watermark = 0;
    Duration fetch_backoff = 1s;  // replica.fetch.backoff.ms
    Rules rules{};
  };
  explicit Follower(Setup setup);

  // To be done before the first fetch, and then applied(): nothing, except under
  // Rules::TruncateBy::high_watermark.
  FollowerStep start() const;

  // What to fetch; nothing while backing off (see not_before) or parked.
  std::optional<FetchPosition> next_fetch(Instant now) const;
  // `sent` is what the answered request asked for: an answer to another position or epoch changes
  // nothing (KAFKA-13207). `epochs` are the own log's.
  FollowerStep fetched(Instant now, const FetchPosition& sent, const FetchAnswer& answer,
                       const log::LeaderEpochs& epochs);
  // The leader's log as of ListOffsets, after must_ask_leader_offsets; `sent` as above.
  FollowerStep leader_offsets(const FetchPosition& sent, LogBounds leader);
  // The step is done and the log ends like this. Returns the high watermark if it changed: it
  // follows the log it speaks of, never precedes it (KAFKA-14704).
  std::optional<Offset> applied(LogEnd log);
  // No answer, or an append that failed: fetch again later.
  void back_off(Instant now);

  NodeId leader() const { return setup_.leader; }
  LeaderEpoch leader_epoch() const { return setup_.leader_epoch; }
  Offset high_watermark() const { return high_watermark_; }
  // We have all that was committed when the leader last told; not before it has in this epoch.
  bool has_caught_up() const {
    return seen_high_watermark_ && log_.end_offset >= *seen_high_watermark_;
  }
  // Only new metadata helps: the leader has left our epoch behind.
  bool is_parked() const { return is_parked_; }
  Instant not_before() const { return not_before_; }

 private:
  FetchPosition position() const;
  Offset truncation_point(const Divergence& diverging, const log::LeaderEpochs& epochs) const;
  FollowerStep failed(Instant now, api::ErrorCode error);

  Setup setup_;
  LogEnd log_;
  Offset high_watermark_;
  std::optional<Offset> leader_high_watermark_;  // Of the answer being applied.
  std::optional<Offset> seen_high_watermark_;    // The leader's, as it last told.
  Instant not_before_{};
  bool is_parked_ = false;
};

}  // namespace brokersim::partition
