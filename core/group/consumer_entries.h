// What a consumer group remembers, as entries of the log and back.
#pragma once

#include <string>

#include "core/group/known_topics.h"
#include "core/group/reconcile.h"
#include "core/group/records.h"

namespace brokersim::group {

Entry entry_of(const std::string& group, const KnownTopics& topics);
Entry entry_of(const std::string& group, const std::string& member,
               const MemberAssignment& assignment);
Entry target_entry_of(const std::string& group, const std::string& member,
                      const PartitionSet& target);

KnownTopics topics_in(const ConsumerGroupPartitionMetadataValue& value);
MemberAssignment assignment_in(const ConsumerGroupCurrentMemberAssignmentValue& value);

}  // namespace brokersim::group
