// Which partitions to look at when a broker comes, goes or starts again, or when leaders are due to
// be elected: found at once, where an image alone would have to be searched from end to end.
//
// The active controller keeps one beside its image, as Kafka's does (BrokersToIsrs, and its set of
// imbalanced partitions); images of brokers go without.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/expected.h"
#include "core/base/ids.h"
#include "core/controller/image.h"
#include "core/controller/records.h"

namespace brokersim::controller {

class PartitionIndex {
 public:
  // Of each topic those meant, in the order of the image; topics without any are left out.
  using Partitions = std::map<std::string, std::set<std::int32_t>, std::less<>>;

  PartitionIndex() = default;
  // Looks at every partition, once.
  explicit PartitionIndex(const Image& image);

  // Image::apply, for the image that this is the index of; follows what the record does.
  Expected<Delta, std::string_view> apply(const MetadataRecord& record, Offset offset,
                                          Image& image);

  // Where the broker is in the ISR or the ELR.
  const Partitions& held_by(NodeId broker) const;
  bool leads_anything(NodeId broker) const { return led_.contains(broker); }
  const Partitions& leaderless() const { return leaderless_; }
  // All but those that no election changes as long as their leader is active: led by the preferred
  // replica with nobody eligible besides the ISR, no replica on its way in or out, and nothing to
  // recover from.
  const Partitions& unsettled() const { return unsettled_; }

  friend bool operator==(const PartitionIndex&, const PartitionIndex&) = default;

 private:
  struct Entry {
    std::vector<NodeId> holders;
    NodeId leader = no_node;
    bool is_settled = false;
  };
  static Entry entry_of(const Partition& partition);
  // Nothing stands for a partition that is not there.
  void change(const TopicPartition& id, const std::optional<Entry>& before,
              const std::optional<Entry>& after);

  std::map<NodeId, Partitions> held_;   // No broker without any.
  std::map<NodeId, std::int64_t> led_;  // How many; no broker without any.
  Partitions leaderless_;
  Partitions unsettled_;
};

}  // namespace brokersim::controller
