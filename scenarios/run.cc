#include "scenarios/run.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <utility>

#include "core/controller/features.h"
#include "core/controller/topic_config.h"
#include "properties/convergence.h"
#include "properties/coordinated_transactions.h"
#include "properties/transactions.h"
#include "properties/trial.h"
#include "reports/summary.h"
#include "scenarios/cluster.h"
#include "scenarios/plan_members.h"
#include "scenarios/tally.h"
#include "scenarios/workload.h"

namespace brokersim::scenarios {
namespace {

// How often a run that has nothing left but to converge looks whether it has.
constexpr Duration look_every = 250ms;
// Long enough for an answer that is under way when everything looks done.
constexpr Duration least_quiet = 1s;

std::optional<sim::Trigger> to_sim(const When& when) {
  if (when.becomes.empty()) return std::nullopt;
  const bool is_transaction = !when.transaction.empty();
  return sim::Trigger{
      .of = is_transaction ? sim::Trigger::Of::transaction : sim::Trigger::Of::group,
      .name = is_transaction ? when.transaction : when.group,
      .becomes = when.becomes,
      .nth = when.nth,
      .after = when.after};
}

sim::Fault to_sim(const Fault& fault) {
  return {.kind = fault.kind,
          .at = Instant{fault.at},
          .when = to_sim(fault.when),
          .lasting = fault.lasting,
          .targets = fault.targets,
          .peers = fault.peers,
          .parameters = fault.parameters};
}

std::string text_of_cluster(const Plan& plan) {
  std::string text = fmt::format(
      "{} + {}", reports::counted(static_cast<std::size_t>(plan.cluster.brokers), "broker"),
      reports::counted(static_cast<std::size_t>(plan.cluster.controllers), "controller"));
  for (const auto& topic : plan.topics) {
    text += fmt::format(", {} with {} rf={}", topic.name,
                        reports::counted(static_cast<std::size_t>(topic.partitions), "partition"),
                        topic.replication_factor);
  }
  text += fmt::format(", {}, {}", reports::counted(plan.producers.size(), "producer"),
                      reports::counted(plan.consumers.size(), "consumer"));
  if (!plan.tasks.empty()) text += ", " + reports::counted(plan.tasks.size(), "task");
  return text;
}

// What one of them sends to a partition lies in the order of its sends (KIP-98): whatever is sent
// again is in its place, or nothing else is under way meanwhile.
std::set<std::string> ordered_producers(const Plan& plan) {
  std::set<std::string> names;
  for (const auto& producer : plan.producers) {
    const bool numbers = producer.enable_idempotence || !producer.transactional_id.empty();
    if (numbers || producer.max_in_flight == 1) names.insert(producer.name);
  }
  return names;
}

// That of the cluster while there are transactions: it is agreed on before, and nobody changes it.
std::int16_t transaction_version(const Plan& plan, const SimulatedCluster& cluster) {
  const std::string name(controller::transaction_version);
  if (const auto raised = plan.cluster.features.find(name); raised != plan.cluster.features.end()) {
    return raised->second;
  }
  const auto& formatted = cluster.nodes().front().features;
  const auto found = formatted.find(name);
  return found == formatted.end() ? std::int16_t{0} : found->second;
}

std::set<std::string> older_transactional_clients(const Plan& plan) {
  std::set<std::string> names;
  for (const auto& producer : plan.producers) {
    if (producer.transaction_protocol < 2) names.insert(producer.name);
  }
  for (const auto& task : plan.tasks) {
    if (task.transaction_protocol < 2) names.insert(task.name);
  }
  return names;
}

std::set<std::int32_t> first_sequences(const Plan& plan) {
  std::set<std::int32_t> sequences;
  for (const auto& producer : plan.producers) {
    const bool begins_elsewhere = producer.first_sequence != 0 && producer.enable_idempotence;
    if (begins_elsewhere && producer.transactional_id.empty()) {
      sequences.insert(producer.first_sequence);
    }
  }
  return sequences;
}

// The shortest that brokers ever have: it may be changed while they run.
Duration least_producer_id_expiration(const Plan& plan, Duration at_first) {
  Duration least = at_first;
  for (const auto& operation : plan.operations) {
    const auto changed = operation.configs.find("producer.id.expiration.ms");
    const bool is_of_brokers = operation.topic.empty() && changed != operation.configs.end();
    const auto ms = is_of_brokers ? controller::parse_number(changed->second) : std::nullopt;
    if (ms) least = std::min(least, *ms * Duration(1ms));
  }
  return least;
}

std::set<std::string> groups_that_begin_at_latest(const Plan& plan) {
  std::set<std::string> groups;
  for (const auto& consumer : plan.consumers) {
    const bool is_latest = consumer.auto_offset_reset == client::OffsetReset::latest;
    if (is_latest && !consumer.group.empty()) groups.insert(consumer.group);
  }
  return groups;
}

bool is_alone(const Plan& plan, const Consumer& member) {
  const bool is_one =
      std::none_of(plan.consumers.begin(), plan.consumers.end(), [&](const Consumer& other) {
        return other.name != member.name && other.group == member.group &&
               other.instance_id == member.instance_id;
      });
  return is_one && std::none_of(plan.operations.begin(), plan.operations.end(),
                                [&](const Operation& operation) {
                                  return operation.client == member.name &&
                                         operation.kind == Operation::Kind::leave;
                                });
}

std::vector<properties::StaticMember> static_members(const Plan& plan) {
  std::vector<properties::StaticMember> members;
  for (const auto& consumer : plan.consumers) {
    if (consumer.group.empty() || consumer.instance_id.empty()) continue;
    if (speaks(plan, consumer, client::GroupProtocol::consumer)) continue;
    members.push_back({.group = consumer.group,
                       .client = consumer.name,
                       .instance = consumer.instance_id,
                       .session_timeout = consumer.session_timeout,
                       .is_alone = is_alone(plan, consumer)});
  }
  return members;
}

properties::TrialConfig trial_config(const Plan& plan, const SimulatedCluster& cluster) {
  auto config = cluster.trial_config();
  config.producer_id_expiration = least_producer_id_expiration(plan, config.producer_id_expiration);
  config.convergence_bound = plan.converge_within;
  config.ordered_producers = ordered_producers(plan);
  config.transaction_version = transaction_version(plan, cluster);
  config.older_transactional_clients = older_transactional_clients(plan);
  config.last_producer_epoch = plan.cluster.last_producer_epoch;
  config.first_sequences = first_sequences(plan);
  config.groups_that_begin_at_latest = groups_that_begin_at_latest(plan);
  config.static_members = static_members(plan);
  return config;
}

// The parts of one run, and how it goes.
class Run {
 public:
  Run(const Plan& plan, const RunOptions& options, std::vector<broker::NodeConfig> nodes,
      Inputs inputs)
      : plan_(plan),
        options_(options),
        inputs_(std::move(inputs)),
        cluster_(plan, std::move(nodes)),
        workload_(plan_, inputs_, cluster_),
        faults_(cluster_.world(),
                [this](const std::string& target) { return cluster_.resolve(target); }),
        trial_(trial_config(plan, cluster_)) {}

