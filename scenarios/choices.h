// One value of what a scenario leaves open (scenario.h `Choice`): a function of the choice and of
// what is drawn with, and of nothing else.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "core/base/assert.h"
#include "core/base/time.h"
#include "scenarios/plan.h"
#include "scenarios/scenario.h"
#include "sim/random.h"

namespace brokersim::scenarios {

inline std::int64_t between(std::int64_t low, std::int64_t high, const sim::Random& random) {
  return sim::uniform(random.draw(), low, high);
}

// Coarse enough to be read: whole milliseconds, or microseconds if the range is short.
inline Duration between(Duration low, Duration high, const sim::Random& random) {
  const Duration grain = high - low >= 100ms ? Duration(1ms) : Duration(1us);
  const auto drawn = Duration(between(low.count(), high.count(), random));
  return std::max(low, drawn / grain * grain);
}

inline Fault::Parameter between(const Fault::Parameter& low, const Fault::Parameter& high,
                                const sim::Random& random) {
  if (const auto* number = std::get_if<std::int64_t>(&low)) {
    return between(*number, std::get<std::int64_t>(high), random);
  }
  return between(std::get<Duration>(low), std::get<Duration>(high), random);
}

// Texts and words have no ranges.
inline const std::string& between(const std::string& low, const std::string&, const sim::Random&) {
  return low;
}
template <class Word>
requires std::is_enum_v<Word> Word between(Word low, Word, const sim::Random&) { return low; }

template <class T>
T pick(const std::vector<T>& values, const sim::Random& random) {
  REQUIRE(!values.empty());
  return values[sim::uniform(random.draw(), std::size_t{0}, values.size() - 1)];
}

template <class T>
T pick(const Choice<T>& choice, const sim::Random& random) {
  if (choice.is_range) return between(choice.values.front(), choice.values.back(), random);
  return pick(choice.values, random);
}

inline std::map<std::string, std::string> pick_each(
    const std::map<std::string, Choice<std::string>>& choices, const sim::Random& random) {
  std::map<std::string, std::string> result;
  for (const auto& [name, choice] : choices) result[name] = pick(choice, random.with(name));
  return result;
}

}  // namespace brokersim::scenarios
