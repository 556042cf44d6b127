// Reading a log: which bytes of which segments answer, then the bytes, cached or from the device.
#include <algorithm>

#include "core/log/log.h"
#include "core/log/segment.h"
#include "core/wire/record_reader.h"

namespace brokersim::log {

// The place of the last segment that begins at or before `offset`.
std::size_t Log::segment_of(Offset offset) const {
  const auto beyond =
      std::partition_point(segments_.begin(), segments_.end(),
                           [&](const auto& segment) { return segment->base_offset() <= offset; });
  ASSERT(beyond != segments_.begin(), offset);
  return static_cast<std::size_t>(beyond - segments_.begin()) - 1;
}

LogResult<Log::ReadPlan> Log::plan_read(Offset from, const ReadLimits& limits) const {
  if (is_offline_) return Unexpected(LogError::storage);
  if (from < start_offset_ || from > end_offset_) return Unexpected(LogError::out_of_range);
  ReadPlan plan{.next_offset = from};
  std::size_t room = limits.max_bytes;
  bool may_exceed = limits.min_one_batch;
  for (std::size_t i = segment_of(from); i < segments_.size(); ++i) {
    if (segments_[i]->base_offset() >= limits.end || (room == 0 && !may_exceed)) break;
    if (!segments_[i]->is_loaded() && from < segments_[i]->known_from()) {
      plan.missing = segments_[i];
      break;
    }
    const auto& batches = segments_[i]->known();
    Extent extent{segments_[i], segments_[i]->position_of(from), 0};
    bool is_done = false;
    for (std::size_t b = segments_[i]->find(from); b < batches.size(); ++b) {
      const auto& batch = batches[b];
      is_done = batch.last_offset >= limits.end || (batch.size > room && !may_exceed);
      if (is_done) break;
      may_exceed = false;
      room -= std::min(room, batch.size);
      extent.length += batch.size;
      plan.next_offset = batch.last_offset + 1;
    }
    if (extent.length > 0) plan.extents.push_back(std::move(extent));
    if (is_done) break;
  }
  return plan;
}

LogResult<LogRead> Log::read(Env& env, Offset from, ReadLimits limits) {
  for (;;) {
    TRY(const ReadPlan plan, plan_read(from, limits));
    if (plan.missing) {
      TRY(std::ignore, load_batches(env, plan.missing));
      continue;
    }
    const std::uint64_t cuts = cuts_;
    LogRead out{{}, plan.next_offset};
    for (const auto& extent : plan.extents) {
      TRY(const Rope bytes, checked(extent.segment->read(env, extent.position, extent.length)));
      out.bytes.append(bytes);
    }
    // A truncation while waiting: what was read may be no part of the log, or of another epoch.
    if (cuts == cuts_ || !config_.rules.keeps_reads_in_their_epoch) return out;
  }
}

LogResult<std::optional<LogRead>> Log::cached_read(Offset from, ReadLimits limits) const {
  TRY(const ReadPlan plan, plan_read(from, limits));
  if (plan.missing) return std::optional<LogRead>();
  LogRead out{{}, plan.next_offset};
  for (const auto& extent : plan.extents) {
    const auto bytes = extent.segment->cached(extent.position, extent.length);
    if (!bytes) return std::optional<LogRead>();
    out.bytes.append(*bytes);
  }
  return std::optional(std::move(out));
}

bool Log::is_batch_boundary(Offset offset) const {
  REQUIRE(offset >= start_offset_, offset, start_offset_);
  if (offset >= end_offset_) return offset == end_offset_;
  const auto& segment = *segments_[segment_of(offset)];
  REQUIRE(segment.is_loaded(), segment.path());
  const std::size_t at = segment.find(offset);
  // At a segment's end the next one begins.
  return at == segment.batches().size() || segment.batches()[at].base_offset == offset;
}

bool Log::is_behind_roll(Offset offset, Offset end) const {
  return end >= segments_.front()->base_offset() &&
         offset < segments_[segment_of(end)]->base_offset();
}

std::size_t Log::readable_bytes(Offset from, Offset end) const {
  REQUIRE(from >= start_offset_, from, start_offset_);
  std::uint64_t bytes = 0;
  for (std::size_t i = segment_of(from); i < segments_.size() && from < end; ++i) {
    bytes += segments_[i]->position_of(end) - segments_[i]->position_of(from);
  }
  return static_cast<std::size_t>(bytes);
}

// The first batch that reaches `from` and has a record of `timestamp` or later. A segment that is
// not loaded has none if its largest timestamp is earlier.
LogResult<std::optional<IndexedBatch>> Log::batch_with(Env& env, std::int64_t timestamp,
                                                       Offset from) {
  for (;;) {
    std::shared_ptr<Segment> missing;
    from = std::max(from, start_offset_);
    for (std::size_t i = segment_of(from); i < segments_.size(); ++i) {
      const auto& segment = *segments_[i];
      const bool is_known = segment.is_loaded() || from >= segment.known_from();
      if (!is_known && segment.largest_timestamp() < timestamp) continue;
      if (!is_known) {
        missing = segments_[i];
        break;
      }
      const auto& batches = segment.known();
      for (std::size_t b = segment.find(from); b < batches.size(); ++b) {
        if (batches[b].max_timestamp >= timestamp) return std::optional(batches[b]);
      }
    }
    if (!missing) return std::optional<IndexedBatch>();
    TRY(std::ignore, load_batches(env, missing));
  }
}

LogResult<std::optional<TimestampedOffset>> Log::offset_for_timestamp(Env& env,
                                                                      std::int64_t timestamp) {
  Offset from = start_offset_;
  for (;;) {
    TRY(const auto found, batch_with(env, timestamp, from));
    if (!found) return std::optional<TimestampedOffset>();
    from = std::max(from, found->base_offset);
    TRY(const LogRead read_batch, read(env, from, {.max_bytes = 0}));
    const auto batch = wire::parse_batch(read_batch.bytes.joined());
    if (!batch) return Unexpected(LogError::corrupt);
    const LeaderEpoch epoch = batch->header.leader_epoch;
    const auto records = wire::uncompressed_body(*batch);
    if (!records) return Unexpected(LogError::corrupt);
    wire::RecordReader reader(batch->header, records->view());
    while (const auto record = reader.next()) {
      const Offset offset = batch->header.base_offset + record->offset_delta;
      if (offset < from || record->timestamp < timestamp) continue;
      return std::optional(TimestampedOffset{offset, record->timestamp, epoch});
    }
    if (!reader.ok()) return Unexpected(LogError::corrupt);
    from = std::max(batch->header.next_offset(), start_offset_);
  }
}

LogResult<std::optional<TimestampedOffset>> Log::offset_of_max_timestamp(Env& env) {
  // What lies before the start does not count.
  while (!segments_[segment_of(start_offset_)]->is_loaded()) {
    TRY(std::ignore, load_batches(env, segments_[segment_of(start_offset_)]));
  }
  std::optional<std::int64_t> largest;
  for (std::size_t i = segment_of(start_offset_); i < segments_.size(); ++i) {
    if (!segments_[i]->is_loaded()) {
      const std::int64_t latest = segments_[i]->largest_timestamp();
      largest = std::max(largest.value_or(latest), latest);
      continue;
    }
    const auto& batches = segments_[i]->batches();
    for (std::size_t b = segments_[i]->find(start_offset_); b < batches.size(); ++b) {
      largest = std::max(largest.value_or(batches[b].max_timestamp), batches[b].max_timestamp);
    }
  }
  if (!largest) return std::optional<TimestampedOffset>();
  return offset_for_timestamp(env, *largest);
}

}  // namespace brokersim::log
