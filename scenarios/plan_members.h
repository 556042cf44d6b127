// Members of a plan's groups as their coordinator sees them: by which protocols they come, and
// whether it lets them in at all.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "core/base/expected.h"
#include "scenarios/plan.h"

namespace brokersim::scenarios {

// From the beginning, or some time later.
bool speaks(const Plan& plan, const Consumer& consumer, client::GroupProtocol protocol);
// Those that somebody joins by the protocol of KIP-848.
std::set<std::string> consumer_groups(const Plan& plan);

// Why brokers with the plan's settings refuse the member, however often it asks: of a classic group
// they take sessions from group.min.session.timeout.ms to group.max.session.timeout.ms.
std::optional<std::string> why_refused(const Plan& plan, const Consumer& consumer);
std::optional<std::string> why_refused(const Plan& plan, const Task& task);
// The error names the first that is, and says why.
Expected<Done, std::string> check_members(const Plan& plan);

}  // namespace brokersim::scenarios
