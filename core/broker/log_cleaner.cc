#include "core/broker/log_cleaner.h"

#include <algorithm>
#include <utility>

namespace brokersim::broker {
namespace {

constexpr std::int64_t bytes_per_key = 24;  // As in Kafka's map: a hash and an offset.

}  // namespace

void LogCleaner::run(Env& env) {
  while (rest(env)) {
    while (clean_one(env)) {
    }
  }
}

bool LogCleaner::rest(Env& env) {
  const Instant since = env.now();
  Wake wake = Wake::notified;
  while (wake == Wake::notified) {
    wake = reconfigured_.wait(env, since + config_.log_cleaner_backoff);
  }
  return wake == Wake::timed_out;
}

std::shared_ptr<Replica> LogCleaner::dirtiest(WallTime now) const {
  std::shared_ptr<Replica> found;
  log::DirtyRange most;
  for (const auto& [partition, replica] : replicas_.all()) {
    const auto& log = replica->log();
    const auto& rules = log.config().compaction;
    if (!rules.is_compacted || log.is_offline()) continue;
    if (uncleanable_.contains({replica->topic_id(), partition.partition})) continue;
    const auto range = log.dirty_range(replica->last_stable_offset(), now);
    if (!log::is_worth_cleaning(range, rules)) continue;
    if (found && !log::is_more_urgent(range, most)) continue;
    found = replica;
    most = range;
  }
  return found;
}

// False if there is nothing to do, or nothing could be done.
bool LogCleaner::clean_one(Env& env) {
  const WallTime now = env.wall_clock();
  const auto room = config_.log_cleaner_dedupe_buffer_size;
  if (std::exchange(room_of_uncleanable_, room) != room) uncleanable_.clear();
  const auto replica = dirtiest(now);
  if (!replica || !replicas_.write_recovery_points(env)) return false;
  auto& log = replica->log();
  const Offset decided = std::min(replica->last_stable_offset(),
                                  replicas_.written_recovery_point(replica->partition()));
  const auto keys = room / bytes_per_key;
  const auto range = log.dirty_range(decided, now);
  if (range.dirty_bytes == 0) return false;
  const auto cleaned =
      log.clean(env, {.range = range, .now = now, .capacity = static_cast<std::size_t>(keys)});
  replica->note_failure(env);
  if (replica->is_retired()) return true;
  if (cleaned && !*cleaned) return false;  // It was disturbed: another time.
  const bool has_cleaned = cleaned && (*cleaned)->to > range.from;
  const bool is_over = !cleaned && cleaned.error() == log::LogError::cancelled;
  if (!has_cleaned && !is_over) {
    uncleanable_.emplace(replica->topic_id(), replica->partition().partition);
  }
  if (!has_cleaned) return false;
  replicas_.news().upkeep.notify_all(env);
  return replicas_.write_cleaned_offsets(env);
}

}  // namespace brokersim::broker
