// The partitions of topics, a page at a time: DescribeTopicPartitions (KIP-966).
//
// Pure: of an image. The cursor names the first partition of the next page.
#pragma once

#include "core/api/describe_topic_partitions.h"
#include "core/controller/image.h"

namespace brokersim::controller {

// Topics in the order of their names; no topics asked for are all. At most `max_partitions` come at
// once, whatever the request says, and at least one. INVALID_REQUEST for a cursor that points to no
// topic asked for.
api::DescribeTopicPartitionsResponse page_of_partitions(
    const Image& image, const api::DescribeTopicPartitionsRequest& request,
    std::int32_t max_partitions);

}  // namespace brokersim::controller
