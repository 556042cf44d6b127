// Events of what disks hold, and what names a batch: part of the vocabulary of event.h, which says
// what an event is and which kinds of witness there are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"

namespace brokersim {

// ---- World: what disks hold --------------------------------------------------------------------

// What a batch is to those who read it.
enum class BatchRole : std::uint8_t {
  data,
  control,        // Of the log itself: a LeaderChange, or of a kind that nobody knows.
  transactional,  // Data that counts once its producer's transaction is committed (KIP-98).
  commit,         // The markers that end a transaction.
  abort,
};
std::string_view name_of(BatchRole role);
constexpr bool is_control(BatchRole role) {
  return role != BatchRole::data && role != BatchRole::transactional;
}
constexpr bool is_marker(BatchRole role) {
  return role == BatchRole::commit || role == BatchRole::abort;
}

// One record batch, as identified at every place where it is seen. `digest` covers what the
// producer made of it (attributes to end, uncompressed), not what the leader makes of that (offset,
// epoch, another codec, its own time).
struct BatchRef {
  Offset base_offset = 0;
  Offset last_offset = 0;
  LeaderEpoch leader_epoch{};
  std::uint64_t digest = 0;
  BatchRole role = BatchRole::data;
  // Of an idempotent producer, else all -1; a marker has no sequence.
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;
  std::int32_t base_sequence = -1;
  friend bool operator==(const BatchRef&, const BatchRef&) = default;
  static void visit(auto& e, auto&& f) {
    f("base_offset", e.base_offset);
    f("last_offset", e.last_offset);
    f("leader_epoch", e.leader_epoch);
    f("digest", e.digest);
    f("role", e.role);
    f("producer_id", e.producer_id);
    f("producer_epoch", e.producer_epoch);
    f("base_sequence", e.base_sequence);
  }
};

// The node's log of the partition has this batch at its end (in the page cache).
struct BatchStored {
  static constexpr std::string_view kind = "batch_stored";
  TopicPartition partition;
  BatchRef batch;
  static void visit(auto& e, auto&& f) {
    f("partition", e.partition);
    f("batch", e.batch);
  }
};
// The node's log of the partition ends at `end_offset`: it was truncated, or lost a suffix.
struct LogCut {
  static constexpr std::string_view kind = "log_cut";
  TopicPartition partition;
  Offset end_offset = 0;
  bool by_power_loss = false;  // Otherwise the node itself truncated it.
  static void visit(auto& e, auto&& f) {
    f("partition", e.partition);
    f("end_offset", e.end_offset);
    f("by_power_loss", e.by_power_loss);
  }
};
// Everything before `end_offset` of the node's log survives power loss.
struct LogSynced {
  static constexpr std::string_view kind = "log_synced";
  TopicPartition partition;
  Offset end_offset = 0;
  static void visit(auto& e, auto&& f) {
    f("partition", e.partition);
    f("end_offset", e.end_offset);
  }
};

// The node's log of the partition begins at `start_offset`: what lay before is deleted. `epoch` is
// that of the record before, where a snapshot tells; -1 where nothing does.
struct LogBegun {
  static constexpr std::string_view kind = "log_begun";
  TopicPartition partition;
  Offset start_offset = 0;
  LeaderEpoch epoch = no_epoch;
  static void visit(auto& e, auto&& f) {
    f("partition", e.partition);
    f("start_offset", e.start_offset);
    f("epoch", e.epoch);
  }
};
// The first segment of the node's log of the partition is deleted, while the log goes on behind it:
// what retention, DeleteRecords or the leader has made go. Followed by its LogBegun.
struct SegmentDeleted {
  static constexpr std::string_view kind = "segment_deleted";
  TopicPartition partition;
  Offset start_offset = 0;
  Offset end_offset = 0;  // Where the next one begins.
  std::int64_t bytes = 0;
  std::int64_t bytes_left = 0;    // Of all that follow.
  std::int64_t newest_ms = -1;    // The largest timestamp in it; -1 if it has none.
  std::int64_t latest_clock = 0;  // The latest time that the node's clock has shown, in ms.
  static void visit(auto& e, auto&& f) {
    f("partition", e.partition);
    f("start_offset", e.start_offset);
    f("end_offset", e.end_offset);
    f("bytes", e.bytes);
    f("bytes_left", e.bytes_left);
    f("newest_ms", e.newest_ms);
    f("latest_clock", e.latest_clock);
  }
};
// The node's log of the partition is, from here on, of the topic with this id: it was begun anew,
// or a loss of power has brought back the one before (KIP-516). Told where a topic by that name
// was removed before.
struct LogNamed {
  static constexpr std::string_view kind = "log_named";
  TopicPartition partition;
  Uuid topic_id = no_uuid;
  static void visit(auto& e, auto&& f) {
    f("partition", e.partition);
    f("topic_id", e.topic_id);
  }
};
// In the node's log of the partition compaction has put other contents into the place of what lay
// from `start_offset` up to `end_offset`: `batches`, without the records at the offsets `removed`.
// `decided_by` is the last of the records for whose sake others went. `wrong` says what is not as
// compaction must leave it; empty if nothing.
struct LogCompacted {
  static constexpr std::string_view kind = "log_compacted";
  TopicPartition partition;
  Offset start_offset = 0;
  Offset end_offset = 0;
  std::vector<BatchRef> batches;
  std::vector<Offset> removed;
  Offset decided_by = -1;
  std::string wrong;
  static void visit(auto& e, auto&& f) {
    f("partition", e.partition);
    f("start_offset", e.start_offset);
    f("end_offset", e.end_offset);
    f("batches", e.batches);
    f("removed", e.removed);
    f("decided_by", e.decided_by);
    f("wrong", e.wrong);
  }
};
// A file that lies beside the node's log of the partition, and sums it up, says otherwise than its
// batches do: `difference` says in what. Told only then.
struct LogContradicted {
  static constexpr std::string_view kind = "log_contradicted";
  TopicPartition partition;
  std::string file;
  std::string difference;
  static void visit(auto& e, auto&& f) {
    f("partition", e.partition);
    f("file", e.file);
    f("difference", e.difference);
  }
};
// The node has a snapshot of the metadata log. `difference` says in what it differs from what
// replaying the committed log up to its end gives; empty if in nothing.
struct SnapshotStored {
  static constexpr std::string_view kind = "snapshot_stored";
  Offset end_offset = 0;
  LeaderEpoch epoch{};
  std::string difference;
  static void visit(auto& e, auto&& f) {
    f("end_offset", e.end_offset);
    f("epoch", e.epoch);
    f("difference", e.difference);
  }
};
struct SnapshotRemoved {
  static constexpr std::string_view kind = "snapshot_removed";
  Offset end_offset = 0;
  LeaderEpoch epoch{};
  static void visit(auto& e, auto&& f) {
    f("end_offset", e.end_offset);
    f("epoch", e.epoch);
  }
};

}  // namespace brokersim
