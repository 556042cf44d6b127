#include "core/broker/offsets_file.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace brokersim::broker {

bool OffsetsFile::load(Env& env) {
  const auto text = log::read_file(env, path_);
  const bool is_told = text || text.error() == IoError::not_found;
  is_loaded_ = is_told && !env.is_cancelled();
  if (!text) return is_told || env.is_cancelled();
  auto offsets = log::decode_offsets(*text);
  if (offsets) {
    offsets_ = *std::move(offsets);
  } else {
    env.emit(Note{fmt::format("{} is unreadable and ignored", path_)});
  }
  return true;
}

Offset OffsetsFile::of(const TopicPartition& partition) const {
  const auto found = offsets_.find(partition);
  return found == offsets_.end() ? 0 : found->second;
}

Offset OffsetsFile::most(const TopicPartition& partition) const {
  const auto found = coming_.find(partition);
  return std::max(of(partition), found == coming_.end() ? 0 : found->second);
}

bool OffsetsFile::rewrite(Env& env, const Change& change) {
  if (!is_loaded_) return true;
  const auto held = turn_.take(env);
  return held && replace(env, change);
}

// Whoever is about to write may tell of them.
bool OffsetsFile::forget(Env& env, const std::set<TopicPartition>& partitions) {
  if (!is_loaded_ || partitions.empty()) return true;
  const auto held = turn_.take(env);
  if (!held) return false;
  const auto is_told = [&](const auto& partition) { return offsets_.contains(partition); };
  if (std::none_of(partitions.begin(), partitions.end(), is_told)) return true;
  return replace(env, [&](log::PartitionOffsets& offsets) {
    std::erase_if(offsets, [&](const auto& entry) { return partitions.contains(entry.first); });
  });
}

bool OffsetsFile::replace(Env& env, const Change& change) {
  auto offsets = offsets_;
  change(offsets);
  coming_ = std::move(offsets);
  const auto written = log::replace_file(env, path_, log::encode_offsets(coming_));
  auto come = std::exchange(coming_, {});
  if (!written) return false;
  offsets_ = std::move(come);
  return true;
}

}  // namespace brokersim::broker
