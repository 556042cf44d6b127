// AddPartitionsToTxn, AddOffsetsToTxn, EndTxn: a transaction, step by step.
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "core/broker/broker.h"
#include "core/broker/handlers/transaction_handlers.h"
#include "core/broker/internal_topics.h"
#include "core/coordination/partition_of.h"
#include "core/group/records.h"

namespace brokersim::broker::handlers {
namespace {

using api::ErrorCode;
using Transaction = api::AddPartitionsToTxnRequest::AddPartitionsToTxnTransaction;
using TopicResults = std::vector<api::AddPartitionsToTxnResponse::AddPartitionsToTxnTopicResult>;
using Errors = std::map<TopicPartition, ErrorCode>;

constexpr std::int16_t knows_fenced = 2;     // As an error of its own; of all three.
constexpr std::int16_t batched_version = 4;  // Of AddPartitionsToTxn: brokers ask.
constexpr std::int16_t knows_abortable = 5;
constexpr std::int16_t own_epoch_version = 5;  // Of EndTxn.

std::set<TopicPartition> partitions_of(const Transaction& transaction) {
  std::set<TopicPartition> partitions;
  for (const auto& topic : transaction.topics) {
    for (const auto index : topic.partitions) partitions.insert({topic.name, index});
  }
  return partitions;
}

Errors all_with(const std::set<TopicPartition>& partitions, ErrorCode error) {
  Errors errors;
  for (const auto& partition : partitions) errors.emplace(partition, error);
  return errors;
}

// All of the request's partitions or none: where one does not exist, the others are not added.
std::optional<Errors> refuse_missing(const Broker& broker,
                                     const std::set<TopicPartition>& partitions) {
  Errors errors;
  bool is_fine = true;
  for (const auto& partition : partitions) {
    const bool exists = broker.image().find_partition(partition) != nullptr;
    errors[partition] =
        exists ? ErrorCode::operation_not_attempted : ErrorCode::unknown_topic_or_partition;
    is_fine = is_fine && exists;
  }
  if (is_fine) return std::nullopt;
  return errors;
}

// Of transaction.version, as whoever adds partitions himself speaks it.
constexpr std::int16_t before_own_epochs = 0;

// The error, that the node ends first.
Expected<Errors, std::string> add(Env& env, Broker& broker, const Transaction& transaction,
                                  std::int16_t transaction_version) {
  const auto partitions = partitions_of(transaction);
  if (transaction.transactional_id.empty()) {
    return all_with(partitions, ErrorCode::invalid_request);
  }
  if (auto errors = refuse_missing(broker, partitions)) return *std::move(errors);
  const auto coordinator = broker.transactions().find(transaction.transactional_id);
  if (!coordinator) return all_with(partitions, coordinator.error());
  const transaction::ProducerAndEpoch producer{transaction.producer_id, transaction.producer_epoch};
  if (transaction.verify_only) {
    return (*coordinator)->shard().verify(transaction.transactional_id, producer, partitions);
  }
  const auto added = (*coordinator)->ask<ErrorCode>(env, [&](auto& shard, auto now, auto id) {
    return shard.add_partitions(now, id, transaction.transactional_id, producer, partitions,
                                transaction_version);
  });
  if (!added) return Unexpected(added.error());
  return all_with(partitions, added->value());
}

TopicResults results_of(const Errors& errors, std::int16_t version) {
  TopicResults results;
  for (const auto& [partition, error] : errors) {
    if (results.empty() || results.back().name != partition.topic) {
      results.emplace_back().name = partition.topic;
    }
    auto told = error;
    hide_fenced(told, version, knows_fenced);
    if (told == ErrorCode::transaction_abortable && version < knows_abortable) {
      told = ErrorCode::invalid_txn_state;
    }
    results.back().results_by_partition.push_back(
        {.partition_index = partition.partition, .partition_error_code = told});
  }
  return results;
}

}  // namespace

Answer<api::AddPartitionsToTxnResponse> add_partitions_to_txn(
    Env& env, Broker& broker, const RequestContext& context,
    api::AddPartitionsToTxnRequest request) {
  const auto version = context.header.api_version;
  const bool is_batched = version >= batched_version;
  if (!is_batched) {
    request.transactions = {{.transactional_id = request.v3_and_below_transactional_id,
                             .producer_id = request.v3_and_below_producer_id,
                             .producer_epoch = request.v3_and_below_producer_epoch,
                             .topics = std::move(request.v3_and_below_topics)}};
  }
  // Brokers ask for producers whose transactions begin with their first batch.
  const auto transaction_version =
      is_batched ? transaction::epoch_per_transaction : before_own_epochs;
  api::AddPartitionsToTxnResponse response;
  for (const auto& transaction : request.transactions) {
    const auto errors = add(env, broker, transaction, transaction_version);
    if (!errors) return Unexpected(errors.error());
    auto results = results_of(*errors, version);
    if (is_batched) {
      response.results_by_transaction.push_back(
          {.transactional_id = transaction.transactional_id, .topic_results = std::move(results)});
    } else {
      response.results_by_topic_v3_and_below = std::move(results);
    }
  }
  return response;
}

Answer<api::AddOffsetsToTxnResponse> add_offsets_to_txn(Env& env, Broker& broker,
                                                        const RequestContext& context,
                                                        api::AddOffsetsToTxnRequest request) {
  api::AddOffsetsToTxnResponse response;
  const bool is_named = !request.transactional_id.empty() && !request.group_id.empty();
  const auto coordinator = broker.transactions().find(request.transactional_id);
  if (!is_named || !coordinator) {
    response.error_code = is_named ? coordinator.error() : ErrorCode::invalid_request;
    return response;
  }
  const auto* topic = broker.image().find_topic(group::offsets_topic);
  if (!topic) {
    // Whoever asks for the group's coordinator has the topic made; a producer may do that only
    // after this.
    make_internal_topic(env, broker, context, group::offsets_topic);
    response.error_code = ErrorCode::coordinator_not_available;
    return response;
  }
  const auto index = coordination::partition_of(
      request.group_id, static_cast<std::int32_t>(topic->partitions.size()));
  const auto added = (*coordinator)->ask<ErrorCode>(env, [&](auto& shard, auto now, auto id) {
    return shard.add_partitions(now, id, request.transactional_id,
                                {request.producer_id, request.producer_epoch},
                                {{std::string(group::offsets_topic), index}}, before_own_epochs);
  });
  if (!added) return Unexpected(added.error());
  response.error_code = added->value();
  hide_fenced(response.error_code, context.header.api_version, knows_fenced);
  return response;
}

Answer<api::EndTxnResponse> end_txn(Env& env, Broker& broker, const RequestContext& context,
                                    api::EndTxnRequest request) {
  const auto version = context.header.api_version;
  const auto level = broker.transactions().transaction_version();
  const bool has_own_epoch = version >= own_epoch_version;
  // A client speaks it only where the cluster has agreed on it (KIP-890).
  if (has_own_epoch && level < transaction::epoch_per_transaction) {
    return api::EndTxnResponse{.error_code = ErrorCode::unsupported_version};
  }
  if (request.transactional_id.empty()) {
    return api::EndTxnResponse{.error_code = ErrorCode::invalid_request};
  }
  const auto coordinator = broker.transactions().find_stocked(env, request.transactional_id);
  if (!coordinator) return api::EndTxnResponse{.error_code = coordinator.error()};
  const auto spoken = has_own_epoch ? transaction::epoch_per_transaction : std::int16_t{0};
  auto response =
      (*coordinator)->ask<api::EndTxnResponse>(env, [&](auto& shard, auto now, auto id) {
        return shard.end(now, id, request, spoken);
      });
  if (response && *response) hide_fenced((*response)->error_code, version, knows_fenced);
  return response;
}

}  // namespace brokersim::broker::handlers
