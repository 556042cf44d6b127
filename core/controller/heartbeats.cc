#include "core/controller/heartbeats.h"

#include <algorithm>

#include "core/base/assert.h"

namespace brokersim::controller {

namespace {

BrokerState after_fenced(const HeartbeatFacts& facts) {
  if (facts.wants_shut_down) return BrokerState::shutdown_now;
  if (!facts.wants_fence && facts.has_caught_up) return BrokerState::unfenced;
  return BrokerState::fenced;
}

BrokerState after_unfenced(const HeartbeatFacts& facts) {
  if (facts.wants_fence) {
    return facts.wants_shut_down ? BrokerState::shutdown_now : BrokerState::fenced;
  }
  if (!facts.wants_shut_down) return BrokerState::unfenced;
  return facts.has_leaderships ? BrokerState::controlled_shutdown : BrokerState::shutdown_now;
}

BrokerState after_controlled_shutdown(const HeartbeatFacts& facts) {
  const bool is_done = !facts.has_leaderships && facts.all_know_of_shutdown;
  return is_done ? BrokerState::shutdown_now : BrokerState::controlled_shutdown;
}

}  // namespace

BrokerState next_state(const HeartbeatFacts& facts) {
  switch (facts.current) {
    case BrokerState::fenced: return after_fenced(facts);
    case BrokerState::unfenced: return after_unfenced(facts);
    case BrokerState::controlled_shutdown: return after_controlled_shutdown(facts);
    case BrokerState::shutdown_now: break;
  }
  return BrokerState::shutdown_now;
}

void Sessions::touch(NodeId broker, BrokerEpoch epoch, Instant now) {
  auto& session = sessions_[broker];
  if (session.epoch != epoch) session = {.epoch = epoch};
  session.last_contact = now;
}

void Sessions::metadata_reached(NodeId broker, Offset offset) {
  const auto found = sessions_.find(broker);
  if (found != sessions_.end()) found->second.metadata_offset = offset;
}

void Sessions::forget(NodeId broker) { sessions_.erase(broker); }

bool Sessions::is_live(NodeId broker, BrokerEpoch epoch, Instant now) const {
  const auto found = sessions_.find(broker);
  if (found == sessions_.end() || found->second.epoch != epoch) return false;
  return now < found->second.last_contact + timeout_;
}

std::optional<NodeId> Sessions::expired(Instant now) const {
  std::optional<NodeId> first;
  Instant since = now - timeout_;
  for (const auto& [broker, session] : sessions_) {
    if (session.last_contact > since || (first && session.last_contact == since)) continue;
    first = broker;
    since = session.last_contact;
  }
  return first;
}

Instant Sessions::last_contact(NodeId broker) const {
  const auto found = sessions_.find(broker);
  REQUIRE(found != sessions_.end(), broker);
  return found->second.last_contact;
}

Instant Sessions::next_expiry() const {
  auto next = never;
  for (const auto& [broker, session] : sessions_) {
    next = std::min(next, session.last_contact + timeout_);
  }
  return next;
}

Offset Sessions::metadata_offset(NodeId broker) const {
  const auto found = sessions_.find(broker);
  return found == sessions_.end() ? -1 : found->second.metadata_offset;
}

}  // namespace brokersim::controller
