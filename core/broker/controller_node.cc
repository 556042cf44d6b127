#include "core/broker/controller_node.h"

#include <algorithm>
#include <utility>

#include "core/broker/replicas.h"

namespace brokersim::broker {

using api::ErrorCode;

namespace {

constexpr Duration commit_timeout = 30s;  // The default of the clients' request.timeout.ms.

}  // namespace

// ---- Leadership --------------------------------------------------------------------------------

void ControllerNode::run(Env& env) {
  while (!env.is_cancelled()) {
    if (!quorum_.is_leader()) {
      if (quorum_.role_changed().wait(env) == Wake::cancelled) return;
      continue;
    }
    const auto epoch = quorum_.epoch();
    if (activate(env, epoch)) lead(env, epoch);
    deactivate();
  }
}

// What an earlier leader appended is ours to decide upon once it is committed, which our own
// LeaderChange record shows (KAFKA-12619).
bool ControllerNode::activate(Env& env, LeaderEpoch epoch) {
  const Offset end = quorum_.end_offset();
  while (metadata_.next_offset() < end) {
    Signal* const signals[] = {&metadata_.advanced(), &quorum_.role_changed()};
    if (wait_any(env, signals, never) == Wake::cancelled) return false;
    if (!quorum_.is_leader() || quorum_.epoch() != epoch) return false;
  }
  if (!quorum_.is_leader() || quorum_.epoch() != epoch) return false;
  epoch_ = epoch;
  active_.emplace(metadata_.image(), quorum_.end_offset(), env.now(), controller_config(),
                  config_.rules);
  return true;
}

controller::ControllerConfig ControllerNode::controller_config() const {
  return {.broker_session_timeout = config_.broker_session_timeout,
          .num_partitions = config_.num_partitions,
          .default_replication_factor = config_.default_replication_factor,
          .topic_configs = topic_defaults_of(config_),
          .auto_leader_rebalance_enable = config_.auto_leader_rebalance_enable,
          .leader_imbalance_check_interval = config_.leader_imbalance_check_interval};
}

void ControllerNode::lead(Env& env, LeaderEpoch epoch) {
  Instant next_no_op = env.now() + config_.metadata_max_idle_interval;
  Offset end = quorum_.end_offset();
  while (is_active(epoch) && quorum_.is_leader() && quorum_.epoch() == epoch) {
    const Instant now = env.now();
    if (std::exchange(end, quorum_.end_offset()) != quorum_.end_offset()) {
      next_no_op = now + config_.metadata_max_idle_interval;
    }
    if (now >= active_->next_tick() && !tick(env)) return;
    if (now >= next_no_op) {
      // Observers measure their lag by a log that never stands still.
      if (append(env, active_->no_op()) != ErrorCode::none) return;
    }
    Signal* const signals[] = {&decided_, &quorum_.role_changed()};
    if (wait_any(env, signals, std::min(active_->next_tick(), next_no_op)) == Wake::cancelled) {
      return;
    }
  }
}

bool ControllerNode::tick(Env& env) {
  return append(env, active_->tick(env.now())) == ErrorCode::none;
}

// ---- Decisions ---------------------------------------------------------------------------------

ErrorCode ControllerNode::append(Host& host, const controller::Decided& decided) {
  if (!decided.records.empty()) {
    const auto base = quorum_.append(host, epoch_, decided.records);
    if (!base) {
      deactivate();
      return base.error();
    }
    ASSERT(*base == decided.base_offset, *base, decided.base_offset);
  }
  for (const auto& event : decided.events) host.emit(event);
  return ErrorCode::none;
}

template <class Response>
Expected<Response, ErrorCode> ControllerNode::commit(Env& env,
                                                     controller::Decision<Response> decision) {
  const auto epoch = epoch_;
  if (const auto error = append(env, decision); error != ErrorCode::none) return Unexpected(error);
  decided_.notify_all(env);
  const Instant deadline = env.now() + commit_timeout;
  const auto committed = quorum_.wait_committed(env, epoch, decision.end_offset(), deadline);
  if (!committed) return Unexpected(committed.error());
  return std::move(decision.response);
}

namespace {

template <class Response>
Response top_level(Expected<Response, ErrorCode> result) {
  if (result) return *std::move(result);
  Response response;
  response.error_code = result.error();
  return response;
}

}  // namespace

api::BrokerRegistrationResponse ControllerNode::handle(
    Env& env, const api::BrokerRegistrationRequest& request) {
  if (!active_)
    return top_level<api::BrokerRegistrationResponse>(Unexpected(ErrorCode::not_controller));
  return top_level(commit(env, active_->register_broker(env.now(), request)));
}

api::BrokerHeartbeatResponse ControllerNode::handle(Env& env,
                                                    const api::BrokerHeartbeatRequest& request) {
  if (!active_)
    return top_level<api::BrokerHeartbeatResponse>(Unexpected(ErrorCode::not_controller));
  return top_level(commit(env, active_->heartbeat(env.now(), request)));
}

api::AlterPartitionResponse ControllerNode::handle(Env& env,
                                                   const api::AlterPartitionRequest& request) {
  if (!active_)
    return top_level<api::AlterPartitionResponse>(Unexpected(ErrorCode::not_controller));
  return top_level(commit(env, active_->alter_partition(request)));
}

api::ElectLeadersResponse ControllerNode::handle(Env& env,
                                                 const api::ElectLeadersRequest& request) {
  if (!active_) return top_level<api::ElectLeadersResponse>(Unexpected(ErrorCode::not_controller));
  return top_level(commit(env, active_->elect_leaders(request)));
}

api::CreateTopicsResponse ControllerNode::handle(Env& env,
                                                 const api::CreateTopicsRequest& request) {
  Expected<api::CreateTopicsResponse, ErrorCode> result = Unexpected(ErrorCode::not_controller);
  if (active_) {
    const auto random = env.random("topic", topic_draws_++);
    result = commit(env, active_->create_topics(request, random));
  }
  if (result) return *std::move(result);
  api::CreateTopicsResponse response;
  for (const auto& topic : request.topics) {
    auto& answer = response.topics.emplace_back();
    answer.name = topic.name;
    answer.error_code = result.error();
  }
  return response;
}

api::DeleteTopicsResponse ControllerNode::handle(Env& env,
                                                 const api::DeleteTopicsRequest& request) {
  Expected<api::DeleteTopicsResponse, ErrorCode> result = Unexpected(ErrorCode::not_controller);
  if (active_) result = commit(env, active_->delete_topics(request));
  if (result) return *std::move(result);
  api::DeleteTopicsResponse response;
  const auto fail = [&](const wire::Nullable<std::string>& name) {
    auto& answer = response.responses.emplace_back();
    answer.name = name;
    answer.error_code = result.error();
  };
  for (const auto& topic : request.topics) fail(topic.name);
  for (const auto& name : request.topic_names) fail(name);
  return response;
}

}  // namespace brokersim::broker
