// Compiles the descriptions of the records of the metadata.
#include "core/controller/records.h"
#include "core/wire/describe.h"

namespace brokersim::wire {

DESCRIBE(controller::RegisterBrokerRecord);
DESCRIBE(controller::UnregisterBrokerRecord);
DESCRIBE(controller::TopicRecord);
DESCRIBE(controller::PartitionRecord);
DESCRIBE(controller::ConfigRecord);
DESCRIBE(controller::PartitionChangeRecord);
DESCRIBE(controller::FenceBrokerRecord);
DESCRIBE(controller::UnfenceBrokerRecord);
DESCRIBE(controller::RemoveTopicRecord);
DESCRIBE(controller::FeatureLevelRecord);
DESCRIBE(controller::ProducerIdsRecord);
DESCRIBE(controller::BrokerRegistrationChangeRecord);
DESCRIBE(controller::NoOpRecord);

}  // namespace brokersim::wire
