#include "core/broker/dispatch.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <vector>

namespace brokersim::broker {

using api::ErrorCode;

namespace {

// KIP-511: letters and digits, with dots and dashes between them.
bool is_software_name(std::string_view name) {
  const auto is_alnum = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  return !name.empty() && is_alnum(name.front()) && is_alnum(name.back()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return is_alnum(c) || c == '.' || c == '-'; });
}

}  // namespace

Reply DispatchTable::operator()(Env& env, const RequestContext& context, Slice body) const {
  const auto key = static_cast<api::ApiKey>(context.header.api_key);
  if (key == api::ApiKey::api_versions) return answer_api_versions(context, body);
  const auto row = rows_.find(key);
  if (row == rows_.end()) {
    return {.kind = Reply::Kind::close,
            .why = fmt::format("API {} is not served here", context.header.api_key),
            .reason = CloseReason::unknown_api};
  }
  const auto* api = api::find_api(context.header.api_key);
  if (!api->versions.has(context.header.api_version)) {
    return {.kind = Reply::Kind::close,
            .why = fmt::format("{} v{} is not served, only v{} to v{}", api->name,
                               context.header.api_version, api->versions.first, api->versions.last),
            .reason = CloseReason::unsupported_version};
  }
  return row->second(env, context, std::move(body));
}

Reply DispatchTable::answer_api_versions(const RequestContext& context, const Slice& body) const {
  std::vector<api::ApiKey> keys = {api::ApiKey::api_versions};
  for (const auto& [key, row] : rows_) keys.push_back(key);
  std::sort(keys.begin(), keys.end());
  api::ApiVersionsResponse response;
  const auto version = context.header.api_version;
  if (!api::ApiVersionsRequest::description.versions.has(version)) {
    // The one error a client must be able to read whatever it speaks: in version 0.
    response.error_code = ErrorCode::unsupported_version;
    const api::ApiKey own[] = {api::ApiKey::api_versions};
    response.api_keys = api::version_ranges(own);
    auto in_version_0 = context;
    in_version_0.header.api_version = 0;
    return reply_with(in_version_0, response);
  }
  const auto request = wire::decode<api::ApiVersionsRequest>(body, version);
  if (!request) {
    return {.kind = Reply::Kind::close,
            .why = fmt::format("malformed ApiVersions v{}: {}", version, request.error()),
            .reason = CloseReason::malformed_body};
  }
  const bool is_named = version < 3 || (is_software_name(request->client_software_name) &&
                                        is_software_name(request->client_software_version));
  response.error_code = is_named ? ErrorCode::none : ErrorCode::invalid_request;
  if (is_named) response.api_keys = api::version_ranges(keys);
  if (is_named && describe_features_) describe_features_(version, response);
  return reply_with(context, response);
}

}  // namespace brokersim::broker
