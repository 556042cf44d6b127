// ISA-L computes the bare polynomial division; the inversions before and after are ours.
#include "core/wire/crc32c.h"

#include <algorithm>

#include <isa-l/crc.h>

namespace brokersim::wire {

std::uint32_t crc32c(ByteView data, std::uint32_t before) {
  constexpr std::size_t step = std::size_t{1} << 30;  // Its length is an int.
  std::uint32_t crc = ~before;
  while (!data.empty()) {
    const auto part = data.first(std::min(step, data.size()));
    // It only reads, but asks for a pointer to non-const.
    crc = crc32_iscsi(const_cast<unsigned char*>(part.data()), static_cast<int>(part.size()), crc);
    data = data.subspan(part.size());
  }
  return ~crc;
}

}  // namespace brokersim::wire
