#include "core/broker/forwarding.h"

namespace brokersim::broker {

using api::ErrorCode;

Bytes enveloped(const Rope& frame) {
  constexpr std::size_t length_size = 4;
  return frame.sub(length_size, frame.size() - length_size).flat();
}

api::EnvelopeResponse ForwardedRequests::open(Env& env,
                                              const api::EnvelopeRequest& envelope) const {
  const auto fail = [](ErrorCode error) { return api::EnvelopeResponse{.error_code = error}; };
  const auto inner = api::parse_request(Slice::copy_of(envelope.request_data));
  if (!inner) return fail(ErrorCode::invalid_request);
  const auto row = rows_.find(static_cast<api::ApiKey>(inner->header.api_key));
  if (row == rows_.end()) return fail(ErrorCode::invalid_request);
  const auto* api = api::find_api(inner->header.api_key);
  if (!api->versions.has(inner->header.api_version)) return fail(ErrorCode::unsupported_version);
  auto answered = row->second(env, inner->header, inner->body);
  if (!answered) return fail(answered.error());
  return {.response_data = *std::move(answered)};
}

}  // namespace brokersim::broker
