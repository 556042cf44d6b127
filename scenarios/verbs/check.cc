// A story says: check violates=BS-D01
//     check
//
// The properties judge the run so far. All must hold, or exactly those be violated that are named:
// anything else is an error, which no rewriting makes good. Prints each violation's sentence.
#include <algorithm>

#include <fmt/format.h>

#include "scenarios/story_names.h"
#include "scenarios/verbs/all.h"

namespace brokersim::scenarios::verbs {

namespace {

Read<std::set<std::string>> announced(const Step& step, const properties::Verdict& verdict) {
  std::vector<std::string> known;
  for (const auto& finding : verdict.findings) known.push_back(finding.id);
  std::set<std::string> ids;
  if (const auto* violates = step.find("violates")) {
    for (const Word& id : violates->values) {
      TRY(const std::size_t place, choice_of(id, known));
      ids.insert(known[place]);
    }
  }
  return ids;
}

// The sentence with short names, and the story's clock for "at 10218.961 ms".
std::string told(const Stage& stage, std::string sentence) {
  constexpr std::string_view before = " at ";
  constexpr std::string_view unit = " ms";
  sentence = with_short_names(sentence);
  for (auto at = sentence.find(before); at != std::string::npos; at = sentence.find(before, at)) {
    at += before.size();
    const auto point = sentence.find('.', at);
    const auto end = sentence.find(unit, at);
    if (end == std::string::npos || point > end) continue;
    const auto ms = parse_number(sentence.substr(at, point - at));
    if (!ms) continue;
    const auto clock = clock_text(Instant{*ms * 1ms}, stage.zero());
    sentence.replace(at, end + unit.size() - at, clock.substr(clock.find_first_not_of(' ')));
  }
  return sentence;
}

Printed check_step(Stage& stage, const Step& step) {
  const auto verdict = stage.judge();
  TRY(const auto wanted, announced(step, verdict));
  std::set<std::string> violated;
  std::string text;
  for (const auto& violation : verdict.violations) {
    if (!violated.insert(violation.id).second) continue;
    text += fmt::format("{} {}\n", violation.id, told(stage, violation.message));
  }
  for (const auto& id : wanted) {
    if (!violated.contains(id)) return not_so(fmt::format("{} holds", id));
  }
  if (violated.size() > wanted.size()) return not_so("violated: " + text);
  return text;
}

}  // namespace

Verb check_verb() {
  return {.group = "judge",
          .name = "check",
          .example = "check violates=BS-D01",
          .meaning = "the properties judge the run so far: all hold, or exactly these are violated",
          .keys = {"violates"},
          .run = check_step};
}

}  // namespace brokersim::scenarios::verbs
