// A story says: consume r1 orders-0 from=earliest count=3 within=5s
//
// The consumer r1 reads on from where it was; a new one begins at the beginning. `from` moves it:
// to an offset, earliest or latest. `reset` is its auto.offset.reset and `rack` its client.rack,
// when it begins.
#include <fmt/format.h>

#include "scenarios/verbs/all.h"

namespace brokersim::scenarios::verbs {

namespace {

using client::OffsetReset;

constexpr Duration consume_patience = 1s;

Read<StoryClients::Read> read_of(Stage& stage, const Step& step) {
  StoryClients::Read read;
  TRY(const Word where, word(step, 1));
  TRY(read.partition, partition_of(where));
  TRY(const Duration within, duration_or(step, "within", consume_patience));
  read.deadline = stage.now() + within;
  if (const auto* from = step.find("from")) {
    TRY(const Word value, single(*from));
    if (value.text == "earliest") {
      read.from_end = OffsetReset::earliest;
    } else if (value.text == "latest") {
      read.from_end = OffsetReset::latest;
    } else {
      TRY(const auto offset, number_of(value));
      read.from = offset;
    }
  }
  if (const auto* reset = step.find("reset")) {
    TRY(const Word value, single(*reset));
    TRY(const std::size_t place, choice_of(value, {"earliest", "latest", "none"}));
    read.reset = static_cast<OffsetReset>(place);
  }
  if (const auto* rack = step.find("rack")) {
    TRY(const Word value, single(*rack));
    read.rack = value.text;
  }
  if (step.find("count")) {
    TRY(const auto count, number_or(step, "count", 0));
    read.count = static_cast<std::size_t>(count);
  }
  return read;
}

Printed consume_step(Stage& stage, const Step& step) {
  TRY(const Word name, word(step, 0));
  TRY(const auto read, read_of(stage, step));
  TRY(const auto subjects, subjects_or(step, stage.told()));
  if (stage.clients().is_reading(name.text)) {
    return error_at(name.column, fmt::format("{} still reads", name.text));
  }
  stage.clients().consume(name.text, read);
  stage.run_until([&] { return !stage.clients().is_reading(name.text); },
                  read.deadline - stage.now() + 1s);
  return stage.tell(subjects);
}

}  // namespace

Verb consume_verb() {
  return {.group = "clients",
          .name = "consume",
          .example = "consume r1 orders-0 from=earliest count=3 within=5s",
          .meaning = "a consumer reads until `count` records have come, or for so long",
          .least_words = 2,
          .most_words = 2,
          .keys = {"from", "count", "within", "reset", "rack", "tell"},
          .run = consume_step};
}

}  // namespace brokersim::scenarios::verbs
