// ListOffsets (key 2) and OffsetForLeaderEpoch (key 23): where a log begins, ends, and where in it
// a time or an epoch is.
#include <memory>
#include <set>
#include <string>

#include "core/broker/broker.h"
#include "core/broker/handlers/handlers.h"
#include "core/partition/fetch_check.h"

namespace brokersim::broker::handlers {
namespace {

using api::ErrorCode;
using PartitionAnswer = api::ListOffsetsResponse::ListOffsetsPartitionResponse;
using Asked = api::ListOffsetsRequest::ListOffsetsPartition;

// Timestamps that are questions of their own, and the version from which they may be asked.
constexpr std::int64_t latest = -1;
constexpr std::int64_t earliest = -2;
constexpr std::int64_t of_max_timestamp = -3;  // KIP-734
constexpr std::int64_t earliest_local = -4;    // KIP-405: what is not in tiered storage,
constexpr std::int64_t latest_tiered = -5;     // KIP-1005: and what is. There is none here.

bool may_ask(std::int64_t timestamp, std::int16_t version) {
  switch (timestamp) {
    case latest:
    case earliest: return true;
    case of_max_timestamp: return version >= 7;
    case earliest_local: return version >= 8;
    case latest_tiered: return version >= 9;
    default: return timestamp >= 0;
  }
}

ErrorCode leadership_error(Broker& broker, const TopicPartition& partition,
                           const std::shared_ptr<Replica>& replica, LeaderEpoch epoch) {
  if (replica) return replica->check_leadership(epoch);
  return broker.error_without_replica(partition);
}

// Who asks, by what may be told: followers the log as it is, consumers what is committed, or of
// that what no open transaction may still take back.
enum class Isolation : std::uint8_t { none, read_uncommitted, read_committed };

Isolation isolation_of(const api::ListOffsetsRequest& request) {
  if (request.replica_id != no_node) return Isolation::none;
  return request.isolation_level == 1 ? Isolation::read_committed : Isolation::read_uncommitted;
}

Offset visible_end(const Replica& replica, Isolation isolation) {
  switch (isolation) {
    case Isolation::none: return replica.log().end_offset();
    case Isolation::read_uncommitted: return replica.high_watermark();
    case Isolation::read_committed: return replica.last_stable_offset();
  }
  return 0;
}

// A new leader's high watermark lags: answering it, or that there is nothing so late, could send a
// consumer back (KIP-207).
ErrorCode lag_error(const Replica& replica, Isolation isolation, std::int16_t version) {
  const bool lags = replica.leader()->epoch_start_offset() > replica.high_watermark();
  if (isolation == Isolation::none || !lags) return ErrorCode::none;
  return version >= 5 ? ErrorCode::offset_not_available : ErrorCode::leader_not_available;
}

void answer_latest(const Replica& replica, Isolation isolation, std::int16_t version,
                   PartitionAnswer& answer) {
  answer.error_code = lag_error(replica, isolation, version);
  if (answer.error_code != ErrorCode::none) return;
  answer.offset = visible_end(replica, isolation);
  answer.leader_epoch = replica.leader()->leader_epoch();
}

// With the epoch of the record there, which may be older than the leader's.
void answer_earliest(const Replica& replica, PartitionAnswer& answer) {
  answer.offset = replica.log().start_offset();
  answer.leader_epoch = replica.log().epochs().epoch_of(answer.offset);
}

void answer_timestamp(Env& env, Replica& replica, std::int64_t timestamp, Isolation isolation,
                      std::int16_t version, PartitionAnswer& answer) {
  const auto epoch = replica.state().leader_epoch;
  const auto found = timestamp == of_max_timestamp
                         ? replica.log().offset_of_max_timestamp(env)
                         : replica.log().offset_for_timestamp(env, timestamp);
  if (!found) replica.note_failure(env);
  // What a cold read brings may no longer be ours to tell.
  if (!replica.is_leader() || replica.state().leader_epoch != epoch) {
    answer.error_code = ErrorCode::not_leader_or_follower;
  } else if (!found) {
    answer.error_code = ErrorCode::kafka_storage_error;
  } else if (*found && (*found)->offset < visible_end(replica, isolation)) {
    answer.offset = (*found)->offset;
    answer.timestamp = (*found)->timestamp;
    answer.leader_epoch = (*found)->leader_epoch;
  } else {
    answer.error_code = lag_error(replica, isolation, version);
  }
}

void answer_one(Env& env, Broker& broker, const TopicPartition& partition, const Asked& asked,
                Isolation isolation, std::int16_t version, PartitionAnswer& answer) {
  const auto replica = broker.replicas().find(partition);
  answer.error_code = leadership_error(broker, partition, replica, asked.current_leader_epoch);
  if (answer.error_code != ErrorCode::none) return;
  switch (asked.timestamp) {
    case latest: answer_latest(*replica, isolation, version, answer); break;
    case earliest:
    case earliest_local: answer_earliest(*replica, answer); break;
    case latest_tiered: break;
    default: answer_timestamp(env, *replica, asked.timestamp, isolation, version, answer);
  }
}

// Partitions that the request names more than once: none of that is answered.
std::set<TopicPartition> repeated_in(const api::ListOffsetsRequest& request) {
  std::set<TopicPartition> seen;
  std::set<TopicPartition> repeated;
  for (const auto& topic : request.topics) {
    for (const auto& asked : topic.partitions) {
      const TopicPartition partition{topic.name, asked.partition_index};
      if (!seen.insert(partition).second) repeated.insert(partition);
    }
  }
  return repeated;
}

}  // namespace

api::ListOffsetsResponse list_offsets(Env& env, Broker& broker, const RequestContext& context,
                                      api::ListOffsetsRequest request) {
  const auto version = context.header.api_version;
  const auto isolation = isolation_of(request);
  const auto repeated = repeated_in(request);
  api::ListOffsetsResponse response;
  for (const auto& topic : request.topics) {
    auto& answers = response.topics.emplace_back();
    answers.name = topic.name;
    for (const auto& asked : topic.partitions) {
      PartitionAnswer answer{.partition_index = asked.partition_index};
      const TopicPartition partition{topic.name, asked.partition_index};
      if (repeated.contains(partition)) {
        answer.error_code = ErrorCode::invalid_request;
      } else if (!may_ask(asked.timestamp, version)) {
        answer.error_code = ErrorCode::unsupported_version;
      } else {
        answer_one(env, broker, partition, asked, isolation, version, answer);
      }
      if (version < 4) answer.leader_epoch = no_epoch;
      answers.partitions.push_back(answer);
    }
  }
  return response;
}

api::OffsetForLeaderEpochResponse offset_for_leader_epoch(
    Broker& broker, const api::OffsetForLeaderEpochRequest& request) {
  api::OffsetForLeaderEpochResponse response;
  for (const auto& topic : request.topics) {
    auto& answers = response.topics.emplace_back();
    answers.topic = topic.topic;
    for (const auto& asked : topic.partitions) {
      auto& answer = answers.partitions.emplace_back();
      answer.partition = asked.partition;
      const TopicPartition partition{topic.topic, asked.partition};
      const auto replica = broker.replicas().find(partition);
      answer.error_code = leadership_error(broker, partition, replica, asked.current_leader_epoch);
      if (answer.error_code != ErrorCode::none) continue;
      const auto end =
          partition::epoch_end(asked.leader_epoch, replica->log().end_offset(),
                               replica->log().epochs(), broker.config().rules.epoch_end);
      if (!end) continue;
      answer.leader_epoch = end->epoch;
      answer.end_offset = end->end_offset;
    }
  }
  return response;
}

}  // namespace brokersim::broker::handlers
