// Compacting a log: what survives (core/log/cleaning.h) is written beside it, and takes its place.
//
//   0.log 40.log 80.log     0.log.cleaned    what is left of 0 and 40, synced
//   0.log 40.log 80.log     0.log.swap       from here on it is finished, come what may
//   0.log 40.log 80.log                      the new 0 reaches into 40, which does not count
//   0.log 80.log            40.log.deleted
//
// Indexes go the same way, but without .swap: the old ones are gone for good before the new file
// has its name, and the new ones are synced before they have theirs.
//
// A start removes what was never finished (.cleaned), finishes what was (.swap), and deletes what
// was replaced, whichever of these names a loss of power has left.
#include <algorithm>
#include <limits>
#include <utility>

#include "core/log/log.h"
#include "core/log/segment.h"

namespace brokersim::log {

namespace {

constexpr std::size_t cleaner_read_bytes = 512 * 1024;  // log.cleaner.io.buffer.size
constexpr std::string_view cleaned_suffix = ".cleaned";
constexpr std::string_view swap_suffix = ".swap";

}  // namespace

// ---- Deciding ----------------------------------------------------------------------------------

LogResult<LatestOffsets> Log::find_latest(Env& env, const CleaningOrder& order,
                                          const std::vector<AbortedRange>& aborted) {
  LatestOffsets latest(order.range.from, order.capacity);
  for (Offset at = std::max(order.range.from, start_offset_); at < order.range.to;) {
    TRY(const LogRead part,
        read(env, at, {.end = order.range.to, .max_bytes = cleaner_read_bytes}));
    if (part.next_offset == at) break;
    at = part.next_offset;
    const auto batches = wire::parse_batches(part.bytes.joined());
    if (!batches) return Unexpected(LogError::corrupt);
    for (const auto& batch : *batches) {
      const auto fitted = latest.add(batch, Cleaning::is_aborted(aborted, batch.header));
      if (!fitted) return Unexpected(LogError::corrupt);
      if (!*fitted) return latest;
    }
  }
  latest.reach(order.range.to);
  return latest;
}

CleaningTerms Log::cleaning_terms(const CleaningOrder& order,
                                  std::vector<AbortedRange> aborted) const {
  CleaningTerms terms{.now = order.now,
                      .delete_retention_ms = config_.compaction.delete_retention_ms,
                      .aborted = std::move(aborted),
                      .rules = config_.rules};
  for (const auto& [id, producer] : producers_.producers()) {
    if (!producer.batches.empty()) terms.last_offsets[id] = producer.batches.back().last_offset;
  }
  return terms;
}

// Neighbours that will fit into one segment, whatever is left of them.
std::vector<Log::Group> Log::groups_before(Offset end) const {
  constexpr Offset max_relative_offset = std::numeric_limits<std::int32_t>::max();
  std::vector<Group> groups;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i + 1 < segments_.size(); ++i) {
    const auto& segment = segments_[i];
    if (segments_[i + 1]->base_offset() > end) break;
    const bool fits =
        !groups.empty() && bytes + segment->size() <= config_.segment_bytes &&
        segment->end_offset() - groups.back().front()->base_offset() <= max_relative_offset;
    if (!fits) {
      groups.emplace_back();
      bytes = 0;
    }
    groups.back().push_back(segment);
    bytes += segment->size();
  }
  return groups;
}

// ---- Cleaning ----------------------------------------------------------------------------------

LogResult<std::optional<Cleaned>> Log::clean(Env& env, const CleaningOrder& order) {
  if (is_offline_) return Unexpected(LogError::storage);
  if (is_abandoned_) return std::optional<Cleaned>();
  REQUIRE(order.range.to <= recovery_point_, order.range.to, recovery_point_);
  const std::uint64_t cuts = cuts_;
  auto cleaned = clean_until(env, order, cuts);
  // What was read meanwhile may be no part of the log any more, or not be there.
  const bool was_disturbed =
      cuts != cuts_ || (!cleaned && cleaned.error() == LogError::out_of_range);
  if (was_disturbed) return std::optional<Cleaned>();
  if (cleaned && *cleaned) cleaned_to_ = std::max(cleaned_to_, (*cleaned)->to);
  return cleaned;
}

std::vector<AbortedRange> Log::aborted_ranges() const {
  std::vector<AbortedRange> ranges;
  for (const AbortedEntry& entry : aborted_.all()) {
    ranges.push_back({entry.producer_id, entry.first_offset, entry.marker_offset});
  }
  return ranges;
}

LogResult<std::optional<Cleaned>> Log::clean_until(Env& env, const CleaningOrder& order,
                                                   std::uint64_t cuts) {
  const auto aborted = aborted_ranges();
  TRY(const LatestOffsets latest, find_latest(env, order, aborted));
  Cleaning cleaning(latest, cleaning_terms(order, aborted));
  Cleaned result{.to = latest.end()};
  for (const auto& group : groups_before(order.range.to)) {
    if (group.front()->base_offset() >= latest.end()) break;
    if (cuts != cuts_ || !still_holds(group)) return std::optional<Cleaned>();
    for (const auto& segment : group) result.bytes_before += segment->size();
    TRY(const auto cleaned, write_cleaned(env, group, cleaning));
    result.bytes_after += cleaned->size();
    TRY(const bool is_replaced, replace(env, group, cleaned, cuts));
    if (!is_replaced) return std::optional<Cleaned>();
  }
  return std::optional(result);
}