  RunResult go() {
    listen();
    cluster_.start_nodes();
    workload_.start();
    if (options_.crash_at) arm(*options_.crash_at);
    std::int32_t number = 0;
    for (const auto& fault : plan_.faults) faults_.inject(to_sim(fault), ++number);
    world().run_until(Instant{plan_.quiet_at});
    faults_.lift_all();
    cluster_.restart_nodes();
    workload_.restart();
    settle();
    cluster_.finish_messages();
    return result();
  }

 private:
  sim::World& world() { return cluster_.world(); }

  void listen() {
    auto& recorder = world().recorder();
    recorder.listen([this](const Event& event) {
      trial_.observe(event);
      elections_.observe(event);
      tally_.observe(event);
      note_lost_members(event);
      if (const auto* group = std::get_if<GroupStateChanged>(&event.body)) {
        groups_[group->group] = *group;
      }
      if (const auto* stored = std::get_if<TransactionStateStored>(&event.body)) {
        coordinated_.take(event, *stored, trial_.ledger());
      }
      if (options_.keeps_events) events_.push_back(event);
      if (options_.on_event) options_.on_event(event);
      if (options_.crash_at) restart_after_crash(*options_.crash_at, event);
    });
    if (options_.on_message) cluster_.watch_messages(options_.on_message);
    if (options_.watcher) {
      recorder.watch(options_.watch_first, options_.watch_last, options_.watcher);
    }
  }

