// The codecs over zlib, snappy, lz4 and zstd. Their state is on the heap: fibers have small stacks.
#include "core/wire/compression.h"

#include <algorithm>
#include <array>
#include <limits>
#include <lz4frame.h>
#include <memory>
#include <snappy-c.h>
#include <span>
#include <zstd.h>
#define ZLIB_CONST
#include <zlib.h>

#include "core/wire/wire.h"

namespace brokersim::wire {
namespace {

using Room = std::span<std::uint8_t>;
using Decompressed = Expected<Bytes, CompressionError>;

constexpr std::array<std::string_view, 5> codec_names{"none", "gzip", "snappy", "lz4", "zstd"};

constexpr std::size_t max_block = std::numeric_limits<std::int32_t>::max();

constexpr Unexpected<CompressionError> malformed(CompressionError::malformed);
constexpr Unexpected<CompressionError> too_large(CompressionError::too_large);

const char* chars(ByteView bytes) { return as_text(bytes).data(); }
char* chars(Room room) { return reinterpret_cast<char*>(room.data()); }

// ---- Decompressing -----------------------------------------------------------------------------

// Grows with what is written to it, up to one byte beyond the limit: that byte tells of the excess.
class Output {
 public:
  explicit Output(std::size_t limit) : limit_(limit) {}

  // Where to write next; never empty.
  Room room() {
    if (size_ == bytes_.size()) resize(std::max(2 * size_, first_size));
    return Room(bytes_).subspan(size_);
  }
  // Exactly so many bytes, which must be within the limit.
  Room room_for(std::size_t size) {
    if (bytes_.size() - size_ < size) resize(std::max(2 * size_, size_ + size));
    return Room(bytes_).subspan(size_, size);
  }
  bool may_hold(std::size_t size) const { return size <= limit_ - size_; }
  // False: that was too much.
  bool wrote(std::size_t size) {
    size_ += size;
    return size_ <= limit_;
  }
  Bytes take() {
    bytes_.resize(size_);
    return std::move(bytes_);
  }

 private:
  static constexpr std::size_t first_size = 16 * 1024;

  void resize(std::size_t size) { bytes_.resize(std::min(size, limit_ + 1)); }

  std::size_t limit_;
  std::size_t size_ = 0;
  Bytes bytes_;
};

// What a decoder made of some input.
struct Step {
  std::size_t read = 0;
  std::size_t written = 0;
  bool has_ended = false;  // A member or frame is complete; another may follow.
  bool is_malformed = false;
};

template <class Decoder>
Decompressed decompress_stream(Decoder&& decoder, ByteView input, std::size_t max_size) {
  Output output(max_size);
  for (;;) {
    const Step step = decoder.step(input, output.room());
    if (step.is_malformed) return malformed;
    if (!output.wrote(step.written)) return too_large;
    input = input.subspan(step.read);
    if (step.has_ended && input.empty()) return output.take();
    if (step.read == 0 && step.written == 0) return malformed;  // It ends in the middle.
  }
}

constexpr int gzip_window = 15 + 16;  // zlib's way of saying: gzip's header, the largest window.

class GzipDecoder {
 public:
  GzipDecoder() {
    const int status = inflateInit2(&stream_, gzip_window);
    ASSERT(status == Z_OK, status);
  }
  ~GzipDecoder() { inflateEnd(&stream_); }
  GzipDecoder(const GzipDecoder&) = delete;
  GzipDecoder& operator=(const GzipDecoder&) = delete;

  Step step(ByteView input, Room room) {
    stream_.next_in = input.data();
    stream_.avail_in = static_cast<uInt>(input.size());
    stream_.next_out = room.data();
    stream_.avail_out = static_cast<uInt>(room.size());
    const int status = inflate(&stream_, Z_NO_FLUSH);
    const Step step{.read = input.size() - stream_.avail_in,
                    .written = room.size() - stream_.avail_out,
                    .has_ended = status == Z_STREAM_END,
                    .is_malformed = status != Z_OK && status != Z_STREAM_END};
    if (step.has_ended) inflateReset(&stream_);
    return step;
  }

 private:
  z_stream stream_{};
};

class Lz4Decoder {
 public:
  Lz4Decoder() {
    const auto status = LZ4F_createDecompressionContext(&context_, LZ4F_VERSION);
    ASSERT(LZ4F_isError(status) == 0, LZ4F_getErrorName(status));
  }
  ~Lz4Decoder() { LZ4F_freeDecompressionContext(context_); }
  Lz4Decoder(const Lz4Decoder&) = delete;
  Lz4Decoder& operator=(const Lz4Decoder&) = delete;

