// InitProducerId (key 22): an id for a producer that has none, or has used up its epochs.
#include "core/broker/broker.h"
#include "core/broker/handlers/handlers.h"

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

}  // namespace

api::InitProducerIdResponse init_producer_id(Env& env, Broker& broker,
                                             const api::InitProducerIdRequest& request) {
  if (names_one_of_two(request)) return without_id(ErrorCode::invalid_request);
  // No coordinator of transactions runs here: an answer that no client takes for a passing one.
  if (request.transactional_id) {
    const bool is_empty = request.transactional_id->empty();
    return without_id(is_empty ? ErrorCode::invalid_request : ErrorCode::unsupported_version);
  }
  // What id it had does not matter: without transactions nothing is fenced by it.
  const auto id = broker.producer_ids().next(env);
  if (!id) return without_id(ErrorCode::coordinator_load_in_progress);
  return {.producer_id = *id, .producer_epoch = 0};
}

}  // namespace brokersim::broker::handlers
