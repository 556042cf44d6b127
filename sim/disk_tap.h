// What is really in the logs on all machines' disks, read from the bytes that are written there:
// BatchStored, LogCut, LogSynced, LogBegun and SegmentDeleted. Nothing that a broker says about its
// log is asked. Of which topic a log is says its `partition.metadata`: where several had one name
// one after the other, that is told, too (LogNamed).
//
// A file `…/<topic>-<partition>/<20 digits>.log` is a segment; its valid batches from the start are
// its content, and a log ends where the last of its segments does. What compaction puts in a
// segment's place is judged by the bytes before and after (LogCompacted), and what is written
// beside a log by its batches (LogContradicted).
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/event.h"
#include "core/wire/record_batch.h"
#include "sim/beside_log.h"
#include "sim/compaction_judge.h"
#include "sim/disk.h"
#include "sim/recorder.h"

namespace brokersim::sim {

// Told of the logs of the metadata partition, batches and all.
class MetadataLogObserver {
 public:
  virtual ~MetadataLogObserver() = default;
  virtual void on_batch(NodeId node, const wire::Batch& batch) = 0;
  virtual void on_cut(NodeId node, Offset end_offset) = 0;
  virtual void on_synced(NodeId node, Offset end_offset) = 0;
};

// Told of the batches of one topic's logs, each time that one is stored.
class BatchObserver {
 public:
  virtual ~BatchObserver() = default;
  virtual void on_batch(NodeId node, const TopicPartition& partition, const wire::Batch& batch) = 0;
};

class DiskTap final : public DiskObserver {
 public:
  // The latest time that a node's wall clock ever showed it.
  using LatestClock = std::function<WallTime(NodeId)>;
  // Whether a topic of that name was ever deleted.
  using WasRemoved = std::function<bool(const std::string&)>;

  // Both outlive it. `metadata` may be null. Without clocks no time is too early; without
  // `was_removed` the topic that is seen first has its name for the first time.
  explicit DiskTap(Recorder& recorder, MetadataLogObserver* metadata = nullptr,
                   LatestClock latest_clock = {}, WasRemoved was_removed = {})
      : recorder_(recorder),
        metadata_(metadata),
        latest_clock_(std::move(latest_clock)),
        was_removed_(std::move(was_removed)) {}

  // The observer outlives the tap, and hears of each batch behind its BatchStored.
  void tell_of(std::string_view topic, BatchObserver& observer) {
    told_.emplace_back(topic, &observer);
  }

  void on_append(const Disk& disk, std::string_view path, std::uint64_t position,
                 const Rope& bytes) override;
  void on_truncate(const Disk& disk, std::string_view path, std::uint64_t size) override;
  void on_create(const Disk& disk, std::string_view path) override;
  void on_rename(const Disk& disk, std::string_view from, std::string_view to) override;
  void on_remove(const Disk& disk, std::string_view path) override;
  void on_sync(const Disk& disk, std::string_view path) override;
  void on_power_loss(const Disk& disk) override;

 private:
  struct Stored {
    std::uint64_t end = 0;  // In the file.
    BatchRef ref;
    std::int64_t newest_ms = -1;
  };
  struct Segment {
    Offset base = 0;
    std::vector<Stored> batches;
    std::vector<EpochRun> runs;  // Of these batches.
    Rope tail;                   // Of a batch that is not complete yet.
    bool is_junk = false;        // What comes next is no batch: nothing behind it counts.
    std::uint64_t valid_size() const { return batches.empty() ? 0 : batches.back().end; }
    Offset end() const { return batches.empty() ? base : batches.back().ref.last_offset + 1; }
    void add(const Stored& stored);
    void drop_last();
  };
  // By path: in the order of their bases.
  using Segments = std::map<std::string, Segment, std::less<>>;
  struct Log {
    NodeId node;
    TopicPartition partition;
    std::optional<Uuid> topic_id;  // By what lies beside it; nothing: it was never there.
    Segments segments;
    Offset start = 0;  // As it was told: of the first segment.
    Offset end = 0;
    Offset synced = 0;
    bool has_unusable = false;  // Since power was lost files lie behind a gap.
    Offset compacted_to = 0;    // Segments may have gaps between them up to here.
    // By path: what compaction has ready to put there, told when it does.
    std::map<std::string, LogCompacted> replacements;
    bool is_metadata() const { return partition == metadata_partition(); }
  };
  struct Place {  // What a path says.
    std::string directory;
    TopicPartition partition;
    Offset base = 0;
  };
  struct Found {
    wire::Batch batch;
    BatchRef ref;
  };
  using LogKey = std::pair<NodeId, std::string>;  // The directory.

  static std::optional<Place> place_of(std::string_view path);
  // The partition whose directory is called so.
  static std::optional<TopicPartition> partition_in(std::string_view directory);
  // A file that may be a `partition.metadata` is there.
  void note_topic(const Disk& disk, std::string_view path, bool by_power_loss);
  void set_topic(Log& log, const Uuid& topic_id, bool by_power_loss);
  Segment& segment_at(NodeId node, const Place& place, std::string_view path, Log*& log);
  std::vector<Found> absorb(Segment& segment, const Rope& bytes, bool checks_crc);
  void store(Log& log, const std::vector<Found>& batches);
  void settle_end(Log& log, bool by_power_loss);
  void settle_start(const Disk& disk, Log& log, std::string_view directory);
  void settle_synced(const Disk& disk, Log& log);
  void cut(Log& log, Offset end, bool by_power_loss);
  void for_each_log(const Disk& disk, std::string_view directory,
                    const std::function<void(const std::string&, Log&)>& visit);
  void drop(const Disk& disk, std::string_view path);
  void tell_deleted(const Log& log, const Segment& gone);
  bool on_compaction(const Disk& disk, std::string_view from, std::string_view to);
  void prepare(const Disk& disk, Log& log, const Place& place, std::string_view swap);
  void replace(const Disk& disk, Log& log, const std::string& path);
  bool retire(const Disk& disk, Log& log, const std::string& path, std::string_view retired);
  static bool is_replaced(const Log& log, const std::string& path);
  // Of the segments that begin at `from` or behind it, and before `before`.
  static std::vector<wire::Batch> batches_from(const Disk& disk, const Log& log, Offset from,
                                               Offset before = std::numeric_limits<Offset>::max());
  WallTime latest_time_of(NodeId node) const;
  LogCompacted judge(const Disk& disk, const Log& log, Offset start, CompactedPart part) const;
  // Something was written that is no segment.
  void look_beside(const Disk& disk, std::string_view path);
  static std::vector<EpochRun> runs_of(const Log& log);
  static std::string difference_of_snapshot(const Log& log, Offset offset, ByteView content);
  void reload(const Disk& disk, Log& log, std::string_view directory, bool by_power_loss);
  static std::vector<std::string> usable_files(const Disk& disk, Log& log,
                                               std::string_view directory);

  Recorder& recorder_;
  MetadataLogObserver* metadata_;
  std::vector<std::pair<std::string, BatchObserver*>> told_;  // By topic.
  LatestClock latest_clock_;
  WasRemoved was_removed_;
  std::map<LogKey, Log> logs_;
  std::map<std::string, Uuid> first_ids_;  // Of the topics of each name, the one seen first.
};

}  // namespace brokersim::sim
