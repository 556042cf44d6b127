#include "core/broker/controller_node.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "core/broker/fallback_settings.h"
#include "core/broker/quorum_description.h"
#include "core/broker/replicas.h"
#include "core/controller/broker_config.h"

namespace brokersim::broker {

using api::ErrorCode;

namespace {

constexpr Duration commit_timeout = 30s;  // The default of the clients' request.timeout.ms.

controller::GroupTerms group_terms_of(const group::GroupConfig& group) {
  return {.session_timeout_ms = {.min = milliseconds(group.consumer_min_session_timeout),
                                 .initial = milliseconds(group.consumer_session_timeout),
                                 .max = milliseconds(group.consumer_max_session_timeout)},
          .heartbeat_interval_ms = {.min = milliseconds(group.consumer_min_heartbeat_interval),
                                    .initial = milliseconds(group.consumer_heartbeat_interval),
                                    .max = milliseconds(group.consumer_max_heartbeat_interval)}};
}

}  // namespace

// ---- Leadership --------------------------------------------------------------------------------

void ControllerNode::run(Env& env) {
  while (!env.is_cancelled()) {
    const auto epoch = quorum_.epoch();
    if (!quorum_.leads(epoch)) {
      if (quorum_.role_changed().wait(env) == Wake::cancelled) return;
      continue;
    }
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
    if (!quorum_.leads(epoch)) return false;
  }
  if (!quorum_.leads(epoch)) return false;
  epoch_ = epoch;
  active_.emplace(metadata_.image(), quorum_.end_offset(), env.now(), controller_config(),
                  config_.rules);
  // Nobody has ever decided anything: the cluster begins with what it was formatted with.
  const bool is_new = metadata_.image().last_offset() < 0;
  return !is_new || append(env, active_->bootstrap(config_.features)) == ErrorCode::none;
}

controller::ControllerConfig ControllerNode::controller_config() const {
  std::set<std::string, std::less<>> static_configs;
  for (const auto& [name, value] : settings_of(config_)) {
    if (!controller::find_broker_config_key(name)) static_configs.insert(name);
  }
  for (const auto& fallback : FallbackTable::rows) static_configs.emplace(fallback.terms.broker);
  return {.broker_session_timeout = config_.broker_session_timeout,
          .num_partitions = config_.num_partitions,
          .default_replication_factor = config_.default_replication_factor,
          .topic_defaults = topic_defaults_of(config_),
          .static_broker_configs = std::move(static_configs),
          .group_terms = group_terms_of(config_.group),
          .delete_topic_enable = config_.delete_topic_enable,
          .auto_leader_rebalance_enable = config_.auto_leader_rebalance_enable,
          .leader_imbalance_check_interval = config_.leader_imbalance_check_interval,
          .unclean_leader_election_interval = config_.unclean_leader_election_interval};
}

// An interval of 0 means that nobody wants to know how idle the log is.
Instant ControllerNode::next_no_op_after(Instant now) const {
  const Duration interval = config_.metadata_max_idle_interval;
  return interval == Duration{} ? never : now + interval;
}

void ControllerNode::lead(Env& env, LeaderEpoch epoch) {
  Instant next_no_op = next_no_op_after(env.now());
  Offset end = quorum_.end_offset();
  while (is_active(epoch) && quorum_.leads(epoch)) {
    const Instant now = env.now();
    if (std::exchange(end, quorum_.end_offset()) != quorum_.end_offset()) {
      next_no_op = next_no_op_after(now);
    }
    if (now >= active_->next_tick() && !tick(env)) return;
    if (now >= next_no_op) {
      // Observers measure their lag by a log that never stands still.
      if (append(env, active().no_op()) != ErrorCode::none) return;
    }
    Signal* const signals[] = {&decided_, &quorum_.role_changed()};
    if (wait_any(env, signals, std::min(active_->next_tick(), next_no_op)) == Wake::cancelled) {
      return;
    }
  }
}

bool ControllerNode::tick(Env& env) {
  return append(env, active().tick(env.now())) == ErrorCode::none;
}

// ---- Decisions ---------------------------------------------------------------------------------

// The quorum appends its own records to the same log (KIP-853).
controller::Controller& ControllerNode::active() {
  if (quorum_.leads(epoch_)) active_->go_on_at(quorum_.end_offset());
  return *active_;
}

ErrorCode ControllerNode::append(Host& host, const controller::Decided& decided) {
  if (!decided.records.empty()) {
    const auto base = quorum_.append(host, epoch_, decided.records);
    if (!base) {
      deactivate();
      return base.error();
    }
    ASSERT(*base == decided.base_offset, *base, decided.base_offset);
  }
  for (const auto& event : decided.events) {
    if (metrics_) metrics_->decided(event);
    host.emit(event);
  }
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
  return top_level(commit(env, active().register_broker(env.now(), request)));
}

api::BrokerHeartbeatResponse ControllerNode::handle(Env& env,
                                                    const api::BrokerHeartbeatRequest& request) {
  if (!active_)
    return top_level<api::BrokerHeartbeatResponse>(Unexpected(ErrorCode::not_controller));
  return top_level(commit(env, active().heartbeat(env.now(), request)));
}

api::AlterPartitionResponse ControllerNode::handle(Env& env,
                                                   const api::AlterPartitionRequest& request) {
  if (!active_)
    return top_level<api::AlterPartitionResponse>(Unexpected(ErrorCode::not_controller));
  return top_level(commit(env, active().alter_partition(request)));
}

api::AllocateProducerIdsResponse ControllerNode::handle(
    Env& env, const api::AllocateProducerIdsRequest& request) {
  if (!active_)
    return top_level<api::AllocateProducerIdsResponse>(Unexpected(ErrorCode::not_controller));
  return top_level(commit(env, active().allocate_producer_ids(request)));
}

// ---- Requests of clients -----------------------------------------------------------------------

namespace {

// The levels of kraft.version that are asked for, which leave the request.
std::vector<std::int16_t> take_kraft_version(api::UpdateFeaturesRequest& request) {
  std::vector<std::int16_t> levels;
  std::erase_if(request.feature_updates, [&](const auto& asked) {
    if (asked.feature != raft::kraft_version_feature) return false;
    levels.push_back(asked.max_version_level);
    return true;
  });
  return levels;
}

Expected<api::UpdateFeaturesResponse, ErrorCode> refused_feature(
    const raft::VoterRefusal& refusal) {
  if (refusal.error == ErrorCode::not_leader_or_follower) {
    return Unexpected(ErrorCode::not_controller);
  }
  api::UpdateFeaturesResponse response;
  response.error_code = refusal.error;
  response.error_message =
      fmt::format("The update failed for all features since the following feature had an error: {}",
                  refusal.message);
  return response;
}

}  // namespace

template <class Request, class Decide>
ControllerNode::Answer<Request> ControllerNode::decide_and_commit(Env& env, Decide decide) {
  if (!active_) return Unexpected(ErrorCode::not_controller);
  return commit(env, decide(active()));
}

ControllerNode::Answer<api::CreateTopicsRequest> ControllerNode::serve(
    Env& env, const api::CreateTopicsRequest& request, std::int16_t) {
  return decide_and_commit<api::CreateTopicsRequest>(
      env, [&](auto& active) { return active.create_topics(request, draw(env)); });
}

ControllerNode::Answer<api::DeleteTopicsRequest> ControllerNode::serve(
    Env& env, const api::DeleteTopicsRequest& request, std::int16_t version) {
  return decide_and_commit<api::DeleteTopicsRequest>(
      env, [&](auto& active) { return active.delete_topics(request, version); });
}

ControllerNode::Answer<api::CreatePartitionsRequest> ControllerNode::serve(
    Env& env, const api::CreatePartitionsRequest& request, std::int16_t) {
  return decide_and_commit<api::CreatePartitionsRequest>(
      env, [&](auto& active) { return active.create_partitions(request, draw(env)); });
}

ControllerNode::Answer<api::ElectLeadersRequest> ControllerNode::serve(
    Env& env, const api::ElectLeadersRequest& request, std::int16_t) {
  return decide_and_commit<api::ElectLeadersRequest>(
      env, [&](auto& active) { return active.elect_leaders(request); });
}

ControllerNode::Answer<api::AlterConfigsRequest> ControllerNode::serve(
    Env& env, const api::AlterConfigsRequest& request, std::int16_t) {
  return decide_and_commit<api::AlterConfigsRequest>(
      env, [&](auto& active) { return active.alter_configs(request); });
}

ControllerNode::Answer<api::IncrementalAlterConfigsRequest> ControllerNode::serve(
    Env& env, const api::IncrementalAlterConfigsRequest& request, std::int16_t) {
  return decide_and_commit<api::IncrementalAlterConfigsRequest>(
      env, [&](auto& active) { return active.incremental_alter_configs(request); });
}

ControllerNode::Answer<api::AlterPartitionReassignmentsRequest> ControllerNode::serve(
    Env& env, const api::AlterPartitionReassignmentsRequest& request, std::int16_t) {
  return decide_and_commit<api::AlterPartitionReassignmentsRequest>(
      env, [&](auto& active) { return active.alter_partition_reassignments(request); });
}

ControllerNode::Answer<api::ListPartitionReassignmentsRequest> ControllerNode::serve(
    Env& env, const api::ListPartitionReassignmentsRequest& request, std::int16_t) {
  return decide_and_commit<api::ListPartitionReassignmentsRequest>(
      env, [&](auto& active) { return active.list_partition_reassignments(request); });
}

ControllerNode::Answer<api::UnregisterBrokerRequest> ControllerNode::serve(
    Env& env, const api::UnregisterBrokerRequest& request, std::int16_t) {
  return decide_and_commit<api::UnregisterBrokerRequest>(
      env, [&](auto& active) { return active.unregister_broker(request); });
}

// kraft.version is the quorum's, and no feature of the metadata (KIP-853): it is raised once all
// else that is asked for may be.
ControllerNode::Answer<api::UpdateFeaturesRequest> ControllerNode::serve(
    Env& env, const api::UpdateFeaturesRequest& request, std::int16_t version) {
  const auto update = [&](const api::UpdateFeaturesRequest& asked) {
    return decide_and_commit<api::UpdateFeaturesRequest>(
        env, [&](auto& active) { return active.update_features(asked, version); });
  };
  auto others = request;
  const auto levels = take_kraft_version(others);
  if (levels.empty()) return update(request);
  others.validate_only = true;
  TRY(auto response, update(others));
  if (response.error_code != ErrorCode::none) return response;
  const auto refusal = levels.size() > 1
                           ? raft::VoterRefusal{ErrorCode::invalid_request, "It is named twice."}
                           : quorum_.raise_kraft_version(env, levels[0], request.validate_only,
                                                         env.now() + commit_timeout);
  if (refusal) return refused_feature(*refusal);
  others.validate_only = request.validate_only;
  TRY(response, update(others));
  if (version < 2) {
    response.results.push_back({.feature = std::string(raft::kraft_version_feature)});
  }
  return response;
}

ControllerNode::Answer<api::DescribeQuorumRequest> ControllerNode::serve(
    Env& env, const api::DescribeQuorumRequest& request, std::int16_t version) {
  if (!quorum_.leads(quorum_.epoch())) return Unexpected(ErrorCode::not_controller);
  return describe_quorum(request, version, quorum_.raft(), quorum_.end_offset(),
                         {.now = env.now(), .wall = env.wall_clock()});
}

}  // namespace brokersim::broker
