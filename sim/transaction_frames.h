// What coordinators and transactional producers really told each other: frames of InitProducerId,
// EndTxn and TxnOffsetCommit, as the events that properties judge by. Used by the wire tap.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/api/all.h"
#include "core/base/event.h"

namespace brokersim::sim {

// A request whose answer is awaited.
struct TransactionAsked {
  api::ApiKey key{};
  std::string transactional_id;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;
  std::int32_t timeout_ms = 0;  // Of InitProducerId.
  bool is_commit = false;       // Of EndTxn.
  std::string group;            // Of TxnOffsetCommit, with the others below.
  std::string member;           // Of a static member its instance.
  std::int32_t generation = -1;
  std::map<TopicPartition, Offset> offsets;
  std::int64_t at_ns = 0;
};

bool is_of_transaction(api::ApiKey key);
// Nothing if the body is no such request, or of a producer without transactions.
std::optional<TransactionAsked> transaction_asked(api::ApiKey key, std::int16_t version,
                                                  const Slice& body);
// `frame` is the whole response; no events if it is none.
std::vector<EventBody> transaction_answered(const TransactionAsked& asked, const std::string& peer,
                                            std::int16_t version, const Slice& frame);

}  // namespace brokersim::sim
