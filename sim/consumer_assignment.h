// What a member of a classic group is given, where the group is one of consumers (KIP-62).
#pragma once

#include <vector>

#include "core/api/consumer_protocol.h"
#include "core/base/bytes.h"
#include "core/base/ids.h"

namespace brokersim::sim {

// Nothing, if it is none of Kafka's own assignors'.
inline std::vector<TopicPartition> partitions_in(const Bytes& assignment) {
  std::vector<TopicPartition> partitions;
  const auto decoded = api::decode_versioned<api::ConsumerProtocolAssignment>(assignment);
  if (!decoded) return partitions;
  for (const auto& topic : decoded->assigned_partitions) {
    for (const auto partition : topic.partitions) partitions.push_back({topic.topic, partition});
  }
  return partitions;
}

}  // namespace brokersim::sim
