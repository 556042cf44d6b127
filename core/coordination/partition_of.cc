#include "core/coordination/partition_of.h"

#include <cstddef>
#include <limits>

#include "core/base/assert.h"

namespace brokersim::coordination {
namespace {

// The code point that begins at `at`, which moves behind it. What is no UTF-8 counts byte by byte.
std::uint32_t next_code_point(std::string_view text, std::size_t& at) {
  const auto lead = static_cast<std::uint8_t>(text[at++]);
  const std::size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
  if (more == 0 || text.size() - at < more) return lead;
  std::uint32_t point = lead & (0x3fu >> more);
  for (std::size_t i = 0; i < more; ++i) {
    point = point << 6 | (static_cast<std::uint8_t>(text[at++]) & 0x3fu);
  }
  return point;
}

// String.hashCode: over UTF-16 units.
std::uint32_t java_hash(std::string_view text) {
  std::uint32_t hash = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto point = next_code_point(text, at);
    if (point >= 0x10000) {
      hash = hash * 31 + (0xd800 + ((point - 0x10000) >> 10));
      hash = hash * 31 + (0xdc00 + ((point - 0x10000) & 0x3ff));
    } else {
      hash = hash * 31 + point;
    }
  }
  return hash;
}

}  // namespace

std::int32_t partition_of(std::string_view name, std::int32_t partitions) {
  REQUIRE(partitions > 0, partitions);
  const auto hash = static_cast<std::int32_t>(java_hash(name));
  if (hash == std::numeric_limits<std::int32_t>::min()) return 0;  // It has no absolute value.
  return (hash < 0 ? -hash : hash) % partitions;
}

}  // namespace brokersim::coordination
