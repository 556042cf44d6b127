// A story says: drop Produce reply from=b1 to=p1 count=1
//
// The next such frame is lost: TCP delivers in order or breaks, so its connection breaks while it
// is on its way. `reply` or `request`; without machines, whoever sends the next one.
#include <algorithm>

#include <fmt/format.h>

#include "core/api/all.h"
#include "scenarios/nearest.h"
#include "scenarios/story_names.h"
#include "scenarios/verbs/all.h"

namespace brokersim::scenarios::verbs {

namespace {

Read<std::string> api_of(const Word& word) {
  std::vector<std::string> names;
  for (const auto& api : api::all_apis()) names.emplace_back(api.name);
  TRY(const std::size_t place, choice_of(word, names));
  return names[place];
}

// Clients may not exist yet: their names are taken as they are.
Read<std::string> end_of(const Step& step, std::string_view key) {
  const auto* argument = step.find(key);
  if (argument == nullptr) return std::string();
  TRY(const Word name, single(*argument));
  return machine_name(name.text);
}

Printed drop_step(Stage& stage, const Step& step) {
  Loss loss;
  TRY(const Word api, word(step, 0));
  TRY(loss.api, api_of(api));
  TRY(const Word which, word(step, 1));
  TRY(const std::size_t kind, choice_of(which, {"request", "reply"}));
  loss.is_reply = kind == 1;
  TRY(loss.from, end_of(step, "from"));
  TRY(loss.to, end_of(step, "to"));
  TRY(loss.count, number_or(step, "count", 1));
  stage.lose(std::move(loss));
  return "";
}

}  // namespace

Verb drop_verb() {
  return {.group = "world",
          .name = "drop",
          .example = "drop Produce reply from=b1 to=p1 count=1",
          .meaning = "the next such frame is lost with its connection",
          .least_words = 2,
          .most_words = 2,
          .keys = {"from", "to", "count"},
          .run = drop_step};
}

}  // namespace brokersim::scenarios::verbs
