// How costs grow with the cluster, 100 partitions of three copies for each broker: of a round of
// heartbeats, where all brokers send one; of an election, where a fifth of the brokers is lost; and
// once the whole of it, a hundred brokers with ten thousand partitions, judged by all properties.
#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "core/controller/controller.h"
#include "scenarios/draw_plan.h"
#include "scenarios/run.h"

namespace brokersim::controller {
namespace {

constexpr std::int32_t partitions_of_broker = 100;

class BigCluster {
 public:
  explicit BigCluster(std::int32_t brokers) : brokers_(brokers) {
    for (std::int32_t id = 1; id <= brokers; ++id) start(NodeId{id});
    api::CreateTopicsRequest request;
    request.topics.push_back(
        {.name = "t", .num_partitions = brokers * partitions_of_broker, .replication_factor = 3});
    const auto created = controller_.create_topics(request, 1);
    has_topic_ = created.response.topics.front().error_code == api::ErrorCode::none;
  }
  bool has_topic() const { return has_topic_; }

  void heartbeat_of_each() {
    for (std::int32_t id = 1; id <= brokers_; ++id) heartbeat(NodeId{id}, false);
  }
  // Returns how many leaders were elected.
  std::int64_t lose_a_fifth() {
    std::int64_t elections = 0;
    for (std::int32_t id = 1; id <= brokers_ / 5; ++id) {
      for (const auto& event : heartbeat(NodeId{id}, true).events) {
        elections += std::holds_alternative<LeaderElected>(event);
      }
    }
    return elections;
  }

 private:
  void start(NodeId id) {
    api::BrokerRegistrationRequest request;
    request.broker_id = id;
    request.cluster_id = "cluster";
    request.incarnation_id = Uuid{static_cast<std::uint8_t>(id.value)};
    request.rack = fmt::format("rack-{}", id.value % 5);
    (void)controller_.register_broker(now_, request);
    heartbeat(id, false);
  }
  Decision<api::BrokerHeartbeatResponse> heartbeat(NodeId id, bool wants_fence) {
    api::BrokerHeartbeatRequest request;
    request.broker_id = id;
    request.broker_epoch = controller_.image().find_broker(id)->epoch;
    request.current_metadata_offset = controller_.next_offset();
    request.want_fence = wants_fence;
    return controller_.heartbeat(now_, request);
  }

  const std::int32_t brokers_;
  const Instant now_;
  Controller controller_{Image("cluster"), 0, {}, {}, {}};
  bool has_topic_ = false;
};

void heartbeat_round(benchmark::State& state) {
  const auto brokers = static_cast<std::int32_t>(state.range(0));
  BigCluster cluster(brokers);
  if (!cluster.has_topic()) state.SkipWithError("the topic was refused");
  for (auto _ : state) cluster.heartbeat_of_each();
  state.counters["cpu_per_heartbeat"] = benchmark::Counter(
      brokers, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.SetComplexityN(brokers);
}
BENCHMARK(heartbeat_round)->Arg(10)->Arg(25)->Arg(50)->Arg(100)->Complexity(benchmark::oN);

void election(benchmark::State& state) {
  const auto brokers = static_cast<std::int32_t>(state.range(0));
  std::int64_t elections = 0;
  for (auto _ : state) {
    state.PauseTiming();
    auto cluster = std::make_unique<BigCluster>(brokers);
    state.ResumeTiming();
    elections += cluster->lose_a_fifth();
    state.PauseTiming();
    cluster.reset();
    state.ResumeTiming();
  }
  state.counters["elections"] = static_cast<double>(elections);
  state.counters["cpu_per_election"] = benchmark::Counter(
      static_cast<double>(elections), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.SetComplexityN(brokers);
}
BENCHMARK(election)
    ->Arg(10)
    ->Arg(25)
    ->Arg(50)
    ->Arg(100)
    ->Unit(benchmark::kMillisecond)
    ->Complexity(benchmark::oN);

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
