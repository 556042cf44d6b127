// How costs grow with the cluster, 100 partitions of three copies for each broker: of a round of
// heartbeats, where a controller node serves one of each broker; of an election, where a fifth of
// the brokers is lost, and of their return; and once the whole of it, a hundred brokers with ten
// thousand partitions, judged by all properties. What grows faster than the cluster is an error.
#include <cstdint>
#include <ctime>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "core/base/assert.h"
#include "core/broker/config.h"
#include "core/broker/controller_node.h"
#include "core/broker/fiber_group.h"
#include "core/broker/metadata_loader.h"
#include "core/broker/quorum.h"
#include "core/controller/controller.h"
#include "core/controller/features.h"
#include "scenarios/draw_plan.h"
#include "scenarios/run.h"
#include "sim/world.h"

namespace brokersim::controller {
namespace {

constexpr std::int32_t partitions_of_broker = 100;

// ---- Growth ------------------------------------------------------------------------------------

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// What one heartbeat or one election costs in the smallest cluster, and how much more it does in
// bigger ones. Were costs to grow with the square of the cluster, it would be ten times as much
// with a hundred brokers as with ten; the logarithms of ordered maps, and caches that do not hold a
// bigger cluster, come to about twice as much.
class Growth {
 public:
  static constexpr double most = 4;

  // To be called when all is measured. What took no time to speak of says nothing, such as the runs
  // by which the library finds out how many iterations it needs.
  void check(benchmark::State& state, double seconds, double times) {
    constexpr double long_enough = 0.1;
    if (seconds < long_enough) return;
    const double one = seconds / times;
    if (state.range(0) == smallest) {
      one_of_smallest_ = one;
      return;
    }
    if (one_of_smallest_ == 0) return;
    const double growth = one / one_of_smallest_;
    state.counters["growth"] = growth;
    if (growth > most) state.SkipWithError("costs grow faster than the cluster");
  }

  static constexpr std::int64_t smallest = 10;

