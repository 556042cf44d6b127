#include "core/broker/lifecycle.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/api/broker_heartbeat.h"
#include "core/api/broker_registration.h"
#include "core/controller/features.h"

namespace brokersim::broker {

using api::ErrorCode;

namespace {

constexpr std::int16_t registration_version = 4;
constexpr std::int16_t heartbeat_version = 1;
constexpr Duration controller_backoff = 100ms;
// As in Kafka: by then leadership has often been handed over.
constexpr Duration first_wait_for_leave = 50ms;

}  // namespace

void Lifecycle::run(Env& env) {
  while (!register_once(env)) {
    if (has_given_up_ || !env.sleep(controller_backoff)) return;
  }
  changed_.notify_all(env);
  while (true) {
    const Instant sent = env.now();
    const bool answered = heartbeat_once(env);
    if (may_shut_down_) return;
    const Instant next = answered ? next_heartbeat(env.now(), sent) : sent + controller_backoff;
    if (hurry_.wait(env, next) == Wake::cancelled) return;
  }
}

Instant Lifecycle::next_heartbeat(Instant answered, Instant sent) {
  if (has_news()) return sent;
  const bool was_refused_leave = std::exchange(is_refused_leave_, told_shutdown_);
  if (told_shutdown_ && !was_refused_leave) return answered + first_wait_for_leave;
  return sent + config_.broker_heartbeat_interval;
}

void Lifecycle::applied_metadata(Host& host, Offset offset) {
  applied_offset_ = offset;
  if (has_news()) hurry_.notify_all(host);
}

bool Lifecycle::has_news() const {
  const bool has_caught_up = is_registered() && applied_offset_ >= epoch_.value;
  return (has_caught_up && told_offset_ < epoch_.value) || (wants_shutdown_ && !told_shutdown_);
}

void Lifecycle::begin_shutdown(Host& host) {
  wants_shutdown_ = true;
  told_shutdown_ = false;
  hurry_.notify_all(host);
}

bool Lifecycle::is_too_late(Host& host, Instant now) {
  if (is_registered()) return false;
  if (!register_until_) register_until_ = now + config_.initial_broker_registration_timeout;
  if (now < *register_until_) return false;
  has_given_up_ = true;
  gave_up_.notify_all(host);
  return true;
}

bool Lifecycle::register_once(Env& env) {
  api::BrokerRegistrationRequest request;
  request.broker_id = config_.node_id;
  request.cluster_id = config_.cluster_id;
  request.incarnation_id = incarnation_id_;
  request.listeners.push_back({.name = "PLAINTEXT",
                               .host = config_.listener.host,
                               .port = config_.listener.port,
                               .security_protocol = 0});
  for (const auto& feature : controller::supported_features()) {
    request.features.push_back({.name = std::string(feature.name),
                                .min_supported_version = feature.levels.min,
                                .max_supported_version = feature.levels.max});
  }
  if (!config_.rack.empty()) request.rack = config_.rack;
  request.previous_broker_epoch = previous_epoch_;
  const Instant now = env.now();
  if (is_too_late(env, now)) return false;
  const Instant answer_by = now + config_.broker_session_timeout;
  const Instant deadline = is_registered() ? answer_by : std::min(answer_by, *register_until_);
  const auto response = controller_.call(env, request, registration_version, deadline);
  const auto error = response ? response->error_code : ErrorCode::none;
  // Said once: it is asked again ten times a second.
  if (std::exchange(refused_with_, error) != error && error != ErrorCode::none) {
    env.emit(Note{fmt::format("the controller does not register this broker: {}", name_of(error))});
  }
  if (!response || error != ErrorCode::none) return false;
  epoch_ = response->broker_epoch;
  return true;
}

bool Lifecycle::heartbeat_once(Env& env) {
  api::BrokerHeartbeatRequest request;
  request.broker_id = config_.node_id;
  request.broker_epoch = epoch_;
  request.current_metadata_offset = applied_offset_;
  request.want_fence = false;
  request.want_shut_down = wants_shutdown_;
  told_offset_ = applied_offset_;
  told_shutdown_ = wants_shutdown_;
  // Half a session: a lost controller is noticed in time to try another.
  const Instant deadline = env.now() + config_.broker_session_timeout / 2;
  const auto response = controller_.call(env, request, heartbeat_version, deadline);
  if (!response) return false;
  if (response->error_code == ErrorCode::stale_broker_epoch) {
    // The controller knows another registration of this broker: ours is to be made anew.
    while (!register_once(env)) {
      if (!env.sleep(controller_backoff)) return false;
    }
    changed_.notify_all(env);
    return false;
  }
  if (response->error_code != ErrorCode::none) return false;
  if (std::exchange(is_fenced_, response->is_fenced) != response->is_fenced) {
    changed_.notify_all(env);
  }
  may_shut_down_ = wants_shutdown_ && response->should_shut_down;
  if (may_shut_down_) changed_.notify_all(env);
  return true;
}

}  // namespace brokersim::broker
