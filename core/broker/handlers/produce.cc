// Produce (key 0): append at the leaders, then wait for as many copies as `acks` asks for.
#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/broker/broker.h"
#include "core/broker/handlers/handlers.h"
#include "core/broker/handlers/told_brokers.h"
#include "core/broker/handlers/verify_transaction.h"
#include "core/broker/internal_topics.h"
#include "core/controller/topic_config.h"
#include "core/log/validate.h"

namespace brokersim::broker::handlers {
namespace {

using api::ErrorCode;
using PartitionResponse = api::ProduceResponse::PartitionProduceResponse;

// Others are to have their turn: one request may hold a thousand batches that unfold to much. In a
// simulation no time passes meanwhile.
constexpr Duration longest_turn = 10ms;

// One partition of the request that was appended and may have to wait.
struct Unsettled {
  std::size_t topic = 0;
  std::size_t partition = 0;
  std::shared_ptr<Replica> replica;
  Appended appended;
};

// What the topic's configuration asks of a batch.
log::ProduceRules rules_of(const controller::TopicConfigs& configs, std::int16_t version) {
  log::ProduceRules rules;
  rules.max_message_bytes = static_cast<std::size_t>(configs.number("max.message.bytes"));
  rules.segment_bytes = static_cast<std::uint64_t>(configs.number("segment.bytes"));
  rules.is_compacted = configs.get("cleanup.policy").text.find("compact") != std::string_view::npos;
  rules.sets_append_time = configs.get("message.timestamp.type").text == "LogAppendTime";
  rules.before_max_ms = configs.number("message.timestamp.before.max.ms");
  rules.after_max_ms = configs.number("message.timestamp.after.max.ms");
  rules.may_use_zstd = version >= 7;
  const auto compression = configs.get("compression.type").text;
  if (compression == "producer") return rules;
  rules.codec = compression == "uncompressed" ? wire::Codec::none : wire::codec_named(compression);
  const auto level = fmt::format("compression.{}.level", compression);
  if (controller::find_topic_config_key(level)) {
    rules.level = static_cast<std::int32_t>(configs.number(level));
  }
  return rules;
}

Expected<wire::Batch, log::Refusal> validate(Env& env, Broker& broker, const std::string& topic,
                                             const wire::Nullable<wire::Records>& records,
                                             std::int16_t version) {
  const auto refused = [](ErrorCode error) { return Unexpected(log::Refusal{error, {}}); };
  if (!records) return refused(ErrorCode::invalid_record);
  // One is what there may be: of a second it is enough to know that it is there.
  const auto batches = wire::parse_batches(records->slice(), 2);
  if (!batches) return refused(log::error_code_of(batches.error()));
  const controller::TopicConfigs configs(broker.image(), topic, broker.topic_defaults());
  return log::validate_produced(*batches, rules_of(configs, version), env.wall_clock());
}

void refuse(const log::Refusal& refusal, PartitionResponse& answer) {
  answer.error_code = refusal.error;
  if (refusal.records.empty()) return;
  for (const auto& [index, why] : refusal.records) {
    answer.record_errors.push_back({.batch_index = index, .batch_index_error_message = why});
  }
  answer.error_message =
      fmt::format("the batch holds what cannot be stored: {}", refusal.records.front().why);
}

Expected<Appended, log::Refusal> append(Env& env, Broker& broker, Replica& replica,
                                        const wire::Nullable<wire::Records>& records,
                                        const RequestContext& context,
                                        const api::ProduceRequest& request,
                                        const VerifiedTransaction& transaction) {
  // A batch is judged by who leads: by its topic's configuration, and for a client that may have to
  // ask somebody else.
  if (const auto refused = replica.may_append(request.acks); refused != ErrorCode::none) {
    return Unexpected(log::Refusal{refused, {}});
  }
  TRY(auto batch,
      validate(env, broker, replica.partition().topic, records, context.header.api_version));
  // Whose transaction would it be?
  if (batch.header.is_transactional() && !request.transactional_id) {
    return Unexpected(log::Refusal{ErrorCode::transactional_id_authorization_failed, {}});
  }
  const auto count = static_cast<std::uint64_t>(batch.header.record_count);
  const auto bytes = batch.size();
  const auto refused = transaction.refused.find(replica.partition());
  if (refused != transaction.refused.end()) return Unexpected(log::Refusal{refused->second, {}});
  auto appended = replica.append(env, std::move(batch),
                                 transaction.append_to(replica.partition(), request.acks));
  if (!appended) return Unexpected(log::Refusal{appended.error(), {}});
  // What is answered may have to be on disk.
  if (!replica.flush_if_due(env)) {
    return Unexpected(log::Refusal{ErrorCode::kafka_storage_error, {}});
  }
  if (context.metrics) {
    context.metrics->topics[replica.partition().topic].produced.add(count, bytes);
  }
  return *appended;
}

// acks=all and the like: each partition in turn, which ends no later than waiting for all at once.
void await_copies(Env& env, std::int16_t acks, Instant deadline, std::vector<Unsettled>& waiting,
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
      answer.log_append_time_ms = one.appended.log_append_time_ms;
      answer.log_start_offset = one.replica->log().start_offset();
    } else {
      answer.base_offset = -1;
    }
  }
}