 private:
  double one_of_smallest_ = 0;
};

void sizes(benchmark::internal::Benchmark* of) {
  of->Arg(Growth::smallest)->Arg(25)->Arg(50)->Arg(100)->Complexity(benchmark::oN);
}

// ---- What brokers ask --------------------------------------------------------------------------

api::BrokerRegistrationRequest registration_of(NodeId id, std::uint8_t life) {
  api::BrokerRegistrationRequest request;
  request.broker_id = id;
  request.cluster_id = "cluster";
  request.incarnation_id = Uuid{static_cast<std::uint8_t>(id.value), life};
  request.rack = fmt::format("rack-{}", id.value % 5);
  for (const auto& feature : supported_features()) {
    request.features.push_back({std::string(feature.name), feature.levels.min, feature.levels.max});
  }
  return request;
}

api::BrokerHeartbeatRequest heartbeat_of(NodeId id, BrokerEpoch epoch) {
  constexpr Offset all_there_is = 1'000'000'000;
  api::BrokerHeartbeatRequest request;
  request.broker_id = id;
  request.broker_epoch = epoch;
  request.current_metadata_offset = all_there_is;
  return request;
}

api::CreateTopicsRequest topic_for(std::int32_t brokers) {
  api::CreateTopicsRequest request;
  request.topics.push_back(
      {.name = "t", .num_partitions = brokers * partitions_of_broker, .replication_factor = 3});
  return request;
}

// ---- Heartbeats --------------------------------------------------------------------------------

broker::NodeConfig config_of_single_controller() {
  broker::NodeConfig config;
  config.node_id = NodeId{1};
  config.cluster_id = "cluster";
  config.is_broker = false;
  config.is_controller = true;
  config.listener = {"controller", 9093};
  config.voters = {{config.node_id, config.listener}};
  config.metadata_max_idle_interval = 0s;
  return config;
}

// Runs a controller, and `script` once it is active. Returns whether it came to that.
template <class Script>
bool run_controller(Env& env, const broker::NodeConfig& config, const Script& script) {
  const auto opened = broker::QuorumNode::open(env, config, false);
  if (!opened) return false;
  auto& quorum = **opened;
  quorum.start(env);
  broker::MetadataLoader loader(config, quorum, [](auto&&...) {});
  broker::ControllerNode controller(config, quorum, loader);
  broker::FiberGroup fibers;
  fibers.spawn(env, "loader", [&](Env& fiber) { loader.run(fiber); });
  fibers.spawn(env, "controller", [&](Env& fiber) { controller.run(fiber); });
  for (int i = 0; i < 100 && !controller.is_active(); ++i) env.sleep(100ms);
  const bool is_active = controller.is_active();
  if (is_active) script(env, controller);
  fibers.cancel(env);
  fibers.wait_until_empty(env);
  quorum.stop(env);
  return is_active;
}

// The same, in a world of its own.
template <class Script>
bool with_active_controller(const Script& script) {
  sim::World world{1};
  const auto config = config_of_single_controller();
  bool has_ended = false;
  bool was_active = false;
  world.start(world.add_machine(config.listener.host, config.node_id), [&](Env& env) {
    was_active = run_controller(env, config, script);
    has_ended = true;
  });
  world.run_until([&] { return has_ended; }, never);
  return was_active;
}

// Of as many brokers as are asked for, unfenced and with a topic; none if that was refused.
std::vector<api::BrokerHeartbeatRequest> heartbeats_of_all(Env& env,
                                                           broker::ControllerNode& controller,
                                                           std::int32_t brokers) {
  std::vector<api::BrokerHeartbeatRequest> heartbeats;
  for (std::int32_t id = 1; id <= brokers; ++id) {
    const auto registered = controller.handle(env, registration_of(NodeId{id}, 1));
    heartbeats.push_back(heartbeat_of(NodeId{id}, registered.broker_epoch));
    if (controller.handle(env, heartbeats.back()).is_fenced) return {};
  }
  const auto created = controller.serve(env, topic_for(brokers), 7);
  const bool has_topic = created && created->topics.front().error_code == api::ErrorCode::none;
  return has_topic ? heartbeats : std::vector<api::BrokerHeartbeatRequest>();
}

// Each at a moment of its own, so that after each the fiber that waits for sessions to end wakes up
// and looks when the next one does.
bool serve_round(Env& env, broker::ControllerNode& controller,
                 const std::vector<api::BrokerHeartbeatRequest>& heartbeats) {
  bool is_well = true;
  for (const auto& heartbeat : heartbeats) {
    const auto answer = controller.handle(env, heartbeat);
    is_well = is_well && answer.error_code == api::ErrorCode::none && !answer.is_fenced;
    env.sleep(1us);
  }
  return is_well;
}

void heartbeat_round(benchmark::State& state) {
  static Growth growth;
  const auto brokers = static_cast<std::int32_t>(state.range(0));
  bool is_well = false;
  double seconds = 0;
  const bool was_active = with_active_controller([&](Env& env, broker::ControllerNode& controller) {
    const auto heartbeats = heartbeats_of_all(env, controller, brokers);
    is_well = !heartbeats.empty();
    if (!is_well) return;
    const double begin = cpu_seconds();
    for (auto _ : state) is_well = serve_round(env, controller, heartbeats) && is_well;
    seconds = cpu_seconds() - begin;
  });
  if (!was_active || !is_well) return state.SkipWithError("a broker or the topic was refused");
  state.counters["cpu_per_heartbeat"] = benchmark::Counter(
      brokers, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.SetComplexityN(brokers);
  growth.check(state, seconds, static_cast<double>(state.iterations()) * brokers);
}
BENCHMARK(heartbeat_round)->Apply(sizes);

// ---- Elections ---------------------------------------------------------------------------------

class BigCluster {
 public:
  explicit BigCluster(std::int32_t brokers) : brokers_(brokers) {
    for (std::int32_t id = 1; id <= brokers; ++id) start(NodeId{id}, 1);
    const auto created = controller_.create_topics(topic_for(brokers), 1);
    REQUIRE(created.response.topics.front().error_code == api::ErrorCode::none, brokers);
  }

  // Each returns how many leaders were elected.
  std::int64_t lose_a_fifth() {
    std::int64_t elections = 0;
    for (std::int32_t id = 1; id <= brokers_ / 5; ++id) elections += elections_of(stop(NodeId{id}));
    return elections;
  }
  std::int64_t get_it_back() {
    std::int64_t elections = 0;
    for (std::int32_t id = 1; id <= brokers_ / 5; ++id) {
      elections += elections_of(start(NodeId{id}, 2));
    }
    return elections;
  }

 private:
  static std::int64_t elections_of(const Decided& decided) {
    std::int64_t elections = 0;
    for (const auto& event : decided.events) {
      elections += std::holds_alternative<LeaderElected>(event);
    }
    return elections;
  }
  Decided start(NodeId id, std::uint8_t life) {
    (void)controller_.register_broker(now_, registration_of(id, life));
    return beat(heartbeat_of(id, epoch_of(id)));
  }
  // In a hurry: it does not wait to be told that it may.
  Decided stop(NodeId id) {
    auto request = heartbeat_of(id, epoch_of(id));
    request.want_fence = request.want_shut_down = true;
    return beat(request);
  }
  // With what the controller node asks after each decision.
  Decided beat(const api::BrokerHeartbeatRequest& request) {
    auto decided = controller_.heartbeat(now_, request);
    for (int i = 0; i < 2; ++i) benchmark::DoNotOptimize(controller_.next_tick());
    return decided;
  }
  BrokerEpoch epoch_of(NodeId id) const { return controller_.image().find_broker(id)->epoch; }

  const std::int32_t brokers_;
  const Instant now_;
  Controller controller_{Image("cluster"), 0, {}, {}, {}};
};

void election(benchmark::State& state) {
  static Growth growth;
  const auto brokers = static_cast<std::int32_t>(state.range(0));
  std::int64_t elections = 0;
  double seconds = 0;
  for (auto _ : state) {
    state.PauseTiming();
    auto cluster = std::make_unique<BigCluster>(brokers);
    state.ResumeTiming();
    const double begin = cpu_seconds();
    elections += cluster->lose_a_fifth();
    benchmark::DoNotOptimize(cluster->get_it_back());
    seconds += cpu_seconds() - begin;
    state.PauseTiming();
    cluster.reset();
    state.ResumeTiming();
  }
  if (elections == 0) return state.SkipWithError("nobody was elected");
  state.counters["elections"] = static_cast<double>(elections);
  state.counters["cpu_per_election"] = benchmark::Counter(
      static_cast<double>(elections), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.SetComplexityN(brokers);
  growth.check(state, seconds, static_cast<double>(elections));
}
BENCHMARK(election)->Apply(sizes)->Unit(benchmark::kMillisecond);

// ---- The whole of it ---------------------------------------------------------------------------

void hundred_brokers(benchmark::State& state) {
  const std::string folder = BROKERSIM_SOURCE_DIR "/scenarios";
  const std::string what = BROKERSIM_SOURCE_DIR "/tests/bench/hundred-brokers.toml";
  for (auto _ : state) {
    const auto plan = scenarios::make_plan({.what = what, .folder = folder});
    const auto result = scenarios::run(*plan, {.folder = folder});
    if (!result || !result->report.verdict.violations.empty()) {
      state.SkipWithError("it does not end well");
      break;
    }
    const auto& stats = result->report.stats;
    if (stats.at("elections") == 0 || stats.at("isr_expansions") == 0) {
      state.SkipWithError("no rack was lost, or none came back");
      break;
    }
    state.counters["elections"] = static_cast<double>(stats.at("elections"));
    state.counters["isr_expansions"] = static_cast<double>(stats.at("isr_expansions"));
    state.counters["virtual_s_per_cpu_s"] = benchmark::Counter(
        static_cast<double>(result->report.simulated / 1ms) / 1000, benchmark::Counter::kIsRate);
  }
}
BENCHMARK(hundred_brokers)->Unit(benchmark::kSecond)->Iterations(1);

}  // namespace
}  // namespace brokersim::controller
