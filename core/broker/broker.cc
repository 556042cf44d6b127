#include "core/broker/broker.h"

#include <utility>

namespace brokersim::broker {
namespace {

// Calls `task` every `interval` until the fiber is cancelled.
void repeat(Env& env, Duration interval, const std::function<void()>& task) {
  while (env.sleep(interval)) task();
}

}  // namespace

Broker::Broker(const NodeConfig& config, const QuorumNode& quorum, Uuid incarnation_id,
               BrokerEpoch previous_epoch)
    : config_(config),
      quorum_(quorum),
      topic_defaults_(topic_defaults_of(config)),
      image_(config.cluster_id),
      replicas_(config),
      lifecycle_(config, quorum, incarnation_id, previous_epoch),
      isr_updates_(config, quorum, replicas_, lifecycle_),
      fetchers_(config, replicas_, lifecycle_, fibers_),
      controller_(config, quorum, "forward") {}

void Broker::start(Env& env, bool was_clean) {
  replicas_.load_checkpoints(env, was_clean);
  fibers_.spawn(env, "lifecycle", [this](Env& fiber) { lifecycle_.run(fiber); });
  fibers_.spawn(env, "isr-updates", [this](Env& fiber) { isr_updates_.run(fiber); });
  fibers_.spawn(env, "isr-check", [this](Env& fiber) {
    repeat(fiber, config_.replica_lag_time_max / 2, [&] {
      for (const auto& [partition, replica] : replicas_.all()) replica->tick(fiber);
    });
  });
  fibers_.spawn(env, "high-watermark-checkpoint", [this](Env& fiber) {
    repeat(fiber, config_.high_watermark_checkpoint_interval,
           [&] { replicas_.checkpoint_high_watermarks(fiber); });
  });
  fibers_.spawn(env, "recovery-point-checkpoint", [this](Env& fiber) {
    repeat(fiber, config_.recovery_point_checkpoint_interval,
           [&] { replicas_.checkpoint_recovery_points(fiber); });
  });
}

void Broker::apply(Env& env, const controller::Image& image, const controller::Delta& delta,
                   Offset offset) {
  unpublished_.add(delta);
  // What stands before our registration speaks of an earlier incarnation, which may have led with
  // a log that we no longer have (KIP-631).
  while (!lifecycle_.is_registered()) {
    if (lifecycle_.changed().wait(env) == Wake::cancelled) return;
  }
  if (offset < lifecycle_.epoch().value) return;
  image_ = image;
  replicas_.apply(env, image_, std::exchange(unpublished_, {}), lifecycle_.epoch());
  fetchers_.apply(env, image_);
  lifecycle_.applied_metadata(env, offset);
}

void Broker::shut_down(Env& env) {
  lifecycle_.begin_shutdown(env);
  const Instant deadline = env.now() + config_.broker_session_timeout;
  while (!lifecycle_.may_shut_down()) {
    if (lifecycle_.changed().wait(env, deadline) != Wake::notified) break;
  }
  replicas_.sync_all(env);
  replicas_.checkpoint_recovery_points(env);
  replicas_.checkpoint_high_watermarks(env);
  (void)log::leave_clean_shutdown(env, "", lifecycle_.epoch());
  halt(env);
}

void Broker::halt(Env& env) {
  fibers_.cancel(env);
  fibers_.wait_until_empty(env);
}

}  // namespace brokersim::broker
