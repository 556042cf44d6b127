#include "sim/transaction_frames.h"

#include <utility>

#include "core/wire/frame.h"

namespace brokersim::sim {
namespace {

std::optional<TransactionAsked> read_question(const api::InitProducerIdRequest& request) {
  if (!request.transactional_id) return std::nullopt;
  return TransactionAsked{.transactional_id = *request.transactional_id,
                          .timeout_ms = request.transaction_timeout_ms};
}

std::optional<TransactionAsked> read_question(const api::EndTxnRequest& request) {
  return TransactionAsked{.transactional_id = request.transactional_id,
                          .producer_id = request.producer_id,
                          .producer_epoch = request.producer_epoch,
                          .is_commit = request.committed};
}

std::optional<TransactionAsked> read_question(const api::TxnOffsetCommitRequest& request) {
  TransactionAsked asked{.transactional_id = request.transactional_id,
                         .producer_id = request.producer_id,
                         .producer_epoch = request.producer_epoch,
                         .group = request.group_id,
                         .member = request.group_instance_id.value_or(request.member_id),
                         .generation = request.generation_id};
  for (const auto& topic : request.topics) {
    for (const auto& partition : topic.partitions) {
      asked.offsets[{topic.name, partition.partition_index}] = partition.committed_offset;
    }
  }
  return asked;
}

template <class Request>
std::optional<TransactionAsked> decode_question(std::int16_t version, const Slice& body) {
  const auto request = wire::decode<Request>(body, version);
  if (!request) return std::nullopt;
  return read_question(*request);
}

class TransactionAnswerReader {
 public:
  TransactionAnswerReader(const TransactionAsked& asked, const std::string& peer)
      : asked_(asked), peer_(peer) {}

  void read(const api::InitProducerIdResponse& response) {
    events.push_back(InitProducerIdAnswered{.peer = peer_,
                                            .transactional_id = asked_.transactional_id,
                                            .producer_id = response.producer_id,
                                            .producer_epoch = response.producer_epoch,
                                            .timeout_ms = asked_.timeout_ms,
                                            .error = static_cast<std::int32_t>(response.error_code),
                                            .asked_at_ns = asked_.at_ns});
  }
  void read(const api::EndTxnResponse& response) {
    events.push_back(EndTxnAnswered{.peer = peer_,
                                    .transactional_id = asked_.transactional_id,
                                    .producer_id = asked_.producer_id,
                                    .producer_epoch = asked_.producer_epoch,
                                    .is_commit = asked_.is_commit,
                                    .error = static_cast<std::int32_t>(response.error_code),
                                    .asked_at_ns = asked_.at_ns});
  }
  void read(const api::TxnOffsetCommitResponse& response) {
    for (const auto& topic : response.topics) {
      for (const auto& partition : topic.partitions) {
        const TopicPartition name{topic.name, partition.partition_index};
        const auto sent = asked_.offsets.find(name);
        if (sent == asked_.offsets.end()) continue;
        events.push_back(
            TxnOffsetCommitAnswered{.peer = peer_,
                                    .transactional_id = asked_.transactional_id,
                                    .producer_id = asked_.producer_id,
                                    .producer_epoch = asked_.producer_epoch,
                                    .group = asked_.group,
                                    .member = asked_.member,
                                    .generation = asked_.generation,
                                    .partition = name,
                                    .offset = sent->second,
                                    .error = static_cast<std::int32_t>(partition.error_code),
                                    .asked_at_ns = asked_.at_ns});
      }
    }
  }

  std::vector<EventBody> events;

 private:
  const TransactionAsked& asked_;
  const std::string& peer_;
};

template <class Response>
void decode_transaction_answer(TransactionAnswerReader& reader, std::int16_t version,
                               const Slice& frame) {
  const auto parsed = wire::parse_response_to<Response>(frame, version);
  if (!parsed) return;
  const auto response = wire::decode<Response>(parsed->body, version);
  if (response) reader.read(*response);
}

}  // namespace

bool is_of_transaction(api::ApiKey key) {
  switch (key) {
    case api::ApiKey::init_producer_id:
    case api::ApiKey::end_txn:
    case api::ApiKey::txn_offset_commit: return true;
    default: return false;
  }
}

std::optional<TransactionAsked> transaction_asked(api::ApiKey key, std::int16_t version,
                                                  const Slice& body) {
  std::optional<TransactionAsked> asked;
  switch (key) {
    case api::ApiKey::init_producer_id:
      asked = decode_question<api::InitProducerIdRequest>(version, body);
      break;
    case api::ApiKey::end_txn: asked = decode_question<api::EndTxnRequest>(version, body); break;
    case api::ApiKey::txn_offset_commit:
      asked = decode_question<api::TxnOffsetCommitRequest>(version, body);
      break;
    default: return std::nullopt;
  }
  if (asked) asked->key = key;
  return asked;
}

std::vector<EventBody> transaction_answered(const TransactionAsked& asked, const std::string& peer,
                                            std::int16_t version, const Slice& frame) {
  TransactionAnswerReader reader(asked, peer);
  switch (asked.key) {
    case api::ApiKey::init_producer_id:
      decode_transaction_answer<api::InitProducerIdResponse>(reader, version, frame);
      break;
    case api::ApiKey::end_txn:
      decode_transaction_answer<api::EndTxnResponse>(reader, version, frame);
      break;
    case api::ApiKey::txn_offset_commit:
      decode_transaction_answer<api::TxnOffsetCommitResponse>(reader, version, frame);
      break;
    default: break;
  }
  return std::move(reader.events);
}

}  // namespace brokersim::sim
