#include "sim/disk_tap.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/log/checkpoint.h"
#include "core/raft/snapshot_file.h"

namespace brokersim::sim {
namespace {

template <class T>
std::optional<T> number_in(std::string_view digits) {
  T value{};
  const auto* end = digits.data() + digits.size();
  const auto result = std::from_chars(digits.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end || digits.empty()) return std::nullopt;
  return value;
}

// Oldest first.
std::vector<raft::SnapshotId> snapshots_in(const Disk& disk, std::string_view directory) {
  std::vector<raft::SnapshotId> found;
  for (const auto& path : disk.all_files(directory)) {
    const auto id = raft::snapshot_id_of(std::string_view(path).substr(directory.size() + 1));
    if (id) found.push_back(*id);
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

std::optional<DiskTap::Place> DiskTap::place_of(std::string_view path) {
  constexpr std::string_view ending = ".log";
  constexpr std::size_t digits = 20;
  const auto slash = path.rfind('/');
  if (slash == std::string_view::npos || !path.ends_with(ending)) return std::nullopt;
  const auto file = path.substr(slash + 1);
  if (file.size() != digits + ending.size()) return std::nullopt;
  const auto base = number_in<Offset>(file.substr(0, digits));
  const auto directory = path.substr(0, slash);
  auto partition = partition_in(directory);
  if (!base || !partition) return std::nullopt;
  return Place{std::string(directory), *std::move(partition), *base};
}

std::optional<TopicPartition> DiskTap::partition_in(std::string_view directory) {
  const auto name = directory.substr(directory.rfind('/') + 1);  // npos + 1 is 0.
  const auto dash = name.rfind('-');
  if (dash == std::string_view::npos || dash == 0) return std::nullopt;
  const auto partition = number_in<std::int32_t>(name.substr(dash + 1));
  if (!partition || *partition < 0) return std::nullopt;
  return TopicPartition{std::string(name.substr(0, dash)), *partition};
}

DiskTap::Segment& DiskTap::segment_at(NodeId node, const Place& place, std::string_view path,
                                      Log*& log) {
  log = &logs_[{node, place.directory}];
  log->node = node;
  log->partition = place.partition;
  auto segment = log->segments.find(path);
  if (segment == log->segments.end()) segment = log->segments.try_emplace(std::string(path)).first;
  segment->second.base = place.base;
  return segment->second;
}

// ---- Writing -----------------------------------------------------------------------------------

// The batches that `bytes` complete.
std::vector<DiskTap::Found> DiskTap::absorb(Segment& segment, const Rope& bytes, bool checks_crc) {
  std::vector<Found> batches;
  if (segment.is_junk) return batches;
  segment.tail.append(bytes);
  while (segment.tail.size() >= wire::batch_header_size) {
    std::array<std::uint8_t, wire::batch_header_size> head;
    segment.tail.copy_to(0, head);
    const auto parsed = wire::parse_batch_header(head);
    if (parsed && segment.tail.size() < parsed->size) break;
    segment.is_junk = !parsed || parsed->header.base_offset < segment.end();
    if (segment.is_junk) break;
    const auto body = segment.tail.sub(head.size(), parsed->size - head.size()).joined();
    wire::Batch batch{parsed->header, body};
    segment.is_junk = checks_crc && !batch.crc_is_valid();
    if (segment.is_junk) break;
    const BatchRef ref = batch.ref();
    segment.add({segment.valid_size() + parsed->size, ref, batch.header.max_timestamp});
    batches.push_back({std::move(batch), ref});
    segment.tail = segment.tail.sub(parsed->size, segment.tail.size() - parsed->size);
  }
  return batches;
}

void DiskTap::store(Log& log, const std::vector<Found>& batches) {
  for (const auto& [batch, ref] : batches) {
    log.end = ref.last_offset + 1;
    recorder_.record(log.node, BatchStored{log.partition, ref});
    if (metadata_ != nullptr && log.is_metadata()) metadata_->on_batch(log.node, batch);
    for (const auto& [topic, observer] : told_) {
      if (log.partition.topic == topic) observer->on_batch(log.node, log.partition, batch);
    }
  }
}

void DiskTap::on_append(const Disk& disk, std::string_view path, std::uint64_t /*position*/,
                        const Rope& bytes) {
  const auto place = place_of(path);
  if (!place) return look_beside(disk, path);
  Log* log = nullptr;
  Segment& segment = segment_at(disk.machine(), *place, path, log);
  store(*log, absorb(segment, bytes, false));
}

void DiskTap::on_create(const Disk& disk, std::string_view path) {
  const auto place = place_of(path);
  if (!place) return;
  Log* log = nullptr;
  segment_at(disk.machine(), *place, path, log);
  settle_end(*log, false);
  settle_start(disk, *log, place->directory);
}

// ---- Cutting -----------------------------------------------------------------------------------

void DiskTap::cut(Log& log, Offset end, bool by_power_loss) {
  if (end >= log.end) return;
  log.end = end;
  log.synced = std::min(log.synced, end);
  recorder_.record(log.node, LogCut{log.partition, end, by_power_loss});
  if (metadata_ != nullptr && log.is_metadata()) metadata_->on_cut(log.node, end);
}

// After a change other than an append: the log may end earlier, or at a new empty segment.
void DiskTap::settle_end(Log& log, bool by_power_loss) {
  const Offset end = log.segments.empty() ? 0 : log.segments.rbegin()->second.end();
  cut(log, end, by_power_loss);
  log.end = end;
  if (log.segments.empty()) log.start = 0;  // To be told anew, even if it is an earlier one.
}

// Segments at the beginning were deleted, or all of them and the log begins anew further on.
void DiskTap::settle_start(const Disk& disk, Log& log, std::string_view directory) {
  if (log.segments.empty()) return;
  const Offset start = log.segments.begin()->second.base;
  if (std::exchange(log.start, start) >= start) return;
  LogBegun begun{log.partition, start, no_epoch};
  for (const auto& id : snapshots_in(disk, directory)) {
    if (id.end_offset == start) begun.epoch = id.epoch;
  }
  recorder_.record(log.node, begun);
}

void DiskTap::on_truncate(const Disk& disk, std::string_view path, std::uint64_t size) {
  const auto place = place_of(path);
  if (!place) return;
  Log* log = nullptr;
  Segment& segment = segment_at(disk.machine(), *place, path, log);
  while (segment.valid_size() > size) segment.drop_last();
  const auto valid = segment.valid_size();
  segment.tail = {};
  segment.is_junk = false;
  absorb(segment, disk.content_of(path).sub(valid, size - valid), false);
  settle_end(*log, false);
}

// The logs that lie in a directory, or below it.
void DiskTap::for_each_log(const Disk& disk, std::string_view directory,
                           const std::function<void(const std::string&, Log&)>& visit) {
  const auto machine = disk.machine();
  const auto exact = logs_.find({machine, std::string(directory)});
  if (exact != logs_.end()) visit(exact->first.second, exact->second);
  const auto below = directory.empty() ? std::string() : std::string(directory) + "/";
  for (auto at = logs_.lower_bound({machine, below}); at != logs_.end(); ++at) {
    const auto& [node, path] = at->first;
    if (node != machine || !path.starts_with(below)) break;
    visit(path, at->second);
  }
}

// Forgets a file, or what lies below a directory.
void DiskTap::drop(const Disk& disk, std::string_view path) {
  const auto settle = [&](const std::string& directory, Log& log) {
    if (log.has_unusable) {
      reload(disk, log, directory, false);
    } else {
      settle_end(log, false);
      settle_start(disk, log, directory);
    }
  };
  const auto slash = path.rfind('/');
  const auto parent = slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
  const auto log = logs_.find({disk.machine(), std::string(parent)});
  const auto gone =
      log == logs_.end() ? Segments::node_type() : log->second.segments.extract(std::string(path));
  if (!gone.empty()) {
    tell_deleted(log->second, gone.mapped());
    settle(log->first.second, log->second);
  }
  for_each_log(disk, path, [&](const std::string& directory, Log& each) {
    if (each.segments.empty()) return;
    each.segments.clear();
    settle(directory, each);
  });
}

// If it was the first one, and the log goes on behind it.
void DiskTap::tell_deleted(const Log& log, const Segment& gone) {
  if (log.segments.empty() || log.has_unusable || log.is_metadata()) return;
  const Segment& next = log.segments.begin()->second;
  if (next.base <= gone.base) return;
  SegmentDeleted told{.partition = log.partition,
                      .start_offset = gone.base,
                      .end_offset = next.base,
                      .bytes = static_cast<std::int64_t>(gone.valid_size())};
  for (const auto& stored : gone.batches) {
    told.newest_ms = std::max(told.newest_ms, stored.newest_ms);
  }
  for (const auto& [path, segment] : log.segments) {
    told.bytes_left += static_cast<std::int64_t>(segment.valid_size());
  }
  told.latest_clock = latest_time_of(log.node).ms;
  recorder_.record(log.node, told);
}

// One that compaction has put into another is no part of the log any more.
void DiskTap::on_remove(const Disk& disk, std::string_view path) {
  if (const auto place = place_of(path)) {
    const auto log = logs_.find({disk.machine(), place->directory});
    if (log != logs_.end() && is_replaced(log->second, std::string(path))) {
      log->second.segments.erase(std::string(path));
      return;
    }
  }
  drop(disk, path);
}

void DiskTap::on_rename(const Disk& disk, std::string_view from, std::string_view to) {
  if (on_compaction(disk, from, to)) return;
  drop(disk, from);
  drop(disk, to);
  for (const auto& path : disk.all_files(to)) note_topic(disk, path, false);
  for (const auto& path : disk.all_files(to)) {
    if (!place_of(path)) continue;
    on_append(disk, path, 0, disk.content_of(path));
    on_sync(disk, path);
  }
}

// ---- Names -------------------------------------------------------------------------------------

void DiskTap::note_topic(const Disk& disk, std::string_view path, bool by_power_loss) {
  const auto slash = path.rfind('/');
  if (slash == std::string_view::npos) return;
  if (path.substr(slash + 1) != log::partition_metadata_file || !disk.exists(path)) return;
  const auto directory = path.substr(0, slash);
  const auto partition = partition_in(directory);
  const auto content = disk.content_of(path).joined();
  const auto id = log::decode_partition_metadata(as_text(content.view()));
  if (!partition || !id) return;
  Log& log = logs_[{disk.machine(), std::string(directory)}];
  log.node = disk.machine();
  log.partition = *partition;
  set_topic(log, *id, by_power_loss);
}

// A loss of power may bring back the directory that was moved away for the one that is gone with
// it: what that one held is lost.
void DiskTap::set_topic(Log& log, const Uuid& topic_id, bool by_power_loss) {
  if (log.topic_id == topic_id) return;
  const auto& topic = log.partition.topic;
  const bool was_removed = was_removed_ && was_removed_(topic);
  const bool is_first = first_ids_.try_emplace(topic, topic_id).first->second == topic_id;
  const bool is_told = log.topic_id || was_removed || !is_first;
  if (log.topic_id && by_power_loss) {
    log.segments.clear();
    log.replacements.clear();
    log.compacted_to = 0;
    settle_end(log, true);
  }
  log.topic_id = topic_id;
  if (is_told) recorder_.record(log.node, LogNamed{log.partition, topic_id});
}

// ---- Durability --------------------------------------------------------------------------------

void DiskTap::settle_synced(const Disk& disk, Log& log) {
  Offset synced = log.synced;
  for (const auto& [path, segment] : log.segments) {
    if (segment.end() <= log.synced && segment.end() < log.end) continue;
    const auto durable = disk.durable_size(path);
    const auto beyond = std::upper_bound(
        segment.batches.begin(), segment.batches.end(), durable,
        [](std::uint64_t size, const Stored& stored) { return size < stored.end; });
    if (beyond != segment.batches.begin()) {
      synced = std::max(synced, std::prev(beyond)->ref.last_offset + 1);
    }
    if (beyond != segment.batches.end()) break;
  }
  if (synced <= log.synced) return;
  log.synced = synced;
  recorder_.record(log.node, LogSynced{log.partition, synced});
  if (metadata_ != nullptr && log.is_metadata()) metadata_->on_synced(log.node, synced);
}

void DiskTap::on_sync(const Disk& disk, std::string_view path) {
  if (const auto place = place_of(path)) {
    const auto log = logs_.find({disk.machine(), place->directory});
    if (log != logs_.end()) settle_synced(disk, log->second);
    return;
  }
  for_each_log(disk, path, [&](const std::string&, Log& log) { settle_synced(disk, log); });
}

// ---- Power loss --------------------------------------------------------------------------------

void DiskTap::on_power_loss(const Disk& disk) {
  for (const auto& path : disk.all_files()) {
    const auto place = place_of(path);
    Log* log = nullptr;
    if (place) segment_at(disk.machine(), *place, path, log);  // A removed one may be back.
  }
  for (auto& [key, log] : logs_) {
    if (key.first != disk.machine()) continue;
    note_topic(disk, fmt::format("{}/{}", key.second, log::partition_metadata_file), true);
    reload(disk, log, key.second, true);
  }
}

// Reads the log anew and tells how it differs from what was there: first the cut, then what an
// undone truncation brought back. What lies behind a gap is of no use, until recovery has removed
// what lies before it as deleted.
void DiskTap::reload(const Disk& disk, Log& log, std::string_view directory, bool by_power_loss) {
  std::vector<BatchRef> before;
  for (const auto& [path, segment] : log.segments) {
    for (const auto& stored : segment.batches) before.push_back(stored.ref);
  }
  std::vector<Found> after;
  log.has_unusable = false;
  for (const auto& path : usable_files(disk, log, directory)) {
    const Offset base = place_of(path)->base;
    const Offset end = log.segments.empty() ? base : log.segments.rbegin()->second.end();
    if (base < end && end <= log.compacted_to) continue;
    log.has_unusable = base != end && (base < end || base > log.compacted_to);
    if (log.has_unusable) break;
    Segment& segment = log.segments[path];
    segment.base = base;
    for (auto& found : absorb(segment, disk.content_of(path), true)) {
      after.push_back(std::move(found));
    }
  }
  const Offset first = log.segments.empty() ? 0 : log.segments.begin()->second.base;
  std::erase_if(before, [first](const BatchRef& ref) { return ref.base_offset < first; });
  std::size_t same = 0;
  while (same < before.size() && same < after.size() && before[same] == after[same].ref) ++same;
  settle_start(disk, log, directory);
  cut(log, same == 0 ? first : before[same - 1].last_offset + 1, by_power_loss);
  after.erase(after.begin(), after.begin() + static_cast<std::ptrdiff_t>(same));
  store(log, after);
  settle_end(log, by_power_loss);
  settle_synced(disk, log);
}

// Empties the log of its segments and returns those that are there, but for what nobody will look
// at: what lies before the log's start as it was, or before the oldest snapshot, where a node
// begins.
std::vector<std::string> DiskTap::usable_files(const Disk& disk, Log& log,
                                               std::string_view directory) {
  log.segments.clear();
  std::map<Offset, std::string> files;
  for (const auto& path : disk.all_files(directory)) {
    const auto place = place_of(path);
    if (place && place->directory == directory) files.emplace(place->base, path);
  }
  const auto snapshots = snapshots_in(disk, directory);
  const Offset begin = std::max(log.start, snapshots.empty() ? 0 : snapshots.front().end_offset);
  std::vector<std::string> usable;
  for (auto file = files.begin(); file != files.end(); ++file) {
    const auto next = std::next(file);
    if (next == files.end() || next->first > begin) usable.push_back(file->second);
  }
  return usable;
}

}  // namespace brokersim::sim
