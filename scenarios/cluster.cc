#include "scenarios/cluster.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "core/broker/format.h"
#include "core/broker/node.h"
#include "core/group/records.h"
#include "core/transaction/records.h"
#include "scenarios/bugs.h"
#include "sim/random.h"

namespace brokersim::scenarios {
namespace {

constexpr std::int32_t first_client = 1000;
constexpr std::int32_t client_ids = 9000;
// What a supervisor waits before it starts a node again that ended by itself: RestartSec.
constexpr Duration restart_after = 5s;

std::vector<broker::Voter> voters_of(const Plan& plan) {
  std::vector<broker::Voter> voters;
  for (std::int32_t i = 0; i < plan.cluster.controllers; ++i) {
    voters.push_back({NodeId(first_controller + i), {fmt::format("controller-{}", i + 1), 9093}});
  }
  return voters;
}

std::vector<NodeId> ids_of_controllers(const std::vector<broker::NodeConfig>& nodes) {
  std::vector<NodeId> ids;
  for (const auto& node : nodes) {
    if (node.is_controller) ids.push_back(node.node_id);
  }
  return ids;
}

raft::VoterSet initial_voters_of(const Plan& plan, const std::vector<broker::NodeConfig>& nodes) {
  std::vector<raft::Voter> voters;
  for (const auto& node : nodes) {
    if (!node.is_controller) continue;
    if (static_cast<std::int32_t>(voters.size()) == voters_at_first(plan.cluster)) break;
    voters.push_back(
        {replica_of(node.node_id),
         {{std::string(raft::quorum_listener), node.listener.host, node.listener.port}},
         {}});
  }
  return raft::VoterSet(std::move(voters));
}

}  // namespace

std::int32_t voters_at_first(const Cluster& cluster) {
  return cluster.voters > 0 ? std::min(cluster.voters, cluster.controllers) : cluster.controllers;
}

raft::ReplicaKey replica_of(NodeId node) {
  Uuid directory{'d', 'i', 's', 'k'};
  for (std::size_t i = 0; i < 4; ++i) {
    directory[12 + i] = static_cast<std::uint8_t>(node.value >> (24 - 8 * i));
  }
  return {node, directory};
}

std::string rack_of(const Cluster& cluster, std::int32_t number) {
  if (cluster.racks == 0) return {};
  return fmt::format("rack-{}", (number - 1) % cluster.racks + 1);
}

Expected<std::vector<broker::NodeConfig>, std::string> node_configs(const Plan& plan) {
  broker::NodeConfig common;
  TRY(common.rules, rules_with(plan.bugs));
  common.rules.transactions.last_epoch = plan.cluster.last_producer_epoch;
  common.cluster_id = "brokersim-cluster-0000";
  common.voters = voters_of(plan);
  // Clients ask for auto-creation as Kafka's do; it is the brokers that decline. Topics come from
  // the admin with the plan's settings, and must not be made first with others. A plan may say
  // otherwise.
  common.auto_create_topics_enable = false;
  for (const auto& [name, value] : plan.cluster.settings) {
    TRY([[maybe_unused]] const Done done, broker::set(common, name, value));
  }
  TRY([[maybe_unused]] const Done checked, broker::check(common));
  const auto controllers = std::exchange(common.voters, {});
  if (common.kraft_version < raft::reconfigurable) {
    common.voters = controllers;
  } else {
    for (const auto& controller : controllers) {
      common.bootstrap_servers.push_back(controller.address);
    }
  }
  // A plan that was shrunk to fewer brokers has groups and transactions all the same.
  broker::limit_copies(common, plan.cluster.brokers);
  std::vector<broker::NodeConfig> nodes;
  for (const auto& voter : controllers) {
    auto& node = nodes.emplace_back(common);
    node.rack = rack_of(plan.cluster, voter.id.value - first_controller + 1);
    node.node_id = voter.id;
    node.listener = voter.address;
    node.is_broker = false;
    node.is_controller = true;
  }
  for (std::int32_t i = 1; i <= plan.cluster.brokers; ++i) {
    auto& node = nodes.emplace_back(common);
    node.node_id = NodeId(i);
    node.rack = rack_of(plan.cluster, i);
    node.listener = {fmt::format("broker-{}", i), 9092};
  }
  return nodes;
}

SimulatedCluster::SimulatedCluster(const Plan& plan, std::vector<broker::NodeConfig> nodes)
    : world_(plan.seed),
      nodes_(std::move(nodes)),
      initial_voters_(initial_voters_of(plan, nodes_)),
      has_directories_(nodes_.front().kraft_version >= raft::reconfigurable ||
                       plan.cluster.features.contains(std::string(raft::kraft_version_feature))),
      metadata_tap_(world_.recorder(), ids_of_controllers(nodes_),
                    {.configs = nodes_.front().topic_defaults}, initial_voters_.ids()),
      wire_tap_(
          world_.recorder(), [this](const Uuid& id) { return name_of_topic(id); },
          [this]() -> const controller::Image& { return metadata_tap_.image(); }),
      transaction_log_tap_(world_.recorder()),
      group_log_tap_(world_.recorder(), [this](const Uuid& id) { return name_of_topic(id); }),
      disk_tap_(
          world_.recorder(), &metadata_tap_,
          [this](NodeId node) { return world_.find(node)->clock().latest(); },
          [this](const std::string& topic) { return metadata_tap_.was_removed(topic); }),
      snapshot_tap_(world_.recorder(), metadata_tap_) {
  disk_tap_.tell_of(transaction::state_topic, transaction_log_tap_);
  disk_tap_.tell_of(group::offsets_topic, group_log_tap_);
  for (const auto& node : nodes_) {
    auto& machine = world_.add_machine(node.listener.host, node.node_id);
    machine.disk().observe(disk_tap_);
    machine.disk().observe(snapshot_tap_);
    if (node.is_broker) brokers_.push_back(node.listener);
  }
  world_.network().observe(wire_tap_);
  world_.recorder().listen([this](const Event& event) { observe(event); });
}

std::string SimulatedCluster::name_of_topic(const Uuid& id) const {
  const auto* topic = metadata_tap_.image().find_topic(id);
  return topic ? topic->name : std::string();
}

properties::TrialConfig SimulatedCluster::trial_config() const {
  return {.producer_id_expiration = nodes_.front().producer_id_expiration,
          .quorum_voters = initial_voters_.ids(),
          .quorum_fetch_timeout = nodes_.front().quorum_fetch_timeout,
          .transaction_cleanup_interval = nodes_.front().transaction.abort_check_interval,
          .offsets_retention = nodes_.front().group.offsets_retention,
          .registration_timeout = nodes_.front().initial_broker_registration_timeout};
}

void SimulatedCluster::watch_messages(sim::MessageTap::Listener listener) {
  message_tap_.emplace(
      world_.recorder(), [this](const Uuid& id) { return name_of_topic(id); }, std::move(listener));
  world_.network().observe(*message_tap_);
}

void SimulatedCluster::finish_messages() {
  if (message_tap_) message_tap_->finish();
}

void SimulatedCluster::observe(const Event& event) {
  if (const auto* announced = std::get_if<QuorumLeaderAnnounced>(&event.body)) {
    if (announced->epoch < quorum_epoch_) return;
    quorum_epoch_ = announced->epoch;
    active_controller_ = event.node;
  } else if (const auto* stopped = std::get_if<NodeStopped>(&event.body)) {
    if (stopped->how == NodeStopped::How::shutdown) supervise(event.node);
  }
}

void SimulatedCluster::supervise(NodeId id) {
  const bool is_node = std::any_of(nodes_.begin(), nodes_.end(),
                                   [&](const auto& node) { return node.node_id == id; });
  if (!is_node) return;
  auto* machine = world_.find(id);
  const auto starts = machine->starts();
  const auto key = sim::Random(world_.seed(), "supervisor").draw(id.value, starts);
  world_.scheduler().call_at(world_.now() + restart_after, key, [this, machine, starts] {
    // Whoever asked it to end starts it again, when it is time.
    const bool is_as_left = machine->starts() == starts && !machine->was_asked_to_end();
    if (is_as_left) world_.restart(*machine);
  });
}

void SimulatedCluster::start_nodes() {
  for (const auto& node : nodes_) {
    world_.start(*world_.find(node.node_id), [this, &node](Env& env) { run_node(env, node); });
  }
}

void SimulatedCluster::run_node(Env& env, const broker::NodeConfig& node) const {
  if (has_directories_ && !broker::is_formatted(env)) {
    const auto key = replica_of(node.node_id);
    broker::Formatting formatting{node.cluster_id, key.id, key.directory, std::nullopt};
    const bool is_told_voters = node.kraft_version >= raft::reconfigurable;
    if (is_told_voters && initial_voters_.contains(key)) {
      formatting.initial_voters = initial_voters_;
    }
    if (!broker::format_directory(env, formatting)) return;
  }
  (void)broker::run_node(env, node);
}

// Its id depends on the name alone, so that the draws of one client do not depend on the others.
void SimulatedCluster::start_client(const std::string& name, sim::Machine::Program program) {
  auto id = sim::Random(0, "client").draw(name) % client_ids;
  while (world_.find(NodeId(first_client + static_cast<std::int32_t>(id)))) {
    id = (id + 1) % client_ids;
  }
  auto& machine = world_.add_machine(name, NodeId(first_client + static_cast<std::int32_t>(id)));
  world_.start(machine, std::move(program));
}

void SimulatedCluster::restart_nodes() {
  for (const auto& machine : world_.machines()) world_.resume(*machine);
  for (const auto& node : nodes_) world_.restart(*world_.find(node.node_id));
}

std::vector<sim::Machine*> SimulatedCluster::machine_of(NodeId node) {
  auto* machine = world_.find(node);
  if (machine == nullptr) return {};
  return {machine};
}

// The partition of `topic` in which the records of a group, or of a transactional id, are.
std::optional<TopicPartition> SimulatedCluster::coordinating(std::string_view topic,
                                                             std::string_view key) {
  const auto* known = metadata().find_topic(std::string(topic));
  if (known == nullptr) return std::nullopt;
  const auto count = static_cast<std::int32_t>(known->partitions.size());
  return TopicPartition{std::string(topic), coordination::partition_of(key, count)};
}

std::vector<sim::Machine*> SimulatedCluster::resolve(std::string_view target) {
  if (target == "controller") return machine_of(active_controller_);
  const auto colon = target.find(':');
  if (colon == std::string_view::npos) {
    auto* machine = world_.find(target);
    return machine ? std::vector{machine} : std::vector<sim::Machine*>{};
  }
  const auto role = target.substr(0, colon);
  const auto key = target.substr(colon + 1);
  const auto name = role == "coordinator" ? coordinating(group::offsets_topic, key)
                    : role == "transaction_coordinator"
                        ? coordinating(transaction::state_topic, key)
                        : parse_partition(key);
  const auto* partition = name ? metadata().find_partition(*name) : nullptr;
  if (partition == nullptr) return {};
  if (role != "follower") return machine_of(partition->leader);
  for (const NodeId replica : partition->replicas) {
    if (replica != partition->leader) return machine_of(replica);
  }
  return {};
}

}  // namespace brokersim::scenarios
