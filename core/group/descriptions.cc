// Compiles the descriptions of the records of groups.
#include "core/group/consumer_records.h"
#include "core/group/records.h"
#include "core/wire/describe.h"

namespace brokersim::wire {

DESCRIBE(group::ConsumerGroupMetadataKey);
DESCRIBE(group::ConsumerGroupMetadataValue);
DESCRIBE(group::ConsumerGroupPartitionMetadataKey);
DESCRIBE(group::ConsumerGroupPartitionMetadataValue);
DESCRIBE(group::ConsumerGroupMemberMetadataKey);
DESCRIBE(group::ConsumerGroupMemberMetadataValue);
DESCRIBE(group::ConsumerGroupTargetAssignmentMetadataKey);
DESCRIBE(group::ConsumerGroupTargetAssignmentMetadataValue);
DESCRIBE(group::ConsumerGroupTargetAssignmentMemberKey);
DESCRIBE(group::ConsumerGroupTargetAssignmentMemberValue);
DESCRIBE(group::ConsumerGroupCurrentMemberAssignmentKey);
DESCRIBE(group::ConsumerGroupCurrentMemberAssignmentValue);
DESCRIBE(group::OffsetCommitKey);
DESCRIBE(group::OffsetCommitValue);
DESCRIBE(group::GroupMetadataKey);
DESCRIBE(group::GroupMetadataValue);

}  // namespace brokersim::wire
