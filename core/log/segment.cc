#include "core/log/segment.h"

#include <algorithm>
#include <limits>

#include "core/log/text.h"

namespace brokersim::log {

namespace {
constexpr std::size_t name_digits = 20;
constexpr std::string_view suffix = ".log";
constexpr std::size_t tail_read_bytes = 8 * 1024;
constexpr Offset never_checked = std::numeric_limits<Offset>::max();
constexpr std::uint64_t no_interval = std::numeric_limits<std::uint64_t>::max();
}  // namespace

std::string Segment::file_name(Offset base) { return fmt::format("{:020}{}", base, suffix); }

std::optional<Offset> Segment::base_of(std::string_view name) {
  if (name.size() != name_digits + suffix.size() || !name.ends_with(suffix)) return std::nullopt;
  const auto base = number<Offset>(name.substr(0, name_digits));
  if (!base || *base < 0) return std::nullopt;
  return base;
}

IoResult<std::shared_ptr<Segment>> Segment::open(Files& files, std::string_view directory,
                                                 Offset base, OpenMode mode,
                                                 std::string_view ending) {
  std::string path = fmt::format("{}/{}{}", directory, file_name(base), ending);
  TRY(auto file, files.open(path, mode));
  return std::shared_ptr<Segment>(
      new Segment(base, std::move(path), std::move(file), IndexFiles(directory, base, ending)));
}

IoResult<std::uint64_t> Segment::recover(Env& env, ScanStart start) {
  ASSERT(batches_.empty(), base_);
  outline_ = {};
  is_loaded_ = true;
  TRY(Scan scan, scan_segment(env, *file_, start));
  const std::uint64_t cut = file_->size() - scan.valid_size;
  if (cut > 0) {
    TRY(std::ignore, file_->truncate(scan.valid_size));
    mark_unsynced();
  }
  batches_ = std::move(scan.batches);
  size_ = scan.valid_size;
  return cut;
}

// ---- By its indexes ----------------------------------------------------------------------------

IoResult<bool> Segment::trust(Env& env, ScanStart start) {
  ASSERT(batches_.empty(), base_);
  if (file_->size() == 0) return true;
  TRY(auto found, indexes_.read(env));
  if (!found) return false;
  const auto last = found->offsets().last();
  if (!last) return trust_all(env, start, found->times());
  if (last->position >= file_->size()) return false;
  TRY(const Scan head,
      scan_segment(env, *file_, start, {.most_batches = 1, .read_ahead = wire::batch_header_size}));
  if (head.batches.empty()) return false;
  const auto& first = head.batches.front();
  start.next_offset = first.last_offset + 1;
  start.leader_epoch = first.leader_epoch;
  TRY(const Scan tail,
      scan_segment(env, *file_, start, {.from = last->position, .read_ahead = tail_read_bytes}));
  const bool ends_there = tail.valid_size == file_->size() && !tail.batches.empty() &&
                          tail.batches.front().last_offset == last->offset;
  if (!ends_there) return false;
  Outline outline{.first = first.base_offset,
                  .end = tail.batches.back().last_offset + 1,
                  .size = tail.valid_size,
                  .first_epoch = first.leader_epoch,
                  .last_epoch = tail.batches.back().leader_epoch,
                  .first_timestamp = first.max_timestamp,
                  .largest_timestamp = first.max_timestamp,
                  .indexes = *found};
  for (const auto& batch : tail.batches) {
    outline.largest_timestamp = std::max(outline.largest_timestamp, batch.max_timestamp);
  }
  if (!agree(found->times(), outline, base_)) return false;
  if (const auto latest = found->times().last()) outline.largest_timestamp = latest->timestamp;
  outline_ = std::move(outline);
  outline_.indexes.resume(outline_.size);
  size_ = outline_.size;
  is_loaded_ = false;
  return true;
}

// One so small that its index of offsets has no entry.
IoResult<bool> Segment::trust_all(Env& env, ScanStart start, const TimeIndex& times) {
  TRY(Scan scan, scan_segment(env, *file_, start));
  if (scan.valid_size != file_->size()) return false;
  const auto expected = indexes_of(base_, scan.batches, no_interval).times().last();
  if (times.last() != expected) return false;
  batches_ = std::move(scan.batches);
  size_ = scan.valid_size;
  return true;
}

// The last time is that of the whole segment, so none that is known is later.
bool Segment::agree(const TimeIndex& times, const Outline& outline, Offset base) {
  const auto last = times.last();
  if (!last) return outline.largest_timestamp < 0;
  return last->timestamp >= outline.largest_timestamp && last->offset >= base &&
         last->offset < outline.end;
}

IoResult<bool> Segment::load(Env& env) {
  if (is_loaded_) return true;
  TRY(Scan scan, scan_segment(env, *file_, {.next_offset = base_, .check_from = never_checked},
                              {.to = outline_.size}));
  if (is_loaded_) return true;  // Somebody else did while this waited.
  const bool is_whole = scan.valid_size == outline_.size && !scan.batches.empty() &&
                        scan.batches.back().last_offset + 1 == outline_.end;
  if (!is_whole) return false;
  batches_.insert(batches_.begin(), scan.batches.begin(), scan.batches.end());
  outline_ = {};
  is_loaded_ = true;
  return true;
}

IoResult<Done> Segment::write_indexes(Files& files, std::uint64_t interval) {
  return indexes_.write(files, indexes_of(base_, batches(), interval));
}

const std::vector<IndexedBatch>& Segment::batches() const {
  REQUIRE(is_loaded_, path_);
  return batches_;
}

Offset Segment::first_offset() const {
  if (!is_loaded_) return outline_.first;
  return batches_.empty() ? base_ : batches_.front().base_offset;
}

Offset Segment::end_offset() const {
  if (!batches_.empty()) return batches_.back().last_offset + 1;
  return is_loaded_ ? base_ : outline_.end;
}

LeaderEpoch Segment::first_epoch() const {
  if (!is_loaded_) return outline_.first_epoch;
  return batches_.empty() ? no_epoch : batches_.front().leader_epoch;
}

LeaderEpoch Segment::last_epoch() const {
  if (!batches_.empty()) return batches_.back().leader_epoch;
  return is_loaded_ ? no_epoch : outline_.last_epoch;
}

std::int64_t Segment::first_timestamp() const {
  if (!is_loaded_) return outline_.first_timestamp;
  return batches_.empty() ? -1 : batches_.front().max_timestamp;
}

std::int64_t Segment::largest_timestamp() const {
  std::int64_t largest = is_loaded_ ? -1 : outline_.largest_timestamp;
  for (const auto& batch : batches_) largest = std::max(largest, batch.max_timestamp);
  return largest;
}

SegmentFill Segment::fill(std::uint64_t interval) const {
  SegmentFill fill{.base = base_,
                   .bytes = size_,
                   .first_timestamp = first_timestamp(),
                   .indexes = is_loaded_ ? SegmentIndexes(base_) : outline_.indexes};
  for (const auto& batch : batches_) fill.indexes.add(batch, interval);
  return fill;
}

// ---- Changing it -------------------------------------------------------------------------------

IoResult<Done> Segment::append(const wire::Batch& batch) {
  ASSERT(batch.header.base_offset >= end_offset(), batch.header.base_offset, end_offset());
  mark_unsynced();
  TRY(const std::uint64_t position, file_->append(batch.bytes()));
  batches_.push_back(indexed(batch.header, position, batch.size(), wire::marker_of(batch)));
  size_ = position + batch.size();
  return Done{};
}

IoResult<Done> Segment::truncate_to(Offset offset) {
  const std::size_t kept = find(offset);
  if (kept == batches_.size()) return Done{};
  const std::uint64_t size = batches_[kept].position;
  mark_unsynced();
  TRY(std::ignore, file_->truncate(size));
  batches_.resize(kept);
  size_ = size;
  return Done{};
}

IoResult<Done> Segment::empty_file() {
  REQUIRE(batches_.empty(), path_);
  mark_unsynced();
  return file_->truncate(0);
}

IoResult<Done> Segment::rename(Files& files, std::string_view directory, std::string_view ending) {
  std::string path = fmt::format("{}/{}{}", directory, file_name(base_), ending);
  TRY(std::ignore, files.rename(path_, path));
  path_ = std::move(path);
  return Done{};
}

// ---- Reading it --------------------------------------------------------------------------------

std::size_t Segment::find(Offset offset) const {
  REQUIRE(offset >= known_from() || is_loaded_, path_, offset);
  const auto found =
      std::partition_point(batches_.begin(), batches_.end(),
                           [&](const IndexedBatch& batch) { return batch.last_offset < offset; });
  return static_cast<std::size_t>(found - batches_.begin());
}

std::uint64_t Segment::position_of(Offset offset) const {
  if (!is_loaded_ && offset < outline_.end) {
    return offset <= base_ ? 0 : outline_.indexes.offsets().floor(offset).position;
  }
  const std::size_t at = find(offset);
  return at == batches_.size() ? size_ : batches_[at].position;
}

std::size_t Segment::whole_batches(std::uint64_t at, std::size_t most) const {
  REQUIRE(is_loaded_, path_);
  std::size_t length = 0;
  auto batch = std::partition_point(batches_.begin(), batches_.end(),
                                    [&](const auto& one) { return one.position < at; });
  for (; batch != batches_.end(); ++batch) {
    if (length > 0 && length + batch->size > most) break;
    length += batch->size;
  }
  return length;
}

IoResult<Rope> Segment::read(Env& env, std::uint64_t at, std::size_t length) {
  if (auto hit = file_->cached(at, length)) return *std::move(hit);
  return file_->read(env, at, length);
}

IoResult<Done> Segment::sync(Env& env) {
  if (synced_changes_ < changes_) {
    const std::uint64_t changes = changes_;
    TRY(std::ignore, file_->sync(env));
    synced_changes_ = std::max(synced_changes_, changes);
  }
  return indexes_.sync(env);
}

}  // namespace brokersim::log
