#include "core/broker/transaction_verifier.h"

#include <fmt/format.h>

#include "core/api/add_partitions_to_txn.h"
#include "core/transaction/records.h"

namespace brokersim::broker {

using api::ErrorCode;
using Answers = TransactionVerifier::Answers;

namespace {

constexpr std::int16_t add_partitions_version = 5;
constexpr Duration coordinator_patience = 30s;  // request.timeout.ms of a broker.

api::AddPartitionsToTxnRequest request_of(const TransactionQuestion& question) {
  api::AddPartitionsToTxnRequest request;
  auto& asked = request.transactions.emplace_back();
  asked.transactional_id = question.transactional_id;
  asked.producer_id = question.producer_id;
  asked.producer_epoch = question.producer_epoch;
  asked.verify_only = !question.adds;
  for (const auto& partition : question.partitions) {
    if (asked.topics.empty() || asked.topics.back().name != partition.topic) {
      asked.topics.push_back({.name = partition.topic});
    }
    asked.topics.back().partitions.push_back(partition.partition);
  }
  return request;
}

Answers all_answered(const TransactionQuestion& question, ErrorCode error) {
  Answers answers;
  for (const auto& partition : question.partitions) answers[partition] = error;
  return answers;
}

}  // namespace

std::shared_ptr<wire::Channel> TransactionVerifier::coordinator_of(
    const controller::Image& image, const std::string& transactional_id) {
  const auto* topic = image.find_topic(std::string(transaction::state_topic));
  if (!topic || topic->partitions.empty()) return nullptr;
  const auto partition = transaction::partition_of(
      transactional_id, static_cast<std::int32_t>(topic->partitions.size()));
  const auto state = topic->partitions.find(partition);
  if (state == topic->partitions.end()) return nullptr;
  const auto broker = image.brokers().find(state->second.leader);
  if (broker == image.brokers().end() || broker->second.endpoints.empty()) return nullptr;
  const auto& endpoint = broker->second.endpoints.front();
  const Address address{endpoint.host, endpoint.port};
  auto& channel = channels_[{broker->first, partition}];
  if (!channel || channel->peer() != address) {
    channel = std::make_shared<wire::Channel>(
        address, fmt::format("broker-{}-transactions-{}", config_.node_id, broker->first));
  }
  return channel;
}

Answers TransactionVerifier::ask(Env& env, const controller::Image& image,
                                 const TransactionQuestion& question) {
  const auto channel = coordinator_of(image, question.transactional_id);
  if (!channel) return all_answered(question, ErrorCode::coordinator_not_available);
  const Instant deadline = env.now() + coordinator_patience;
  const auto response = channel->call(env, request_of(question), add_partitions_version, deadline);
  if (!response) return all_answered(question, ErrorCode::network_exception);
  if (response->error_code != ErrorCode::none) return all_answered(question, response->error_code);
  auto answers = all_answered(question, ErrorCode::unknown_server_error);
  for (const auto& transaction : response->results_by_transaction) {
    if (transaction.transactional_id != question.transactional_id) continue;
    for (const auto& topic : transaction.topic_results) {
      for (const auto& partition : topic.results_by_partition) {
        answers[{topic.name, partition.partition_index}] = partition.partition_error_code;
      }
    }
  }
  return answers;
}

}  // namespace brokersim::broker
