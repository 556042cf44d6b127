// A node's listener: one fiber per connection, which reads a request, has it answered, writes the
// response, and only then reads the next (so that responses keep the order of their requests).
//
// What cannot be answered in Kafka's terms ends the connection: a frame that is too long or too
// short, an API or version we do not have (ApiVersions excepted, KIP-511), a body that does not
// parse. So does a peer that takes too much: of time (a frame that does not go on, a response that
// is not read, nothing at all for connections.max.idle.ms) or of connections. As in Kafka, the next
// request is read once the response has left for the kernel, so that no more than one is kept for a
// peer. Memory is bounded by waiting (request_memory.h, response_memory.h). Each end has a
// CloseReason, which is counted; refusals are said in an event.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/close_reason.h"
#include "core/base/expected.h"
#include "core/broker/config.h"
#include "core/broker/connection_limits.h"
#include "core/broker/fiber_group.h"
#include "core/broker/metrics.h"
#include "core/broker/request_memory.h"
#include "core/broker/response_memory.h"
#include "core/env.h"
#include "core/wire/frame.h"

namespace brokersim::broker {

// Who asks, and in which version: what a handler may need beside the request.
struct RequestContext {
  wire::RequestHeader header;
  Address peer;
  NodeMetrics* metrics = nullptr;  // Null if nobody counts.
  // For answers of which a handler decides how large they are; null if there is no bound.
  ResponseMemory::Share* room = nullptr;
  // What the request takes. Whoever needs it no more, and waits for others, gives it back: what he
  // waits for may need it. Null if there is no bound.
  RequestMemory::Share* held = nullptr;

  // He forgets the request, and does that.
  template <class Request>
  void let_go(Host& host, Request& request) const {
    request = Request{};
    if (held) held->give_back(host);
  }
};

// What becomes of a request: a response frame; no response, as for acks=0; or the connection ends.
struct Reply {
  enum class Kind : std::uint8_t { respond, stay_silent, close };
  Kind kind = Kind::respond;
  Rope frame;
  std::string why;  // Of close.
  CloseReason reason = CloseReason::unanswerable_error;
};

// What a handler says where a response is not all it may say: no response, or, as the error, why
// the connection has to end.
template <class Response>
using Answer = Expected<std::optional<Response>, std::string>;

// Answers one request; may suspend.
using Dispatch = std::function<Reply(Env& env, const RequestContext& context, Slice body)>;

class Server {
 public:
  // `metrics` outlives this.
  Server(const NodeConfig& config, Dispatch dispatch, NodeMetrics* metrics = nullptr)
      : config_(config),
        dispatch_(std::move(dispatch)),
        metrics_(metrics),
        limits_(config.max_connections, config.max_connections_per_ip,
                config.max_connections_per_ip_overrides),
        memory_(config.queued_max_request_bytes),
        responses_(config.queued_max_request_bytes) {}

  // Accepts connections until cancelled. The error says why the port cannot be had.
  IoResult<Done> run(Env& env);
  // Ends the connections, requests on them unanswered; waits until they have.
  void close_connections(Env& env);
  const ResponseMemory& responses() const { return responses_; }

 private:
  // How a connection ended, and for people what was wrong.
  struct End {
    CloseReason reason;
    std::string detail;
  };

  void admit(Env& env, std::unique_ptr<Stream> stream);
  // What stands between a connection and the bounds of the node.
  struct Memory {
    Memory(RequestMemory& requests, ResponseMemory& responses)
        : request(requests), response(responses) {}
    RequestMemory::Share request;
    ResponseMemory::Share response;
  };

  End serve(Env& env, Stream& stream, Memory& memory);
  std::optional<End> answer(Env& env, Stream& stream, Memory& memory, Slice frame);
  std::optional<End> send(Env& env, Stream& stream, ResponseMemory::Share& room, const Rope& frame);
  // Repeats `step`, which sends something until it is told to stop, as long as the peer may take.
  IoResult<Done> wait_for_reader(Env& env, const Stream& stream, ResponseMemory::Share& room,
                                 const std::function<IoResult<Done>(Instant)>& step);
  Instant idle_until(Env& env) const;
  End end_of(const wire::FrameReader& reader, wire::FrameError error) const;
  void note_end(Host& host, const std::string& peer, const End& end);

  const NodeConfig& config_;
  Dispatch dispatch_;
  NodeMetrics* metrics_;
  ConnectionLimits limits_;
  RequestMemory memory_;
  ResponseMemory responses_;
  FiberGroup connections_;
};

}  // namespace brokersim::broker