  Step step(ByteView input, Room room) {
    Step step{.read = input.size(), .written = room.size()};
    const auto left =
        LZ4F_decompress(context_, room.data(), &step.written, input.data(), &step.read, nullptr);
    step.has_ended = left == 0;
    step.is_malformed = LZ4F_isError(left) != 0;
    return step;
  }

 private:
  LZ4F_dctx* context_ = nullptr;
};

// A frame's window takes memory before there is any output: the library's default limit, 128 MiB,
// holds, which is what Java's level 22 asks for.
class ZstdDecoder {
 public:
  Step step(ByteView input, Room room) {
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    ZSTD_outBuffer out{room.data(), room.size(), 0};
    const auto left = ZSTD_decompressStream(context_.get(), &out, &in);
    return {.read = in.pos,
            .written = out.pos,
            .has_ended = left == 0,
            .is_malformed = ZSTD_isError(left) != 0};
  }

 private:
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  std::unique_ptr<ZSTD_DCtx, Free> context_{ZSTD_createDCtx()};
};

// ---- Snappy ------------------------------------------------------------------------------------

constexpr std::array<std::uint8_t, 8> xerial_magic{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0};
constexpr std::size_t xerial_chunk = 32 * 1024;  // Of input.

// As raw snappy these bytes would begin with a copy of what is not there: the two cannot be
// confused.
bool is_xerial(ByteView input) {
  return input.size() >= xerial_magic.size() &&
         std::equal(xerial_magic.begin(), xerial_magic.end(), input.begin());
}

Expected<Done, CompressionError> decompress_raw(ByteView input, Output& output) {
  std::size_t size = 0;
  if (snappy_uncompressed_length(chars(input), input.size(), &size) != SNAPPY_OK) return malformed;
  if (!output.may_hold(size)) return too_large;
  // A few bytes may claim any size: that they keep it is seen before there is memory for it.
  if (snappy_validate_compressed_buffer(chars(input), input.size()) != SNAPPY_OK) return malformed;
  const auto room = output.room_for(size);
  if (snappy_uncompress(chars(input), input.size(), chars(room), &size) != SNAPPY_OK) {
    return malformed;
  }
  output.wrote(size);
  return Done{};
}

Decompressed decompress_snappy(ByteView input, std::size_t max_size) {
  Output output(max_size);
  if (!is_xerial(input)) {
    TRY(std::ignore, decompress_raw(input, output));
    return output.take();
  }
  Reader reader(input.subspan(xerial_magic.size()));
  reader.fixed<std::int32_t>();  // Its version, and the oldest that reads it: there is only 1.
  reader.fixed<std::int32_t>();
  while (reader.ok() && reader.remaining() > 0) {
    const auto size = reader.fixed<std::int32_t>();
    if (size < 0) return malformed;
    const auto chunk = reader.raw(static_cast<std::size_t>(size));
    if (!reader.ok()) return malformed;
    TRY(std::ignore, decompress_raw(chunk, output));
  }
  if (!reader.ok()) return malformed;
  return output.take();
}

Bytes compress_snappy(ByteView input) {
  Bytes out(xerial_magic.begin(), xerial_magic.end());
  Writer writer(out);
  writer.fixed<std::int32_t>(1);
  writer.fixed<std::int32_t>(1);
  Bytes chunk(snappy_max_compressed_length(xerial_chunk));
  while (!input.empty()) {
    const auto part = input.first(std::min(input.size(), xerial_chunk));
    std::size_t size = chunk.size();
    const auto status = snappy_compress(chars(part), part.size(), chars(Room(chunk)), &size);
    ASSERT(status == SNAPPY_OK);
    writer.fixed(static_cast<std::int32_t>(size));
    writer.raw(ByteView(chunk).first(size));
    input = input.subspan(part.size());
  }
  return out;
}

// ---- Compressing -------------------------------------------------------------------------------

Bytes compress_gzip(ByteView input, std::int32_t level) {
  z_stream stream{};
  constexpr int memory_level = 8;  // zlib's default.
  const int status = deflateInit2(&stream, std::clamp(level, -1, 9), Z_DEFLATED, gzip_window,
                                  memory_level, Z_DEFAULT_STRATEGY);
  ASSERT(status == Z_OK, status);
  Bytes out(deflateBound(&stream, static_cast<uLong>(input.size())));
  stream.next_in = input.data();
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  const int ended = deflate(&stream, Z_FINISH);
  ASSERT(ended == Z_STREAM_END, ended);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

// Kafka's default level, 9, stands for the fast mode; any other for one of the better ones.
int lz4_level(std::int32_t level) {
  constexpr std::int32_t fast = 9;
  return level == fast ? 0 : std::clamp(level, 3, 12);
}

Bytes compress_lz4(ByteView input, std::int32_t level) {
  LZ4F_preferences_t preferences{};
  preferences.frameInfo.blockSizeID = LZ4F_max64KB;
  preferences.frameInfo.blockMode = LZ4F_blockIndependent;  // All that Java's reader knows.
  preferences.compressionLevel = lz4_level(level);
  const auto checked = [](std::size_t result) {
    ASSERT(LZ4F_isError(result) == 0, LZ4F_getErrorName(result));
    return result;
  };
  LZ4F_cctx* context = nullptr;
  checked(LZ4F_createCompressionContext(&context, LZ4F_VERSION));
  Bytes out(LZ4F_HEADER_SIZE_MAX + LZ4F_compressBound(input.size(), &preferences));
  std::size_t size = 0;
  const auto wrote = [&](std::size_t written) { size += checked(written); };
  const auto room = [&] { return Room(out).subspan(size); };
  wrote(LZ4F_compressBegin(context, room().data(), room().size(), &preferences));
  wrote(LZ4F_compressUpdate(context, room().data(), room().size(), input.data(), input.size(),
                            nullptr));
  wrote(LZ4F_compressEnd(context, room().data(), room().size(), nullptr));
  LZ4F_freeCompressionContext(context);
  out.resize(size);
  return out;
}

Bytes compress_zstd(ByteView input, std::int32_t level) {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  Bytes out(ZSTD_compressBound(input.size()));
  const auto size = ZSTD_compressCCtx(context, out.data(), out.size(), input.data(), input.size(),
                                      std::clamp(level, ZSTD_minCLevel(), ZSTD_maxCLevel()));
  ASSERT(ZSTD_isError(size) == 0, ZSTD_getErrorName(size));
  ZSTD_freeCCtx(context);
  out.resize(size);
  return out;
}

}  // namespace

std::string_view name_of(Codec codec) {
  const auto at = static_cast<std::size_t>(codec);
  return at < codec_names.size() ? codec_names[at] : "?";
}

std::optional<Codec> codec_named(std::string_view name) {
  const auto* const found = std::find(codec_names.begin(), codec_names.end(), name);
  if (found == codec_names.end()) return std::nullopt;
  return static_cast<Codec>(found - codec_names.begin());
}

std::string_view name_of(CompressionError error) {
  switch (error) {
    case CompressionError::malformed: return "malformed";
    case CompressionError::too_large: return "too_large";
    case CompressionError::unknown_codec: return "unknown_codec";
  }
  return "?";
}

Decompressed decompress(Codec codec, ByteView input, std::size_t max_size) {
  REQUIRE(input.size() <= max_block, input.size());
  REQUIRE(max_size <= max_block, max_size);
  switch (codec) {
    case Codec::none:
      if (input.size() > max_size) return too_large;
      return Bytes(input.begin(), input.end());
    case Codec::gzip: return decompress_stream(GzipDecoder(), input, max_size);
    case Codec::snappy: return decompress_snappy(input, max_size);
    case Codec::lz4: return decompress_stream(Lz4Decoder(), input, max_size);
    case Codec::zstd: return decompress_stream(ZstdDecoder(), input, max_size);
  }
  return Unexpected(CompressionError::unknown_codec);
}

Bytes compress(Codec codec, ByteView input, std::optional<std::int32_t> level) {
  REQUIRE(input.size() <= max_block, input.size());
  switch (codec) {
    case Codec::gzip: return compress_gzip(input, level.value_or(-1));
    case Codec::snappy: return compress_snappy(input);
    case Codec::lz4: return compress_lz4(input, level.value_or(9));
    case Codec::zstd: return compress_zstd(input, level.value_or(3));
    case Codec::none: break;
  }
  REQUIRE(false, codec);
  return {};
}

}  // namespace brokersim::wire
