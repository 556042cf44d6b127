// Which partition a record goes to, as Kafka's clients choose it.
#pragma once

#include <cstdint>

#include "core/base/bytes.h"

namespace brokersim::client {

// The 32-bit Murmur2 hash with Kafka's seed.
std::int32_t murmur2(ByteView bytes);

// The same key always goes to the same partition, while their number stays.
std::int32_t partition_of_key(ByteView key, std::int32_t partition_count);

}  // namespace brokersim::client
