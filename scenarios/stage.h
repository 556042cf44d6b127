// Where a story happens: a real simulated cluster that moves only when a step says so.
//
//   verb ─► Stage ─► sim::World, sim::Faults, StoryClients
//     ▲        │
//     └ lines ◄┴─ facts: what happened since the last telling, of the subjects asked for
//
// The clock of a story is at zero when its setting stands: when the cluster is up and its first
// topics are there. A story without a cluster can only make one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "properties/incarnations.h"
#include "properties/ledger.h"
#include "properties/verdict.h"
#include "scenarios/cluster.h"
#include "scenarios/story_clients.h"
#include "scenarios/story_facts.h"
#include "scenarios/story_frames.h"
#include "scenarios/transcript.h"
#include "sim/fault.h"

namespace brokersim::scenarios {

// Something to be lost on its way: the next frames that fit.
struct Loss {
  std::string api;  // "Produce"
  bool is_reply = false;
  std::string from;  // Machines; empty: any.
  std::string to;
  std::int64_t count = 1;
};

// Who was last elected to lead the controllers' quorum.
struct Quorum {
  NodeId leader = no_node;
  LeaderEpoch epoch = no_epoch;
};

class Stage {
 public:
  explicit Stage(const Plan& plan, std::vector<broker::NodeConfig> nodes, Subjects told);
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  sim::World& world() { return cluster_.world(); }
  SimulatedCluster& cluster() { return cluster_; }
  StoryClients& clients() { return clients_; }
  const properties::Ledger& ledger() const { return ledger_; }
  const std::vector<Event>& events() const { return events_; }
  const Quorum& quorum() const { return quorum_; }
  const std::vector<NodeId>& brokers() const { return brokers_; }
  const std::vector<NodeId>& controllers() const { return controllers_; }

  // ---- Time ----

  Instant now() { return world().now(); }
  Instant zero() const { return zero_; }
  // The setting stands: forget what led to it.
  void begin();
  // False once a step other than the setting's has run.
  bool is_setting() const { return is_setting_; }
  void end_setting() { is_setting_ = false; }
  void run_for(Duration duration) { world().run_until(now() + duration); }
  bool run_until(const std::function<bool()>& condition, Duration within) {
    return world().run_until(condition, now() + within);
  }
  // Runs a job of the admin's to its end.
  void administrate(StoryClients::AdminJob job);

  // ---- Facts ----

  const Subjects& told() const { return told_; }
  // What happened since the last telling, of these subjects.
  std::string tell(const Subjects& subjects);
  // All that fits from `since` on, told or not.
  std::string recall(const std::function<bool(const Fact&)>& fits) const;

  // ---- Faults ----

  // Machines by short name, "controller", "leader:orders-0" or "follower:orders-0"; null if there
  // is none of that name.
  sim::Machine* find(std::string_view name);
  std::vector<std::string> machine_names() const;  // Short ones.
  // Begins a fault that lasts until it is lifted, or for so long. Targets and peers are machines.
  void inject(sim::Fault fault);
  // Lifts those that fit; returns how many there were.
  std::size_t lift(const std::function<bool(const sim::Fault&)>& fits);
  void lose(Loss loss) { losses_.push_back(std::move(loss)); }

  // What the properties find in the run so far.
  properties::Verdict judge();

 private:
  void observe(const Event& event);
  void on_frame(const Frame& frame);
  void lose_if_meant(const Frame& frame);

  SimulatedCluster cluster_;
  properties::Ledger ledger_;
  properties::Incarnations incarnations_{ledger_};
  std::vector<Event> events_;
  Quorum quorum_;
  std::vector<Fact> facts_;
  std::size_t told_facts_ = 0;  // How many of them were told, or kept silent about.
  Subjects told_;
  Instant zero_;
  bool is_setting_ = true;
  StoryFrames frames_;
  StoryClients clients_;
  sim::Faults faults_;
  std::map<std::int32_t, sim::Fault> lasting_;
  std::int32_t last_fault_ = 0;
  std::vector<Loss> losses_;
  std::vector<NodeId> brokers_;
  std::vector<NodeId> controllers_;
};

}  // namespace brokersim::scenarios
