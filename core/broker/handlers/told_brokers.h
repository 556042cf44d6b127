// Brokers as clients are told of them: in metadata, as coordinators, and, by whoever does not lead
// a partition, as those who do (KIP-951). Each listens once, so there is no listener to choose by.
#pragma once

#include <algorithm>
#include <vector>

#include "core/controller/image.h"

namespace brokersim::broker::handlers {

// Null of one that nobody could reach.
inline const controller::Endpoint* told_endpoint(const controller::Broker& broker) {
  return broker.is_fenced || broker.endpoints.empty() ? nullptr : &broker.endpoints.front();
}

// Whom clients may ask as they would the controller, which they may not reach: any broker forwards
// what is for it (KIP-590). Kafka names any that lives, at random; of none do we know as surely as
// of the one that answers, `here`. no_node if nobody could be reached.
inline NodeId told_controller(const controller::Image& image, NodeId here) {
  const auto* self = image.find_broker(here);
  if (self && told_endpoint(*self)) return here;
  const auto& brokers = image.brokers();
  const auto other = std::find_if(brokers.begin(), brokers.end(), [](const auto& one) {
    return told_endpoint(one.second) != nullptr;
  });
  return other == brokers.end() ? no_node : other->first;
}

// Adds where `leader` is, unless that has been said. Nothing is added of one that cannot be
// reached: then clients learn from metadata whom to ask.
template <class NodeEndpoint>
void tell_of_leader(const controller::Image& image, NodeId leader,
                    std::vector<NodeEndpoint>& endpoints) {
  const auto* node = image.find_broker(leader);
  const auto* endpoint = node ? told_endpoint(*node) : nullptr;
  const bool is_known = std::any_of(endpoints.begin(), endpoints.end(),
                                    [&](const auto& one) { return one.node_id == leader; });
  if (!endpoint || is_known) return;
  endpoints.push_back(
      {.node_id = leader, .host = endpoint->host, .port = endpoint->port, .rack = node->rack});
}

}  // namespace brokersim::broker::handlers
