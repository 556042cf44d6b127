// How compaction looks from the disk: a segment with another ending becomes `.swap`, which is
// judged against what is there still; it takes a segment's name; and those leave that went into it.
#include <algorithm>
#include <limits>

#include "sim/disk_tap.h"

namespace brokersim::sim {
namespace {

constexpr std::string_view swap_ending = ".swap";
constexpr std::string_view deleted_ending = ".deleted";
constexpr std::int64_t latest_time = std::numeric_limits<std::int64_t>::max();

std::string_view without(std::string_view path, std::string_view ending) {
  return path.ends_with(ending) ? path.substr(0, path.size() - ending.size()) : std::string_view();
}

std::vector<wire::Batch> batches_in(const Disk& disk, std::string_view path) {
  const auto batches = wire::parse_batches(disk.content_of(path).joined());
  return batches ? *batches : std::vector<wire::Batch>();
}

}  // namespace

// Whether the change of a name was one of compaction's, and is told with that.
bool DiskTap::on_compaction(const Disk& disk, std::string_view from, std::string_view to) {
  const bool prepares = to.ends_with(swap_ending);
  const bool replaces = from.ends_with(swap_ending);
  const std::string path(prepares   ? without(to, swap_ending)
                         : replaces ? to
                                    : without(to, deleted_ending));
  const auto place = place_of(path);
  const auto found = place ? logs_.find({disk.machine(), place->directory}) : logs_.end();
  if (found == logs_.end()) return false;
  Log& log = found->second;
  if (prepares) {
    prepare(disk, log, *place, to);
  } else if (replaces) {
    replace(disk, log, path);
  } else {
    return from == path && retire(disk, log, path, to);
  }
  return true;
}

std::vector<wire::Batch> DiskTap::batches_from(const Disk& disk, const Log& log, Offset from,
                                               Offset before) {
  std::vector<wire::Batch> batches;
  for (const auto& [path, segment] : log.segments) {
    const bool is_there = segment.base >= from && segment.base < before;
    if (!is_there || is_replaced(log, path)) continue;
    for (auto& batch : batches_in(disk, path)) batches.push_back(std::move(batch));
  }
  return batches;
}

// What it replaces is the segments that begin before it ends; where nothing is left of the last of
// them, they leave on their own.
void DiskTap::prepare(const Disk& disk, Log& log, const Place& place, std::string_view swap) {
  const auto after = batches_in(disk, swap);
  const Offset last = after.empty() ? place.base : after.back().header.last_offset();
  Offset end = log.end;
  for (const auto& [path, segment] : log.segments) {
    if (segment.base <= last) continue;
    end = segment.base;
    break;
  }
  const auto before = batches_from(disk, log, place.base);
  log.replacements[std::string(without(swap, swap_ending))] =
      judge(disk, log, place.base, {.before = before, .end = end, .after = after});
}

WallTime DiskTap::latest_time_of(NodeId node) const {
  return latest_clock_ ? latest_clock_(node) : WallTime{latest_time};
}

LogCompacted DiskTap::judge(const Disk& disk, const Log& log, Offset start,
                            CompactedPart part) const {
  const auto earlier = batches_from(disk, log, 0, start);
  part.earlier = earlier;
  part.now = latest_time_of(log.node);
  auto told = judge_compaction(part);
  told.partition = log.partition;
  told.start_offset = start;
  return told;
}

void DiskTap::replace(const Disk& disk, Log& log, const std::string& path) {
  const auto ready = log.replacements.find(path);
  if (ready == log.replacements.end()) return;
  const LogCompacted& told = ready->second;
  Segment& segment = log.segments[path];
  segment = {.base = told.start_offset, .batches = {}, .runs = {}, .tail = {}};
  absorb(segment, disk.content_of(path), false);
  log.compacted_to = std::max(log.compacted_to, told.end_offset);
  recorder_.record(log.node, told);
}

// It begins before its predecessor ends.
bool DiskTap::is_replaced(const Log& log, const std::string& path) {
  const auto found = log.segments.find(path);
  if (found == log.segments.end() || found == log.segments.begin()) return false;
  return found->second.base < std::prev(found)->second.end();
}

// The first segments of a log leave by retention, others by compaction.
bool DiskTap::retire(const Disk& disk, Log& log, const std::string& path,
                     std::string_view retired) {
  const auto found = log.segments.find(path);
  if (found == log.segments.end() || found == log.segments.begin()) return false;
  if (std::next(found) == log.segments.end()) return false;
  const bool is_told = is_replaced(log, path);
  const Offset base = found->second.base;
  const Offset end = std::next(found)->second.base;
  log.segments.erase(found);
  if (is_told) return true;
  auto before = batches_in(disk, retired);
  for (auto& batch : batches_from(disk, log, end)) before.push_back(std::move(batch));
  log.compacted_to = std::max(log.compacted_to, end);
  recorder_.record(log.node, judge(disk, log, base, {.before = before, .end = end}));
  return true;
}

}  // namespace brokersim::sim
