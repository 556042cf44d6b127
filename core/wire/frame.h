// Frames: what stands around a message on a connection.
//
//   int32 length | header | body
//
//   request header   key i16, version i16, correlation id i32, client id (nullable, int16 length
//                    even in v2); v2 ends with tags
//   response header  correlation id i32; v1 ends with tags
//
// A flexible version of a message has the newer header, except in a response to ApiVersions: a
// client must be able to read that before it knows what the broker speaks (KIP-511).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/expected.h"
#include "core/env.h"
#include "core/wire/schema.h"

namespace brokersim::wire {

// ---- Headers
// -------------------------------------------------------------------------------------

struct RequestHeader {
  std::int16_t api_key = 0;
  std::int16_t api_version = 0;
  std::int32_t correlation_id = 0;
  Nullable<std::string> client_id;
  friend bool operator==(const RequestHeader&, const RequestHeader&) = default;
};

struct RequestFrame {
  RequestHeader header;
  Slice body;  // For decode<T>(body, header.api_version).
};
struct ResponseFrame {
  std::int32_t correlation_id = 0;
  Slice body;
};

// Whether version `version` of the API `key` is flexible; false for an unknown API.
using IsFlexible = bool (*)(std::int16_t key, std::int16_t version);

// `frame` is without its length. The error says what is wrong with the header.
Expected<RequestFrame, std::string_view> parse_request(const Slice& frame, IsFlexible is_flexible);
Expected<ResponseFrame, std::string_view> parse_response(const Slice& frame,
                                                         bool has_flexible_header);

bool has_flexible_response_header(const Description& description, std::int16_t version);

// ---- Building
// ------------------------------------------------------------------------------------

SplicedBytes begin_request(const RequestHeader& header, bool is_flexible);
SplicedBytes begin_response(std::int32_t correlation_id, bool is_flexible);
// Puts the length in front.
Rope end_frame(SplicedBytes frame);

// A whole frame with its length; records are not copied. The header's key and version have to be
// the request's.
template <Message Request>
Rope request_frame(const RequestHeader& header, const Request& request) {
  REQUIRE(header.api_key == Request::description.key, header.api_key);
  auto frame = begin_request(header, Request::description.is_flexible(header.api_version));
  encode_into(frame, request, header.api_version);
  return end_frame(std::move(frame));
}
template <Message Response>
Rope response_frame(std::int32_t correlation_id, const Response& response, std::int16_t version) {
  auto frame =
      begin_response(correlation_id, has_flexible_response_header(Response::description, version));
  encode_into(frame, response, version);
  return end_frame(std::move(frame));
}
template <Message Response>
Expected<ResponseFrame, std::string_view> parse_response_to(const Slice& frame,
                                                            std::int16_t version) {
  return parse_response(frame, has_flexible_response_header(Response::description, version));
}

// ---- Reading
// -------------------------------------------------------------------------------------

inline constexpr std::size_t max_frame_size = 100 * 1024 * 1024;  // socket.request.max.bytes

enum class FrameError : std::uint8_t {
  ended,       // The peer closed in order, between two frames.
  cut_short,   // The peer closed inside a frame.
  bad_length,  // Negative, or beyond the maximum.
  timed_out,   // Reading may go on later: nothing is lost.
  too_slow,    // The frame has begun, and goes on too slowly.
  cancelled,
  broken,  // The connection is gone.
};
std::string_view name_of(FrameError error);

// So much of a frame is in nobody's way: it is what a reader has room for anyway.
inline constexpr std::size_t small_frame = 16 * 1024;

// So many bytes within such a time, again and again. At first there is no time to keep to.
struct Pace {
  Duration time = Duration::max();
  std::size_t bytes = 0;
};

struct FrameLimits {
  std::size_t max_size = max_frame_size;
  // At which a frame that has begun goes on to its end: who sends a byte now and then is not idle,
  // and yet never done. Until it begins, only the deadline counts.
  Pace pace;
  // And at which if others wait for its memory.
  Pace short_pace;
};

// Where the memory of frames comes from, if several readers share a bound.
class FrameMemory {
 public:
  virtual ~FrameMemory() = default;
  // Waits until `bytes` more may be held; false if cancelled first.
  virtual bool take(Env& env, std::size_t bytes) = 0;
  // Whether others wait for it.
  virtual bool is_short() const = 0;
};

// Whether what comes keeps to a pace.
class PaceKeeper {
 public:
  explicit PaceKeeper(Pace pace) : pace_(pace) {}
  // When the present part has to be there.
  Instant deadline(Instant now);
  void came(std::size_t bytes) { came_ += bytes; }
  void begin_anew() { ends_ = never; }

 private:
  const Pace pace_;
  Instant ends_ = never;
  std::size_t came_ = 0;
};

// Reads the frames of one stream in their order, however the bytes arrive: many frames in one read
// or one in many. Each frame is a slice of its own, copied once.
class FrameReader {
 public:
  explicit FrameReader(Stream& stream, FrameLimits limits = {}, FrameMemory* memory = nullptr)
      : stream_(stream),
        max_size_(limits.max_size),
        memory_(memory),
        is_timed_(limits.pace.time != Duration::max()),
        pace_(limits.pace),
        short_pace_(limits.short_pace) {}

  // The next frame without its length. Any error but timed_out is final.
  Expected<Slice, FrameError> read(Env& env, Instant deadline);
  // Whether bytes of a further frame are here already.
  bool has_buffered() const { return begin_ != end_ || frame_size_.has_value(); }
  // The length that the last frame announced, fit or unfit.
  std::int32_t announced() const { return announced_; }

 private:
  bool hold(Env& env, std::size_t size);
  Expected<Done, FrameError> read_length(Env& env, Instant deadline);
  Expected<Done, FrameError> read_body(Env& env, Instant deadline);
  Expected<std::size_t, FrameError> read_some(Env& env, std::span<std::uint8_t> into,
                                              Instant deadline);
  IoResult<std::size_t> read_part(Env& env, std::span<std::uint8_t> into);
  void take_buffered();
  void begin_anew();
  std::span<std::uint8_t> buffer() const { return {buffer_.get(), small_frame}; }

  Stream& stream_;
  const std::size_t max_size_;
  FrameMemory* memory_;
  const bool is_timed_;
  // Of it [begin_, end_) is read but belongs to no frame yet; what nobody read is not set.
  std::unique_ptr<std::uint8_t[]> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::optional<std::size_t> frame_size_;  // Of the frame that has begun.
  Bytes frame_;                            // As long as memory is held for it.
  std::size_t frame_read_ = 0;
  std::int32_t announced_ = 0;
  PaceKeeper pace_;
  PaceKeeper short_pace_;
};

}  // namespace brokersim::wire
