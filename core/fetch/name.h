// What a Fetch calls a partition: by its topic's id from version 13 on, by its name before
// (KIP-516). The other of the two is empty.
#pragma once

#include <compare>
#include <string>

#include "core/base/ids.h"

namespace brokersim::fetch {

inline constexpr std::int16_t first_version_with_ids = 13;

struct Name {
  std::string topic;
  Uuid topic_id{};
  std::int32_t partition = 0;
  friend auto operator<=>(const Name&, const Name&) = default;
};

}  // namespace brokersim::fetch
