// Channel: a client's side of one connection at a time to one peer. Requests go out, responses come
// back in order; several may be under way at once (pipelining).
//
//   Channel broker({"broker-1", 9092}, "replica-fetcher-2");
//   auto answer = broker.call(env, api::VoteRequest{…}, 1, env.now() + 2s);
//
// Connects on the first call and again after a failure. A call that times out closes the
// connection, because what would come on it later answers another question (as Kafka's clients do).
// There is no reader fiber: whoever waits longest reads for all.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/env.h"
#include "core/signal.h"
#include "core/wire/frame.h"
#include "core/wire/schema.h"

namespace brokersim::wire {

enum class CallError : std::uint8_t {
  unreachable,   // No connection: the request was certainly not sent.
  disconnected,  // The connection broke: the peer may have carried it out.
  timed_out,     // No answer by the deadline: likewise.
  malformed,     // The answer is no such message; the connection is closed.
  cancelled,     // The waiting fiber was cancelled.
};
std::string_view name_of(CallError error);

template <class T>
using CallResult = Expected<T, CallError>;

// As Kafka's clients and fetchers take answers: they were asked for, and a batch that a leader has
// taken in has to reach its followers. Memory is taken only as they come.
inline constexpr FrameLimits of_any_size{.max_size = std::numeric_limits<std::int32_t>::max()};

class Channel {
 public:
  Channel(Address peer, std::string client_id, FrameLimits limits = of_any_size)
      : peer_(std::move(peer)), client_id_(std::move(client_id)), limits_(limits) {}
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  const Address& peer() const { return peer_; }

  template <Message Request>
  CallResult<typename Request::Response> call(Env& env, const Request& request,
                                              std::int16_t version, Instant deadline) {
    using Response = typename Request::Response;
    const auto correlation = next_correlation_++;
    auto frame = exchange(env, correlation, frame_of(request, version, correlation), deadline);
    if (!frame) return Unexpected(frame.error());
    const auto parsed = parse_response_to<Response>(*frame, version);
    if (!parsed) {
      close();
      return Unexpected(CallError::malformed);
    }
    auto response = decode<Response>(parsed->body, version);
    if (!response) {
      close();
      return Unexpected(CallError::malformed);
    }
    return *std::move(response);
  }

  // A request that has no response: Produce with acks=0. Success says it was handed to the network.
  template <Message Request>
  CallResult<Done> send(Env& env, const Request& request, std::int16_t version, Instant deadline) {
    return write(env, frame_of(request, version, next_correlation_++), deadline);
  }

  // Calls under way end with `disconnected`.
  void close();

 private:
  // One connection's life; calls on it keep it alive after the channel has moved on.
  struct Connection;

  template <Message Request>
  Rope frame_of(const Request& request, std::int16_t version, std::int32_t correlation) const {
    return request_frame(RequestHeader{.api_key = Request::description.key,
                                       .api_version = version,
                                       .correlation_id = correlation,
                                       .client_id = client_id_},
                         request);
  }

  CallResult<std::shared_ptr<Connection>> connection(Env& env, Instant deadline);
  CallResult<Done> write(Env& env, Rope frame, Instant deadline);
  // The response's frame.
  CallResult<Slice> exchange(Env& env, std::int32_t correlation, Rope frame, Instant deadline);

  Address peer_;
  std::string client_id_;
  const FrameLimits limits_;
  std::int32_t next_correlation_ = 0;
  std::shared_ptr<Connection> connection_;
  bool is_connecting_ = false;
  Signal connected_;
};

}  // namespace brokersim::wire
