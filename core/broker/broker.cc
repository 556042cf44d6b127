#include "core/broker/broker.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "core/broker/dynamic_settings.h"

namespace brokersim::broker {
namespace {

// Calls `task` every `interval` until the fiber is cancelled.
void repeat(Env& env, Duration interval, const std::function<void()>& task) {
  while (env.sleep(interval)) task();
}

}  // namespace

Broker::Broker(const NodeConfig& config, const QuorumNode& quorum, Uuid incarnation_id,
               BrokerEpoch previous_epoch)
    : started_with_(config),
      config_(config),
      quorum_(quorum),
      topic_defaults_(topic_defaults_of(config_)),
      image_(config_.cluster_id),
      replicas_(config_),
      lifecycle_(config_, quorum, incarnation_id, previous_epoch),
      isr_updates_(config_, quorum, replicas_, lifecycle_),
      quotas_(config_),
      fetchers_(config_, replicas_, lifecycle_, quotas_.as_follower, fibers_),
      fetch_sessions_(
          static_cast<std::size_t>(std::max(0, config_.max_incremental_fetch_session_cache_slots))),
      groups_(config_, replicas_, fibers_),
      log_upkeep_(config_, replicas_),
      log_cleaner_(config_, replicas_),
      controller_(config_, quorum, "forward"),
      producer_ids_(config_, quorum, lifecycle_, fibers_),
      transactions_(config_, replicas_, fibers_, producer_ids_),
      transaction_verifier_(config_),
      markers_(config_, image_, transactions_, fibers_) {}

void Broker::start(Env& env, bool was_clean) {
  replicas_.load(env, was_clean);
  fibers_.spawn(env, "lifecycle", [this](Env& fiber) { lifecycle_.run(fiber); });
  fibers_.spawn(env, "image", [this](Env& fiber) { follow_metadata(fiber); });
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
  fibers_.spawn(env, "log-starts", [this](Env& fiber) {
    while (!fiber.is_cancelled()) {
      if (!replicas_.raise_log_starts(fiber)) replicas_.news().log_starts.wait(fiber);
    }
  });
  fibers_.spawn(env, "recovery-point-checkpoint", [this](Env& fiber) { log_upkeep_.run(fiber); });
  fibers_.spawn(env, "producer-expiry", [this](Env& fiber) {
    repeat(fiber, config_.producer_id_expiration_check_interval,
           [&] { replicas_.expire_producers(fiber); });
  });
}

// ---- Metadata ----------------------------------------------------------------------------------

void Broker::learn(Host& host, const controller::Image& image, const controller::Delta& delta,
                   Offset offset) {
  if (!news_) news_.emplace();
  news_->image = &image;
  news_->delta.add(delta);
  news_->offset = offset;
  learnt_.notify_all(host);
}

// What stands before our registration speaks of an earlier incarnation, which may have led with a
// log that we no longer have (KIP-631).
bool Broker::may_act_on_news() const {
  return news_ && lifecycle_.is_registered() && news_->offset >= lifecycle_.epoch().value;
}

void Broker::follow_metadata(Env& env) {
  while (!env.is_cancelled()) {
    if (may_act_on_news()) {
      apply(env, *std::exchange(news_, std::nullopt));
    } else {
      wait_any(env, std::array{&learnt_, &lifecycle_.changed()}, never);
    }
  }
}

void Broker::apply(Env& env, MetadataNews news) {
  image_.catch_up(*news.image, news.delta);
  if (changes_settings(news.delta)) {
    take_dynamic_settings(config_, started_with_, image_);
    log_cleaner_.reconfigured(env);
  }
  quotas_.apply(image_, news.delta);
  replicas_.apply(env, image_, news.delta, lifecycle_.epoch());
  fetchers_.apply(env, image_);
  groups_.apply(env, image_, news.delta);
  transactions_.apply(env, image_, news.delta);
  markers_.start_if_needed(env);
  lifecycle_.applied_metadata(env, news.offset);
  if (!has_cleaner_ && config_.log_cleaner_enable && replicas_.has_compacted()) {
    has_cleaner_ = true;
    fibers_.spawn(env, "log-cleaner", [this](Env& fiber) { log_cleaner_.run(fiber); });
  }
  if (is_serving_ || !image_.is_active(config_.node_id)) return;
  is_serving_ = true;
  began_to_serve_.notify_all(env);
}

bool Broker::wait_until_serving(Env& env) {
  while (!is_serving_) {
    if (began_to_serve_.wait(env) == Wake::cancelled) return false;
  }
  return true;
}

// ---- The end -----------------------------------------------------------------------------------

// A quorum that nobody answers for is asked for nothing: then the whole cluster stops.
void Broker::wait_for_leave(Env& env) {
  constexpr Duration between_looks = 1s;
  constexpr Duration patience = 300s;  // As long as Kafka's brokers have, which nobody sets.
  lifecycle_.begin_shutdown(env);
  Instant look = env.now();
  const Instant deadline = look + patience;
  const std::array signals{&lifecycle_.changed(), &replicas_.news().failures};
  const auto is_over = [&] {
    return lifecycle_.may_shut_down() || has_failed() || quorum_.has_failed();
  };
  while (!is_over() && look < deadline && !quorum_.is_deserted()) {
    look = std::min(deadline, look + between_looks);
    Wake wake = Wake::notified;
    while (!is_over() && wake == Wake::notified) wake = wait_any(env, signals, look);
    if (wake == Wake::cancelled) return;
  }
}

void Broker::hand_over(Env& env, bool can_ask_controller) {
  if (can_ask_controller && lifecycle_.is_registered()) wait_for_leave(env);
}

std::string Broker::close(Env& env) {
  halt(env);
  const bool is_durable = replicas_.sync_all(env);
  replicas_.checkpoint_recovery_points(env);
  replicas_.checkpoint_high_watermarks(env);
  bool has_left_word = true;
  if (is_durable && replicas_.are_recovered()) {
    has_left_word = log::leave_clean_shutdown(env, "", lifecycle_.latest_epoch()).has_value();
  }
  if (has_failed()) return why_failed();
  if (!is_durable) return "its logs cannot be synced";
  return has_left_word ? "" : "the clean shutdown marker cannot be written";
}

std::string Broker::why_failed() {
  return has_failed() ? fmt::format("its disk has failed: {}", replicas_.news().why_failed) : "";
}

std::string Broker::why_given_up() const {
  if (!lifecycle_.has_given_up()) return "";
  return fmt::format("it could not register with the controllers within {} ms",
                     config_.initial_broker_registration_timeout / 1ms);
}

void Broker::halt(Env& env) {
  fibers_.cancel(env);
  fibers_.wait_until_empty(env);
}

}  // namespace brokersim::broker
