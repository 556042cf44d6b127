// Murmur2 as org.apache.kafka.common.utils.Utils computes it: little-endian words, wrapping.
#include "core/client/partitioner.h"

#include "core/base/assert.h"

namespace brokersim::client {

std::int32_t murmur2(ByteView bytes) {
  constexpr std::uint32_t seed = 0x9747b28c;
  constexpr std::uint32_t m = 0x5bd1e995;
  std::uint32_t h = seed ^ static_cast<std::uint32_t>(bytes.size());
  const auto byte = [&](std::size_t i) { return std::uint32_t{bytes[i]}; };
  std::size_t at = 0;
  for (; bytes.size() - at >= 4; at += 4) {
    std::uint32_t k = byte(at) | byte(at + 1) << 8 | byte(at + 2) << 16 | byte(at + 3) << 24;
    k *= m;
    k ^= k >> 24;
    k *= m;
    h = (h * m) ^ k;
  }
  const std::size_t rest = bytes.size() - at;
  if (rest == 3) h ^= byte(at + 2) << 16;
  if (rest >= 2) h ^= byte(at + 1) << 8;
  if (rest >= 1) h = (h ^ byte(at)) * m;
  h ^= h >> 13;
  h *= m;
  h ^= h >> 15;
  return static_cast<std::int32_t>(h);
}

std::int32_t partition_of_key(ByteView key, std::int32_t partition_count) {
  REQUIRE(partition_count > 0, partition_count);
  return (murmur2(key) & 0x7fffffff) % partition_count;
}

}  // namespace brokersim::client
