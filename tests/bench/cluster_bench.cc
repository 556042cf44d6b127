// What a whole simulated cluster costs: CPU per replicated record, and virtual seconds for one
// second of CPU. Three brokers and three controllers, acks=all, one consumer; with the properties
// judging every event, and without anybody who listens or taps.
//
// `records` is CPU per record as "1/s"; `virtual_s_per_cpu_s` is what it says. Goals P3 to P6.
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "core/broker/node.h"
#include "core/client/admin.h"
#include "core/client/consumer.h"
#include "core/client/producer.h"
#include "properties/trial.h"
#include "scenarios/cluster.h"
#include "scenarios/draw_plan.h"
#include "scenarios/run.h"
#include "sim/world.h"

namespace brokersim::scenarios {
namespace {

const std::string folder = BROKERSIM_SOURCE_DIR "/scenarios";

wire::Record record_of(std::size_t size) { return {.value = Bytes(size, 'x')}; }

// The nodes of `plan` in a world that nobody watches.
class BareCluster {
 public:
  explicit BareCluster(const Plan& plan) : world_(plan.seed), nodes_(*node_configs(plan)) {
    for (const auto& node : nodes_) {
      auto& machine = world_.add_machine(node.listener.host, node.node_id);
      world_.start(machine, [&node](Env& env) { (void)broker::run_node(env, node); });
      if (node.is_broker) brokers_.push_back(node.listener);
    }
  }
  sim::World& world() { return world_; }
  const std::vector<Address>& brokers() const { return brokers_; }
  void start_client(const std::string& name, sim::Machine::Program program) {
    world_.start(world_.add_machine(name, NodeId(++last_client_)), std::move(program));
  }

 private:
  sim::World world_;
  std::vector<broker::NodeConfig> nodes_;
  std::vector<Address> brokers_;
  std::int32_t last_client_ = 1000;
};

// The same, tapped, and judged by all properties.
class JudgedCluster {
 public:
  explicit JudgedCluster(const Plan& plan) : cluster_(plan, *node_configs(plan)) {
    cluster_.world().recorder().listen([this](const Event& event) { trial_.observe(event); });
    cluster_.start_nodes();
  }
  sim::World& world() { return cluster_.world(); }
  const std::vector<Address>& brokers() const { return cluster_.brokers(); }
  void start_client(const std::string& name, sim::Machine::Program program) {
    cluster_.start_client(name, std::move(program));
  }

