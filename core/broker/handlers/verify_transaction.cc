#include "core/broker/handlers/verify_transaction.h"

#include <optional>
#include <utility>

#include "core/broker/broker.h"

namespace brokersim::broker::handlers {
namespace {

using api::ErrorCode;

constexpr std::int16_t first_with_abortable = 11;  // Produce that knows TRANSACTION_ABORTABLE.
constexpr std::int16_t first_that_adds = 12;       // Of transaction version 2.

// What a producer of that version makes the best of. It would take an error of coordinators for one
// of its own; NOT_ENOUGH_REPLICAS it tries again without asking for metadata.
ErrorCode told_to_producer(ErrorCode error, std::int16_t version) {
  switch (error) {
    case ErrorCode::transaction_abortable:
      return version >= first_with_abortable ? error : ErrorCode::invalid_txn_state;
    case ErrorCode::concurrent_transactions:
      return version >= first_that_adds ? error : ErrorCode::not_enough_replicas;
    case ErrorCode::network_exception:
    case ErrorCode::coordinator_load_in_progress:
    case ErrorCode::coordinator_not_available:
    case ErrorCode::not_coordinator: return ErrorCode::not_enough_replicas;
    case ErrorCode::producer_fenced: return ErrorCode::invalid_producer_epoch;
    default: return error;
  }
}

std::optional<wire::BatchHeader> header_in(const wire::Nullable<wire::Records>& records) {
  if (!records) return std::nullopt;
  const auto batch = wire::parse_batch(records->slice());
  if (!batch) return std::nullopt;
  return batch->header;
}

}  // namespace

AppendRequest VerifiedTransaction::append_to(const TopicPartition& partition,
                                             std::int16_t acks) const {
  const auto found = appends.find(partition);
  auto request = found == appends.end() ? AppendRequest{} : found->second;
  request.acks = acks;
  return request;
}

VerifiedTransaction verify_transaction(Env& env, Broker& broker, const RequestContext& context,
                                       const api::ProduceRequest& request) {
  VerifiedTransaction verified;
  if (!request.transactional_id) return verified;
  const auto version = context.header.api_version;
  TransactionQuestion question{.transactional_id = *request.transactional_id,
                               .adds = version >= first_that_adds};
  std::optional<std::pair<std::int64_t, std::int16_t>> producer;
  for (const auto& topic : request.topic_data) {
    for (const auto& data : topic.partition_data) {
      const TopicPartition partition{topic.name, data.index};
      const auto header = header_in(data.records);
      if (!header || !header->is_transactional()) continue;
      // We may hold and lead it by the time the others are answered for.
      const auto replica = broker.replicas().find(partition);
      if (!replica) {
        verified.refused[partition] = broker.error_without_replica(partition);
        continue;
      }
      // A transactional id has one producer: one answer cannot speak for two.
      const std::pair writer(header->producer_id, header->producer_epoch);
      if (producer.value_or(writer) != writer) {
        verified.refused[partition] = ErrorCode::invalid_producer_id_mapping;
        continue;
      }
      producer = writer;
      // Also where another leads, and there is nothing to ask: should we lead by then, nobody has
      // been asked.
      auto& terms = verified.appends[partition];
      terms.leader_epoch = replica->state().leader_epoch;
      const auto ticket = replica->begin_verification(env, *header, question.adds);
      if (!ticket) continue;
      terms.ticket = *ticket;
      question.producer_id = header->producer_id;
      question.producer_epoch = header->producer_epoch;
      question.partitions.push_back(partition);
    }
  }
  if (question.partitions.empty()) return verified;
  const auto answers = broker.transaction_verifier().ask(env, broker.image(), question);
  for (const auto& [partition, error] : answers) {
    if (error == ErrorCode::none) continue;
    verified.appends.erase(partition);
    verified.refused[partition] = told_to_producer(error, version);
  }
  return verified;
}

}  // namespace brokersim::broker::handlers
