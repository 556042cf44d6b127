// The codecs in which the records of a batch may be compressed, as one block.
//
//   gzip    RFC 1952
//   snappy  raw, as librdkafka writes it, or in xerial's chunks, as Java does: both are read,
//           xerial's are written
//   lz4     LZ4 frames whose header checksum is right, as magic 2 demands (KIP-57)
//   zstd    Zstandard frames (KIP-110)
//
// What is read comes from a peer: a limit on the size of the result is obeyed while decompressing,
// so that a few bytes that unfold into very many cost no more than the limit. What is written
// depends on the version of the library: nothing may compress on its own account in a simulated
// cluster, only because a plan asks for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/expected.h"

namespace brokersim::wire {

enum class Codec : std::uint8_t { none = 0, gzip = 1, snappy = 2, lz4 = 3, zstd = 4 };

// As in `compression.type`: "none", "gzip", "snappy", "lz4", "zstd".
std::string_view name_of(Codec codec);
std::optional<Codec> codec_named(std::string_view name);

enum class CompressionError : std::uint8_t {
  malformed,      // No output of this codec, or cut off.
  too_large,      // More than the limit when decompressed.
  unknown_codec,  // 5, 6 or 7 in a batch's attributes.
};
std::string_view name_of(CompressionError error);

// At most `max_size` bytes. Requires that, and the input, to be at most 2^31 - 1.
Expected<Bytes, CompressionError> decompress(Codec codec, ByteView input, std::size_t max_size);

// Requires a codec that is not `none`. `level` means what `compression.<codec>.level` does
// (KIP-390); without one, or for snappy, Kafka's default. What the codec does not reach is its
// nearest.
Bytes compress(Codec codec, ByteView input, std::optional<std::int32_t> level = std::nullopt);

}  // namespace brokersim::wire
