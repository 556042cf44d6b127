// What options that are numbers may be.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace brokersim::scenarios {

// A whole number from `least` on, and said so where it is none.
inline CLI::Validator whole_number(std::int64_t least) {
  return CLI::Validator(
      [least](std::string& text) {
        std::int64_t number = 0;
        const auto* const end = text.data() + text.size();
        const auto [stop, error] = std::from_chars(text.data(), end, number);
        if (error == std::errc{} && stop == end && number >= least) return std::string();
        return fmt::format("'{}': a whole number from {} to 2^63 - 1 is wanted", text, least);
      },
      "");
}

}  // namespace brokersim::scenarios
