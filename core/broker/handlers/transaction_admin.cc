// DescribeTransactions and ListTransactions: what administrators ask (KIP-664, KIP-994).
#include <algorithm>
#include <array>
#include <utility>

#include "core/broker/broker.h"
#include "core/broker/handlers/transaction_handlers.h"

namespace brokersim::broker::handlers {
namespace {

using api::ErrorCode;

bool is_name_of_state(const std::string& name) {
  using transaction::State;
  constexpr std::array states{State::empty,
                              State::ongoing,
                              State::prepare_commit,
                              State::prepare_abort,
                              State::complete_commit,
                              State::complete_abort,
                              State::dead,
                              State::prepare_epoch_fence};
  return std::any_of(states.begin(), states.end(),
                     [&](State state) { return transaction::name_of(state) == name; });
}

}  // namespace

api::DescribeTransactionsResponse describe_transactions(Env&, Broker& broker, const RequestContext&,
                                                        api::DescribeTransactionsRequest request) {
  api::DescribeTransactionsResponse response;
  for (const auto& id : request.transactional_ids) {
    const auto coordinator = broker.transactions().find(id);
    if (coordinator && !id.empty()) {
      response.transaction_states.push_back((*coordinator)->shard().describe(id));
    } else {
      const auto error = id.empty() ? ErrorCode::invalid_request : coordinator.error();
      response.transaction_states.push_back({.error_code = error, .transactional_id = id});
    }
  }
  return response;
}

api::ListTransactionsResponse list_transactions(Env& env, Broker& broker, const RequestContext&,
                                                api::ListTransactionsRequest request) {
  api::ListTransactionsResponse response;
  for (const auto& name : request.state_filters) {
    if (!is_name_of_state(name)) response.unknown_state_filters.push_back(name);
  }
  for (const auto& [partition, coordinator] : broker.transactions().all()) {
    const auto availability = coordinator->availability();
    if (availability == ErrorCode::coordinator_load_in_progress) {
      response.error_code = availability;
      response.transaction_states.clear();
      return response;
    }
    if (availability != ErrorCode::none) continue;
    for (auto& row : coordinator->shard().list(coordinator->now(env), request)) {
      response.transaction_states.push_back(std::move(row));
    }
  }
  return response;
}

}  // namespace brokersim::broker::handlers
