// The topics of the cluster, as far as consumer groups have to know them, and which of them a
// regular expression means.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "core/base/ids.h"

namespace brokersim::group {

struct KnownTopic {
  Uuid id{};
  std::int32_t partitions = 0;
  friend bool operator==(const KnownTopic&, const KnownTopic&) = default;
};
using KnownTopics = std::map<std::string, KnownTopic>;  // By name.

// KIP-848 has members subscribe to expressions of RE2, which match a name as a whole.
bool is_topic_regex(const std::string& regex);
// None of one that is not valid, as another implementation may have let it pass.
std::set<std::string> topics_matching(const std::string& regex, const KnownTopics& topics);

}  // namespace brokersim::group
