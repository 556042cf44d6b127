#include "core/group/partition_set.h"

namespace brokersim::group {
namespace {

bool contains(const PartitionSet& set, const Uuid& topic, std::int32_t partition) {
  const auto found = set.find(topic);
  return found != set.end() && found->second.contains(partition);
}

// Those of `set` that are in `other`, or those that are not.
PartitionSet filtered(const PartitionSet& set, const PartitionSet& other, bool is_in_other) {
  PartitionSet result;
  for (const auto& [topic, partitions] : set) {
    for (const auto partition : partitions) {
      if (contains(other, topic, partition) == is_in_other) result[topic].insert(partition);
    }
  }
  return result;
}

}  // namespace

PartitionSet common(const PartitionSet& a, const PartitionSet& b) { return filtered(a, b, true); }

PartitionSet without(const PartitionSet& all, const PartitionSet& those) {
  return filtered(all, those, false);
}

void add(PartitionSet& all, const PartitionSet& those) {
  for (const auto& [topic, partitions] : those) {
    all[topic].insert(partitions.begin(), partitions.end());
  }
}

bool includes(const PartitionSet& all, const PartitionSet& those) {
  return without(those, all).empty();
}

bool have_common(const PartitionSet& a, const PartitionSet& b) { return !common(a, b).empty(); }

}  // namespace brokersim::group
