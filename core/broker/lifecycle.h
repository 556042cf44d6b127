// A broker's life as the controller sees it: it registers, then sends heartbeats, and is fenced
// when it stops doing so (KIP-631).
//
//   starting ─ register ─▶ fenced ─ heartbeat, caught up ─▶ running ─ stop ─▶ controlled shutdown
//      └─ not registered within initial.broker.registration.timeout.ms ─▶ given up
#pragma once

#include <optional>

#include "core/api/error_code.h"
#include "core/broker/config.h"
#include "core/broker/controller_link.h"
#include "core/env.h"
#include "core/signal.h"

namespace brokersim::broker {

class Lifecycle {
 public:
  Lifecycle(const NodeConfig& config, const QuorumNode& quorum, Uuid incarnation_id,
            BrokerEpoch previous_epoch)
      : config_(config),
        controller_(config, quorum, "heartbeat"),
        incarnation_id_(incarnation_id),
        previous_epoch_(previous_epoch) {}

  // Registers, repeating until the controller accepts, and sends heartbeats until cancelled or
  // until the controller lets us shut down. Ends, too, if the first registration takes longer than
  // initial.broker.registration.timeout.ms; one that is made anew may take any time, as in Kafka.
  void run(Env& env);

  // The metadata offset up to which this broker has applied the log; sent with each heartbeat.
  void applied_metadata(Host& host, Offset offset);
  // Asks for a controlled shutdown (KIP-500); run() ends when it is granted.
  void begin_shutdown(Host& host);

  bool is_registered() const { return epoch_ != no_broker_epoch; }
  BrokerEpoch epoch() const { return epoch_; }
  // Of the latest registration that we know of: ours, or, as long as there is none, that of the
  // life before, if it ended in order. What the next life is to say of this one.
  BrokerEpoch latest_epoch() const { return is_registered() ? epoch_ : previous_epoch_; }
  bool is_fenced() const { return is_fenced_; }
  bool may_shut_down() const { return may_shut_down_; }
  // Notified when the registration is accepted, fencing changes, or the shutdown is granted.
  Signal& changed() { return changed_; }
  // It could not register in time: the node is to end.
  bool has_given_up() const { return has_given_up_; }
  Signal& gave_up() { return gave_up_; }  // Notified when that is so.

 private:
  bool register_once(Env& env);
  // Not registered by then, it gives up. Counted from the first attempt.
  bool is_too_late(Host& host, Instant now);
  bool heartbeat_once(Env& env);
  // After one that was sent and answered at these times, and has not let us shut down.
  Instant next_heartbeat(Instant answered, Instant sent);
  // Something that the controller waits for: unfencing and shutting down must not take a heartbeat
  // interval more than they need.
  bool has_news() const;

  const NodeConfig& config_;
  ControllerLink controller_;
  Uuid incarnation_id_;
  BrokerEpoch previous_epoch_;
  BrokerEpoch epoch_ = no_broker_epoch;
  Offset applied_offset_ = -1;
  bool is_fenced_ = true;
  Offset told_offset_ = -1;                             // In the last heartbeat.
  api::ErrorCode refused_with_ = api::ErrorCode::none;  // The latest request to register.
  bool wants_shutdown_ = false;
  bool told_shutdown_ = false;
  bool is_refused_leave_ = false;  // Told so once: what we lead is still to be handed over.
  bool may_shut_down_ = false;
  std::optional<Instant> register_until_;
  bool has_given_up_ = false;
  Signal gave_up_;
  Signal changed_;
  Signal hurry_;  // Something to tell before the next heartbeat is due.
};

}  // namespace brokersim::broker
