// What is written beside a log, as the disk tap sees it: it is judged by the batches that the log
// holds at that instant, since who writes it does so without waiting in between.
#include "core/log/checkpoint.h"
#include "core/log/producer_snapshots.h"
#include "sim/disk_tap.h"

namespace brokersim::sim {
namespace {

constexpr std::string_view unfinished_ending = ".tmp";

// The checkpoint is written under another name first: once it is renamed the log may have gone on.
bool is_unfinished_checkpoint(std::string_view file) {
  if (!file.ends_with(unfinished_ending)) return false;
  file.remove_suffix(unfinished_ending.size());
  return file == log::leader_epoch_file;
}

}  // namespace

void DiskTap::look_beside(const Disk& disk, std::string_view path) {
  const auto slash = path.rfind('/');
  if (slash == std::string_view::npos) return;
  const auto file = path.substr(slash + 1);
  const bool is_of_epochs = is_unfinished_checkpoint(file);
  const auto snapshot_offset = log::ProducerSnapshots::offset_of(file);
  if (!is_of_epochs && !snapshot_offset) return;
  const auto found = logs_.find({disk.machine(), std::string(path.substr(0, slash))});
  if (found == logs_.end() || found->second.has_unusable) return;
  const Log& log = found->second;
  const auto content = disk.content_of(path).joined();
  auto difference = is_of_epochs
                        ? difference_of_epochs(as_text(content.view()), runs_of(log), log.end)
                        : difference_of_snapshot(log, *snapshot_offset, content.view());
  if (difference.empty()) return;
  recorder_.record(log.node,
                   LogContradicted{log.partition, std::string(file), std::move(difference)});
}

void DiskTap::Segment::add(const Stored& stored) {
  const auto epoch = stored.ref.leader_epoch;
  const Offset at = stored.ref.base_offset;
  batches.push_back(stored);
  if (runs.empty() || runs.back().epoch != epoch) runs.push_back({epoch, at, at});
  runs.back().last = at;
}

void DiskTap::Segment::drop_last() {
  const Offset at = batches.back().ref.base_offset;
  batches.pop_back();
  if (runs.back().first == at) {
    runs.pop_back();
  } else {
    runs.back().last = batches.back().ref.base_offset;
  }
}

std::vector<EpochRun> DiskTap::runs_of(const Log& log) {
  std::vector<EpochRun> runs;
  for (const auto& [path, segment] : log.segments) {
    runs.insert(runs.end(), segment.runs.begin(), segment.runs.end());
  }
  return runs;
}

// By the last segment with batches only: each was looked at when the log went on to the next. What
// compaction has left of one does not tell who wrote last.
std::string DiskTap::difference_of_snapshot(const Log& log, Offset offset, ByteView content) {
  if (offset != log.end) return {};
  for (auto at = log.segments.rbegin(); at != log.segments.rend(); ++at) {
    const Segment& segment = at->second;
    if (segment.batches.empty()) continue;
    if (segment.base < log.compacted_to || segment.end() != offset) return {};
    std::vector<BatchRef> batches;
    for (const auto& stored : segment.batches) batches.push_back(stored.ref);
    return difference_of_producers(content, segment.base, batches);
  }
  return {};
}

}  // namespace brokersim::sim
