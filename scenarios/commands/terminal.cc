#include "scenarios/commands/terminal.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <unistd.h>

namespace brokersim::scenarios {
namespace {

constexpr std::size_t fewest_columns = 40;

// As setlocale would choose: LC_ALL before LC_CTYPE before LANG, the first that is not empty.
bool is_utf8(const Environment& environment) {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const auto value = environment(name);
    if (!value || value->empty()) continue;
    std::string lower = *value;
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return lower.find("utf-8") != std::string::npos || lower.find("utf8") != std::string::npos;
  }
  return false;
}

std::size_t columns_of(const Environment& environment) {
  const std::size_t most = reports::Style{}.columns;
  const auto text = environment("COLUMNS").value_or("");
  std::size_t columns = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), columns);
  if (error != std::errc{} || end != text.data() + text.size()) return most;
  return std::clamp(columns, fewest_columns, most);
}

}  // namespace

Environment process_environment() {
  return [](const char* name) -> std::optional<std::string> {
    const char* value = std::getenv(name);
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

Terminal terminal_of(bool is_a_tty, const Environment& environment) {
  const bool is_dumb = environment("TERM") == "dumb";
  Terminal terminal;
  terminal.is_terminal = is_a_tty && !is_dumb;
  terminal.style.has_color = terminal.is_terminal && environment("NO_COLOR").value_or("").empty();
  terminal.style.has_unicode = is_utf8(environment);
  terminal.style.columns = columns_of(environment);
  return terminal;
}

Terminal terminal_at(int fd) { return terminal_of(isatty(fd) == 1, process_environment()); }

}  // namespace brokersim::scenarios
