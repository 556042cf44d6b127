// Crash consistency: a node may stop between any two of its steps. For a short plan each node is
// crashed at points spread over all of its waits, and everything promised holds. With
// BROKERSIM_SWEEP=all in the environment every wait of every node is a case.
#include <cstdlib>
#include <map>
#include <set>
#include <string_view>
#include <thread>

#include <gtest/gtest.h>

#include "scenarios/forked.h"
#include "scenarios/run.h"

namespace brokersim::scenarios {
namespace {

Plan swept_plan() {
  Plan plan;
  plan.seed = 11;
  plan.cluster.settings = {{"broker.session.timeout.ms", "2000"},
                           {"broker.heartbeat.interval.ms", "400"},
                           {"min.insync.replicas", "2"},
                           {"log.segment.bytes", "2000"}};
  plan.topics = {{.name = "t", .partitions = 2}};
  plan.producers = {{.name = "p1", .acks = 2}, {.name = "p2", .enable_idempotence = true}};
  plan.consumers = {{.name = "reader", .topic = "t"}};
  for (const char* client : {"p1", "p2"}) {
    plan.operations.push_back(
        {.at = 2s, .client = client, .topic = "t", .count = 20, .every = 50ms});
  }
  plan.quiet_at = 5s;
  return plan;
}

std::vector<CrashPoint> crash_points(const Plan& plan) {
  const char* sweep = std::getenv("BROKERSIM_SWEEP");
  const bool all = sweep != nullptr && std::string_view(sweep) == "all";
  constexpr std::uint64_t per_node = 12;
  const auto result = run(plan, {});
  EXPECT_TRUE(result);
  std::vector<CrashPoint> points;
  for (const auto& [machine, waits] : result->suspensions) {
    const bool is_node = machine.starts_with("broker-") || machine.starts_with("controller-");
    if (!is_node) continue;
    const std::uint64_t step = all ? 1 : std::max<std::uint64_t>(1, waits / per_node);
    for (std::uint64_t at = 1; at <= waits; at += step) points.push_back({machine, at, 1s});
  }
  return points;
}

TEST(CrashSweep, a_node_may_crash_between_any_two_of_its_steps) {
  const Plan plan = swept_plan();
  const auto points = crash_points(plan);
  ASSERT_GT(points.size(), 6u);
  std::size_t started = 0;
  const auto next = [&]() -> std::optional<ChildTask> {
    if (started == points.size()) return std::nullopt;
    const CrashPoint point = points[started];
    return ChildTask{started++, [&plan, point] {
                       const auto result = run(plan, {.crash_at = point});
                       return fmt::format("{}", fmt::join(result->fingerprints(), " "));
                     }};
  };
  const auto ended = [&](std::uint64_t id, const ChildResult& result) {
    const auto& point = points[id];
    EXPECT_TRUE(result.end == ChildResult::End::ok && result.output.empty())
        << point.machine << " crashed at its wait " << point.suspension << ": " << result.output
        << result.errors;
  };
  const int jobs = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  run_children({.jobs = jobs}, next, ended);
}

}  // namespace
}  // namespace brokersim::scenarios
