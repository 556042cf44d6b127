#include "reports/text_width.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace brokersim::reports {

namespace {

// Advance widths of ASCII 32 to 126 in thousandths of the size, from Helvetica's metrics.
constexpr std::array<std::uint16_t, 95> advance = {
    278,  278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,  // ' ' to '/'
    556,  556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,  // '0' to '?'
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,  // '@' to 'O'
    667,  778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,  // 'P' to '_'
    333,  556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,  // '`' to 'o'
    556,  556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,       // 'p' to '~'
};
constexpr std::uint16_t advance_of_others = 1000;
constexpr std::string_view narrow = "·";  // The one narrow character that pictures use often.
constexpr std::string_view ellipsis = "…";

}  // namespace

double text_width(std::string_view text, double size, bool is_bold) {
  std::int64_t thousandths = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (is_continuation(text[i])) continue;
    if (c >= 32 && c < 127) {
      thousandths += advance[c - 32U];
    } else {
      thousandths += text.substr(i).starts_with(narrow) ? advance[0] : advance_of_others;
    }
  }
  if (is_bold) thousandths = thousandths * 106 / 100;
  return static_cast<double>(thousandths) * size / 1000;
}

std::vector<std::string> wrapped_lines(std::string_view text, double size, double width,
                                       bool is_bold) {
  std::vector<std::string> lines;
  std::string line;
  while (!text.empty()) {
    const std::size_t blank = std::min(text.find(' '), text.size());
    const std::string word(text.substr(0, blank));
    text.remove_prefix(std::min(blank + 1, text.size()));
    const std::string longer = line.empty() ? word : line + " " + word;
    if (!line.empty() && text_width(longer, size, is_bold) > width) {
      lines.push_back(std::move(line));
      line = word;
    } else {
      line = longer;
    }
  }
  if (!line.empty()) lines.push_back(std::move(line));
  return lines;
}

std::string shortened(std::string_view text, double size, double width, bool is_bold) {
  if (text_width(text, size, is_bold) <= width) return std::string(text);
  std::string kept(text);
  while (!kept.empty()) {
    while (is_continuation(kept.back())) kept.pop_back();
    kept.pop_back();
    while (kept.ends_with(' ')) kept.pop_back();
    const std::string candidate = kept + std::string(ellipsis);
    if (text_width(candidate, size, is_bold) <= width) return candidate;
  }
  return std::string(ellipsis);
}

}  // namespace brokersim::reports
