#include "scenarios/duration_text.h"

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace brokersim::scenarios {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t ns;
};
constexpr std::array<Unit, 6> units{Unit{"ns", 1},
                                    Unit{"us", 1'000},
                                    Unit{"ms", 1'000'000},
                                    Unit{"s", 1'000'000'000},
                                    Unit{"min", 60'000'000'000},
                                    Unit{"h", 3'600'000'000'000}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::int64_t unit_of(std::string_view name) {
  for (const auto& unit : units) {
    if (unit.name == name) return unit.ns;
  }
  return 0;
}

// Adds digit * weight to `sum`; false if it does not fit.
bool add(std::int64_t& sum, std::int64_t digit, std::int64_t weight) {
  std::int64_t product = 0;
  return !__builtin_mul_overflow(digit, weight, &product) &&
         !__builtin_add_overflow(sum, product, &sum);
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  const auto end_of_number = text.find_first_not_of("0123456789.");
  if (end_of_number == 0 || end_of_number == std::string_view::npos) return std::nullopt;
  const std::int64_t unit = unit_of(text.substr(end_of_number));
  const auto number = text.substr(0, end_of_number);
  const auto dot = number.find('.');
  const auto whole = number.substr(0, dot);
  if (unit == 0 || whole.empty()) return std::nullopt;

  std::int64_t count = 0;
  for (const char c : whole) {
    std::int64_t shifted = 0;
    if (!add(shifted, count, 10) || !add(shifted, c - '0', 1)) return std::nullopt;
    count = shifted;
  }
  std::int64_t ns = 0;
  if (!add(ns, count, unit)) return std::nullopt;
  if (dot == std::string_view::npos) return Duration(ns);

  const auto fraction = number.substr(dot + 1);
  if (fraction.empty()) return std::nullopt;
  std::int64_t weight = unit;
  for (const char c : fraction) {
    if (!is_digit(c)) return std::nullopt;
    const std::int64_t tenths = weight;
    weight = tenths / 10;
    // The digit counts tenths of a weight that may not be divisible: 0.5 of 1ns is no whole number.
    if (weight * 10 != tenths && c != '0') return std::nullopt;
    if (!add(ns, c - '0', weight)) return std::nullopt;
  }
  return Duration(ns);
}

std::string why_no_duration(std::string_view text) {
  const auto end_of_number = text.find_first_not_of("0123456789.");
  const bool has_number = end_of_number != 0 && !text.empty();
  const auto name = has_number && end_of_number != std::string_view::npos
                        ? text.substr(end_of_number)
                        : std::string_view();
  if (name.empty() || unit_of(name) != 0) {
    return "a duration such as \"250ms\" or \"1.5s\" is wanted";
  }
  std::vector<std::string_view> names;
  for (const auto& unit : units) names.push_back(unit.name);
  return fmt::format("there is no unit '{}'; there is {}", name, fmt::join(names, ", "));
}

std::string text_of(Duration duration) {
  std::size_t best = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    if (duration.count() >= units[i].ns) best = i;
  }
  if (duration.count() == 0) return "0s";
  const auto& unit = units[best];
  const auto whole = duration.count() / unit.ns;
  auto rest = duration.count() % unit.ns;
  std::string text = fmt::format("{}", whole);
  if (rest != 0) text += '.';
  for (std::int64_t weight = unit.ns / 10; rest != 0; weight /= 10) {
    text += static_cast<char>('0' + rest / weight);
    rest %= weight;
  }
  return text + std::string(unit.name);
}

}  // namespace brokersim::scenarios
