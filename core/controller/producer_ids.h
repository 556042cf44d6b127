// Blocks of producer ids (KIP-730): the controller gives whole blocks to brokers, which hand out
// the ids. What was given is given, whether or not its broker uses it up: no id comes twice.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

namespace brokersim::controller {

inline constexpr std::int32_t producer_id_block_size = 1000;

struct ProducerIdBlock {
  std::int64_t first = 0;
  std::int32_t size = 0;

  std::int64_t end() const { return first + size; }
};

// The block that begins at `next`, the first id nobody has been given; nothing if ids have run out.
inline std::optional<ProducerIdBlock> next_producer_ids(std::int64_t next) {
  if (next > std::numeric_limits<std::int64_t>::max() - producer_id_block_size) return std::nullopt;
  return ProducerIdBlock{next, producer_id_block_size};
}

}  // namespace brokersim::controller
