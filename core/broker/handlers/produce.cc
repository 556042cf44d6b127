// Produce (key 0): append at the leaders, then wait for as many copies as `acks` asks for.
#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/broker/broker.h"
#include "core/broker/handlers/handlers.h"
#include "core/controller/topic_config.h"
#include "core/log/validate.h"

namespace brokersim::broker::handlers {
namespace {

using api::ErrorCode;
using PartitionResponse = api::ProduceResponse::PartitionProduceResponse;

// One partition of the request that was appended and may have to wait.
struct Waiting {
  std::size_t topic = 0;
  std::size_t partition = 0;
  std::shared_ptr<Replica> replica;
  Appended appended;
};

ErrorCode validate(const std::vector<wire::Batch>& batches, Broker& broker, WallTime now,
                   const std::string& topic, std::int16_t version) {
  const controller::TopicConfigs configs(broker.image(), topic, broker.topic_defaults());
  log::ProduceRules rules;
  rules.max_message_bytes = static_cast<std::size_t>(configs.number("max.message.bytes"));
  rules.segment_bytes = static_cast<std::uint64_t>(configs.number("segment.bytes"));
  rules.is_compacted = configs.get("cleanup.policy").text.find("compact") != std::string_view::npos;
  rules.may_use_zstd = version >= 7;
  return log::validate_produced(batches, rules, now);
}

Expected<Appended, ErrorCode> append(Env& env, Broker& broker, Replica& replica,
                                     const wire::Nullable<wire::Records>& records,
                                     const RequestContext& context, std::int16_t acks) {
  if (!records) return Unexpected(ErrorCode::invalid_record);
  auto batches = wire::parse_batches(records->slice());
  if (!batches) return Unexpected(log::error_code_of(batches.error()));
  const auto invalid = validate(*batches, broker, env.wall_clock(), replica.partition().topic,
                                context.header.api_version);
  if (invalid != ErrorCode::none) return Unexpected(invalid);
  return replica.append(env, std::move(batches->front()), acks);
}

// acks=all and the like: each partition in turn, which ends no later than waiting for all at once.
void wait_for_acks(Env& env, std::int16_t acks, Instant deadline, std::vector<Waiting>& waiting,
                   api::ProduceResponse& response) {
  for (auto& one : waiting) {
    auto verdict = one.replica->acks_satisfied(acks, one.appended);
    while (!verdict) {
      if (one.replica->changed().wait(env, deadline) != Wake::notified) {
        verdict = ErrorCode::request_timed_out;
      } else {
        verdict = one.replica->acks_satisfied(acks, one.appended);
      }
    }
    auto& answer = response.responses[one.topic].partition_responses[one.partition];
    answer.error_code = *verdict;
    if (*verdict == ErrorCode::none) {
      answer.base_offset = one.appended.base_offset;
      answer.log_start_offset = one.replica->log().start_offset();
    } else {
      answer.base_offset = -1;
    }
  }
}

// acks=0: there is nobody to tell what went wrong.
Answer<api::ProduceResponse> unanswered(const api::ProduceResponse& response) {
  for (const auto& topic : response.responses) {
    for (const auto& partition : topic.partition_responses) {
      if (partition.error_code == ErrorCode::none) continue;
      return Unexpected(fmt::format("Produce with acks=0 to {}-{}: {}", topic.name, partition.index,
                                    name_of(partition.error_code)));
    }
  }
  return std::nullopt;
}

// KIP-951: who leads instead.
void name_leader(const Broker& broker, const std::string& topic, std::int16_t version,
                 PartitionResponse& answer) {
  if (version < 10 || answer.error_code != ErrorCode::not_leader_or_follower) return;
  if (const auto* state = broker.image().find_partition({topic, answer.index})) {
    answer.current_leader = {.leader_id = state->leader, .leader_epoch = state->leader_epoch};
  }
}

}  // namespace

Answer<api::ProduceResponse> produce(Env& env, Broker& broker, const RequestContext& context,
                                     api::ProduceRequest request) {
  const Instant deadline = env.now() + Duration(request.timeout_ms * Duration(1ms));
  api::ProduceResponse response;
  std::vector<Waiting> waiting;
  for (auto& topic : request.topic_data) {
    auto& answers = response.responses.emplace_back();
    answers.name = topic.name;
    for (const auto& data : topic.partition_data) {
      auto& answer = answers.partition_responses.emplace_back();
      answer.index = data.index;
      answer.base_offset = -1;
      const auto replica = broker.replicas().find({topic.name, data.index});
      if (!replica) {
        const bool exists = broker.image().find_partition({topic.name, data.index}) != nullptr;
        answer.error_code =
            exists ? ErrorCode::not_leader_or_follower : ErrorCode::unknown_topic_or_partition;
        name_leader(broker, topic.name, context.header.api_version, answer);
        continue;
      }
      const auto appended = append(env, broker, *replica, data.records, context, request.acks);
      if (!appended) {
        answer.error_code = appended.error();
        name_leader(broker, topic.name, context.header.api_version, answer);
        continue;
      }
      waiting.push_back({response.responses.size() - 1, answers.partition_responses.size() - 1,
                         replica, *appended});
    }
  }
  wait_for_acks(env, request.acks, deadline, waiting, response);
  if (request.acks == 0) return unanswered(response);
  return response;
}

}  // namespace brokersim::broker::handlers
