// DescribeTopicPartitions (key 75): Metadata for topics of any size, a page at a time (KIP-966).
#include "core/broker/broker.h"
#include "core/broker/handlers/handlers.h"
#include "core/broker/internal_topics.h"
#include "core/controller/topic_pages.h"

namespace brokersim::broker::handlers {

api::DescribeTopicPartitionsResponse describe_topic_partitions(
    Broker& broker, const api::DescribeTopicPartitionsRequest& request) {
  auto page = controller::page_of_partitions(broker.image(), request,
                                             broker.config().max_request_partition_size_limit);
  for (auto& topic : page.topics) topic.is_internal = is_internal_topic(topic.name.value_or(""));
  return page;
}

}  // namespace brokersim::broker::handlers
