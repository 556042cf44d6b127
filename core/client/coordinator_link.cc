#include "core/client/coordinator_link.h"

#include <algorithm>
#include <iterator>

#include "core/api/find_coordinator.h"
#include "core/client/versions.h"

namespace brokersim::client {

std::shared_ptr<wire::Channel> CoordinatorLink::channel(Env& env, Instant deadline) {
  if (channel_) return channel_;
  const bool must_refresh = is_silent_ || cluster_.view().brokers().empty();
  if (must_refresh) is_silent_ = !cluster_.refresh(env, deadline);
  const auto& brokers = cluster_.view().brokers();
  if (brokers.empty()) return nullptr;
  auto at = brokers.begin();
  std::advance(at, static_cast<std::ptrdiff_t>(lookups_++ % brokers.size()));
  const auto asked = cluster_.channel_to(at->first);
  api::FindCoordinatorRequest request;
  request.key_type = static_cast<std::int8_t>(kind_);
  request.coordinator_keys = {key_};
  const auto until = std::min(deadline, env.now() + cluster_.config().request_timeout);
  const auto response = asked->call(env, request, find_coordinator_version, until);
  if (!response) {
    is_silent_ = true;
    return nullptr;
  }
  if (response->coordinators.empty()) return nullptr;
  const auto& found = response->coordinators.front();
  if (found.error_code != api::ErrorCode::none) return nullptr;
  if (channel_) return channel_;  // Another fiber found it meanwhile.
  channel_ = std::make_shared<wire::Channel>(
      Address{found.host, static_cast<std::uint16_t>(found.port)}, cluster_.config().client_id);
  return channel_;
}

void CoordinatorLink::forget() {
  if (channel_) channel_->close();
  channel_.reset();
}

}  // namespace brokersim::client
