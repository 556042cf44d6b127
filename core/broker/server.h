// A node's listener: one fiber per connection, which reads a request, has it answered, writes the
// response, and only then reads the next (so that responses keep the order of their requests).
//
// What cannot be answered in Kafka's terms ends the connection: a frame that is too long or too
// short, an API or version we do not have (ApiVersions excepted, KIP-511), a body that does not
// parse. Each is said in an event.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "core/base/expected.h"
#include "core/broker/config.h"
#include "core/broker/fiber_group.h"
#include "core/env.h"
#include "core/wire/frame.h"

namespace brokersim::broker {

// Who asks, and in which version: what a handler may need beside the request.
struct RequestContext {
  wire::RequestHeader header;
  Address peer;
};

// What becomes of a request: a response frame; no response, as for acks=0; or the connection ends.
struct Reply {
  enum class Kind : std::uint8_t { respond, stay_silent, close };
  Kind kind = Kind::respond;
  Rope frame;
  std::string why;  // Of close.
};

// What a handler says where a response is not all it may say: no response, or, as the error, why
// the connection has to end.
template <class Response>
using Answer = Expected<std::optional<Response>, std::string>;

// Answers one request; may suspend.
using Dispatch = std::function<Reply(Env& env, const RequestContext& context, const Slice& body)>;

class Server {
 public:
  Server(const NodeConfig& config, Dispatch dispatch)
      : config_(config), dispatch_(std::move(dispatch)) {}

  // Accepts connections until cancelled. The error says why the port cannot be had.
  IoResult<Done> run(Env& env);
  // Ends the connections, requests on them unanswered; waits until they have.
  void close_connections(Env& env);

 private:
  void serve(Env& env, std::unique_ptr<Stream> stream);
  void refuse(Host& host, const Stream& stream, std::string_view why);

  const NodeConfig& config_;
  Dispatch dispatch_;
  FiberGroup connections_;
};

}  // namespace brokersim::broker
