// Requests that clients send to any broker and only the active controller answers (KIP-590).
//
//   client ── CreateTopics ─▶ broker ── Envelope{CreateTopics} ─▶ active controller
//   client ◀──── answer ───── broker ◀──── Envelope{answer} ─────
//
// Where the controller is, is not the client's business: what reaches a node that is not, or no
// longer, active comes back as the Envelope's NOT_CONTROLLER, and the broker tries again. As in
// Kafka it also tries again after a broken connection; if the request was carried out and only the
// answer lost, the client then learns that its new topic exists already.
#pragma once

#include <functional>
#include <map>
#include <utility>

#include "core/api/all.h"
#include "core/api/envelope.h"
#include "core/broker/controller_link.h"
#include "core/broker/refusals.h"
#include "core/broker/server.h"
#include "core/env.h"
#include "core/wire/frame.h"

namespace brokersim::broker {

// A frame without its length, which is how a message stands in an Envelope.
Bytes enveloped(const Rope& frame);

// What the controller answers for clients, by their APIs.
class ForwardedRequests {
 public:
  // `handler(env, request, version)` returns the response, or the error that stands for having
  // none: NOT_CONTROLLER, REQUEST_TIMED_OUT.
  template <wire::Message Request, class Handler>
  void serve(Handler handler) {
    const auto key = static_cast<api::ApiKey>(Request::description.key);
    rows_[key] = [handler = std::move(handler)](Env& env, const wire::RequestHeader& header,
                                                const Slice& body) -> Answered {
      const auto version = header.api_version;
      const auto request = wire::decode<Request>(body, version);
      if (!request) return Unexpected(api::ErrorCode::invalid_request);
      const auto response = handler(env, *request, version);
      if (!response) return Unexpected(response.error());
      if (!wire::fits(*response, version)) {
        return Unexpected(api::ErrorCode::unknown_server_error);
      }
      return enveloped(wire::response_frame(header.correlation_id, *response, version));
    };
  }

  api::EnvelopeResponse open(Env& env, const api::EnvelopeRequest& envelope) const;

 private:
  using Answered = Expected<Bytes, api::ErrorCode>;
  using Row = std::function<Answered(Env&, const wire::RequestHeader&, const Slice&)>;

  std::map<api::ApiKey, Row> rows_;
};

// How long a client's request is worth trying: what it says itself, and a little for the way.
template <wire::Message Request>
Duration patience_for(const Request& request) {
  if constexpr (requires { request.timeout_ms; }) {
    return Duration(1ms) * request.timeout_ms + 1s;
  } else {
    return 31s;  // The default of the clients' request.timeout.ms.
  }
}

// One attempt. Any error but that of a controller which could not commit in time says to try again.
template <wire::Message Request>
Expected<typename Request::Response, api::ErrorCode> forward_once(Env& env,
                                                                  ControllerLink& controller,
                                                                  const RequestContext& client,
                                                                  const Request& request,
                                                                  Instant deadline) {
  constexpr std::int16_t envelope_version = 0;
  const api::EnvelopeRequest envelope{
      .request_data = enveloped(wire::request_frame(client.header, request)),
      .client_host_address = bytes_of(client.peer.host)};
  auto answer = controller.call(env, envelope, envelope_version, deadline);
  if (!answer) return Unexpected(api::ErrorCode::not_controller);
  if (answer->error_code != api::ErrorCode::none) return Unexpected(answer->error_code);
  using Response = typename Request::Response;
  const auto version = client.header.api_version;
  const auto frame = wire::parse_response_to<Response>(
      Slice(answer->response_data ? *std::move(answer->response_data) : Bytes()), version);
  if (!frame) return Unexpected(api::ErrorCode::unknown_server_error);
  auto response = wire::decode<Response>(frame->body, version);
  if (!response) return Unexpected(api::ErrorCode::unknown_server_error);
  return *std::move(response);
}

// Tries until the active controller has answered or the client's patience is over: it then gets
// REQUEST_TIMED_OUT, in the form of its request. Cancelled likewise.
template <wire::Message Request>
typename Request::Response forward(Env& env, ControllerLink& controller,
                                   const RequestContext& client, const Request& request,
                                   Duration retry_backoff) {
  const Instant deadline = env.now() + patience_for(request);
  while (true) {
    auto response = forward_once(env, controller, client, request, deadline);
    if (response) return *std::move(response);
    if (response.error() != api::ErrorCode::not_controller)
      return refusal_of(request, client.header.api_version, response.error());
    if (env.now() >= deadline || !env.sleep(retry_backoff)) {
      return refusal_of(request, client.header.api_version, api::ErrorCode::request_timed_out);
    }
  }
}

}  // namespace brokersim::broker
