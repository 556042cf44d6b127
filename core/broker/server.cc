#include "core/broker/server.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "core/api/all.h"
#include "core/broker/foreign_protocol.h"

namespace brokersim::broker {
namespace {

// Of a request that has begun. Slow links keep to it; a peer that sends a byte a minute to keep its
// place does not.
constexpr wire::Pace request_pace{.time = 30s, .bytes = 64 * 1024};

// Once others wait for the memory, a peer that sends a request or takes a response more slowly has
// to go.
constexpr wire::Pace short_pace{.time = 2s, .bytes = 16 * 1024};

// Already past: a call with this deadline does what can be done at once.
constexpr Instant at_once{};

}  // namespace

IoResult<Done> Server::run(Env& env) {
  TRY(const auto listener, env.listen(config_.listener.port));
  while (!env.is_cancelled()) {
    auto accepted = listener->accept(env);
    if (accepted) {
      admit(env, *std::move(accepted));
    } else if (accepted.error() == IoError::exhausted) {
      if (metrics_) ++metrics_->connections_accepted;
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
  limits_.change(config_.max_connections, config_.max_connections_per_ip,
                 config_.max_connections_per_ip_overrides);
  if (const auto refused = limits_.admit(peer.host)) {
    return note_end(env, text_of(peer), {*refused, fmt::format("{} are open", limits_.open())});
  }
  if (metrics_) ++metrics_->connections_open;
  // A fiber's body is copied, a stream cannot be.
  auto shared = std::make_shared<std::unique_ptr<Stream>>(std::move(stream));
  connections_.spawn(env, "connection-" + text_of(peer), [this, shared, peer](Env& fiber) {
    const auto own = std::move(*shared);
    Memory memory(memory_, responses_);
    const auto end = serve(fiber, *own, memory);
    memory.request.give_back(fiber);
    memory.response.hold(fiber, 0);
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

Instant Server::idle_until(Env& env) const {
  return config_.connections_max_idle ? env.now() + *config_.connections_max_idle : never;
}

Server::End Server::serve(Env& env, Stream& stream, Memory& memory) {
  wire::FrameReader reader(stream,
                           {.max_size = static_cast<std::size_t>(config_.socket_request_max_bytes),
                            .pace = request_pace,
                            .short_pace = short_pace},
                           &memory.request);
  while (true) {
    auto frame = reader.read(env, idle_until(env));
    if (!frame) return end_of(reader, frame.error());
    if (auto end = answer(env, stream, memory, *std::move(frame))) return *std::move(end);
    memory.request.give_back(env);
  }
}

// The request's bytes are the handler's alone, who may let them go before it is done.
std::optional<Server::End> Server::answer(Env& env, Stream& stream, Memory& memory, Slice frame) {
  constexpr std::size_t length_size = 4;
  if (metrics_) metrics_->bytes_received += length_size + frame.size();
  auto request = api::parse_request(frame);
  frame = {};
  if (!request) return End{CloseReason::malformed_header, std::string(request.error())};
  const RequestContext context{.header = std::move(request->header),
                               .peer = stream.peer(),
                               .metrics = metrics_,
                               .room = &memory.response,
                               .held = &memory.request};
  const auto key = static_cast<api::ApiKey>(context.header.api_key);
  const Instant begun = metrics_ ? env.now() : Instant{};
  if (outgrows_its_request(key) && !memory.response.wait_for_room(env)) {
    return End{CloseReason::shutdown, ""};
  }
  auto reply = dispatch_(env, context, std::move(request->body));
  if (reply.kind == Reply::Kind::close) return End{reply.reason, std::move(reply.why)};
  // However long its peer takes to read it.
  if (metrics_) {
    ++metrics_->requests[{key, context.header.api_version}];
    metrics_->latencies[key].add(env.now() - begun);
  }
  if (reply.kind == Reply::Kind::stay_silent) return std::nullopt;
  return send(env, stream, memory.response, reply.frame);
}

std::optional<Server::End> Server::send(Env& env, Stream& stream, ResponseMemory::Share& room,
                                        const Rope& frame) {
  room.hold(env, frame.size());
  auto sent = wait_for_reader(env, stream, room,
                              [&](Instant until) { return stream.write(env, frame, until); });
  if (sent) {
    if (metrics_) metrics_->bytes_sent += frame.size();
    sent =
        wait_for_reader(env, stream, room, [&](Instant until) { return stream.drain(env, until); });
  }
  room.hold(env, 0);
  if (sent) return std::nullopt;
  switch (sent.error()) {
    case IoError::timed_out: return End{CloseReason::slow_reader, "responses are not read"};
    case IoError::cancelled: return End{CloseReason::shutdown, ""};
    default: return End{CloseReason::reset, ""};
  }
}

IoResult<Done> Server::wait_for_reader(Env& env, const Stream& stream, ResponseMemory::Share& room,
                                       const std::function<IoResult<Done>(Instant)>& step) {
  auto sent = step(at_once);
  std::size_t left = stream.queued();
  Instant idle_ends{};
  while (!sent && sent.error() == IoError::timed_out) {
    if (idle_ends == Instant{}) idle_ends = idle_until(env);
    sent = step(std::min(idle_ends, env.now() + short_pace.time));
    const std::size_t still = stream.queued();
    if (still != left) room.hold(env, still);
    if (left - still >= short_pace.bytes) {
      left = still;
      idle_ends = Instant{};
    } else if (responses_.is_short() || env.now() >= idle_ends) {
      break;
    }
  }
  return sent;
}

Server::End Server::end_of(const wire::FrameReader& reader, wire::FrameError error) const {
  using wire::FrameError;
  switch (error) {
    case FrameError::ended: return {CloseReason::peer_closed, ""};
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
