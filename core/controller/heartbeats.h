// Which brokers are alive: sessions renewed by heartbeats, and the states a heartbeat moves a
// broker through (KIP-631).
//
//             metadata caught up               wants to shut down
//   FENCED ──────────────────────▶ UNFENCED ─────────────────────▶ CONTROLLED_SHUTDOWN
//      ▲  ◀──────────────────────      │  leads nothing                    │ leads nothing,
//      │     session timed out         ▼                                   ▼ and all know
//      └── wants to shut down ───▶ SHUTDOWN_NOW ◀───────────────────── SHUTDOWN_NOW
//
// All of it is memory of the active controller: a new one starts every unfenced broker afresh.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "core/base/ids.h"
#include "core/base/time.h"

namespace brokersim::controller {

enum class BrokerState : std::uint8_t { fenced, unfenced, controlled_shutdown, shutdown_now };

struct HeartbeatFacts {
  BrokerState current = BrokerState::fenced;
  bool wants_fence = false;
  bool wants_shut_down = false;
  bool has_leaderships = false;
  bool has_caught_up = false;         // Has applied its own registration (KAFKA-13959).
  bool all_know_of_shutdown = false;  // Every active broker has applied what took it out.
};

BrokerState next_state(const HeartbeatFacts& facts);

// Kept in the order in which they end, and those of active brokers in the order of what they have
// applied: no question looks at every session, since each heartbeat asks.
class Sessions {
 public:
  explicit Sessions(Duration timeout) : timeout_(timeout) {}

  // A sign of life of this incarnation; forgets any earlier one.
  void touch(NodeId broker, BrokerEpoch epoch, Instant now);
  // These two change nothing where the broker has no session.
  void metadata_reached(NodeId broker, Offset offset);
  void set_active(NodeId broker, bool is_active);  // As Broker::is_active says; at first it is not.
  void forget(NodeId broker);

  bool is_live(NodeId broker, BrokerEpoch epoch, Instant now) const;
  // The broker whose session ended first, if one has by `now`; ties go to the lowest id.
  std::optional<NodeId> expired(Instant now) const;
  // Requires that the broker has a session.
  Instant last_contact(NodeId broker) const;
  Instant next_expiry() const;  // `never` if there is no session.

  // Up to where the broker has applied the metadata, as far as it said; -1 if it did not.
  Offset metadata_offset(NodeId broker) const;
  // The lowest of those of active brokers; the highest there can be if no broker is active.
  Offset lowest_active_metadata_offset() const;

 private:
  struct Session {
    BrokerEpoch epoch;
    Instant last_contact;
    Offset metadata_offset = -1;
    bool is_active = false;
  };

  Duration timeout_;
  std::map<NodeId, Session> sessions_;
  std::set<std::pair<Instant, NodeId>> by_last_contact_;
  std::set<std::pair<Offset, NodeId>> active_by_metadata_offset_;
};

}  // namespace brokersim::controller