bool Log::still_holds(const Group& group) const {
  return std::all_of(group.begin(), group.end(), [&](const auto& segment) {
    return std::find(segments_.begin(), segments_.end(), segment) != segments_.end();
  });
}

// What survives of the group, synced; its name is not.
LogResult<std::shared_ptr<Segment>> Log::write_cleaned(Env& env, const Group& group,
                                                       Cleaning& cleaning) {
  TRY(auto cleaned, checked(Segment::open(env.files(), directory_, group.front()->base_offset(),
                                          OpenMode::create, cleaned_suffix)));
  TRY(std::ignore, checked(cleaned->empty_file()));
  cleaning.begin_segment();
  for (const auto& segment : group) {
    TRY(std::ignore, load_batches(env, segment));
    for (std::uint64_t at = 0; at < segment->size();) {
      const std::size_t length = segment->whole_batches(at, cleaner_read_bytes);
      TRY(const Rope bytes, checked(segment->read(env, at, length)));
      const auto batches = wire::parse_batches(bytes.joined());
      if (!batches || batches->empty()) return Unexpected(LogError::corrupt);
      for (const auto& batch : *batches) {
        at += batch.size();
        const auto left = cleaning.clean(batch);
        if (!left) return Unexpected(LogError::corrupt);
        if (!*left) continue;
        TRY(std::ignore, checked(cleaned->append(**left)));
      }
    }
  }
  if (is_abandoned_) return cleaned;  // Names there are another log's.
  TRY(std::ignore, checked(cleaned->write_indexes(env.files(), config_.roll.index_interval_bytes)));
  TRY(std::ignore, checked(cleaned->sync(env)));
  return cleaned;
}

// ---- Replacing ---------------------------------------------------------------------------------

// The new name is on disk before an old one goes; who reads the old file goes on reading it. False
// if the log has changed meanwhile: then the replacement is gone.
LogResult<bool> Log::replace(Env& env, const Group& group, const std::shared_ptr<Segment>& cleaned,
                             std::uint64_t cuts) {
  if (is_abandoned_) return false;
  if (cuts != cuts_ || !still_holds(group)) {
    TRY(std::ignore, checked(env.files().remove(cleaned->path())));
    TRY(std::ignore, checked(cleaned->indexes().remove(env.files())));
    return false;
  }
  TRY(std::ignore, checked(cleaned->rename(env.files(), directory_, swap_suffix)));
  TRY(std::ignore, remove_indexes(env, *group.front()));
  replacement_ = cleaned;
  TRY(std::ignore, checked(env.files().sync_directory(env, directory_)));
  if (!replacement_) return false;
  if (!still_holds(group)) {
    TRY(std::ignore, abandon_replacement(env));
    return false;
  }
  replacement_.reset();
  TRY(std::ignore, checked(cleaned->rename(env.files(), directory_, "")));
  TRY(std::ignore, checked(cleaned->indexes().rename(env.files(), "")));
  for (std::size_t i = 1; i < group.size(); ++i) {
    TRY(std::ignore, retire_files(env, *group[i]));
  }
  // Of what was aborted there nothing is left; an entry that outlives its marker would hide what
  // the producer wrote later.
  for (const auto& segment : group) {
    TRY(std::ignore, checked(aborted_.remove(env, segment->base_offset())));
  }
  ++name_changes_;
  const auto at = std::find(segments_.begin(), segments_.end(), group.front());
  ASSERT(at != segments_.end(), cleaned->base_offset());
  *at = cleaned;
  segments_.erase(at + 1, at + static_cast<std::ptrdiff_t>(group.size()));
  TRY(std::ignore, checked(env.files().sync_directory(env, directory_)));
  return true;
}

void Log::abandon() {
  is_abandoned_ = true;
  ++cuts_;
  replacement_.reset();
}

LogResult<Done> Log::abandon_replacement(Host& host) {
  if (!replacement_) return Done{};
  const auto abandoned = std::exchange(replacement_, nullptr);
  TRY(std::ignore, checked(host.files().remove(abandoned->path())));
  TRY(std::ignore, checked(abandoned->indexes().remove(host.files())));
  ++name_changes_;
  return Done{};
}

// At a start: a replacement has all of what is left of the segments in whose range it lies.
LogResult<Done> Log::finish_replacements(Env& env, FoundFiles& found, std::vector<Offset> swaps) {
  for (const Offset base : swaps) {
    TRY(auto segment,
        checked(Segment::open(env.files(), directory_, base, OpenMode::existing, swap_suffix)));
    TRY(std::ignore, checked(segment->recover(env, {.next_offset = base})));
    const Offset end = std::max(segment->end_offset(), base + 1);
    std::vector<std::string> stale;
    for (const auto& [old, name] : found.indexes) {
      if (old >= base && old < end) stale.push_back(name);
    }
    for (const auto& name : stale) {
      TRY(std::ignore, checked(env.files().remove(path_of(name))));
    }
    std::erase_if(found.indexes,
                  [&](const auto& index) { return index.first >= base && index.first < end; });
    if (!stale.empty()) {
      TRY(std::ignore, checked(env.files().sync_directory(env, directory_)));
    }
    TRY(std::ignore, checked(segment->rename(env.files(), directory_, "")));
    for (const Offset old : found.segments) {
      if (old <= base || old >= end) continue;
      TRY(std::ignore, checked(env.files().remove(path_of(Segment::file_name(old)))));
    }
    std::erase_if(found.segments, [&](Offset old) { return old >= base && old < end; });
    found.segments.push_back(base);
    ++name_changes_;
  }
  return Done{};
}

}  // namespace brokersim::log
