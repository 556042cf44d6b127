// What transactional producers, other brokers and administrators ask a transaction's coordinator,
// one function each. What is decided transaction::Shard knows; here are the versions of the
// messages, and what is refused before.
#pragma once

#include "core/api/all.h"
#include "core/broker/server.h"
#include "core/env.h"

namespace brokersim::broker {

class Broker;

namespace handlers {

// They wait until what they say is replicated.
Answer<api::AddPartitionsToTxnResponse> add_partitions_to_txn(
    Env& env, Broker& broker, const RequestContext& context,
    api::AddPartitionsToTxnRequest request);
Answer<api::AddOffsetsToTxnResponse> add_offsets_to_txn(Env& env, Broker& broker,
                                                        const RequestContext& context,
                                                        api::AddOffsetsToTxnRequest request);
// Answered when the decision is replicated, before its markers are written.
Answer<api::EndTxnResponse> end_txn(Env& env, Broker& broker, const RequestContext& context,
                                    api::EndTxnRequest request);

// KIP-664.
api::DescribeTransactionsResponse describe_transactions(Env& env, Broker& broker,
                                                        const RequestContext& context,
                                                        api::DescribeTransactionsRequest request);
api::ListTransactionsResponse list_transactions(Env& env, Broker& broker,
                                                const RequestContext& context,
                                                api::ListTransactionsRequest request);

// PRODUCER_FENCED is what older clients know as INVALID_PRODUCER_EPOCH (KIP-588).
inline void hide_fenced(api::ErrorCode& error, std::int16_t version, std::int16_t knows_fenced) {
  if (error == api::ErrorCode::producer_fenced && version < knows_fenced) {
    error = api::ErrorCode::invalid_producer_epoch;
  }
}

}  // namespace handlers
}  // namespace brokersim::broker
