// Offsets, nodes, times and acks levels as violations write them.
#include "properties/text.h"

#include <fmt/format.h>

namespace brokersim::properties {

std::string text_of_offsets(const BatchRef& batch) {
  if (batch.base_offset == batch.last_offset) return fmt::format("offset {}", batch.base_offset);
  return fmt::format("offsets {}..{}", batch.base_offset, batch.last_offset);
}

std::string text_of_nodes(const std::vector<NodeId>& nodes) {
  std::string text = "{";
  for (const NodeId node : nodes) text += fmt::format("{}{}", text.size() > 1 ? "," : "", node);
  return text + "}";
}

std::string text_of_time(Instant at) {
  return fmt::format("{}.{:03} ms", at.ns() / 1'000'000, at.ns() / 1'000 % 1'000);
}

std::string text_of_acks(std::int32_t acks) {
  return acks == -1 ? "acks=all" : fmt::format("acks={}", acks);
}

}  // namespace brokersim::properties
