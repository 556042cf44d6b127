// Headers by hand, because they are read before the version is known to be one we have.
#include "core/wire/frame.h"

#include <algorithm>

namespace brokersim::wire {
namespace {

constexpr std::size_t length_size = 4;
constexpr std::int16_t api_versions_key = 18;

// Large enough that most reads bring whole frames, small enough for many connections.
constexpr std::size_t buffer_size = small_frame;

void skip_tags(Reader& in) {
  for (auto count = in.uvarint32(); count > 0 && in.ok(); --count) {
    in.uvarint32();
    in.raw(in.uvarint32());
  }
}

SplicedBytes begin_frame() {
  SplicedBytes frame;
  frame.bytes.reserve(256);  // Most frames fit, as most messages do.
  frame.bytes.resize(length_size);
  return frame;
}

FrameError to_frame_error(IoError error) {
  if (error == IoError::timed_out) return FrameError::timed_out;
  if (error == IoError::cancelled) return FrameError::cancelled;
  return FrameError::broken;
}

}  // namespace

std::string_view name_of(FrameError error) {
  switch (error) {
    case FrameError::ended: return "ended";
    case FrameError::cut_short: return "cut_short";
    case FrameError::bad_length: return "bad_length";
    case FrameError::timed_out: return "timed_out";
    case FrameError::too_slow: return "too_slow";
    case FrameError::cancelled: return "cancelled";
    case FrameError::broken: return "broken";
  }
  return "?";
}

bool has_flexible_response_header(const Description& description, std::int16_t version) {
  return description.key != api_versions_key && description.is_flexible(version);
}

Expected<RequestFrame, std::string_view> parse_request(const Slice& frame, IsFlexible is_flexible) {
  Reader in(frame.view());
  RequestHeader header;
  header.api_key = in.fixed<std::int16_t>();
  header.api_version = in.fixed<std::int16_t>();
  header.correlation_id = in.fixed<std::int32_t>();
  const auto size = in.fixed<std::int16_t>();
  if (size < -1) in.fail("client id has a negative length");
  if (size >= 0) header.client_id = std::string(as_text(in.raw(static_cast<std::size_t>(size))));
  if (in.ok() && is_flexible(header.api_key, header.api_version)) skip_tags(in);
  if (!in.ok()) return Unexpected(in.error());
  return RequestFrame{std::move(header), frame.from(frame.size() - in.remaining())};
}

Expected<ResponseFrame, std::string_view> parse_response(const Slice& frame,
                                                         bool has_flexible_header) {
  Reader in(frame.view());
  const auto correlation_id = in.fixed<std::int32_t>();
  if (has_flexible_header) skip_tags(in);
  if (!in.ok()) return Unexpected(in.error());
  return ResponseFrame{correlation_id, frame.from(frame.size() - in.remaining())};
}

SplicedBytes begin_request(const RequestHeader& header, bool is_flexible) {
  auto frame = begin_frame();
  Writer out(frame.bytes);
  out.fixed(header.api_key);
  out.fixed(header.api_version);
  out.fixed(header.correlation_id);
  if (header.client_id) {
    REQUIRE(header.client_id->size() <= longest_text, header.client_id->size());
    out.fixed(static_cast<std::int16_t>(header.client_id->size()));
    out.raw(as_bytes(*header.client_id));
  } else {
    out.fixed<std::int16_t>(-1);
  }
  if (is_flexible) out.uvarint(0);
  return frame;
}

SplicedBytes begin_response(std::int32_t correlation_id, bool is_flexible) {
  auto frame = begin_frame();
  Writer out(frame.bytes);
  out.fixed(correlation_id);
  if (is_flexible) out.uvarint(0);
  return frame;
}

Rope end_frame(SplicedBytes frame) {
  const auto length = big_endian(static_cast<std::int32_t>(frame.size() - length_size));
  std::copy(length.begin(), length.end(), frame.bytes.begin());
  return std::move(frame).rope();
}

// ---- FrameReader
// ---------------------------------------------------------------------------------

Instant PaceKeeper::deadline(Instant now) {
  if (ends_ == never || came_ >= pace_.bytes) {
    ends_ = pace_.time == Duration::max() ? never : now + pace_.time;
    came_ = 0;
  }
  return ends_;
}

Expected<Slice, FrameError> FrameReader::read(Env& env, Instant deadline) {
  if (auto done = read_length(env, deadline); !done) return Unexpected(done.error());
  if (auto done = read_body(env, deadline); !done) return Unexpected(done.error());
  frame_size_.reset();
  frame_read_ = 0;
  begin_anew();
  return Slice(std::exchange(frame_, {}));
}

Expected<Done, FrameError> FrameReader::read_length(Env& env, Instant deadline) {
  if (frame_size_) return Done{};  // Of a read that timed out.
  if (!buffer_) buffer_ = std::make_unique_for_overwrite<std::uint8_t[]>(buffer_size);
  while (end_ - begin_ < length_size) {
    const auto rest = buffer().subspan(begin_, end_ - begin_);
    std::copy(rest.begin(), rest.end(), buffer().begin());
    end_ -= std::exchange(begin_, 0);
    auto n = read_some(env, buffer().subspan(end_), deadline);
    if (!n && n.error() == FrameError::ended && end_ != 0) {
      return Unexpected(FrameError::cut_short);
    }
    if (!n) return Unexpected(n.error());
    end_ += *n;
  }
  Reader in(buffer().subspan(begin_, end_ - begin_));
  announced_ = in.fixed<std::int32_t>();
  if (announced_ < 0 || static_cast<std::size_t>(announced_) > max_size_) {
    return Unexpected(FrameError::bad_length);
  }
  begin_ += length_size;
  frame_size_ = static_cast<std::size_t>(announced_);
  return Done{};
}

// A peer that announces much has to send much before much memory is taken.
Expected<Done, FrameError> FrameReader::read_body(Env& env, Instant deadline) {
  if (!hold(env, std::min(*frame_size_, buffer_size))) return Unexpected(FrameError::cancelled);
  take_buffered();
  while (frame_read_ < *frame_size_) {
    const auto missing = *frame_size_ - frame_read_;
    const bool directly = missing >= buffer_size;
    if (frame_read_ == frame_.size() || !directly) {
      const auto next = std::min(missing, std::max(frame_read_, buffer_size));
      if (!hold(env, frame_read_ + next)) return Unexpected(FrameError::cancelled);
    }
    const auto into = directly ? std::span(frame_).subspan(frame_read_) : buffer();
    auto n = read_some(env, into, deadline);
    if (!n && n.error() == FrameError::ended) return Unexpected(FrameError::cut_short);
    if (!n) return Unexpected(n.error());
    if (directly) {
      frame_read_ += *n;
      continue;
    }
    begin_ = 0;
    end_ = *n;
    take_buffered();
  }
  return Done{};
}

Expected<std::size_t, FrameError> FrameReader::read_some(Env& env, std::span<std::uint8_t> into,
                                                         Instant deadline) {
  const bool is_timed = has_buffered() && is_timed_;
  const auto n = is_timed ? read_part(env, into) : stream_.read(env, into, deadline);
  if (!n) {
    const auto error = to_frame_error(n.error());
    return Unexpected(is_timed && error == FrameError::timed_out ? FrameError::too_slow : error);
  }
  if (*n == 0) return Unexpected(FrameError::ended);
  pace_.came(*n);
  short_pace_.came(*n);
  return *n;
}

// Of a frame that has begun.
IoResult<std::size_t> FrameReader::read_part(Env& env, std::span<std::uint8_t> into) {
  const bool may_be_in_the_way = memory_ != nullptr && frame_.size() > small_frame;
  while (true) {
    const Instant part_ends = pace_.deadline(env.now());
    const Instant until =
        may_be_in_the_way ? std::min(part_ends, short_pace_.deadline(env.now())) : part_ends;
    auto n = stream_.read(env, into, until);
    const bool is_late = !n && n.error() == IoError::timed_out;
    if (!is_late || until == part_ends || memory_->is_short()) return n;
    short_pace_.begin_anew();
  }
}

void FrameReader::begin_anew() {
  pace_.begin_anew();
  short_pace_.begin_anew();
}

// So much of the present frame may be in memory. Waiting for that is not the peer's fault.
bool FrameReader::hold(Env& env, std::size_t size) {
  if (size <= frame_.size()) return true;
  if (memory_ && !memory_->take(env, size - frame_.size())) return false;
  frame_.reserve(size);
  frame_.resize(size);
  begin_anew();
  return true;
}

// Moves what is buffered of the present frame into it.
void FrameReader::take_buffered() {
  const auto n = std::min(end_ - begin_, frame_.size() - frame_read_);
  const auto buffered = buffer().subspan(begin_, n);
  std::copy(buffered.begin(), buffered.end(),
            frame_.begin() + static_cast<std::ptrdiff_t>(frame_read_));
  frame_read_ += n;
  begin_ += n;
}

}  // namespace brokersim::wire
