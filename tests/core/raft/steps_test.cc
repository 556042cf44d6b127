// The quorum under faults, step by step: whichever steps are taken, it keeps its promises, and what
// breaks one shrinks to the few steps that it takes.
#include "tests/core/raft/steps.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/core/raft/cluster.h"

namespace brokersim::raft {
namespace {

std::string violation_of(const Chaos& chaos, Mutations mutations, Voters voters) {
  Cluster cluster(chaos.seed, mutations, voters);
  cluster.take(chaos.steps);
  return cluster.violation;
}

void keeps_its_promises(Voters voters, std::size_t most_steps) {
  const auto violation = [=](const Chaos& chaos) { return violation_of(chaos, {}, voters); };
  const auto fails = [=](const Chaos& chaos) { return !violation(chaos).empty(); };
  const auto chaos = *chaos_of(most_steps, fails);
  RC_ASSERT(violation(chaos) == "");
}

RC_GTEST_PROP(QuorumInSteps, keeps_its_promises, ()) { keeps_its_promises(Voters::fixed, 400); }

RC_GTEST_PROP(QuorumInSteps, keeps_its_promises_while_its_voters_change, ()) {
  keeps_its_promises(Voters::changing, 300);
}

TEST(FewestSteps, are_those_that_it_takes) {
  Chaos chaos{.seed = 1, .steps = {}};
  for (std::size_t step = 0; step < 100; ++step) chaos.steps.push_back(step);
  const std::vector<std::size_t> needed{3, 41, 42, 99};
  int runs = 0;
  const auto fails = [&](const Chaos& candidate) {
    ++runs;
    const auto& steps = candidate.steps;
    return std::includes(steps.begin(), steps.end(), needed.begin(), needed.end());
  };
  EXPECT_EQ(fewest_steps(chaos, fails).steps, needed);
  EXPECT_LT(runs, 200);
}

TEST(FewestSteps, of_a_snapshot_that_is_named_wrongly_are_few) {
  Mutations mutations;
  mutations.snapshots_are_named_by_their_end = false;
  const auto fails = [&](const Chaos& chaos) {
    return !violation_of(chaos, mutations, Voters::fixed).empty();
  };
  Chaos chaos;
  for (std::size_t step = 0; step < 500; ++step) chaos.steps.push_back(step);
  for (chaos.seed = 1; chaos.seed < 50 && !fails(chaos);) ++chaos.seed;
  ASSERT_TRUE(fails(chaos));
  const auto fewest = fewest_steps(chaos, fails);
  EXPECT_TRUE(fails(fewest));
  EXPECT_LT(fewest.steps.size(), 250u);
  EXPECT_EQ(violation_of(fewest, {}, Voters::fixed), "");
}

}  // namespace
}  // namespace brokersim::raft
