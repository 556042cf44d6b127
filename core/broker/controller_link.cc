#include "core/broker/controller_link.h"

#include <fmt/format.h>

namespace brokersim::broker {

wire::Channel* ControllerLink::channel_to(NodeId controller) {
  for (const auto& voter : config_.voters) {
    if (voter.id != controller) continue;
    auto& channel = channels_[controller];
    if (!channel) {
      channel = std::make_unique<wire::Channel>(
          voter.address, fmt::format("broker-{}-{}", config_.node_id, purpose_));
    }
    return channel.get();
  }
  return nullptr;
}

}  // namespace brokersim::broker
