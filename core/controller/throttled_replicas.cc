#include "core/controller/throttled_replicas.h"

#include <algorithm>
#include <charconv>

#include "core/base/trimmed.h"

namespace brokersim::controller {
namespace {

// Digits alone: Kafka takes no sign.
std::optional<std::int32_t> parse_id(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return {};
  std::int32_t id = 0;
  const auto* const end = text.data() + text.size();
  if (std::from_chars(text.data(), end, id).ec != std::errc{}) return {};
  return id;
}

}  // namespace

std::optional<ThrottledReplicas> ThrottledReplicas::parse(std::string_view text) {
  ThrottledReplicas result;
  result.is_all_ = trimmed(text) == "*";
  if (result.is_all_) return result;
  bool has_ended = false;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const auto pair = trimmed(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (pair.empty()) {
      has_ended = true;
      continue;
    }
    const auto colon = std::min(pair.find(':'), pair.size());
    const auto partition = parse_id(pair.substr(0, colon));
    const auto broker = parse_id(pair.substr(std::min(colon + 1, pair.size())));
    if (has_ended || !partition || !broker) return std::nullopt;
    result.replicas_.insert({*partition, NodeId(*broker)});
  }
  return result;
}

}  // namespace brokersim::controller
