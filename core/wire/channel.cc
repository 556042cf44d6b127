#include "core/wire/channel.h"

#include <utility>

namespace brokersim::wire {

struct Channel::Connection {
  Connection(std::unique_ptr<Stream> s, FrameLimits limits)
      : stream(std::move(s)), reader(*stream, limits) {}

  std::unique_ptr<Stream> stream;
  FrameReader reader;
  std::map<std::int32_t, Slice> arrived;  // Responses nobody has taken yet, by correlation id.
  bool is_broken = false;
  bool has_reader = false;  // A fiber is reading for all that wait.
  Signal progress;
};

namespace {

CallError call_error_of(IoError error) {
  if (error == IoError::timed_out) return CallError::timed_out;
  if (error == IoError::cancelled) return CallError::cancelled;
  return CallError::disconnected;
}

// A response's correlation id is its first field, whatever the header's version.
std::int32_t correlation_of(const Slice& frame) {
  return Reader(frame.view()).fixed<std::int32_t>();
}

}  // namespace

std::string_view name_of(CallError error) {
  switch (error) {
    case CallError::unreachable: return "unreachable";
    case CallError::disconnected: return "disconnected";
    case CallError::timed_out: return "timed out";
    case CallError::malformed: return "malformed response";
    case CallError::cancelled: return "cancelled";
  }
  __builtin_unreachable();
}

void Channel::close() {
  if (const auto connection = std::exchange(connection_, nullptr)) {
    connection->is_broken = true;
    connection->stream->close();
  }
}

CallResult<std::shared_ptr<Channel::Connection>> Channel::connection(Env& env, Instant deadline) {
  while (is_connecting_) {
    const Wake wake = connected_.wait(env, deadline);
    if (wake == Wake::cancelled) return Unexpected(CallError::cancelled);
    if (wake == Wake::timed_out) return Unexpected(CallError::unreachable);
  }
  if (connection_ && !connection_->is_broken) return connection_;
  is_connecting_ = true;
  auto stream = env.connect(peer_, deadline);
  is_connecting_ = false;
  connected_.notify_all(env);
  if (!stream) {
    const bool is_cancelled = stream.error() == IoError::cancelled;
    return Unexpected(is_cancelled ? CallError::cancelled : CallError::unreachable);
  }
  connection_ = std::make_shared<Connection>(*std::move(stream), limits_);
  return connection_;
}

CallResult<Done> Channel::write(Env& env, Rope frame, Instant deadline) {
  auto connected = connection(env, deadline);
  if (!connected) return Unexpected(connected.error());
  const auto written = (*connected)->stream->write(env, std::move(frame), deadline);
  if (written) return Done{};
  (*connected)->is_broken = true;
  return Unexpected(call_error_of(written.error()));
}

CallResult<Slice> Channel::exchange(Env& env, std::int32_t correlation, Rope frame,
                                    Instant deadline) {
  auto connected = connection(env, deadline);
  if (!connected) return Unexpected(connected.error());
  const auto c = *std::move(connected);
  const auto fail = [&](CallError error) {
    // What comes on this connection from here on answers questions nobody asks any more.
    c->is_broken = true;
    c->stream->close();
    c->progress.notify_all(env);
    return Unexpected(error);
  };
  if (const auto written = c->stream->write(env, std::move(frame), deadline); !written) {
    return fail(call_error_of(written.error()));
  }
  while (true) {
    if (auto mine = c->arrived.extract(correlation)) return std::move(mine.mapped());
    if (c->is_broken) return Unexpected(CallError::disconnected);
    if (c->has_reader) {
      const Wake wake = c->progress.wait(env, deadline);
      if (wake == Wake::timed_out) return fail(CallError::timed_out);
      if (wake == Wake::cancelled) return fail(CallError::cancelled);
      continue;
    }
    c->has_reader = true;
    auto read = c->reader.read(env, deadline);
    c->has_reader = false;
    if (!read) {
      if (read.error() == FrameError::timed_out) return fail(CallError::timed_out);
      if (read.error() == FrameError::cancelled) return fail(CallError::cancelled);
      return fail(CallError::disconnected);
    }
    const auto arrived = correlation_of(*read);
    c->progress.notify_all(env);
    if (arrived == correlation) return *std::move(read);
    c->arrived.emplace(arrived, *std::move(read));
  }
}

}  // namespace brokersim::wire
