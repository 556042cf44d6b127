#include "core/controller/heartbeats.h"

#include <limits>
#include <utility>

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

namespace {

// In place, since every heartbeat does it.
template <class Ordered, class Value>
void move_entry(Ordered& ordered, const Value& from, const Value& to) {
  auto entry = ordered.extract(from);
  entry.value() = to;
  ordered.insert(std::move(entry));
}

}  // namespace

void Sessions::touch(NodeId broker, BrokerEpoch epoch, Instant now) {
  const auto found = sessions_.find(broker);
  if (found == sessions_.end() || found->second.epoch != epoch) {
    forget(broker);
    sessions_.emplace(broker, Session{.epoch = epoch, .last_contact = now});
    by_last_contact_.emplace(now, broker);
    return;
  }
  auto& last = found->second.last_contact;
  if (last != now) move_entry(by_last_contact_, std::pair(last, broker), std::pair(now, broker));
  last = now;
}

void Sessions::metadata_reached(NodeId broker, Offset offset) {
  const auto found = sessions_.find(broker);
  if (found == sessions_.end()) return;
  auto& [epoch, last_contact, reached, is_active] = found->second;
  if (is_active && reached != offset) {
    move_entry(active_by_metadata_offset_, std::pair(reached, broker), std::pair(offset, broker));
  }
  reached = offset;
}

void Sessions::set_active(NodeId broker, bool is_active) {
  const auto found = sessions_.find(broker);
  if (found == sessions_.end() || found->second.is_active == is_active) return;
  found->second.is_active = is_active;
  const std::pair entry(found->second.metadata_offset, broker);
  if (is_active) {
    active_by_metadata_offset_.insert(entry);
  } else {
    active_by_metadata_offset_.erase(entry);
  }
}

void Sessions::forget(NodeId broker) {
  const auto found = sessions_.find(broker);
  if (found == sessions_.end()) return;
  set_active(broker, false);
  by_last_contact_.erase({found->second.last_contact, broker});
  sessions_.erase(found);
}

bool Sessions::is_live(NodeId broker, BrokerEpoch epoch, Instant now) const {
  const auto found = sessions_.find(broker);
  if (found == sessions_.end() || found->second.epoch != epoch) return false;
  return now < found->second.last_contact + timeout_;
}

std::optional<NodeId> Sessions::expired(Instant now) const {
  if (by_last_contact_.empty()) return std::nullopt;
  const auto& [last_contact, broker] = *by_last_contact_.begin();
  return last_contact > now - timeout_ ? std::nullopt : std::optional(broker);
}

Instant Sessions::last_contact(NodeId broker) const {
  const auto found = sessions_.find(broker);
  REQUIRE(found != sessions_.end(), broker);
  return found->second.last_contact;
}

Instant Sessions::next_expiry() const {
  return by_last_contact_.empty() ? never : by_last_contact_.begin()->first + timeout_;
}

Offset Sessions::metadata_offset(NodeId broker) const {
  const auto found = sessions_.find(broker);
  return found == sessions_.end() ? -1 : found->second.metadata_offset;
}

Offset Sessions::lowest_active_metadata_offset() const {
  const auto& active = active_by_metadata_offset_;
  return active.empty() ? std::numeric_limits<Offset>::max() : active.begin()->first;
}

}  // namespace brokersim::controller
