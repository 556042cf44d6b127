#include "scenarios/story.h"

#include <algorithm>

#include <fmt/format.h>

#include "scenarios/nearest.h"
#include "scenarios/verbs/all.h"

namespace brokersim::scenarios {
namespace {

using verbs::error_at;
using verbs::Verb;

Expected<const Verb*, StepError> verb_of(const Step& step) {
  if (const auto* verb = verbs::find_verb(step.verb.text)) return verb;
  std::vector<std::string> names;
  for (const auto& verb : verbs::all_verbs()) names.emplace_back(verb.name);
  return error_at(step.verb.column, fmt::format("there is no verb '{}'{}", step.verb.text,
                                                did_you_mean(step.verb.text, names)));
}

Expected<Done, StepError> check_words(const Verb& verb, const Step& step) {
  const auto words = step.words();
  if (words.size() < verb.least_words) {
    return error_at(step.verb.column,
                    fmt::format("{} wants more words: {}", verb.name, verb.example));
  }
  if (words.size() > verb.most_words) {
    return error_at(words[verb.most_words]->column,
                    fmt::format("a word too many: {}", verb.example));
  }
  if (!step.input.empty() && !verb.takes_input) {
    return error_at(0, fmt::format("{} takes no lines below it", verb.name));
  }
  return Done{};
}

Expected<Done, StepError> check_keys(const Verb& verb, const Step& step) {
  const std::vector<std::string> keys(verb.keys.begin(), verb.keys.end());
  for (auto at = step.arguments.begin(); at != step.arguments.end(); ++at) {
    if (at->key.empty()) continue;
    if (step.find(at->key) != &*at) {
      return error_at(at->column, fmt::format("'{}' is said twice", at->key));
    }
    const bool is_setting = verb.takes_settings && at->key.find('.') != std::string::npos;
    if (is_setting || std::find(keys.begin(), keys.end(), at->key) != keys.end()) continue;
    return error_at(at->column, fmt::format("{} has no key '{}'{}", verb.name, at->key,
                                            did_you_mean(at->key, keys)));
  }
  return Done{};
}

Printed run_step(verbs::StagePtr& stage, const Step& step) {
  TRY(const Verb* verb, verb_of(step));
  TRY([[maybe_unused]] const Done words, check_words(*verb, step));
  TRY([[maybe_unused]] const Done keys, check_keys(*verb, step));
  if (verb->make) return verb->make(stage, step);
  if (!stage) return error_at(step.verb.column, "a story begins with its cluster");
  if (!verb->is_setting) stage->end_setting();
  return verb->run(*stage, step);
}

}  // namespace

Expected<Retold, StoryError> tell_story(std::string_view text) {
  verbs::StagePtr stage;
  return run_transcript(text, [&stage](const Step& step) { return run_step(stage, step); });
}

}  // namespace brokersim::scenarios
