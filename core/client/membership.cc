#include "core/client/membership.h"

#include <algorithm>

#include "core/api/offset_commit.h"
#include "core/client/versions.h"

namespace brokersim::client {

using api::ErrorCode;

bool Membership::back_off(Env& env, Instant deadline) {
  const auto random = env.random("client.group", ++backoffs_);
  const auto until = env.now() + backoff_.after(++failures_, random);
  return env.sleep_until(std::min(until, deadline)) && env.now() < deadline;
}

bool Membership::may_pass(ErrorCode error) const {
  return api::is_retriable(error) || error == ErrorCode::network_exception;
}

Expected<Done, ErrorCode> Membership::commit(Env& env, const Positions& positions,
                                             Instant deadline) {
  api::OffsetCommitRequest request;
  request.group_id = config_.group_id;
  request.member_id = member_id_;
  request.group_instance_id = config_.group_instance_id;
  for (const auto& [partition, position] : positions) {
    if (request.topics.empty() || request.topics.back().name != partition.topic) {
      request.topics.emplace_back().name = partition.topic;
    }
    const auto epoch = config_.consumer.rules.commits_with_epochs ? position.epoch : no_epoch;
    request.topics.back().partitions.push_back({.partition_index = partition.partition,
                                                .committed_offset = position.offset,
                                                .committed_leader_epoch = epoch});
  }
  do {
    if (is_expelled()) return Unexpected(ErrorCode::unknown_member_id);
    request.generation_id_or_member_epoch = generation_;
    auto error = ErrorCode::coordinator_not_available;
    if (const auto channel = coordinator_.channel(env, deadline)) {
      const auto response = channel->call(env, request, offset_commit_version, deadline);
      error = response ? ErrorCode::none : ErrorCode::network_exception;
      for (const auto& topic : response ? response->topics : decltype(response->topics){}) {
        for (const auto& one : topic.partitions) {
          if (one.error_code != ErrorCode::none) error = one.error_code;
        }
      }
      learn(error);
    }
    if (error == ErrorCode::none) return Done{};
    if (!may_pass(error)) return Unexpected(error);
  } while (back_off(env, deadline));
  return Unexpected(ErrorCode::request_timed_out);
}

Expected<Positions, ErrorCode> Membership::committed(Env& env, const Partitions& partitions,
                                                     Instant deadline) {
  api::OffsetFetchRequest request;
  request.require_stable = true;
  auto& group = request.groups.emplace_back();
  group.group_id = config_.group_id;
  group.topics.emplace();
  for (const auto& partition : partitions) {
    if (group.topics->empty() || group.topics->back().name != partition.topic) {
      group.topics->emplace_back().name = partition.topic;
    }
    group.topics->back().partition_indexes.push_back(partition.partition);
  }
  do {
    const auto channel = coordinator_.channel(env, deadline);
    if (!channel) continue;
    if (!sign(group)) return Unexpected(ErrorCode::unknown_member_id);
    const auto response = channel->call(env, request, offset_fetch_version, deadline);
    auto error = response && !response->groups.empty() ? response->groups[0].error_code
                                                       : ErrorCode::network_exception;
    Positions positions;
    if (error == ErrorCode::none) {
      for (const auto& topic : response->groups[0].topics) {
        for (const auto& one : topic.partitions) {
          if (one.error_code != ErrorCode::none) error = one.error_code;
          const bool is_set = one.error_code == ErrorCode::none && one.committed_offset >= 0;
          if (!is_set) continue;
          positions[{topic.name, one.partition_index}] = {one.committed_offset,
                                                          one.committed_leader_epoch};
        }
      }
    }
    learn(error);
    if (error == ErrorCode::none) return positions;
  } while (back_off(env, deadline));
  return Unexpected(ErrorCode::request_timed_out);
}

}  // namespace brokersim::client
