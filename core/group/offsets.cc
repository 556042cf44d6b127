#include "core/group/offsets.h"

#include <utility>

namespace brokersim::group {

void Offsets::apply(Offset at, const TopicPartition& partition,
                    std::optional<OffsetCommitValue> value, Offset written) {
  auto& versions = versions_[partition];
  if (!versions.empty() && versions.back().written >= written) return;
  versions.push_back({at, written, std::move(value)});
}

void Offsets::advance(Offset high_watermark) {
  for (auto entry = versions_.begin(); entry != versions_.end();) {
    auto& versions = entry->second;
    std::size_t replaced = 0;
    while (replaced + 1 < versions.size() && versions[replaced + 1].at < high_watermark) ++replaced;
    versions.erase(versions.begin(), versions.begin() + static_cast<std::ptrdiff_t>(replaced));
    const bool is_gone =
        versions.size() == 1 && !versions.front().value && versions.front().at < high_watermark;
    entry = is_gone ? versions_.erase(entry) : std::next(entry);
  }
}

const OffsetCommitValue* Offsets::committed(const TopicPartition& partition,
                                            Offset high_watermark) const {
  const auto found = versions_.find(partition);
  if (found == versions_.end()) return nullptr;
  const OffsetCommitValue* result = nullptr;
  for (const auto& version : found->second) {
    if (version.at < high_watermark) result = version.value ? &*version.value : nullptr;
  }
  return result;
}

std::map<TopicPartition, const OffsetCommitValue*> Offsets::committed(Offset high_watermark) const {
  std::map<TopicPartition, const OffsetCommitValue*> result;
  for (const auto& [partition, versions] : versions_) {
    if (const auto* value = committed(partition, high_watermark)) result.emplace(partition, value);
  }
  return result;
}

const OffsetCommitValue* Offsets::latest(const TopicPartition& partition) const {
  const auto found = versions_.find(partition);
  if (found == versions_.end() || !found->second.back().value) return nullptr;
  return &*found->second.back().value;
}

bool Offsets::is_changing(const TopicPartition& partition, Offset high_watermark) const {
  const auto found = versions_.find(partition);
  return found != versions_.end() && found->second.back().at >= high_watermark;
}

std::vector<TopicPartition> Offsets::partitions() const {
  std::vector<TopicPartition> result;
  for (const auto& [partition, versions] : versions_) {
    if (versions.back().value) result.push_back(partition);
  }
  return result;
}

}  // namespace brokersim::group
