// Which request goes where: decodes it for its handler and encodes the response.
#pragma once

#include <map>
#include <utility>

#include <fmt/format.h>

#include "core/api/all.h"
#include "core/broker/server.h"
#include "core/wire/frame.h"

namespace brokersim::broker {

class DispatchTable {
 public:
  // `handler(env, context, request)` returns the response, or an Answer.
  template <wire::Message Request, class Handler>
  void serve(Handler handler) {
    const auto key = static_cast<api::ApiKey>(Request::description.key);
    rows_[key] = [handler = std::move(handler)](Env& env, const RequestContext& context,
                                                Slice body) -> Reply {
      const auto version = context.header.api_version;
      auto request = wire::decode<Request>(std::exchange(body, {}), version);
      if (!request) {
        return {.kind = Reply::Kind::close,
                .why = fmt::format("malformed {} v{}: {}",
                                   name_of(static_cast<api::ApiKey>(Request::description.key)),
                                   version, request.error()),
                .reason = CloseReason::malformed_body};
      }
      return reply_with(context, handler(env, context, *std::move(request)));
    };
  }

  // Completes each answer to ApiVersions, of a version, by what it says of features (KIP-584).
  using DescribeFeatures = std::function<void(std::int16_t, api::ApiVersionsResponse&)>;
  void describe_features_by(DescribeFeatures describe) { describe_features_ = std::move(describe); }

  // Answers ApiVersions from the rows; refuses what is not served in that version.
  Reply operator()(Env& env, const RequestContext& context, Slice body) const;

 private:
  using Row = std::function<Reply(Env&, const RequestContext&, Slice)>;

  template <class Response>
  static Reply reply_with(const RequestContext& context, const Response& response) {
    if (context.metrics) {
      context.metrics->answered(static_cast<api::ApiKey>(context.header.api_key),
                                *wire::info_of<Response>(), &response);
    }
    const auto version = context.header.api_version;
    if (!wire::fits(response, version)) {
      return {.kind = Reply::Kind::close,
              .why = fmt::format("the answer to {} v{} has a text that is too long for it",
                                 name_of(api::ApiKey{context.header.api_key}), version)};
    }
    return {.frame = wire::response_frame(context.header.correlation_id, response, version)};
  }
  template <class Response>
  static Reply reply_with(const RequestContext& context, const Answer<Response>& answer) {
    if (!answer) return {.kind = Reply::Kind::close, .why = answer.error()};
    if (!*answer) return {.kind = Reply::Kind::stay_silent};
    return reply_with(context, **answer);
  }

  Reply answer_api_versions(const RequestContext& context, const Slice& body) const;

  std::map<api::ApiKey, Row> rows_;
  DescribeFeatures describe_features_;
};

}  // namespace brokersim::broker
