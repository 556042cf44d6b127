// BS-E01: a node runs until somebody ends it, or its disk fails: it does not end because of what
// others tell it (KAFKA-12181). But for a broker that cannot register (KIP-631).
#include <map>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/failed_disks.h"
#include "properties/ledger.h"

namespace brokersim::properties {

namespace {

class UnaskedEnds final : public Property {
 public:
  UnaskedEnds(const std::vector<NodeId>& voters, Duration registration_timeout)
      : controllers_(voters.begin(), voters.end()), registration_timeout_(registration_timeout) {}

  std::string_view id() const override { return "BS-E01"; }
  std::string_view name() const override { return "a node ends by itself"; }
  std::string_view explanation() const override {
    return "A broker or controller runs until somebody asks it to end, its process is killed, or "
           "its machine loses power. Whatever others tell it, it goes on: a controller that would "
           "have to take back what is committed ends, but only where another promise is broken. "
           "One whose disk has failed or was full, be it in an earlier life, may end, as Kafka "
           "does when its last directory is gone; and so may a broker that was not registered "
           "within initial.broker.registration.timeout.ms, as long as it has not served in this "
           "life. Clients end when they have nothing more to do.";
  }
  Needs needs() const override { return Need::disk | Need::metadata; }
  Kinds listens_to() const override {
    return Kinds::of<FaultBegan, NodeStarted, NodeStopped, QuorumRoleChanged, BrokerCommitted>();
  }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* fault = std::get_if<FaultBegan>(&e.body)) {
      if (fault->what == "restart") asked_.insert(fault->targets.begin(), fault->targets.end());
      failed_.note(*fault);
    } else if (std::holds_alternative<NodeStarted>(e.body)) {
      asked_.erase(e.node);
      lives_[e.node] = {e.id, e.at, epochs_.try_emplace(e.node, no_broker_epoch).first->second};
    } else if (const auto* broker = std::get_if<BrokerCommitted>(&e.body)) {
      controllers_.erase(broker->broker);
      epochs_[broker->broker] = broker->broker_epoch;
      Life& life = lives_[broker->broker];
      // A heartbeat of an earlier life may come as late as that.
      if (!broker->is_fenced && broker->broker_epoch != life.earlier) life.has_served = true;
    } else if (std::holds_alternative<QuorumRoleChanged>(e.body)) {
      nodes_.insert(e.node);
    } else if (const auto* stopped = std::get_if<NodeStopped>(&e.body)) {
      if (stopped->how == NodeStopped::How::shutdown) on_end(e, judge);
    }
  }

 private:
  struct Life {
    EventId began;
    Instant at;
    BrokerEpoch earlier = no_broker_epoch;  // As whom the broker was last registered before.
    bool has_served = false;  // As a broker that is not fenced, which knows that it is registered.
  };

  void on_end(const Event& e, Judge& judge) {
    if (!nodes_.contains(e.node) || asked_.contains(e.node) || failed_.has(e.node)) return;
    const Life& life = lives_[e.node];
    const bool may_have_given_up = !life.has_served && !controllers_.contains(e.node);
    if (may_have_given_up && e.at - life.at >= registration_timeout_) return;
    judge.report({std::string(id()),
                  "ended_unasked",
                  fmt::format("{} ends, though nobody asked it to and its disk is in order.",
                              judge.ledger().name_of(e.node)),
                  {life.began, e.id},
                  {},
                  {}});
  }

  std::set<NodeId> controllers_;  // That are no brokers.
  Duration registration_timeout_;
  std::set<NodeId> nodes_;  // Brokers and controllers: clients have no part in the quorum.
  std::set<NodeId> asked_;  // To end, in this life.
  FailedDisks failed_;
  std::map<NodeId, Life> lives_;
  std::map<NodeId, BrokerEpoch> epochs_;  // As whom brokers were last registered.
};

}  // namespace

std::unique_ptr<Property> unasked_ends(const std::vector<NodeId>& voters,
                                       Duration registration_timeout) {
  return std::make_unique<UnaskedEnds>(voters, registration_timeout);
}

}  // namespace brokersim::properties
