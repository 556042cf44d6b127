// DescribeTopicPartitions (key 75): Metadata for topics of any size, a page at a time (KIP-966).
#include "core/broker/broker.h"
#include "core/broker/handlers/handlers.h"
#include "core/controller/topic_pages.h"

namespace brokersim::broker::handlers {

api::DescribeTopicPartitionsResponse describe_topic_partitions(
    Broker& broker, const api::DescribeTopicPartitionsRequest& request) {
  constexpr std::int32_t max_partitions = 2000;  // max.request.partition.size.limit
  return controller::page_of_partitions(broker.image(), request, max_partitions);
}

}  // namespace brokersim::broker::handlers
