#include "reports/markup.h"

#include <algorithm>

#include <fmt/format.h>

#include "reports/text_width.h"

namespace brokersim::reports {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

// The length of the well-formed character of UTF-8 at the beginning, or 0 (RFC 3629).
std::size_t character_length(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return first >= 0x20 || first == '\n' || first == '\t' ? 1 : 0;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if (!is_continuation(text[i])) return 0;
  const auto second = static_cast<unsigned char>(text[1]);
  const bool is_overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool is_surrogate = first == 0xED && second >= 0xA0;
  const bool is_beyond = first == 0xF4 && second >= 0x90;
  return is_overlong || is_surrogate || is_beyond ? 0 : length;
}

std::string_view entity_of(char c) {
  switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return {};
  }
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    const std::string_view entity = entity_of(text[0]);
    out += length == 0 ? replacement : !entity.empty() ? entity : text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

std::string json_in_script(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (const char c : json) {
    if (c == '<') {
      out += "\\u003c";
    } else {
      out += c;
    }
  }
  return out;
}

Markup element(std::string_view name, std::initializer_list<Attribute> attributes,
               const Markup& content) {
  std::string out = fmt::format("<{}", name);
  for (const auto& attribute : attributes)
    if (!attribute.value.empty())
      out += fmt::format(" {}=\"{}\"", attribute.name, escaped(attribute.value));
  return Markup::raw(fmt::format("{}>{}</{}>", out, content.str(), name));
}

Markup element(std::string_view name, const Markup& content) { return element(name, {}, content); }

Markup element(std::string_view name, std::string_view text) {
  return element(name, {}, Markup::text(text));
}

}  // namespace brokersim::reports
