// The form of a story: a file of steps, each a line of words, and below it what the step printed.
//
//   # The story, in comments.
//
//   crash b1
//   run for=10s
//   ----
//     9.14s  c1   fences b1: b1 sent no heartbeat
//
//   produce p1 orders-0 acks=all
//     a record per line, indented
//   ----
//     9.20s  p1   …
//
// What was printed stands between four dashes and the next empty line; a step that prints nothing
// has neither. Every other line is kept as it is when a story is rewritten. What the words mean is
// no matter here: see scenarios/verbs/.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/expected.h"

namespace brokersim::scenarios {

// Part of a step's line, and where it begins, counted from 1 in characters.
struct Word {
  std::string text;
  std::size_t column = 0;
};

// "p1", "acks=all", "isr=(b1, b2)", "(b1, b2)".
struct Argument {
  std::string key;  // Empty where there is no "=".
  std::size_t column = 0;
  std::vector<Word> values;  // One, unless it is a list.
};

struct Step {
  std::size_t line = 0;  // In the file, from 1.
  Word verb;
  std::vector<Argument> arguments;
  std::vector<std::string> input;     // Indented lines, without the indentation.
  std::vector<std::string> expected;  // What it printed when the story was written.

  const Argument* find(std::string_view key) const;  // Null if the key is not given.
  // The arguments without keys, in order.
  std::vector<const Argument*> words() const;
};

// What is wrong with a step, and at which column of its line; 0: with all of it.
struct StepError {
  std::size_t column = 0;
  std::string message;
  bool does_not_hold = false;  // The step can be carried out, and what it says is not so.
};
// An error at a place in a file.
struct StoryError {
  std::size_t line = 0;
  std::size_t column = 0;
  std::string message;
  std::string told = {};  // The story so far, as it was told now.
  bool does_not_hold = false;
};

// What a step prints: lines, each ended by a newline.
using Printed = Expected<std::string, StepError>;
using RunStep = std::function<Printed(const Step&)>;

struct Mismatch {
  Step step;
  std::vector<std::string> printed;
};
struct Retold {
  std::string rewritten;  // The same story with what was printed now.
  std::vector<Mismatch> mismatches;
};

// Carries out the steps in order. An error of form comes before anything is carried out; an error
// of a step ends the story.
Expected<Retold, StoryError> run_transcript(std::string_view text, const RunStep& run);

// A unified diff of the two texts, with their names; empty if they are equal.
std::string diff(std::string_view before, std::string_view after, std::string_view name_before,
                 std::string_view name_after);

}  // namespace brokersim::scenarios