 private:
  properties::Trial trial_;
  SimulatedCluster cluster_;
};

Plan plan_of_three() {
  Plan plan;
  plan.seed = 1;
  plan.topics = {{.name = "t", .partitions = 1}};
  plan.producers = {{.name = "producer"}};
  plan.consumers = {{.name = "consumer", .topic = "t"}};
  return plan;
}

// What the clients have done so far.
struct Progress {
  bool is_created = false;
  std::int64_t acknowledged = 0;
  std::int64_t delivered = 0;
};

void produce(Env& env, const std::vector<Address>& brokers, std::size_t batch, Duration pause,
             Progress& progress) {
  const client::ClientConfig config{.bootstrap_servers = brokers, .client_id = "producer"};
  client::Admin admin(config);
  const client::NewTopic topic{.name = "t", .partitions = 1, .replication_factor = 3};
  progress.is_created = admin.create_topics(env, {topic}, env.now() + 60s).has_value();
  const auto producer = client::Producer::start(
      env, {.client = config, .batch_size = 1 << 20, .linger = batch > 1 ? 1ms : 0ms});
  const auto record = record_of(100);
  while (true) {
    for (std::size_t i = 1; i < batch; ++i) {
      producer->send(env, {"t", 0}, record, [&progress](Host&, const client::SendResult& result) {
        progress.acknowledged += result.outcome == Outcome::ok;
      });
    }
    const auto last = producer->send_and_wait(env, {"t", 0}, record);
    progress.acknowledged += last.outcome == Outcome::ok;
    if (pause > 0s) env.sleep(pause);
  }
}

void consume(Env& env, const std::vector<Address>& brokers, const Progress& created,
             Progress& progress) {
  while (!created.is_created) env.sleep(100ms);
  const auto consumer =
      client::Consumer::make({.client = {.bootstrap_servers = brokers, .client_id = "consumer"},
                              .auto_offset_reset = client::OffsetReset::earliest});
  consumer->assign(env, {{"t", 0}});
  while (true) {
    progress.delivered +=
        static_cast<std::int64_t>(consumer->poll(env, env.now() + 1s).records.size());
  }
}

template <class Cluster>
std::unique_ptr<Cluster> running_cluster(std::size_t batch, Duration pause, Progress& progress) {
  auto cluster = std::make_unique<Cluster>(plan_of_three());
  const auto& brokers = cluster->brokers();
  cluster->start_client("producer", [&brokers, batch, pause, &progress](Env& env) {
    produce(env, brokers, batch, pause, progress);
  });
  cluster->start_client(
      "consumer", [&brokers, &progress](Env& env) { consume(env, brokers, progress, progress); });
  cluster->world().run_until([&] { return progress.delivered > 200; }, Instant{120s});
  return cluster;
}

// One record, or 100, per request; each is acknowledged by all before the next goes out.
template <class Cluster>
void replicated_record(benchmark::State& state) {
  const auto batch = static_cast<std::size_t>(state.range(0));
  Progress progress;
  const auto cluster = running_cluster<Cluster>(batch, 0s, progress);
  const std::int64_t before = progress.delivered;
  const auto& counts = cluster->world().scheduler().counts();
  const std::uint64_t steps = counts.dispatches + counts.callbacks + counts.deadlines;
  for (auto _ : state) {
    const std::int64_t target = progress.delivered + 2000;
    const bool done =
        cluster->world().run_until([&] { return progress.delivered >= target; }, never);
    if (!done) state.SkipWithError("the consumer did not get on");
  }
  const auto records = static_cast<double>(progress.delivered - before);
  state.counters["cpu_per_record"] =
      benchmark::Counter(records, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  const std::uint64_t steps_after = counts.dispatches + counts.callbacks + counts.deadlines;
  state.counters["steps_per_record"] = static_cast<double>(steps_after - steps) / records;
}
BENCHMARK_TEMPLATE(replicated_record, BareCluster)->Arg(1)->Arg(100);
BENCHMARK_TEMPLATE(replicated_record, JudgedCluster)->Arg(1)->Arg(100);

// Ten records a second.
template <class Cluster>
void lightly_loaded(benchmark::State& state) {
  Progress progress;
  const auto cluster = running_cluster<Cluster>(1, 100ms, progress);
  for (auto _ : state) cluster->world().run_until(cluster->world().now() + 60s);
  state.counters["virtual_s_per_cpu_s"] = benchmark::Counter(
      60.0 * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}
BENCHMARK_TEMPLATE(lightly_loaded, BareCluster);
BENCHMARK_TEMPLATE(lightly_loaded, JudgedCluster);

// Whole runs of the chaos scenario: faults, all properties, convergence, verdict.
void chaos_run(benchmark::State& state) {
  std::uint64_t seed = 0;
  Duration simulated{};
  for (auto _ : state) {
    const auto plan = make_plan({.what = "chaos", .seed = ++seed, .folder = folder});
    const auto result = run(*plan, {.folder = folder});
    if (!result) state.SkipWithError(result.error().c_str());
    simulated += result->report.simulated;
  }
  state.counters["virtual_s_per_cpu_s"] =
      benchmark::Counter(static_cast<double>(simulated / 1ms) / 1000, benchmark::Counter::kIsRate);
  state.counters["runs_per_core_hour"] = benchmark::Counter(
      3600.0 * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}
BENCHMARK(chaos_run)->Unit(benchmark::kMillisecond)->Iterations(100);

}  // namespace
}  // namespace brokersim::scenarios
