#include "sim/snapshot_tap.h"

#include <optional>

#include <fmt/format.h>

#include "core/controller/image.h"
#include "core/controller/records.h"
#include "core/raft/snapshot_file.h"

namespace brokersim::sim {

namespace {

std::string metadata_prefix() { return fmt::format("{}/", metadata_partition()); }

std::optional<raft::SnapshotId> snapshot_at(std::string_view path) {
  const auto prefix = metadata_prefix();
  if (!path.starts_with(prefix)) return std::nullopt;
  const auto id = raft::snapshot_id_of(path.substr(prefix.size()));
  // What a directory is formatted with stands for no log.
  return id == raft::bootstrap_checkpoint ? std::nullopt : id;
}

std::string_view first_difference(const controller::Image& a, const controller::Image& b) {
  if (a.brokers() != b.brokers()) return "brokers";
  if (a.topics() != b.topics()) return "topics";
  if (a.all_configs() != b.all_configs()) return "configurations";
  if (a.features() != b.features()) return "features";
  if (a.next_producer_id() != b.next_producer_id()) return "producer ids";
  return {};
}

}  // namespace

void SnapshotTap::on_rename(const Disk& disk, std::string_view from, std::string_view to) {
  if (const auto id = snapshot_at(from)) remove(disk.machine(), *id);
  if (const auto id = snapshot_at(to)) store(disk, to, *id);
}

void SnapshotTap::on_remove(const Disk& disk, std::string_view path) {
  if (const auto id = snapshot_at(path)) remove(disk.machine(), *id);
}

// Names that were not synced may be gone, or removed ones back.
void SnapshotTap::on_power_loss(const Disk& disk) {
  Known before;
  for (const auto& each : known_) {
    if (each.first == disk.machine()) before.insert(each);
  }
  for (const auto& path : disk.all_files()) {
    const auto id = snapshot_at(path);
    if (id && before.erase({disk.machine(), *id}) == 0) store(disk, path, *id);
  }
  for (const auto& [node, id] : before) remove(node, id);
}

void SnapshotTap::store(const Disk& disk, std::string_view path, raft::SnapshotId id) {
  known_.insert({disk.machine(), id});
  recorder_.record(disk.machine(),
                   SnapshotStored{id.end_offset, id.epoch, difference(id, disk.content_of(path))});
}

void SnapshotTap::remove(NodeId node, raft::SnapshotId id) {
  if (known_.erase({node, id}) == 0) return;
  recorder_.record(node, SnapshotRemoved{id.end_offset, id.epoch});
}

std::string SnapshotTap::difference(raft::SnapshotId id, const Rope& file) const {
  const auto snapshot = raft::decode_snapshot(id, file.joined());
  if (!snapshot) return fmt::format("it cannot be read: {}", snapshot.error());
  if (id.end_offset > metadata_.committed_end()) {
    return fmt::format("only what is before {} is committed", metadata_.committed_end());
  }
  const auto epoch = metadata_.epoch_before(id.end_offset);
  if (!epoch) return "it ends inside a batch";
  if (*epoch != id.epoch) return fmt::format("its last record is of epoch {}", *epoch);
  controller::Image image;
  for (const Bytes& value : snapshot->records) {
    const auto record = controller::decode_record(value);
    if (!record) return fmt::format("a record cannot be read: {}", record.error());
    const auto applied = image.apply(*record, MetadataTap::snapshot_offset);
    if (!applied) return fmt::format("a record cannot be applied: {}", applied.error());
  }
  const auto voters = snapshot->voters ? snapshot->voters->ids() : std::vector<NodeId>();
  if (voters != metadata_.voters_before(id.end_offset)) {
    return "its voters are not those of the log";
  }
  const auto& replayed = metadata_.replay_to(id.end_offset);
  const auto part = first_difference(replayed, image);
  return part.empty() ? std::string() : fmt::format("its {} are not those of the log", part);
}

}  // namespace brokersim::sim
