// The machines of a plan in a world of their own: controllers, brokers and clients, with taps that
// witness what is true on the wire, on the disks and in the metadata.
//
//   controller-1 …  node 101 …     broker-1 …  node 1 …     clients: nodes from 1000 on, by name
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/rules.h"
#include "core/broker/config.h"
#include "core/controller/image.h"
#include "core/raft/voter_set.h"
#include "properties/all.h"
#include "scenarios/plan.h"
#include "sim/group_log_tap.h"
#include "sim/message_tap.h"
#include "sim/metadata_tap.h"
#include "sim/snapshot_tap.h"
#include "sim/transaction_log_tap.h"
#include "sim/wire_tap.h"
#include "sim/world.h"

namespace brokersim::scenarios {

// The configuration of every node, or what is wrong with the plan's settings or bugs.
Expected<std::vector<broker::NodeConfig>, std::string> node_configs(const Plan& plan);

// Of controller-1; the others follow.
inline constexpr std::int32_t first_controller = 101;
// The replica of the metadata that a node has, where it is formatted: kraft.version 1.
raft::ReplicaKey replica_of(NodeId node);

class SimulatedCluster {
 public:
  // Nothing runs yet.
  SimulatedCluster(const Plan& plan, std::vector<broker::NodeConfig> nodes);
  SimulatedCluster(const SimulatedCluster&) = delete;
  SimulatedCluster& operator=(const SimulatedCluster&) = delete;

  sim::World& world() { return world_; }
  const std::vector<broker::NodeConfig>& nodes() const { return nodes_; }
  // What properties have to know of it; the rest is the run's.
  properties::TrialConfig trial_config() const;
  // bootstrap.servers
  const std::vector<Address>& brokers() const { return brokers_; }
  // The cluster's committed metadata.
  const controller::Image& metadata() const { return metadata_tap_.image(); }

  // Tells of every message from now on. Call it before anything runs, and `finish_messages` when
  // nothing runs any more: it tells of those that are still under way.
  void watch_messages(sim::MessageTap::Listener listener);
  void finish_messages();

  // Each formats its directory first if it has to be and is not (KIP-853).
  void start_nodes();
  void start_client(const std::string& name, sim::Machine::Program program);
  // Resumes and restarts whatever node does not run. Clients that have ended stay so.
  void restart_nodes();

  // The machines that a plan's target stands for at present: a name, "leader:my-topic-0",
  // "follower:my-topic-0" (one of them), "controller" (the active one), "coordinator:my-group",
  // "transaction_coordinator:my-id". None if there is none.
  std::vector<sim::Machine*> resolve(std::string_view target);

 private:
  void run_node(Env& env, const broker::NodeConfig& node) const;
  void observe(const Event& event);
  std::string name_of_topic(const Uuid& id) const;
  // A node that ends by itself, as one with a broken disk does, is started again after a while.
  void supervise(NodeId id);
  std::vector<sim::Machine*> machine_of(NodeId node);
  std::optional<TopicPartition> coordinating(std::string_view topic, std::string_view key);

  sim::World world_;
  const std::vector<broker::NodeConfig> nodes_;
  const raft::VoterSet initial_voters_;
  const bool has_directories_;  // That tell replicas apart: voters may change, now or later.
  std::vector<Address> brokers_;
  sim::MetadataTap metadata_tap_;
  sim::WireTap wire_tap_;
  sim::TransactionLogTap transaction_log_tap_;
  sim::GroupLogTap group_log_tap_;
  sim::DiskTap disk_tap_;
  sim::SnapshotTap snapshot_tap_;
  std::optional<sim::MessageTap> message_tap_;
  NodeId active_controller_ = no_node;
  LeaderEpoch quorum_epoch_ = no_epoch;
};

}  // namespace brokersim::scenarios
