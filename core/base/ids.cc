#include "core/base/ids.h"

#include <charconv>

namespace brokersim {

std::optional<TopicPartition> parse_partition(std::string_view text) {
  const auto dash = text.rfind('-');
  if (dash == std::string_view::npos || dash == 0) return std::nullopt;
  std::int32_t index = 0;
  const auto [end, error] =
      std::from_chars(text.data() + dash + 1, text.data() + text.size(), index);
  if (error != std::errc{} || end != text.data() + text.size() || index < 0) return std::nullopt;
  return TopicPartition{std::string(text.substr(0, dash)), index};
}

std::string text_of(const std::vector<NodeId>& nodes) {
  std::string text = "{";
  for (const NodeId node : nodes) text += fmt::format("{}{}", text.size() > 1 ? "," : "", node);
  return text + "}";
}

}  // namespace brokersim

fmt::format_context::iterator brokersim::detail::write_id(std::int64_t id,
                                                          fmt::format_context& context) {
  return fmt::format_to(context.out(), "{}", id);
}

fmt::format_context::iterator fmt::formatter<brokersim::TopicPartition>::format(
    const brokersim::TopicPartition& p, format_context& context) const {
  return fmt::format_to(context.out(), "{}-{}", p.topic, p.partition);
}
