#include "scenarios/coordinator_states.h"

#include "core/group/group.h"
#include "core/transaction/standing.h"

namespace brokersim::scenarios {

// Not those in which nothing ever stands: Dead, PrepareEpochFence.
const std::vector<std::string>& transaction_states() {
  static const std::vector<std::string> states = [] {
    using enum transaction::State;
    std::vector<std::string> names;
    for (const auto state :
         {empty, ongoing, prepare_commit, prepare_abort, complete_commit, complete_abort}) {
      names.emplace_back(transaction::name_of(state));
    }
    return names;
  }();
  return states;
}

const std::vector<std::string>& group_states() {
  static const std::vector<std::string> states = [] {
    using enum group::GroupState;
    std::vector<std::string> names;
    for (const auto state : {empty, preparing_rebalance, completing_rebalance, stable}) {
      names.emplace_back(group::name_of(state));
    }
    names.insert(names.end(), {"Assigning", "Reconciling"});  // KIP-848.
    return names;
  }();
  return states;
}

bool is_in_memory_only(const std::string& group_state) {
  using enum group::GroupState;
  return group_state == group::name_of(preparing_rebalance) ||
         group_state == group::name_of(completing_rebalance);
}

}  // namespace brokersim::scenarios
