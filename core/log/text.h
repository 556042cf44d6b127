// Taking apart the text files of a data directory: lines and words.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "core/base/number.h"

namespace brokersim::log {

// The pieces between separators, without empty ones.
inline std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  while (!text.empty()) {
    const auto end = text.find(separator);
    const auto piece = text.substr(0, end);
    if (!piece.empty()) pieces.push_back(piece);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return pieces;
}

// The data lines of a checkpoint file: a line "0", a line with their count, and they themselves.
inline std::optional<std::vector<std::string_view>> checkpoint_lines(std::string_view text) {
  auto lines = split(text, '\n');
  if (lines.size() < 2 || number<int>(lines[0]) != 0) return std::nullopt;
  if (number<std::size_t>(lines[1]) != lines.size() - 2) return std::nullopt;
  lines.erase(lines.begin(), lines.begin() + 2);
  return lines;
}

}  // namespace brokersim::log
