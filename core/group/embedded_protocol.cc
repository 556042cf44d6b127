#include "core/group/embedded_protocol.h"

#include <algorithm>
#include <map>
#include <utility>

#include "core/api/consumer_protocol.h"
#include "core/wire/wire.h"

namespace brokersim::group {
namespace {

template <class Listed>
PartitionSet by_ids(const std::vector<Listed>& listed, const KnownTopics& topics) {
  PartitionSet set;
  for (const auto& one : listed) {
    const auto known = topics.find(one.topic);
    if (known == topics.end() || one.partitions.empty()) continue;
    set[known->second.id].insert(one.partitions.begin(), one.partitions.end());
  }
  return set;
}

}  // namespace

std::optional<EmbeddedSubscription> read_subscription(ByteView bytes, const KnownTopics& topics) {
  const auto said = api::decode_versioned<api::ConsumerProtocolSubscription>(bytes);
  if (!said) return std::nullopt;
  EmbeddedSubscription subscription{.version = wire::Reader(bytes).fixed<std::int16_t>(),
                                    .topics = said->topics,
                                    .owned = by_ids(said->owned_partitions, topics),
                                    .generation = said->generation_id};
  if (said->rack_id && !said->rack_id->empty()) subscription.rack = said->rack_id;
  return subscription;
}

std::optional<PartitionSet> read_assignment(ByteView bytes, const KnownTopics& topics) {
  if (bytes.empty()) return PartitionSet();
  const auto said = api::decode_versioned<api::ConsumerProtocolAssignment>(bytes);
  if (!said) return std::nullopt;
  return by_ids(said->assigned_partitions, topics);
}

Bytes write_assignment(const PartitionSet& assigned, std::int16_t version,
                       const KnownTopics& topics) {
  api::ConsumerProtocolAssignment assignment;
  for (const auto& [name, topic] : topics) {
    const auto found = assigned.find(topic.id);
    if (found == assigned.end()) continue;
    assignment.assigned_partitions.push_back(
        {.topic = name, .partitions = {found->second.begin(), found->second.end()}});
  }
  const auto last = api::ConsumerProtocolAssignment::description.versions.last;
  return api::encode_versioned(assignment, std::min(version, last));
}

}  // namespace brokersim::group
