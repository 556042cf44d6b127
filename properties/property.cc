// Collecting violations, one of each fingerprint.
#include "properties/property.h"

#include "properties/topic_names.h"

namespace brokersim::properties {

std::string text_of(Needs needs) {
  std::string text;
  const auto add = [&](Need need, std::string_view name) {
    if (!needs.has(need)) return;
    if (!text.empty()) text += ", ";
    text += name;
  };
  add(Need::client, "client");
  add(Need::wire, "wire");
  add(Need::disk, "disk");
  add(Need::metadata, "metadata");
  return text;
}

bool Judge::report(Violation violation) {
  const auto [at, is_first] =
      by_fingerprint_.try_emplace(violation.fingerprint(), violations_.size());
  if (!is_first) {
    ++violations_[at->second].count;
    return false;
  }
  violation.at = now_;
  // For people, and to be found in what was told of the run; the message says which topic.
  auto& partition = violation.partition;
  if (partition) partition->topic = name_in_kafka(partition->topic);
  violations_.push_back(std::move(violation));
  return true;
}

}  // namespace brokersim::properties
