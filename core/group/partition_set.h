// Sets of partitions by topic id, as members of consumer groups have and are to have them, and how
// they stand in messages and records.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "core/base/ids.h"

namespace brokersim::group {

using PartitionSet = std::map<Uuid, std::set<std::int32_t>>;  // No topic without a partition.

PartitionSet common(const PartitionSet& a, const PartitionSet& b);
PartitionSet without(const PartitionSet& all, const PartitionSet& those);
void add(PartitionSet& all, const PartitionSet& those);
bool includes(const PartitionSet& all, const PartitionSet& those);
bool have_common(const PartitionSet& a, const PartitionSet& b);

// From what a message or a record lists, and into it.
template <class Listed>
PartitionSet set_of(const std::vector<Listed>& topics) {
  PartitionSet set;
  for (const auto& topic : topics) {
    if (!topic.partitions.empty()) {
      set[topic.topic_id].insert(topic.partitions.begin(), topic.partitions.end());
    }
  }
  return set;
}
template <class Listed>
std::vector<Listed> listed(const PartitionSet& set) {
  std::vector<Listed> topics;
  for (const auto& [topic, partitions] : set) {
    auto& one = topics.emplace_back();
    one.topic_id = topic;
    one.partitions.assign(partitions.begin(), partitions.end());
  }
  return topics;
}

}  // namespace brokersim::group
