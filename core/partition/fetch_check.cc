// The checks of a Fetch's epochs and position, in the order in which Kafka makes them.
#include "core/partition/fetch_check.h"

#include <algorithm>

namespace brokersim::partition {

using api::ErrorCode;

namespace {

// KIP-101's first form: no epoch in the answer, so that it seems to be the one asked for.
std::optional<Divergence> start_of_next_epoch(LeaderEpoch epoch, Offset log_end,
                                              const log::LeaderEpochs& epochs) {
  const auto& entries = epochs.entries();
  const auto next = std::find_if(entries.begin(), entries.end(),
                                 [&](const log::EpochEntry& e) { return e.epoch > epoch; });
  if (next != entries.end()) return Divergence{epoch, next->start_offset};
  if (epochs.latest_epoch() == epoch) return Divergence{epoch, log_end};
  return std::nullopt;
}

}  // namespace

ErrorCode check_leader_epoch(LeaderEpoch current_leader_epoch, LeaderEpoch ours) {
  if (!current_leader_epoch.is_set() || current_leader_epoch == ours) return ErrorCode::none;
  return current_leader_epoch < ours ? ErrorCode::fenced_leader_epoch
                                     : ErrorCode::unknown_leader_epoch;
}

std::optional<Divergence> epoch_end(LeaderEpoch epoch, Offset log_end,
                                    const log::LeaderEpochs& epochs, Rules::EpochEnd rule) {
  if (!epoch.is_set()) return std::nullopt;
  if (rule == Rules::EpochEnd::offset_only) return start_of_next_epoch(epoch, log_end, epochs);
  const auto end = epochs.end_offset_for(epoch, log_end);
  if (!end) return std::nullopt;
  return Divergence{end->epoch, end->end_offset};
}

FetchVerdict check_position(const FetchPosition& position, LogBounds bounds,
                            const log::LeaderEpochs& epochs, const Rules& rules) {
  const FetchVerdict out_of_range{ErrorCode::offset_out_of_range, std::nullopt};
  if (position.last_fetched_epoch.is_set()) {
    const auto end = epoch_end(position.last_fetched_epoch, bounds.end, epochs, rules.epoch_end);
    if (!end) return out_of_range;
    // KAFKA-12996: there is nothing to truncate to before the start, even where logs diverge.
    const bool looks_first = rules.replication.looks_at_log_start_first;
    if (looks_first && position.fetch_offset < bounds.start) return out_of_range;
    if (end->epoch < position.last_fetched_epoch || end->end_offset < position.fetch_offset) {
      return {ErrorCode::none, end};
    }
  }
  if (position.fetch_offset < bounds.start || position.fetch_offset > bounds.end) {
    return out_of_range;
  }
  return {};
}

FetchVerdict check_position_on_follower(const FetchPosition& position, LogBounds bounds,
                                        const log::LeaderEpochs& epochs, const Rules& rules) {
  if (position.fetch_offset < bounds.start) return {ErrorCode::offset_out_of_range, std::nullopt};
  const auto verdict = check_position(position, bounds, epochs, rules);
  return verdict.may_read() ? verdict : FetchVerdict{ErrorCode::offset_not_available, std::nullopt};
}

}  // namespace brokersim::partition
