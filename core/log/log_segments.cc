// The segments of a log as a whole: when another begins, and how old ones leave. A file that is
// not needed any more is renamed to `.deleted`, and goes after file.delete.delay.ms.
#include <algorithm>

#include "core/log/log.h"
#include "core/log/segment.h"

namespace brokersim::log {

// ---- Rolling -----------------------------------------------------------------------------------

bool Log::must_roll_for(const wire::Batch& batch) const {
  return must_roll(active_fill_,
                   {.last_offset = batch.header.last_offset(),
                    .bytes = batch.size(),
                    .max_timestamp = batch.header.max_timestamp},
                   config_.segment_bytes, config_.roll);
}

// What was active has its indexes written now (Kafka's onBecomeInactiveSegment).
LogResult<Done> Log::roll(Host& host, Offset base) {
  if (!segments_.empty()) {
    TRY(std::ignore, write_indexes(host, *segments_.back()));
  }
  TRY(auto segment, checked(Segment::open(host.files(), directory_, base, OpenMode::create_new)));
  segments_.push_back(std::move(segment));
  ++name_changes_;
  measure_active(host);
  return Done{};
}

void Log::count_in_active(const IndexedBatch& batch) {
  if (active_fill_.bytes == 0) active_fill_.first_timestamp = batch.max_timestamp;
  active_fill_.bytes += batch.size;
  active_fill_.indexes.add(batch, config_.roll.index_interval_bytes);
}

// Anew, where the active segment is another one or was cut.
void Log::measure_active(Host& host) {
  const Offset base = segments_.back()->base_offset();
  active_fill_ = segments_.back()->fill(config_.roll.index_interval_bytes);
  const auto most = std::min(config_.roll.segment_jitter_ms, config_.roll.segment_ms);
  if (most > 0) {
    const auto drawn = host.random("segment.jitter", static_cast<std::uint64_t>(base));
    active_fill_.jitter_ms = static_cast<std::int64_t>(drawn % static_cast<std::uint64_t>(most));
  }
}

// Of the active segment's.
LogResult<Done> Log::write_indexes(Host& host, Segment& segment) {
  TRY(std::ignore, checked(segment.indexes().write(host.files(), active_fill_.indexes.closed())));
  ++name_changes_;
  return Done{};
}

LogResult<Done> Log::index_active(Host& host) {
  if (is_offline_) return Unexpected(LogError::storage);
  if (segments_.back()->size() == 0) return Done{};
  return write_indexes(host, *segments_.back());
}

// ---- Leaving -----------------------------------------------------------------------------------

LogResult<Done> Log::remove_indexes(Host& host, Segment& segment) {
  if (segment.indexes().paths(host.files()).empty()) return Done{};
  TRY(std::ignore, checked(segment.indexes().remove(host.files())));
  ++name_changes_;
  return Done{};
}

LogResult<Done> Log::remove_segment(Host& host, std::size_t index) {
  TRY(std::ignore, checked(host.files().remove(segments_[index]->path())));
  TRY(std::ignore, remove_indexes(host, *segments_[index]));
  TRY(std::ignore, checked(aborted_.remove(host, segments_[index]->base_offset())));
  segments_.erase(segments_.begin() + static_cast<std::ptrdiff_t>(index));
  ++name_changes_;
  return Done{};
}

// The first one.
LogResult<Done> Log::retire_segment(Host& host) {
  if (config_.file_delete_delay == Duration{}) return remove_segment(host, 0);
  TRY(std::ignore, retire_files(host, *segments_.front()));
  TRY(std::ignore, checked(aborted_.remove(host, segments_.front()->base_offset())));
  segments_.erase(segments_.begin());
  return Done{};
}

LogResult<Done> Log::retire_files(Host& host, Segment& segment) {
  TRY(std::ignore, retire_file(host, segment.path()));
  for (const auto& path : segment.indexes().paths(host.files())) {
    TRY(std::ignore, retire_file(host, path));
  }
  return Done{};
}

LogResult<Done> Log::retire_file(Host& host, const std::string& path) {
  const std::string retired = fmt::format("{}.deleted", path);
  TRY(std::ignore, checked(host.files().rename(path, retired)));
  ++name_changes_;
  std::erase_if(retired_, [&](const auto& file) { return file.path == retired; });
  retired_.push_back({retired, host.now() + config_.file_delete_delay});
  return Done{};
}

LogResult<Done> Log::delete_retired_files(Host& host, Instant now) {
  if (is_offline_) return Unexpected(LogError::storage);
  for (const auto& file : retired_) {
    if (file.goes_at > now) continue;
    TRY(std::ignore, checked(host.files().remove(file.path)));
    ++name_changes_;
  }
  std::erase_if(retired_, [&](const auto& file) { return file.goes_at <= now; });
  return Done{};
}

Instant Log::next_file_deletion() const {
  Instant next = never;
  for (const auto& file : retired_) next = std::min(next, file.goes_at);
  return next;
}

// ---- What goes ---------------------------------------------------------------------------------

std::vector<SegmentFacts> Log::facts() const {
  std::vector<SegmentFacts> facts;
  for (const auto& segment : segments_) {
    SegmentFacts& fact = facts.emplace_back();
    fact.base = segment->base_offset();
    fact.end = end_offset_;
    fact.bytes = segment->size();
    fact.first_timestamp = segment->first_timestamp();
    fact.largest_timestamp = segment->largest_timestamp();
  }
  for (std::size_t i = 0; i + 1 < facts.size(); ++i) facts[i].end = facts[i + 1].base;
  return facts;
}

LogResult<Offset> Log::retain(Host& host, Offset high_watermark, WallTime now) {
  if (is_offline_) return Unexpected(LogError::storage);
  if (!config_.compaction.deletes) return start_offset_;
  const Offset from = retained_from(facts(), config_.retention, start_offset_, high_watermark, now);
  if (from == end_offset_ && from > active_base()) {
    TRY(std::ignore, roll(host, from));
    TRY(std::ignore, snapshot_producers(host));
  }
  return from;
}

DirtyRange Log::dirty_range(Offset stable_end, WallTime now) const {
  return log::dirty_range(facts(), config_.compaction, start_offset_, cleaned_to_,
                          std::min(stable_end, recovery_point_), now);
}

}  // namespace brokersim::log
