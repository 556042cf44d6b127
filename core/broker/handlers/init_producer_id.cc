// InitProducerId (key 22): an id for a producer that has none, or has used up its epochs.
#include "core/broker/broker.h"
#include "core/broker/handlers/handlers.h"
#include "core/broker/handlers/transaction_handlers.h"

namespace brokersim::broker::handlers {

namespace {

using api::ErrorCode;

// A producer names its id and its epoch, or neither (KIP-360).
bool names_one_of_two(const api::InitProducerIdRequest& request) {
  return (request.producer_id == -1) != (request.producer_epoch == -1);
}

api::InitProducerIdResponse without_id(ErrorCode error) {
  return {.error_code = error, .producer_id = -1, .producer_epoch = -1};
}

// Nobody else has this transactional id from then on.
Answer<api::InitProducerIdResponse> init_transactional(Env& env, Broker& broker,
                                                       std::int16_t version,
                                                       const api::InitProducerIdRequest& request) {
  if (request.transactional_id->empty()) return without_id(ErrorCode::invalid_request);
  const auto coordinator = broker.transactions().find_stocked(env, *request.transactional_id);
  if (!coordinator) return without_id(coordinator.error());
  auto response =
      (*coordinator)->ask<api::InitProducerIdResponse>(env, [&](auto& shard, auto now, auto id) {
        return shard.init_producer(now, id, request);
      });
  constexpr std::int16_t knows_fenced = 4;  // As an error of its own.
  if (response && *response) hide_fenced((*response)->error_code, version, knows_fenced);
  return response;
}

}  // namespace

Answer<api::InitProducerIdResponse> init_producer_id(Env& env, Broker& broker,
                                                     const RequestContext& context,
                                                     const api::InitProducerIdRequest& request) {
  if (names_one_of_two(request)) return without_id(ErrorCode::invalid_request);
  if (request.transactional_id) {
    return init_transactional(env, broker, context.header.api_version, request);
  }
  // What id it had does not matter: without transactions nothing is fenced by it.
  const auto id = broker.producer_ids().next(env);
  if (!id) return without_id(ErrorCode::coordinator_load_in_progress);
  return api::InitProducerIdResponse{.producer_id = *id, .producer_epoch = 0};
}

}  // namespace brokersim::broker::handlers
