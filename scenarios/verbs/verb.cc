#include "scenarios/verbs/verb.h"

#include <utility>

#include <fmt/format.h>

#include "scenarios/duration_text.h"
#include "scenarios/nearest.h"
#include "scenarios/story_names.h"

namespace brokersim::scenarios::verbs {

Unexpected<StepError> error_at(std::size_t column, std::string message) {
  return Unexpected(StepError{column, std::move(message)});
}

Unexpected<StepError> not_so(std::string message) {
  return Unexpected(StepError{.column = 0, .message = std::move(message), .does_not_hold = true});
}

Read<Word> single(const Argument& argument) {
  if (argument.values.size() == 1) return argument.values.front();
  return error_at(argument.column, "one value is wanted here, not a list");
}

Read<Word> word(const Step& step, std::size_t n) { return single(*step.words()[n]); }

Read<Duration> duration_of(const Word& word) {
  const auto duration = parse_duration(word.text);
  if (duration) return *duration;
  return error_at(word.column,
                  fmt::format("'{}' is no duration like 250ms, 9s or 1.5s", word.text));
}

Read<std::int64_t> number_of(const Word& word) {
  const auto number = parse_number(word.text);
  if (number) return *number;
  return error_at(word.column, fmt::format("'{}' is no whole number", word.text));
}

Read<TopicPartition> partition_of(const Word& word) {
  auto partition = parse_partition(word.text);
  if (partition) return *std::move(partition);
  return error_at(word.column, fmt::format("'{}' is no partition like orders-0", word.text));
}

Read<sim::Machine*> machine_of(Stage& stage, const Word& word) {
  if (auto* machine = stage.find(word.text)) return machine;
  return error_at(word.column, fmt::format("there is no machine '{}'{}", word.text,
                                           did_you_mean(word.text, stage.machine_names())));
}

Read<NodeId> broker_of(Stage& stage, const Word& word) {
  TRY(const auto* machine, machine_of(stage, word));
  for (const NodeId broker : stage.brokers()) {
    if (broker == machine->node()) return broker;
  }
  return error_at(word.column, fmt::format("'{}' is no broker", word.text));
}

Read<std::size_t> choice_of(const Word& word, const std::vector<std::string>& choices) {
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (choices[i] == word.text) return i;
  }
  return error_at(word.column, fmt::format("there is no '{}' here{}", word.text,
                                           did_you_mean(word.text, choices)));
}

Read<std::vector<std::string>> machines_of(Stage& stage, const Argument& argument) {
  std::vector<std::string> names;
  for (const Word& each : argument.values) {
    TRY(const auto* machine, machine_of(stage, each));
    names.push_back(machine->name());
  }
  return names;
}

Read<Duration> duration_or(const Step& step, std::string_view key, Duration otherwise) {
  const auto* argument = step.find(key);
  if (argument == nullptr) return otherwise;
  TRY(const Word value, single(*argument));
  return duration_of(value);
}

Read<std::int64_t> number_or(const Step& step, std::string_view key, std::int64_t otherwise) {
  const auto* argument = step.find(key);
  if (argument == nullptr) return otherwise;
  TRY(const Word value, single(*argument));
  return number_of(value);
}

Read<Subjects> subjects_or(const Step& step, const Subjects& otherwise) {
  const auto* argument = step.find("tell");
  if (argument == nullptr) return otherwise;
  std::vector<std::string> names;
  for (const auto& each : all_subjects()) names.emplace_back(each.name);
  Subjects subjects;
  for (const Word& each : argument->values) {
    TRY(const std::size_t place, choice_of(each, names));
    subjects.insert(all_subjects()[place].subject);
  }
  return subjects;
}

}  // namespace brokersim::scenarios::verbs
