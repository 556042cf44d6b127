// DescribeTopicPartitions (key 75): Metadata for topics of any size, a page at a time (KIP-966).
#include "core/broker/broker.h"
#include "core/broker/handlers/handlers.h"
#include "core/broker/internal_topics.h"
#include "core/controller/topic_pages.h"

namespace brokersim::broker::handlers {

api::DescribeTopicPartitionsResponse describe_topic_partitions(
    Broker& broker, const api::DescribeTopicPartitionsRequest& request) {
  constexpr std::int32_t max_partitions = 2000;  // max.request.partition.size.limit
  auto page = controller::page_of_partitions(broker.image(), request, max_partitions);
  for (auto& topic : page.topics) topic.is_internal = is_internal_topic(topic.name.value_or(""));
  return page;
}

}  // namespace brokersim::broker::handlers
