#include "core/log/log.h"

#include <algorithm>
#include <tuple>

#include "core/log/segment.h"

namespace brokersim::log {

std::string_view name_of(LogError error) {
  switch (error) {
    case LogError::storage: return "storage";
    case LogError::cancelled: return "cancelled";
    case LogError::out_of_range: return "out of range";
    case LogError::corrupt: return "corrupt";
    case LogError::out_of_order: return "out of order";
  }
  return "?";
}

Log::Log(TopicPartition partition, std::string directory, LogConfig config)
    : partition_(std::move(partition)),
      directory_(std::move(directory)),
      config_(config),
      snapshots_(directory_),
      aborted_(directory_) {}

Log::~Log() = default;

std::string Log::path_of(std::string_view name) const {
  return fmt::format("{}/{}", directory_, name);
}

Unexpected<LogError> Log::fail(IoError error) {
  if (error == IoError::cancelled) return Unexpected(LogError::cancelled);
  if (!is_offline_) failed_with_ = error;
  is_offline_ = config_.rules.goes_offline_after_error;
  return Unexpected(LogError::storage);
}

std::string Log::why_offline() const {
  return fmt::format("log {}: {}", directory_, name_of(failed_with_));
}

std::uint64_t Log::size() const {
  std::uint64_t total = 0;
  for (const auto& segment : segments_) total += segment->size();
  return total;
}

// ---- Appending ---------------------------------------------------------------------------------

void Log::begin_epoch(LeaderEpoch epoch) {
  REQUIRE(epoch >= last_epoch(), epoch, last_epoch());
  epochs_.assign(epoch, end_offset_);
}

LogResult<AppendInfo> Log::append_as_leader(Host& host, std::span<wire::Batch> batches,
                                            LeaderEpoch epoch) {
  REQUIRE(epoch.is_set(), epoch);
  REQUIRE(epoch >= last_epoch(), epoch, last_epoch());
  AppendInfo info{end_offset_, end_offset_};
  for (auto& batch : batches) {
    batch.header.base_offset = end_offset_;
    batch.header.leader_epoch = epoch;
    TRY(std::ignore, append(host, batch));
    info.next_offset = end_offset_;
    info.batches += 1;
    info.bytes += batch.size();
  }
  return info;
}

LogResult<AppendInfo> Log::append_as_follower(Host& host, std::span<const wire::Batch> batches,
                                              LeaderEpoch max_epoch) {
  AppendInfo info{end_offset_, end_offset_};
  for (const auto& batch : batches) {
    const auto& header = batch.header;
    if (header.leader_epoch > max_epoch) break;
    if (!batch.crc_is_valid()) return Unexpected(LogError::corrupt);
    if (!follows(header, {end_offset_, last_epoch()})) return Unexpected(LogError::out_of_order);
    TRY(std::ignore, append(host, batch));
    if (info.batches == 0) info.first_offset = header.base_offset;
    info.next_offset = end_offset_;
    info.batches += 1;
    info.bytes += batch.size();
  }
  return info;
}

LogResult<Done> Log::append(Host& host, const wire::Batch& batch) {
  if (is_offline_) return Unexpected(LogError::storage);
  const auto& header = batch.header;
  ASSERT(header.base_offset >= end_offset_, header.base_offset, end_offset_);
  // The base is the log's end, not the batch's: segments without a gap between them are what tells
  // a compacted log from one that lost a segment's tail.
  if (must_roll_for(batch)) {
    TRY(std::ignore, roll(host, end_offset_));
    TRY(std::ignore, snapshot_producers(host));
  }
  TRY(std::ignore, checked(segments_.back()->append(batch)));
  count_in_active(segments_.back()->known().back());
  const auto ended = producers_.apply(segments_.back()->known().back());
  if (header.leader_epoch != last_epoch()) epochs_.assign(header.leader_epoch, end_offset_);
  end_offset_ = header.next_offset();
  ASSERT(end_offset_ == segments_.back()->end_offset(), end_offset_);
  ASSERT(last_epoch() == header.leader_epoch, last_epoch(), header.leader_epoch);
  // Whatever becomes of the index, the offsets of what is in the log are taken (KAFKA-7866).
  if (!ended) return Done{};
  undecided_.emplace(ended->first_offset, ended->marker_offset);
  if (!ended->is_aborted) return Done{};
  const auto indexed =
      aborted_.add(host, segments_.back()->base_offset(), entry_of(*ended, producers_));
  if (!indexed && !config_.rules.keeps_offsets_without_index) {
    segments_.back()->forget_last();
    end_offset_ = segments_.back()->end_offset();
    return Unexpected(LogError::storage);
  }
  return checked(indexed);
}

// ---- Truncating --------------------------------------------------------------------------------

LogResult<Done> Log::truncate_to(Host& host, Offset offset, std::string_view why) {
  if (is_offline_) return Unexpected(LogError::storage);
  if (offset < start_offset_) return truncate_fully_and_start_at(host, offset, why);
  epochs_.truncate_from_end(offset);
  if (offset >= end_offset_) return Done{};
  REQUIRE(is_loaded_for_cut(offset), directory_, offset);
  const Offset from = end_offset_;
  ++cuts_;
  TRY(std::ignore, abandon_replacement(host));
  // One that begins there stays, empty: the one before may have lost its end to compaction, and the
  // log is to end at `offset`, not there.
  while (segments_.size() > 1 && segments_.back()->base_offset() > offset) {
    TRY(std::ignore, remove_segment(host, segments_.size() - 1));
  }
  TRY(std::ignore, checked(segments_.back()->truncate_to(offset)));
  TRY(std::ignore, remove_indexes(host, *segments_.back()));
  measure_active(host);
  end_offset_ = segments_.back()->end_offset();
  // The start lay inside a batch that is gone.
  if (end_offset_ < start_offset_) {
    TRY(std::ignore, start_afresh(host, start_offset_));
  }
  epochs_.truncate_from_end(end_offset_);
  recovery_point_ = std::min(recovery_point_, end_offset_);
  cleaned_to_ = std::min(cleaned_to_, end_offset_);
  // What ended with a marker that is gone is open again: that the producers' state knows.
  std::erase_if(undecided_, [this](const auto& ended) { return ended.second >= end_offset_; });
  TRY(std::ignore, checked(aborted_.truncate(host, end_offset_)));
  TRY(std::ignore, rebuild_producers(host));
  host.emit(LogTruncated{partition_, from, end_offset_, std::string(why)});
  return Done{};
}

// What is cut has to be known, and what there is of producers behind the snapshot before it.
bool Log::is_loaded_for_cut(Offset offset) const {
  const std::size_t at = segment_of(offset);
  const Offset known_from = segments_[at]->known_from();
  const auto* snapshot = snapshots_.latest(known_from);
  const Offset from = snapshot ? snapshot->first : segments_.front()->base_offset();
  if (offset < known_from) return false;
  return std::all_of(segments_.begin(), segments_.end(), [&](const auto& segment) {
    return segment->end_offset() <= from || segment->known_from() <= from || segment->is_loaded();
  });
}

LogResult<Done> Log::truncate_fully_and_start_at(Host& host, Offset offset, std::string_view why) {
  REQUIRE(offset >= 0, offset);
  if (is_offline_) return Unexpected(LogError::storage);
  const Offset from = end_offset_;
  TRY(std::ignore, start_afresh(host, offset));
  host.emit(LogTruncated{partition_, from, offset, std::string(why)});
  return Done{};
}

LogResult<Done> Log::start_afresh(Host& host, Offset offset) {
  ++cuts_;
  TRY(std::ignore, abandon_replacement(host));
  while (!segments_.empty()) {
    TRY(std::ignore, remove_segment(host, segments_.size() - 1));
  }
  TRY(std::ignore, roll(host, offset));
  TRY(std::ignore, checked(snapshots_.remove_all(host)));
  epochs_.clear();
  producers_.clear();
  undecided_.clear();
  start_offset_ = offset;
  end_offset_ = offset;
  recovery_point_ = std::min(recovery_point_, offset);
  cleaned_to_ = std::min(cleaned_to_, offset);
  return Done{};
}

// From the latest snapshot and the batches behind it; then a snapshot of that.
LogResult<Done> Log::rebuild_producers(Host& host) {
  TRY(std::ignore, checked(snapshots_.remove_beyond(host, end_offset_)));
  producers_.clear();
  Offset from = 0;
  if (const auto* snapshot = snapshots_.latest(end_offset_)) {
    std::tie(from, producers_) = *snapshot;
  }
  for (const auto& segment : segments_) {
    if (segment->end_offset() <= from) continue;
    const auto& batches = segment->known();
    for (std::size_t i = segment->find(from); i < batches.size(); ++i) producers_.apply(batches[i]);
  }
  return snapshot_producers(host);
}

LogResult<Done> Log::snapshot_producers(Host& host) {
  if (is_offline_) return Unexpected(LogError::storage);
  // Empty ones say that there is nothing to look for before them, where that is not walked anyway.
  const bool is_short = segments_.size() == 1 && active_fill_.indexes.offsets().size() == 0;
  const bool has_nothing_to_tell = producers_.empty() && snapshots_.empty() && is_short;
  if (has_nothing_to_tell || snapshots_.has(end_offset_)) return Done{};
  TRY(std::ignore, checked(snapshots_.take(host, end_offset_, producers_)));
  std::vector<Offset> bases;
  for (const auto& segment : segments_) {
    bases.push_back(segment->base_offset());
    if (!segment->is_loaded()) bases.push_back(segment->known_from());
  }
  return checked(snapshots_.keep_only(host, bases));
}

// ---- Transactions ------------------------------------------------------------------------------

Offset Log::last_stable_offset(Offset high_watermark) const {
  Offset stable = std::min(high_watermark, producers_.first_open_offset().value_or(high_watermark));
  for (const auto& [first, marker] : undecided_) {
    if (marker < high_watermark) continue;
    stable = std::min(stable, first);
    break;
  }
  return std::max(stable, start_offset_);
}

void Log::committed(Offset high_watermark) {
  if (undecided_.empty()) return;
  std::erase_if(undecided_, [=](const auto& ended) { return ended.second < high_watermark; });
}

AbortedEntry Log::entry_of(const EndedTransaction& ended, const ProducerState& producers) {
  const Offset end = ended.marker_offset + 1;
  return {ended.producer_id, ended.first_offset, ended.marker_offset,
          std::min(end, producers.first_open_offset().value_or(end))};
}

// ---- The start ---------------------------------------------------------------------------------

LogResult<Done> Log::raise_start_offset(Host& host, Offset offset) {
  REQUIRE(offset <= end_offset_, offset, end_offset_);
  if (is_offline_) return Unexpected(LogError::storage);
  if (offset <= start_offset_) return Done{};
  start_offset_ = offset;
  epochs_.truncate_from_start(offset);
  if (!config_.rules.keeps_producers_of_deleted_batches) producers_.forget_before(offset);
  while (segments_.size() > 1 && segments_[1]->base_offset() <= offset) {
    TRY(std::ignore, retire_segment(host));
  }
  return Done{};
}

}  // namespace brokersim::log
