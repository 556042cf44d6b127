// CRC-32C (Castagnoli), the checksum of record batches.
#pragma once

#include <cstdint>

#include "core/base/bytes.h"

namespace brokersim::wire {

// The checksum of `data`, or of what `before` is the checksum of, followed by `data`.
std::uint32_t crc32c(ByteView data, std::uint32_t before = 0);

}  // namespace brokersim::wire