void wait_for_acks(Env& env, const RequestContext& context, std::int16_t acks, Instant deadline,
                   std::vector<Unsettled>& waiting, api::ProduceResponse& response) {
  if (!context.metrics) return await_copies(env, acks, deadline, waiting, response);
  const Waiting counted(&context.metrics->produces_waiting);
  const Instant begun = env.now();
  await_copies(env, acks, deadline, waiting, response);
  context.metrics->acks_waits.add(env.now() - begun);
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

api::ProduceResponse refusal_of(const api::ProduceRequest& request, ErrorCode error) {
  api::ProduceResponse response;
  for (const auto& topic : request.topic_data) {
    auto& answers = response.responses.emplace_back();
    answers.name = topic.name;
    for (const auto& data : topic.partition_data) {
      answers.partition_responses.push_back(
          {.index = data.index, .error_code = error, .base_offset = -1});
    }
  }
  return response;
}

// KIP-951: who leads instead, and where that is.
void name_leaders(const Broker& broker, std::int16_t version, api::ProduceResponse& response) {
  if (version < 10) return;
  for (auto& topic : response.responses) {
    for (auto& answer : topic.partition_responses) {
      if (answer.error_code != ErrorCode::not_leader_or_follower) continue;
      const auto* state = broker.image().find_partition({topic.name, answer.index});
      if (!state) continue;
      answer.current_leader = {.leader_id = state->leader, .leader_epoch = state->leader_epoch};
      tell_of_leader(broker.image(), state->leader, response.node_endpoints);
    }
  }
}

}  // namespace

Answer<api::ProduceResponse> produce(Env& env, Broker& broker, const RequestContext& context,
                                     api::ProduceRequest request) {
  if (context.header.api_version < api::ProduceRequest::first_served) {
    auto refused = refusal_of(request, ErrorCode::unsupported_version);
    if (request.acks == 0) return unanswered(refused);
    return refused;
  }
  const auto transaction = verify_transaction(env, broker, context, request);
  api::ProduceResponse response;
  std::vector<Unsettled> waiting;
  Instant turn_ends = env.now() + longest_turn;
  for (auto& topic : request.topic_data) {
    auto& answers = response.responses.emplace_back();
    answers.name = topic.name;
    for (const auto& data : topic.partition_data) {
      auto& answer = answers.partition_responses.emplace_back();
      answer.index = data.index;
      answer.base_offset = -1;
      if (env.now() >= turn_ends) {
        env.sleep(Duration{});
        turn_ends = env.now() + longest_turn;
      }
      if (!may_produce_to(topic.name, context)) {
        answer.error_code = ErrorCode::invalid_topic_exception;
        continue;
      }
      const auto replica = broker.replicas().find({topic.name, data.index});
      if (!replica) {
        answer.error_code = broker.error_without_replica({topic.name, data.index});
        continue;
      }
      const auto appended =
          append(env, broker, *replica, data.records, context, request, transaction);
      if (!appended) {
        refuse(appended.error(), answer);
        continue;
      }
      waiting.push_back({response.responses.size() - 1, answers.partition_responses.size() - 1,
                         replica, *appended});
    }
  }
  const auto acks = request.acks;
  const Instant deadline = env.now() + Duration(request.timeout_ms * Duration(1ms));
  context.let_go(env, request);  // The followers' next Fetch may need the memory.
  wait_for_acks(env, context, acks, deadline, waiting, response);
  if (acks == 0) return unanswered(response);
  name_leaders(broker, context.header.api_version, response);
  return response;
}

}  // namespace brokersim::broker::handlers
