// JoinGroup, SyncGroup, Heartbeat and LeaveGroup, or all in one ConsumerGroupHeartbeat: who is in a
// group, and gets what.
#include <utility>

#include <fmt/format.h>

#include "core/base/uuid_text.h"
#include "core/broker/broker.h"
#include "core/broker/handlers/group_handlers.h"

namespace brokersim::broker::handlers {
namespace {

using api::ErrorCode;

template <class Response>
Response refused(ErrorCode error) {
  Response response;
  response.error_code = error;
  return response;
}

// KIP-559
constexpr std::int16_t first_sync_of_a_protocol = 5;

}  // namespace

Answer<api::JoinGroupResponse> join_group(Env& env, Broker& broker, const RequestContext& context,
                                          api::JoinGroupRequest request) {
  const auto coordinator = broker.groups().find_named(request.group_id);
  if (!coordinator) return refused<api::JoinGroupResponse>(coordinator.error());
  const group::JoinContext joining{.client_id = context.header.client_id.value_or(""),
                                   .client_host = "/" + context.peer.host,
                                   .version = context.header.api_version,
                                   .fresh = broker.groups().fresh_uuid(env)};
  return (*coordinator)->ask<api::JoinGroupResponse>(env, [&](auto& shard, auto now, auto id) {
    auto joined = shard.join(now, id, joining, request);
    context.let_go(env, request);  // The other members have yet to come.
    return joined;
  });
}

Answer<api::SyncGroupResponse> sync_group(Env& env, Broker& broker, const RequestContext& context,
                                          api::SyncGroupRequest request) {
  const bool is_of_a_protocol = request.protocol_type && request.protocol_name;
  if (context.header.api_version >= first_sync_of_a_protocol && !is_of_a_protocol) {
    return refused<api::SyncGroupResponse>(ErrorCode::inconsistent_group_protocol);
  }
  const auto coordinator = broker.groups().find_named(request.group_id);
  if (!coordinator) {
    // A member rejoins at once if it is told of a rebalance, and has lost nothing by it; of a
    // coordinator that is loading older clients know nothing here.
    const auto error = coordinator.error() == ErrorCode::coordinator_load_in_progress
                           ? ErrorCode::rebalance_in_progress
                           : coordinator.error();
    return refused<api::SyncGroupResponse>(error);
  }
  return (*coordinator)->ask<api::SyncGroupResponse>(env, [&](auto& shard, auto now, auto id) {
    auto synced = shard.sync(now, id, request);
    context.let_go(env, request);
    return synced;
  });
}

api::HeartbeatResponse heartbeat(Env& env, Broker& broker, const RequestContext&,
                                 api::HeartbeatRequest request) {
  const auto coordinator = broker.groups().find_named(request.group_id);
  if (coordinator) {
    auto& found = **coordinator;
    const auto error = found.shard().heartbeat(found.now(env), request);
    if (error == ErrorCode::rebalance_in_progress) found.expect_deadline(env);
    return refused<api::HeartbeatResponse>(error);
  }
  // While the members are being loaded nobody can have missed a heartbeat: the group goes on.
  const bool is_loading = coordinator.error() == ErrorCode::coordinator_load_in_progress;
  return refused<api::HeartbeatResponse>(is_loading ? ErrorCode::none : coordinator.error());
}

Answer<api::LeaveGroupResponse> leave_group(Env& env, Broker& broker, const RequestContext& context,
                                            api::LeaveGroupRequest request) {
  const auto coordinator = broker.groups().find_named(request.group_id);
  if (!coordinator) return refused<api::LeaveGroupResponse>(coordinator.error());
  const bool is_single = context.header.api_version < 3;
  if (is_single) request.members = {{.member_id = request.member_id}};
  auto response =
      (*coordinator)->ask<api::LeaveGroupResponse>(env, [&](auto& shard, auto now, auto id) {
        return shard.leave(now, id, request);
      });
  if (!is_single || !response || !*response) return response;
  auto& only = **response;
  const bool has_own = only.error_code == ErrorCode::none && !only.members.empty();
  if (has_own) only.error_code = only.members.front().error_code;
  only.members.clear();
  return response;
}

Answer<api::ConsumerGroupHeartbeatResponse> consumer_group_heartbeat(
    Env& env, Broker& broker, const RequestContext& context,
    api::ConsumerGroupHeartbeatRequest request) {
  using Response = api::ConsumerGroupHeartbeatResponse;
  if (!broker.groups().has_consumer_groups()) {
    return refused<Response>(ErrorCode::unsupported_version);
  }
  if (request.group_id.empty()) return refused<Response>(ErrorCode::invalid_request);
  const auto coordinator = broker.groups().find(request.group_id);
  if (!coordinator) return refused<Response>(coordinator.error());
  const group::HeartbeatContext sender{.client_id = context.header.client_id.value_or(""),
                                       .client_host = "/" + context.peer.host,
                                       .version = context.header.api_version,
                                       .fresh_id = uuid_text(broker.groups().fresh_uuid(env))};
  return (*coordinator)->ask<Response>(env, [&](auto& shard, auto now, auto id) {
    return shard.consumer_heartbeat(now, id, sender, request);
  });
}

}  // namespace brokersim::broker::handlers
