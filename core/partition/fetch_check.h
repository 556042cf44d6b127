// Whether a Fetch may read where it wants to (KIP-101, KIP-320, KIP-595).
//
// A follower names the epoch of its last record. If the leader's log does not have that epoch up to
// the position asked for, the logs have diverged, and the answer says where to truncate instead of
// carrying records:
//
//   leader    e0 e0 e0 | e2 e2 e2        epoch 1 ends, in this log, where epoch 0 does: at 3
//   follower  e0 e0 e0 | e1 e1           fetches 5 after epoch 1: diverging {epoch 0, end 3}
#pragma once

#include <optional>

#include "core/api/error_code.h"
#include "core/base/ids.h"
#include "core/base/rules.h"
#include "core/log/leader_epochs.h"

namespace brokersim::partition {

struct FetchPosition {
  Offset fetch_offset = 0;
  LeaderEpoch current_leader_epoch = no_epoch;  // The epoch the fetcher believes in; -1: any.
  LeaderEpoch last_fetched_epoch = no_epoch;    // Of its last record; -1: do not compare logs.
  friend bool operator==(const FetchPosition&, const FetchPosition&) = default;
};

// The answer's `divergingEpoch`: the leader's largest epoch up to the one asked for, and its end.
struct Divergence {
  LeaderEpoch epoch = no_epoch;
  Offset end_offset = -1;
  friend bool operator==(const Divergence&, const Divergence&) = default;
};

struct FetchVerdict {
  api::ErrorCode error = api::ErrorCode::none;
  std::optional<Divergence> diverging;
  // Records may be read, and a follower's position be counted, only then.
  bool may_read() const { return error == api::ErrorCode::none && !diverging; }
};

// NONE, FENCED_LEADER_EPOCH or UNKNOWN_LEADER_EPOCH. To be asked before whether we lead at all.
api::ErrorCode check_leader_epoch(LeaderEpoch current_leader_epoch, LeaderEpoch ours);

// `start` and `end` of the log as it is, also for consumers: that a position lies between high
// watermark and end is no error, as a new leader's high watermark may lag.
struct LogBounds {
  Offset start = 0;
  Offset end = 0;
};
FetchVerdict check_position(const FetchPosition& position, LogBounds bounds,
                            const log::LeaderEpochs& epochs, const Rules& rules);

// The same of a consumer that reads from a follower (KIP-392), whose log is no measure of what
// there is: beyond its end, or where it knows an epoch otherwise, OFFSET_NOT_AVAILABLE sends the
// consumer back to the leader, which can tell.
FetchVerdict check_position_on_follower(const FetchPosition& position, LogBounds bounds,
                                        const log::LeaderEpochs& epochs, const Rules& rules);

// Where `epoch` ends in a log, as the rule has it answered; nothing if the log cannot tell.
std::optional<Divergence> epoch_end(LeaderEpoch epoch, Offset log_end,
                                    const log::LeaderEpochs& epochs, Rules::EpochEnd rule);

}  // namespace brokersim::partition
