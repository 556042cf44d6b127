// Coordinates as text, the same on every machine: at most two decimals, no trailing zeros.
#pragma once

#include <string>

#include <fmt/format.h>

namespace brokersim::reports {

inline std::string number_text(double value) {
  std::string text = fmt::format("{:.2f}", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text == "-0" ? "0" : text;
}

}  // namespace brokersim::reports
