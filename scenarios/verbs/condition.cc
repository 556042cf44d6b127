#include "scenarios/verbs/condition.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "scenarios/nearest.h"
#include "scenarios/story_names.h"

namespace brokersim::scenarios::verbs {
namespace {

// What a subject is, by key: as text, to be compared with what a story wants.
using Look = std::function<std::string(std::string_view key)>;

struct Subject {
  std::vector<std::string> keys;
  Look look;
};

std::string text_of_end(const Stage& stage, const TopicPartition& partition, NodeId leader) {
  const auto* known = stage.ledger().find_present(partition);
  const auto* log = known ? known->log_of(leader) : nullptr;
  return fmt::format("{}", log ? log->end_offset() : 0);
}

Read<Subject> partition_subject(Stage& stage, const Word& word, TopicPartition partition) {
  if (stage.cluster().metadata().find_partition(partition) == nullptr) {
    return error_at(word.column, fmt::format("there is no partition '{}'", word.text));
  }
  return Subject{{"leader", "epoch", "isr", "end"}, [&stage, partition](std::string_view key) {
                   const auto* state = stage.cluster().metadata().find_partition(partition);
                   if (key == "leader") return short_name(state->leader);
                   if (key == "epoch") return fmt::format("{}", state->leader_epoch);
                   if (key == "end") return text_of_end(stage, partition, state->leader);
                   auto isr = state->isr;
                   std::sort(isr.begin(), isr.end());
                   return short_names(isr);
                 }};
}

Subject quorum_subject(Stage& stage) {
  return {{"leader", "epoch"}, [&stage](std::string_view key) {
            const auto quorum = stage.quorum();
            return key == "leader" ? short_name(quorum.leader) : fmt::format("{}", quorum.epoch);
          }};
}

Read<Subject> machine_subject(Stage& stage, const Word& word) {
  TRY(const auto* machine, machine_of(stage, word));
  return Subject{{"state", "fenced"}, [&stage, machine](std::string_view key) {
                   if (key == "state") return std::string(state_name(*machine));
                   const auto is_fenced = stage.ledger().node(machine->node()).is_fenced;
                   return std::string(is_fenced.value_or(true) ? "yes" : "no");
                 }};
}

Read<Subject> subject_of(Stage& stage, const Word& word) {
  if (word.text == "quorum") return quorum_subject(stage);
  if (auto partition = parse_partition(word.text); partition && stage.find(word.text) == nullptr) {
    return partition_subject(stage, word, *std::move(partition));
  }
  return machine_subject(stage, word);
}

// Lists are sets of machines: "b1 b2".
std::string wanted_text(const Argument& argument) {
  std::vector<std::string> values;
  for (const Word& value : argument.values) values.push_back(value.text);
  std::sort(values.begin(), values.end());
  return fmt::format("{}", fmt::join(values, " "));
}

}  // namespace

const std::vector<std::string_view>& condition_keys() {
  static const std::vector<std::string_view> keys{"leader", "epoch", "isr",
                                                  "end",    "state", "fenced"};
  return keys;
}

Read<Condition> condition_of(Stage& stage, const Step& step) {
  TRY(const Word name, word(step, 0));
  TRY(const Subject subject, subject_of(stage, name));
  std::vector<std::pair<std::string, std::string>> wanted;
  for (const auto& argument : step.arguments) {
    const auto& keys = condition_keys();
    if (std::find(keys.begin(), keys.end(), argument.key) == keys.end()) continue;
    TRY([[maybe_unused]] const auto place,
        choice_of({argument.key, argument.column}, subject.keys));
    wanted.emplace_back(argument.key, wanted_text(argument));
  }
  if (wanted.empty()) {
    return error_at(name.column, fmt::format("nothing is said of {}: {}", name.text,
                                             fmt::join(subject.keys, ", ")));
  }
  return Condition([name, look = subject.look, wanted]() -> std::optional<std::string> {
    for (const auto& [key, text] : wanted) {
      const auto present = look(key);
      if (present == text) continue;
      return fmt::format("{}: {} is {}, not {}", name.text, key, present, text);
    }
    return std::nullopt;
  });
}

std::string_view state_name(const sim::Machine& machine) {
  switch (machine.state()) {
    case sim::Machine::State::off: return "off";
    case sim::Machine::State::down: return "down";
    case sim::Machine::State::running: return "running";
    case sim::Machine::State::paused: return "paused";
  }
  return "running";
}

}  // namespace brokersim::scenarios::verbs
