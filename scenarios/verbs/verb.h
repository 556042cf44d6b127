// A verb of the stories: what its line may hold, and what it does on the stage.
//
// Each verb is a file of this folder that opens with its example line, and a row of all.cc. Words
// and keys are checked before `run` is called; what they mean is the verb's, with the readers
// below.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/stage.h"
#include "scenarios/transcript.h"

namespace brokersim::scenarios::verbs {

// One story's stage, once its `cluster` has made it.
using StagePtr = std::unique_ptr<Stage>;

struct Verb {
  std::string_view group;  // "world", "clients", "time", "look", "judge"
  std::string_view name;
  std::string_view example;  // "crash b1"
  std::string_view meaning;  // One line.
  // How many words without a key it takes.
  std::size_t least_words = 0;
  std::size_t most_words = 0;
  std::vector<std::string_view> keys = {};
  bool takes_input = false;     // Indented lines below it.
  bool takes_settings = false;  // Also keys with a dot in them: Kafka's names.
  bool is_setting = false;      // Part of the setting, before the clock starts.
  Printed (*run)(Stage& stage, const Step& step) = nullptr;
  Printed (*make)(StagePtr& stage, const Step& step) = nullptr;  // Of `cluster`: instead of run.
};

// ---- Errors ------------------------------------------------------------------------------------

Unexpected<StepError> error_at(std::size_t column, std::string message);
// The step is fine, and what it says is not so.
Unexpected<StepError> not_so(std::string message);

// ---- Reading words -----------------------------------------------------------------------------

template <class T>
using Read = Expected<T, StepError>;

// The only value of an argument.
Read<Word> single(const Argument& argument);
// The nth word without a key, from 0; there is one.
Read<Word> word(const Step& step, std::size_t n);

Read<Duration> duration_of(const Word& word);
Read<std::int64_t> number_of(const Word& word);
Read<TopicPartition> partition_of(const Word& word);
Read<sim::Machine*> machine_of(Stage& stage, const Word& word);
Read<NodeId> broker_of(Stage& stage, const Word& word);
// One of the choices, by its place among them.
Read<std::size_t> choice_of(const Word& word, const std::vector<std::string>& choices);

// Names of machines as a fault has them; clients that do not exist yet are not among them.
Read<std::vector<std::string>> machines_of(Stage& stage, const Argument& argument);

// What a key says, or else `otherwise`.
Read<Duration> duration_or(const Step& step, std::string_view key, Duration otherwise);
Read<std::int64_t> number_or(const Step& step, std::string_view key, std::int64_t otherwise);
// tell=(elections, isr), or what the story tells usually.
Read<Subjects> subjects_or(const Step& step, const Subjects& otherwise);

}  // namespace brokersim::scenarios::verbs
