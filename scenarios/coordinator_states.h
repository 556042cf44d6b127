// The states in which a coordinator may be found with what it coordinates, by the names that
// Kafka's tools show: what faults wait for, and by what crashes of coordinators are counted.
#pragma once

#include <string>
#include <vector>

namespace brokersim::scenarios {

const std::vector<std::string>& transaction_states();
// Of classic groups and of consumer groups.
const std::vector<std::string>& group_states();
// A coordinator that takes over finds the group in another one: this one is in no log.
bool is_in_memory_only(const std::string& group_state);

}  // namespace brokersim::scenarios
