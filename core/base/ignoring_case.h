// Words that Kafka takes in any case of their letters.
#pragma once

#include <algorithm>
#include <string_view>

namespace brokersim {

// Of ASCII letters: others are what they are.
inline bool equals_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char left, char right) { return lower(left) == lower(right); });
}

}  // namespace brokersim
