// Calls to the active controller, whichever node that is at the moment.
#pragma once

#include <map>
#include <memory>

#include "core/broker/config.h"
#include "core/broker/quorum.h"
#include "core/env.h"
#include "core/wire/channel.h"

namespace brokersim::broker {

class ControllerLink {
 public:
  // `purpose` names the connections in logs ("heartbeat", "forward").
  ControllerLink(const NodeConfig& config, const QuorumNode& quorum, std::string purpose)
      : config_(config), quorum_(quorum), purpose_(std::move(purpose)) {}

  // One attempt. Unreachable if the active controller is not known; the caller backs off.
  template <wire::Message Request>
  wire::CallResult<typename Request::Response> call(Env& env, const Request& request,
                                                    std::int16_t version, Instant deadline) {
    // Outlives a change of the address.
    const auto channel = channel_to(quorum_.leader());
    if (!channel) return Unexpected(wire::CallError::unreachable);
    return channel->call(env, request, version, deadline);
  }

 private:
  std::shared_ptr<wire::Channel> channel_to(NodeId controller);

  const NodeConfig& config_;
  const QuorumNode& quorum_;
  std::string purpose_;
  std::map<NodeId, std::shared_ptr<wire::Channel>> channels_;
};

}  // namespace brokersim::broker
