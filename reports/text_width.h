// How wide a text is in Helvetica, without a font at hand: the same on every machine, which keeps
// layouts and pictures identical.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace brokersim::reports {

// Whether the byte goes on with a character of UTF-8 (RFC 3629).
constexpr bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

// In the unit of `size`. UTF-8; characters outside the table count as wide ones.
double text_width(std::string_view text, double size, bool is_bold = false);

// Broken at blanks so that no line is wider than `width`, unless a single word is.
std::vector<std::string> wrapped_lines(std::string_view text, double size, double width,
                                       bool is_bold = false);

// Shortened with an ellipsis so that it is no wider than `width`.
std::string shortened(std::string_view text, double size, double width, bool is_bold = false);

}  // namespace brokersim::reports
