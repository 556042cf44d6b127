#include "core/broker/controller_link.h"

#include <fmt/format.h>

namespace brokersim::broker {

std::shared_ptr<wire::Channel> ControllerLink::channel_to(NodeId controller) {
  const auto address = quorum_.address_of(controller);
  if (!address) return nullptr;
  auto& channel = channels_[controller];
  if (!channel || channel->peer() != *address) {
    channel = std::make_shared<wire::Channel>(
        *address, fmt::format("broker-{}-{}", config_.node_id, purpose_));
  }
  return channel;
}

}  // namespace brokersim::broker
