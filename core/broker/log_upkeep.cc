#include "core/broker/log_upkeep.h"

#include <algorithm>
#include <utility>

namespace brokersim::broker {
namespace {

Instant after(Instant now, Duration duration) {
  return duration > never - now ? never : now + duration;
}

Duration flush_interval(const NodeConfig& config) {
  return std::min(config.log_flush_scheduler_interval_ms, Duration::max() / 1ms) * Duration(1ms);
}

}  // namespace

void LogUpkeep::run(Env& env) {
  const Instant begun = env.now();
  next_checkpoint_ = after(begun, config_.recovery_point_checkpoint_interval);
  next_retention_ = after(begun, config_.log_retention_check_interval);
  next_flush_ = after(begun, flush_interval(config_));
  while (!env.is_cancelled()) {
    flush_rolled(env);
    if (replicas_.news().upkeep.wait(env, next_deadline()) == Wake::cancelled) return;
    const Instant now = env.now();
    if (next_checkpoint_ <= now) {
      replicas_.checkpoint_recovery_points(env);
      next_checkpoint_ = after(now, config_.recovery_point_checkpoint_interval);
    }
    if (next_flush_ <= now) {
      flush_what_waited(env);
      next_flush_ = after(now, flush_interval(config_));
    }
    if (next_retention_ <= now) {
      retain(env);
      next_retention_ = after(now, config_.log_retention_check_interval);
    }
    if (replicas_.next_file_deletion() <= now) replicas_.delete_retired_files(env, now);
  }
}

Instant LogUpkeep::next_deadline() const {
  return std::min({next_checkpoint_, next_retention_, next_flush_, replicas_.next_file_deletion()});
}

// Kafka does so on a thread beside; nobody who appends waits for it.
void LogUpkeep::flush_rolled(Env& env) {
  auto& rolled = replicas_.news().rolled;
  while (!rolled.empty() && !env.is_cancelled()) {
    const auto partition = *rolled.begin();
    rolled.erase(rolled.begin());
    const auto replica = replicas_.find(partition);
    if (!replica) continue;
    auto& log = replica->log();
    if (log.needs_flush()) (void)log.sync(env, log.active_base());
    replica->note_failure(env);
  }
}

void LogUpkeep::flush_what_waited(Env& env) {
  const Instant now = env.now();
  std::erase_if(flushed_at_,
                [&](const auto& entry) { return !replicas_.all().contains(entry.first); });
  for (const auto& [partition, replica] : std::map(replicas_.all())) {
    if (replica->is_retired()) continue;
    auto& log = replica->log();
    const Instant due =
        after(flushed_at_[partition],
              std::min(log.config().flush_ms, Duration::max() / 1ms) * Duration(1ms));
    if (due > now || log.recovery_point() >= log.end_offset()) continue;
    (void)log.sync(env);
    replica->note_failure(env);
    flushed_at_[partition] = now;
  }
}

void LogUpkeep::retain(Env& env) {
  const WallTime now = env.wall_clock();
  for (const auto& [partition, replica] : replicas_.all()) replica->retain(env, now);
}

}  // namespace brokersim::broker
