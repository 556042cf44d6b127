// What the members of a consumer group subscribe to, all of them together.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/group/consumer_records.h"
#include "core/group/known_topics.h"
#include "core/group/server_assignors.h"

namespace brokersim::group {

// By member id; what they point to outlives them.
using Subscriptions = std::map<std::string, const ConsumerGroupMemberMetadataValue*>;

// Of the topics that there are those that a member, or any of them, wants by name or expression.
KnownTopics topics_of(const ConsumerGroupMemberMetadataValue& member, const KnownTopics& topics);
KnownTopics topics_of(const Subscriptions& members, const KnownTopics& topics);
// The assignor that most ask for; the first of those offered if nobody does. Requires one.
ServerAssignor assignor_of(const Subscriptions& members,
                           const std::vector<ServerAssignor>& offered);

}  // namespace brokersim::group
