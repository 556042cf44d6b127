#include "scenarios/properties_text.h"

#include <charconv>
#include <cstdint>
#include <optional>

#include <fmt/format.h>

namespace brokersim::scenarios {
namespace {

constexpr std::string_view inner_blanks = " \t\f";

// One line of the file, and the rest.
std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find_first_of("\r\n"), text.size());
  const auto line = text.substr(0, end);
  const bool is_crlf = text.substr(end, 2) == "\r\n";
  text.remove_prefix(std::min(text.size(), end + (is_crlf ? 2 : 1)));
  return line;
}

std::string_view without_indent(std::string_view line) {
  return line.substr(std::min(line.find_first_not_of(inner_blanks), line.size()));
}

bool goes_on(std::string_view line) {
  const auto last = line.find_last_not_of('\\');
  const auto backslashes = line.size() - (last == std::string_view::npos ? 0 : last + 1);
  return backslashes % 2 == 1;
}

// A code unit of UTF-16 as UTF-8. Halves of a pair are rare in settings, and stay halves.
void append_utf8(std::string& out, unsigned unit) {
  if (unit < 0x80) {
    out += static_cast<char>(unit);
  } else if (unit < 0x800) {
    out += static_cast<char>(0xc0 | unit >> 6);
    out += static_cast<char>(0x80 | (unit & 0x3f));
  } else {
    out += static_cast<char>(0xe0 | unit >> 12);
    out += static_cast<char>(0x80 | (unit >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (unit & 0x3f));
  }
}

// What stands after a backslash, which `text` begins after; false if it is no escape.
bool unescape(std::string_view& text, std::string& out) {
  if (text.empty()) return true;
  const char c = text.front();
  text.remove_prefix(1);
  switch (c) {
    case 't': out += '\t'; return true;
    case 'n': out += '\n'; return true;
    case 'r': out += '\r'; return true;
    case 'f': out += '\f'; return true;
    case 'u': break;
    default: out += c; return true;
  }
  unsigned unit = 0;
  const auto digits = text.substr(0, 4);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), unit, 16);
  const bool is_whole = digits.size() == 4 && end == digits.data() + digits.size();
  if (error != std::errc{} || !is_whole) return false;
  append_utf8(out, unit);
  text.remove_prefix(4);
  return true;
}

// Up to one of `ends`, which is not escaped; false at what is no escape.
bool take_until(std::string_view& text, std::string_view ends, std::string& out) {
  while (!text.empty() && ends.find(text.front()) == std::string_view::npos) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c != '\\') {
      out += c;
    } else if (!unescape(text, out)) {
      return false;
    }
  }
  return true;
}

// A whole line, those it goes on in included.
std::optional<Property> parse_line(std::string_view line) {
  Property property;
  if (!take_until(line, "=: \t\f", property.name)) return std::nullopt;
  line = without_indent(line);
  if (!line.empty() && (line.front() == '=' || line.front() == ':')) {
    line = without_indent(line.substr(1));
  }
  if (!take_until(line, "", property.value)) return std::nullopt;
  property.value.erase(property.value.find_last_not_of(" \t\f\r\n") + 1);
  return property;
}

}  // namespace

Expected<std::vector<Property>, std::string> parse_properties(std::string_view text) {
  std::vector<Property> properties;
  for (int number = 1; !text.empty();) {
    const int first = number++;
    std::string line(without_indent(take_line(text)));
    if (line.empty() || line.front() == '#' || line.front() == '!') continue;
    while (goes_on(line)) {
      line.pop_back();
      if (text.empty()) break;
      ++number;
      line += without_indent(take_line(text));
    }
    auto property = parse_line(line);
    if (!property) return Unexpected(fmt::format("{}: \\u wants four hexadecimal digits", first));
    property->line = first;
    properties.push_back(*std::move(property));
  }
  return properties;
}

}  // namespace brokersim::scenarios
