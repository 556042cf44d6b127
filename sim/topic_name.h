// How taps name topics: the protocol speaks of them by name or by id.
#pragma once

#include <functional>
#include <string>

#include "core/base/ids.h"

namespace brokersim::sim {

// The name of a topic, as committed in the metadata; empty if it is not known.
using TopicName = std::function<std::string(const Uuid&)>;

// Of the metadata partition (KIP-595); every other topic's id is random.
inline constexpr Uuid metadata_topic_id{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

// The name if there is one, else the id's.
inline std::string topic_named(const std::string& name, const Uuid& id, const TopicName& names) {
  if (!name.empty()) return name;
  if (id == metadata_topic_id) return metadata_partition().topic;
  return names ? names(id) : std::string();
}

}  // namespace brokersim::sim
