// What the metadata snapshots on all machines' disks really hold, read from their bytes and
// compared with the committed log: SnapshotStored and SnapshotRemoved.
//
// A file `__cluster_metadata-0/<offset>-<epoch>.checkpoint` is a snapshot from the moment it has
// that name. It has to be what replaying the log up to its end gives (KIP-630), the end one between
// two batches (KAFKA-17713), the epoch that of the record before it.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "core/raft/messages.h"
#include "sim/disk.h"
#include "sim/metadata_tap.h"
#include "sim/recorder.h"

namespace brokersim::sim {

class SnapshotTap final : public DiskObserver {
 public:
  // Both outlive it.
  SnapshotTap(Recorder& recorder, const MetadataTap& metadata)
      : recorder_(recorder), metadata_(metadata) {}

  void on_rename(const Disk& disk, std::string_view from, std::string_view to) override;
  void on_remove(const Disk& disk, std::string_view path) override;
  void on_power_loss(const Disk& disk) override;

 private:
  using Known = std::set<std::pair<NodeId, raft::SnapshotId>>;

  void store(const Disk& disk, std::string_view path, raft::SnapshotId id);
  void remove(NodeId node, raft::SnapshotId id);
  std::string difference(raft::SnapshotId id, const Rope& file) const;

  Recorder& recorder_;
  const MetadataTap& metadata_;
  Known known_;
};

}  // namespace brokersim::sim