  void arm(const CrashPoint& point) {
    if (auto* machine = world().find(point.machine)) {
      crashing_ = machine;
      world().crash_at_suspension(*machine, point.suspension);
    }
  }

  void restart_after_crash(const CrashPoint& point, const Event& event) {
    const auto* stopped = std::get_if<NodeStopped>(&event.body);
    const bool is_it = stopped && crashing_ && event.node == crashing_->node();
    if (!is_it || stopped->how != NodeStopped::How::crash) return;
    world().scheduler().call_at(world().now() + point.down_for, 0,
                                [this] { world().restart(*crashing_); });
  }

  bool has_settled() {
    return !workload_.unsent() && !workload_.unread(trial_.ledger()) &&
           !workload_.unprocessed(trial_.ledger()) && !workload_.unshared() &&
           transactions_.open(trial_.ledger()).empty() &&
           coordinated_.unfinished(trial_.ledger()).empty() &&
           !properties::first_unfinished(trial_.ledger(), world().now());
  }

  // Who reads what tasks make can be at the end of it only when they are.
  bool waits_for_groups_alone() {
    const bool has_read = !plan_.tasks.empty() || !workload_.unread(trial_.ledger(), false);
    return has_read && !workload_.unsent() &&
           !properties::first_unfinished(trial_.ledger(), world().now());
  }

  void wait_until_settled(Instant limit) {
    while (!has_settled() && world().now() < limit) {
      world().run_until(std::min(limit, world().now() + look_every));
    }
  }

  // Whose machine stopped said nothing to its group: it is missed when its session ends.
  void note_lost_members(const Event& event) {
    if (!std::holds_alternative<NodeStopped>(event.body)) return;
    for (const auto& machine : world().machines()) {
      const bool is_it = machine->node() == event.node;
      if (is_it && workload_.is_in_group(machine->name())) has_lost_members_ = true;
    }
  }

  Instant limit_of_groups() const {
    const auto patience = has_lost_members_ ? workload_.patience_of_groups() : Duration{};
    return Instant{plan_.quiet_at} + std::max(plan_.converge_within, patience);
  }

  // The cluster has its bound. Groups may need longer, if nothing else is wrong.
  void settle() {
    const Instant limit = Instant{plan_.quiet_at} + plan_.converge_within;
    world().run_until(std::min(limit, world().now() + least_quiet));
    wait_until_settled(limit);
    if (waits_for_groups_alone()) wait_until_settled(limit_of_groups());
  }

  std::string text_of_group(const std::string& name) const;
  client::Partitions endless_partitions();
  void judge_clients(properties::Verdict& verdict);
  std::map<std::string, std::int64_t> stats(const Upload& upload);
  RunResult result();

