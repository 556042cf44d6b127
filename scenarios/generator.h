// Plans for rapidcheck: generated from a scenario, shrunk by our own sequence.
//
//   rc::check("all promises hold",
//             [&] { RC_ASSERT(run(*plans_of(scenario, budget, run)).empty()); });
//
// Generated is a seed, never shrunk; rapidcheck then asks for smaller plans, one at a time. Its own
// way of shrinking lists is quadratic and accepts any failure: ours is delta debugging, within a
// budget, and takes only failures with the fingerprint that the first one had.
//
// Needs rapidcheck, which only tests have: not part of the room's library.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <utility>

#include <rapidcheck.h>

#include "scenarios/draw_plan.h"
#include "scenarios/plan_toml.h"
#include "scenarios/shrink.h"

namespace brokersim::scenarios {

using RunPlan = std::function<Fingerprints(const Plan&)>;

// The candidates smaller than a failing plan: at most one, the smallest that fails the same way.
//
// It runs the plans itself, because a sequence of rapidcheck does not hear what became of a
// candidate, and because a property can only fail, not fail in a certain way.
class SmallestPlan {
 public:
  SmallestPlan(Plan plan, ShrinkBudget budget, RunPlan run)
      : plan_(std::move(plan)), budget_(budget), run_(std::move(run)) {}

  rc::Maybe<rc::Shrinkable<Plan>> operator()() {
    if (is_over_) return rc::Nothing;
    is_over_ = true;
    const auto found = run_(plan_);
    if (found.empty()) return rc::Nothing;
    auto smallest = shrink(plan_, found.front(), run_, budget_);
    if (smallest == plan_) return rc::Nothing;
    return rc::shrinkable::just(std::move(smallest));
  }

 private:
  Plan plan_;
  ShrinkBudget budget_;
  RunPlan run_;
  bool is_over_ = false;
};

// Plans of the scenario, of seeds from 1 on. `run` must be a pure function.
inline rc::Gen<Plan> plans_of(Scenario scenario, ShrinkBudget budget, RunPlan run) {
  return [scenario = std::move(scenario), budget, run = std::move(run)](const rc::Random& random,
                                                                        int) {
    // Uniform: rapidcheck's own numbers grow with the size of the case.
    const std::uint64_t seed = (rc::Random(random).next() >> 1) | 1;
    auto plan = draw_plan(scenario, seed);
    auto smaller = rc::makeSeq<SmallestPlan>(plan, budget, run);
    return rc::shrinkable::just(std::move(plan), std::move(smaller));
  };
}

// As rapidcheck prints a counterexample: the file.
inline void showValue(const Plan& plan, std::ostream& out) { out << to_toml(plan); }

}  // namespace brokersim::scenarios
