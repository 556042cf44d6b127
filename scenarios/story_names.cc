#include "scenarios/story_names.h"

#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace brokersim::scenarios {
namespace {

constexpr std::int32_t controllers = 100;  // Controller n is node 100 + n: scenarios/cluster.cc.

struct Kind {
  std::string_view name;
  std::string_view letter;
};
constexpr std::array<Kind, 2> kinds{Kind{"broker-", "b"}, Kind{"controller-", "c"}};

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Replaces `from` by `to` wherever a number follows.
void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    const auto next = at + from.size();
    if (next < text.size() && is_number(std::string_view(text).substr(next, 1))) {
      text.replace(at, from.size(), to);
    }
  }
}

}  // namespace

std::string short_name(std::string_view machine) {
  for (const auto& kind : kinds) {
    if (!machine.starts_with(kind.name)) continue;
    return fmt::format("{}{}", kind.letter, machine.substr(kind.name.size()));
  }
  return std::string(machine);
}

std::string machine_name(std::string_view short_name) {
  for (const auto& kind : kinds) {
    if (!short_name.starts_with(kind.letter) || !is_number(short_name.substr(1))) continue;
    return fmt::format("{}{}", kind.name, short_name.substr(1));
  }
  return std::string(short_name);
}

std::string short_name(NodeId node) {
  if (!node.is_set()) return "nobody";
  return node.value > controllers ? fmt::format("c{}", node.value - controllers)
                                  : fmt::format("b{}", node);
}

std::string short_names(const std::vector<NodeId>& nodes) {
  std::string text;
  for (const NodeId node : nodes) text += (text.empty() ? "" : " ") + short_name(node);
  return text;
}

std::string with_short_names(std::string_view sentence) {
  std::string text(sentence);
  for (const auto& kind : kinds) replace_all(text, kind.name, kind.letter);
  return text;
}

std::string clock_text(Instant at, Instant zero) {
  const auto centiseconds = (at - zero) / 10ms;
  return fmt::format("{:>4}.{:02}s", centiseconds / 100, centiseconds % 100);
}

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t value = 0;
  const auto* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (result.ec != std::errc{} || result.ptr != end) return std::nullopt;
  return value;
}

}  // namespace brokersim::scenarios
