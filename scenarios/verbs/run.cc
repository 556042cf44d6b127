// A story says: run for=10s
//     run until=30s
//     run orders-0 leader=b2 within=30s
//
// Time passes: so long; until the story's clock says so; or until a condition holds, which is an
// error if it does not. Tells what happened since the last telling.
#include <fmt/format.h>

#include "scenarios/verbs/all.h"
#include "scenarios/verbs/condition.h"

namespace brokersim::scenarios::verbs {

namespace {

constexpr Duration run_patience = 60s;

std::vector<std::string_view> keys() {
  auto keys = condition_keys();
  for (const char* key : {"for", "until", "within", "tell"}) keys.emplace_back(key);
  return keys;
}

Expected<Done, StepError> run_to_condition(Stage& stage, const Step& step) {
  TRY(const Condition condition, condition_of(stage, step));
  TRY(const Duration within, duration_or(step, "within", run_patience));
  if (stage.run_until([&] { return !condition(); }, within)) return Done{};
  return error_at(step.words()[0]->column, *condition());
}

Expected<Done, StepError> run_by_time(Stage& stage, const Step& step) {
  if (step.find("for")) {
    TRY(const Duration duration, duration_or(step, "for", {}));
    stage.run_for(duration);
    return Done{};
  }
  const auto* until = step.find("until");
  if (until == nullptr) return error_at(step.verb.column, "how long: for=…, until=…, a condition");
  TRY(const Duration clock, duration_or(step, "until", {}));
  if (stage.zero() + clock < stage.now()) return error_at(until->column, "this has passed");
  stage.world().run_until(stage.zero() + clock);
  return Done{};
}

Printed run_step(Stage& stage, const Step& step) {
  TRY(const auto subjects, subjects_or(step, stage.told()));
  TRY([[maybe_unused]] const Done done,
      step.words().empty() ? run_by_time(stage, step) : run_to_condition(stage, step));
  return stage.tell(subjects);
}

}  // namespace

Verb run_verb() {
  return {.group = "time",
          .name = "run",
          .example = "run for=10s",
          .meaning =
              "time passes: `for` so long, `until` the clock says so, or until a condition holds",
          .most_words = 1,
          .keys = keys(),
          .run = run_step};
}

}  // namespace brokersim::scenarios::verbs