  const Plan plan_;
  const RunOptions& options_;
  const Inputs inputs_;
  SimulatedCluster cluster_;
  Workload workload_;
  sim::Faults faults_;
  properties::Trial trial_;
  properties::AllTransactions transactions_;
  properties::CoordinatedTransactions coordinated_;
  reports::Elections elections_;
  Tally tally_;
  std::map<std::string, GroupStateChanged> groups_;  // By name, as said last.
  bool has_lost_members_ = false;
  sim::Machine* crashing_ = nullptr;
  std::vector<Event> events_;
};

// ", and the group g is Stable in generation 3 with 2 members", as far as anybody has said so.
std::string Run::text_of_group(const std::string& name) const {
  const auto found = groups_.find(name);
  if (found == groups_.end()) return {};
  const auto& group = found->second;
  return fmt::format(", and the group {} is {} in generation {} with {}", name, group.state,
                     group.generation,
                     reports::counted(static_cast<std::size_t>(group.members), "member"));
}

// Who reads what is committed stays before a transaction that is open.
client::Partitions Run::endless_partitions() {
  client::Partitions endless;
  for (const auto& open : transactions_.open(trial_.ledger())) {
    if (open.may_stay_open()) endless.insert(open.partition->name);
  }
  return endless;
}

// BS-V01 as far as no event tells of it: the clients finish, too. Groups that may need longer than
// the cluster, which had no time left to wait for them, are not judged: the cluster is.
void Run::judge_clients(properties::Verdict& verdict) {
  if (world().now() < Instant{plan_.quiet_at} + plan_.converge_within) return;
  const Duration waited = world().now() - Instant{plan_.quiet_at};
  const auto report = [&](std::string kind, std::string_view what,
                          const std::optional<Waiting>& waiting) {
    if (!waiting) return;
    properties::Violation violation;
    violation.id = "BS-V01";
    violation.kind = std::move(kind);
    violation.message = fmt::format("{} ms after the last fault, {}: {}{}.", milliseconds(waited),
                                    what, waiting->what, text_of_group(waiting->group));
    violation.at = world().now();
    for (auto& finding : verdict.findings) {
      if (finding.id == violation.id) ++finding.violations;
    }
    verdict.violations.push_back(std::move(violation));
  };
  // Of transactions that their coordinators have lost with an excuse nobody knows how they end, and
  // whether: the markers of a coordinator that has forgotten epochs are refused.
  const bool has_lost_decisions = properties::has_lost_decisions(trial_.ledger());
  report("sends_unfinished", "producers have not finished sending",
         has_lost_decisions ? workload_.unsent_outside_transactions() : workload_.unsent());
  const bool has_waited_for_groups = world().now() >= limit_of_groups();
  if (has_waited_for_groups && workload_.can_share_all_within(waited)) {
    report("sharing_unfinished", "a group has not shared what there is", workload_.unshared());
  }
  if (has_lost_decisions) return;
  report("reads_unfinished", "a consumer is not at the end of its partitions",
         workload_.unread(trial_.ledger(), has_waited_for_groups, endless_partitions()));
  if (!has_waited_for_groups) return;
  report("processing_unfinished", "tasks have not made records of all there is",
         workload_.unprocessed(trial_.ledger(), endless_partitions()));
}

std::map<std::string, std::int64_t> Run::stats(const Upload& upload) {
  std::map<std::string, std::int64_t> stats = tally_.counts();
  const auto put = [&stats](const std::string& name, std::uint64_t value) {
    stats[name] = static_cast<std::int64_t>(value);
  };
  stats["runs_that_commit"] = stats["transactions_committed"] > 0 ? 1 : 0;
  put("dispatches", world().scheduler().counts().dispatches);
  put("callbacks", world().scheduler().counts().callbacks);
  put("hashed_items", world().recorder().items());
  put("connections", world().network().counters().connections);
  put("network_bytes", world().network().counters().bytes);
  stats["records_repeated"] = upload.repeated;
  stats["records_missing"] = upload.missing + upload.missing_weak + upload.missing_unasked;
  for (const auto& [kind, count] : faults_.counts()) {
    stats["fault." + kind] = count.begun;
    stats["fault." + kind + ".effective"] = count.effective;
  }
  return stats;
}

RunResult Run::result() {
  RunResult result;
  result.report.version = "0.1.0";
  result.report.scenario = plan_.scenario;
  result.report.cluster = text_of_cluster(plan_);
  result.report.seed = plan_.seed;
  result.report.simulated = world().now().since_start;
  result.report.verdict = trial_.finish(world().now());
  judge_clients(result.report.verdict);
  result.report.elections = elections_.all();
  result.report.outages = reports::outages_of(elections_);
  result.upload = check_upload(workload_);
  result.report.stats = stats(result.upload);
  result.report.trace_hash = world().recorder().hash().hex();
  result.faults = faults_.counts();
  for (const auto& [kind, count] : result.faults) result.report.faults += count.begun;
  for (const auto& machine : world().machines()) {
    result.suspensions[machine->name()] = world().suspensions(*machine);
  }
  result.events = std::move(events_);
  result.checkpoints = world().recorder().checkpoints();
  result.items = world().recorder().items();
  return result;
}

}  // namespace

Expected<RunResult, std::string> run(const Plan& plan, const RunOptions& options) {
  const auto began = std::chrono::steady_clock::now();
  TRY(auto nodes, node_configs(plan));
  TRY([[maybe_unused]] const Done checked, check_members(plan));
  TRY(auto inputs, load_inputs(plan, options.folder));
  Run run(plan, options, std::move(nodes), std::move(inputs));
  RunResult result = run.go();
  result.report.wall = std::chrono::steady_clock::now() - began;
  return result;
}

Expected<Done, std::string> can_run(const Plan& plan, const std::string& folder) {
  TRY([[maybe_unused]] const auto nodes, node_configs(plan));
  TRY([[maybe_unused]] const Done checked, check_members(plan));
  TRY([[maybe_unused]] const auto inputs, load_inputs(plan, folder));
  return Done{};
}

}  // namespace brokersim::scenarios
