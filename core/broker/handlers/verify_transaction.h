// The transaction of a Produce request, verified where the request begins it (KIP-890).
#pragma once

#include <map>

#include "core/api/produce.h"
#include "core/broker/replica.h"
#include "core/broker/server.h"
#include "core/env.h"

namespace brokersim::broker {

class Broker;

namespace handlers {

struct VerifiedTransaction {
  // With what batches of transactions may be appended: in the leader epoch in which it was looked
  // whether they are to be verified, and with the ticket if they were.
  std::map<TopicPartition, AppendRequest> appends;
  // As the request's version has it told: what is not to be appended, and why.
  std::map<TopicPartition, api::ErrorCode> refused;

  AppendRequest append_to(const TopicPartition& partition, std::int16_t acks) const;
};

// Asks the transaction's coordinator, if the request begins it in a partition that is led here.
VerifiedTransaction verify_transaction(Env& env, Broker& broker, const RequestContext& context,
                                       const api::ProduceRequest& request);

}  // namespace handlers
}  // namespace brokersim::broker
