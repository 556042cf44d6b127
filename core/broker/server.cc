#include "core/broker/server.h"

#include <memory>
#include <utility>

#include <fmt/format.h>

#include "core/api/all.h"
#include "core/broker/foreign_protocol.h"

namespace brokersim::broker {
namespace {

// A frame that has begun brings 64 KiB, or its end, within this time. Slow links do; a peer that
// sends a byte a minute to keep its place does not.
constexpr Duration frame_part_time = 30s;

// Already past: a call with this deadline does what can be done at once.
constexpr Instant at_once{};

std::string text_of(const Address& peer) { return fmt::format("{}:{}", peer.host, peer.port); }

}  // namespace

IoResult<Done> Server::run(Env& env) {
  TRY(const auto listener, env.listen(config_.listener.port));
  while (!env.is_cancelled()) {
    auto accepted = listener->accept(env);
    if (accepted) {
      admit(env, *std::move(accepted));
    } else if (accepted.error() == IoError::exhausted) {
      note_end(env, "", {CloseReason::out_of_descriptors, "the process has too many files open"});
    } else {
      return Unexpected(accepted.error());
    }
  }
  return Done{};
}

void Server::admit(Env& env, std::unique_ptr<Stream> stream) {
  const Address peer = stream->peer();
  if (metrics_) ++metrics_->connections_accepted;
  if (const auto refused = limits_.admit(peer.host)) {
    return note_end(env, text_of(peer), {*refused, fmt::format("{} are open", limits_.open())});
  }
  if (metrics_) ++metrics_->connections_open;
  // A fiber's body is copied, a stream cannot be.
  auto shared = std::make_shared<std::unique_ptr<Stream>>(std::move(stream));
  connections_.spawn(env, "connection-" + text_of(peer), [this, shared, peer](Env& fiber) {
    const auto own = std::move(*shared);
    RequestMemory::Share memory(memory_);
    const auto end = serve(fiber, *own, memory);
    memory.give_back(fiber);
    limits_.leave(peer.host);
    if (metrics_) --metrics_->connections_open;
    note_end(fiber, text_of(peer), end);
  });
}

void Server::close_connections(Env& env) {
  connections_.cancel(env);
  connections_.wait_until_empty(env);
}

// ---- A connection ------------------------------------------------------------------------------

Server::End Server::serve(Env& env, Stream& stream, RequestMemory::Share& memory) {
  wire::FrameReader reader(stream,
                           {.max_size = static_cast<std::size_t>(config_.socket_request_max_bytes),
                            .part_time = frame_part_time},
                           &memory);
  while (true) {
    const auto frame = reader.read(env, env.now() + config_.connections_max_idle.value_or(longest_duration));
    if (!frame) return end_of(env, stream, reader, frame.error());
    if (auto end = answer(env, stream, *frame)) return *std::move(end);
    memory.give_back(env);
  }
}

std::optional<Server::End> Server::answer(Env& env, Stream& stream, const Slice& frame) {
  constexpr std::size_t length_size = 4;
  if (metrics_) metrics_->bytes_received += length_size + frame.size();
  auto request = api::parse_request(frame);
  if (!request) return End{CloseReason::malformed_header, std::string(request.error())};
  const RequestContext context{
      .header = std::move(request->header), .peer = stream.peer(), .metrics = metrics_};
  const Instant begun = metrics_ ? env.now() : Instant{};
  auto reply = dispatch_(env, context, request->body);
  if (reply.kind == Reply::Kind::close) return End{reply.reason, std::move(reply.why)};
  if (reply.kind == Reply::Kind::respond) {
    if (auto end = write(env, stream, std::move(reply.frame))) return end;
  }
  if (metrics_) {
    const auto key = static_cast<api::ApiKey>(context.header.api_key);
    ++metrics_->requests[{key, context.header.api_version}];
    metrics_->latencies[key].add(env.now() - begun);
  }
  return std::nullopt;
}

std::optional<Server::End> Server::write(Env& env, Stream& stream, Rope frame) {
  const std::size_t size = frame.size();
  auto written = stream.write(env, frame, at_once);
  if (!written && written.error() == IoError::timed_out) {
    const Instant deadline = env.now() + config_.connections_max_idle.value_or(longest_duration);
    written = stream.write(env, std::move(frame), deadline);
  }
  if (written) {
    if (metrics_) metrics_->bytes_sent += size;
    return std::nullopt;
  }
  switch (written.error()) {
    case IoError::timed_out: return End{CloseReason::slow_reader, "responses are not read"};
    case IoError::cancelled: return End{CloseReason::shutdown, ""};
    default: return End{CloseReason::reset, ""};
  }
}

Server::End Server::end_of(Env& env, Stream& stream, const wire::FrameReader& reader,
                           wire::FrameError error) {
  using wire::FrameError;
  switch (error) {
    case FrameError::ended:
      // Half-closed: what it asked for it may still read.
      if (!stream.drain(env, at_once)) {
        (void)stream.drain(env, env.now() + config_.connections_max_idle.value_or(longest_duration));
      }
      return {CloseReason::peer_closed, ""};
    case FrameError::cut_short: return {CloseReason::truncated_frame, "closed inside a frame"};
    case FrameError::timed_out: return {CloseReason::idle, ""};
    case FrameError::too_slow: return {CloseReason::slow_request, "a frame does not go on"};
    case FrameError::cancelled: return {CloseReason::shutdown, ""};
    case FrameError::broken: return {CloseReason::reset, ""};
    case FrameError::bad_length: break;
  }
  const auto announced = reader.announced();
  if (const auto foreign = foreign_protocol(announced)) {
    return {*foreign, "this port speaks Kafka's protocol in plaintext"};
  }
  return {announced < 0 ? CloseReason::negative_frame_length : CloseReason::oversized_frame,
          fmt::format("a frame of {} bytes, of {} at most", announced,
                      config_.socket_request_max_bytes)};
}

void Server::note_end(Host& host, const std::string& peer, const End& end) {
  if (metrics_) metrics_->closed(end.reason);
  if (!is_refusal(end.reason)) return;
  host.emit(ConnectionRefused{.peer = peer, .reason = end.reason, .detail = end.detail});
}

}  // namespace brokersim::broker
