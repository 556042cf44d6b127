// One replica's log: record batches in segment files, in Kafka's format, byte for byte as on the
// wire.
//
//   start_offset        recovery_point             end_offset
//        │ ── survives power loss ── │ ── page cache ── │
//   [ 00000000000000000000.log ][ 00000000000000004711.log   ← appends
//
// Appending, truncating and reading what is cached never suspend; syncing and cold reads do. After
// the first I/O error the log is offline: nothing succeeds any more, so that no offset is ever used
// twice (KAFKA-10778). The metadata log is of the same kind; its owner syncs after each append.
#pragma once

#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/expected.h"
#include "core/base/ids.h"
#include "core/base/rules.h"
#include "core/base/time.h"
#include "core/env.h"
#include "core/log/cleanable.h"
#include "core/log/cleaning.h"
#include "core/log/leader_epochs.h"
#include "core/log/producer_snapshots.h"
#include "core/log/producer_state.h"
#include "core/log/retention.h"
#include "core/log/rolling.h"
#include "core/log/transaction_index.h"
#include "core/signal.h"
#include "core/wire/record_batch.h"

namespace brokersim::log {

class Segment;
struct IndexedBatch;

enum class LogError : std::uint8_t {
  storage,       // An I/O error, this time or earlier: the log is offline.
  cancelled,     // The waiting fiber was cancelled; the log is as it was.
  out_of_range,  // An offset before the start or beyond the end.
  corrupt,       // A replicated batch whose CRC or offsets are wrong.
  out_of_order,  // A replicated batch that begins before the end, or whose epoch went back.
};
std::string_view name_of(LogError error);

template <class T>
using LogResult = Expected<T, LogError>;

struct LogConfig {
  std::uint64_t segment_bytes = std::uint64_t{1} << 30;  // segment.bytes
  RollRules roll;
  RetentionRules retention;
  CompactionRules compaction;
  Duration file_delete_delay = 60s;  // file.delete.delay.ms, at most longest_duration
  Offset flush_messages = std::numeric_limits<Offset>::max();        // flush.messages
  std::int64_t flush_ms = std::numeric_limits<std::int64_t>::max();  // flush.ms
  LogRules rules;
};

// What is known of a log before it is opened: from the checkpoints of its data directory.
struct LogState {
  bool was_clean = false;     // The node had shut down in order.
  Offset recovery_point = 0;  // Everything before it had been synced.
  Offset start_offset = 0;    // Earlier records had been deleted.
  Offset cleaned_to = 0;      // What lies before had been compacted.
  // What lies before was committed: no marker there can still be lost.
  Offset high_watermark = 0;
};

struct AppendInfo {
  Offset first_offset = 0;  // Of the first record appended; the log's end if there is none.
  Offset next_offset = 0;   // The log's end after the append.
  std::size_t batches = 0;  // How many of the given batches were appended.
  std::size_t bytes = 0;
};

struct ReadLimits {
  Offset end = std::numeric_limits<Offset>::max();  // No record at or after it: HW, LSO, LEO.
  std::size_t max_bytes = std::numeric_limits<std::size_t>::max();
  bool min_one_batch = true;  // The first batch comes even if it exceeds `max_bytes` (KIP-74).
};

// Whole batches. The first may begin before the offset asked for, which then lies inside it.
struct LogRead {
  Rope bytes;
  Offset next_offset = 0;  // Where to read on: `from` if nothing was read.
};

struct TimestampedOffset {
  Offset offset = 0;
  std::int64_t timestamp = 0;
  LeaderEpoch leader_epoch{};
};

// What one cleaning does, and with what it came out.
struct CleaningOrder {
  DirtyRange range;
  WallTime now;
  std::size_t capacity = 128'000'000 / 24;  // Keys that one cleaning may know of.
};
struct Cleaned {
  Offset to = 0;  // Nothing if that is where it began.
  std::uint64_t bytes_before = 0;
  std::uint64_t bytes_after = 0;
};

class Log {
 public:
  // Opens the log in `directory`, which is made if it does not exist. Segments that had been synced
  // are believed to be what their indexes say, and not walked, unless they are still needed: the
  // active one, and what tells of producers and of transactions that may not be decided. After an
  // unclean shutdown every byte from the recovery point on is checked against its CRC, and the log
  // is cut at the first batch that does not follow from its predecessor. Indexes that are missing
  // or wrong are made anew. Emits LogRecovered. The parent directory must exist.
  static LogResult<std::unique_ptr<Log>> open(Env& env, TopicPartition partition,
                                              std::string directory, LogConfig config,
                                              LogState state);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  const TopicPartition& partition() const { return partition_; }
  const std::string& directory() const { return directory_; }
  bool is_offline() const { return is_offline_; }
  // Its directory is given up, and may be another log's soon: cleaning that is under way ends.
  void abandon();
  // What took it offline: "log t-0: disk full".
  std::string why_offline() const;

  Offset start_offset() const { return start_offset_; }
  Offset end_offset() const { return end_offset_; }
  std::uint64_t size() const;  // Bytes of all segments.
  // For what is appended from now on.
  void configure(LogConfig config) { config_ = config; }
  const LeaderEpochs& epochs() const { return epochs_; }
  LeaderEpoch last_epoch() const { return epochs_.latest_epoch(); }
  std::optional<EpochEnd> end_offset_for_epoch(LeaderEpoch epoch) const {
    return epochs_.end_offset_for(epoch, end_offset_);
  }

  // Who has written what: leaders check against it before they append.
  const ProducerState& producers() const { return producers_; }
  // Forgets the producers that have been silent for so long (producer.id.expiration.ms).
  void expire_producers(WallTime now, Duration expiration) { producers_.expire(now, expiration); }

  // Up to where no transaction is undecided, if the log is committed up to `high_watermark`: none
  // is open before it, nor ended by a marker that may still be lost (KIP-98).
  Offset last_stable_offset(Offset high_watermark) const;
  // So much is committed for good: which transactions ended before it need not be kept in mind.
  void committed(Offset high_watermark);
  // The aborted transactions of which something may lie in [from, end), by their ends.
  std::vector<AbortedTransaction> aborted_in(Offset from, Offset end) const {
    return aborted_.aborted_in(from, end);
  }
  // Changes where a deletion or compaction has made aborted_in() forget some.
  std::uint64_t aborted_forgotten() const { return aborted_.drops(); }

  // Enters `epoch` at the log's end: called once on becoming leader, before any append of it.
  // An epoch without records is forgotten by a restart. Requires that no later epoch was entered.
  void begin_epoch(LeaderEpoch epoch);

  // Appends in order, giving each batch its base offset and `epoch` in place. The batches are
  // taken as valid (validate.h). Requires an epoch not before last_epoch().
  LogResult<AppendInfo> append_as_leader(Host& host, std::span<wire::Batch> batches,
                                         LeaderEpoch epoch);
  // Appends what another replica sent, offsets and epochs unchanged, after checking CRC and order;
  // a gap before a batch is legal, as compaction leaves it. Stops without error before the first
  // batch of an epoch later than `max_epoch` (KAFKA-18723). Batches before a bad one stay.
  LogResult<AppendInfo> append_as_follower(Host& host, std::span<const wire::Batch> batches,
                                           LeaderEpoch max_epoch);

  // Walks what opening did not. Required before is_batch_boundary() and before a truncation below
  // the high watermark that the log was opened with, neither of which can wait. Has nothing to do
  // any more once it has succeeded.
  LogResult<Done> load_batches(Env& env);
  // Drops all batches that reach `offset`, and the epochs beginning there. At or beyond the end
  // only the epochs; before the start everything, as truncate_fully_and_start_at. The new end is
  // `offset`, or the base of the batch it lay inside. Emits LogTruncated if records went.
  LogResult<Done> truncate_to(Host& host, Offset offset, std::string_view why);
  // Drops everything; the log is empty and begins and ends at `offset`.
  LogResult<Done> truncate_fully_and_start_at(Host& host, Offset offset, std::string_view why);
  // Records before `offset` are deleted: segments that lie wholly before it go. Never lowers the
  // start. Requires offset <= end_offset(). The owner makes the new start last first, in
  // log-start-offset-checkpoint: without it a half-done deletion looks like a lost segment.
  LogResult<Done> raise_start_offset(Host& host, Offset offset);

  // Where the log is to begin by its retention; the start if nothing is to go. If all of it is to
  // go, the active segment ends with that.
  LogResult<Offset> retain(Host& host, Offset high_watermark, WallTime now);
  // What compaction might clean of what lies before `stable_end`: all that is committed, and part
  // of no open transaction.
  DirtyRange dirty_range(Offset stable_end, WallTime now) const;
  // Up to here it has been cleaned: for cleaner-offset-checkpoint.
  Offset cleaned_to() const { return cleaned_to_; }
  // Compacts all up to the end of the range, which must lie before the recovery point, on disk as
  // in memory. Nothing if the log changed meanwhile so that what was read may no longer stand:
  // then it is as it was.
  LogResult<std::optional<Cleaned>> clean(Env& env, const CleaningOrder& order);
  // Files of deleted and replaced segments keep their contents for file.delete.delay.ms.
  LogResult<Done> delete_retired_files(Host& host, Instant now);
  Instant next_file_deletion() const;

  // Batches from the one that holds `from`, which must lie in [start_offset, end_offset].
  LogResult<LogRead> read(Env& env, Offset from, ReadLimits limits = {});
  // The same without suspending; nothing if part of it is not in the page cache. The outer result
  // reports `storage` and `out_of_range`.
  LogResult<std::optional<LogRead>> cached_read(Offset from, ReadLimits limits = {}) const;
  // Whether a batch begins at `offset`, in [start_offset, end_offset], or the log ends there.
  bool is_batch_boundary(Offset offset) const;
  // Whether the log has rolled between `offset` and `end`, up to which it is to be read: whatever
  // lies at `offset` is in no segment that anything is still appended to.
  bool is_behind_roll(Offset offset, Offset end) const;
  // How many bytes a read without max_bytes would return.
  std::size_t readable_bytes(Offset from, Offset end) const;

  // The first record with a timestamp of at least `timestamp` (ms); nothing if there is none. The
  // batch is found by the largest timestamps of segments and batches; only that one is read.
  LogResult<std::optional<TimestampedOffset>> offset_for_timestamp(Env& env,
                                                                   std::int64_t timestamp);
  // The first record of those with the largest timestamp (KIP-734); nothing without records.
  LogResult<std::optional<TimestampedOffset>> offset_of_max_timestamp(Env& env);

  // Everything before it has survived a sync and would survive power loss.
  Offset recovery_point() const { return recovery_point_; }
  // On return all segments that began before `up_to` are synced as they were at the call, and the
  // recovery point is at least the smaller of `up_to` and the end at the call, less truncations.
  LogResult<Done> sync(Env& env, Offset up_to = std::numeric_limits<Offset>::max());
  // A segment other than the active one awaits its sync: call sync(env, active_base()).
  bool needs_flush() const;
  // So much was appended since the last sync that the topic asks for one (flush.messages).
  bool must_flush() const { return end_offset_ - recovery_point_ >= config_.flush_messages; }
  const LogConfig& config() const { return config_; }
  Offset active_base() const;
  // Writes `leader-epoch-checkpoint` if it differs from what was last written. open() reads of it
  // what it does not see in the batches.
  LogResult<Done> flush_epochs(Env& env);
  // Keeps the producers of now, as part of a shutdown in order: what follows the snapshot is read
  // from the batches. Forced to disk by the next sync.
  LogResult<Done> snapshot_producers(Host& host);
  // Writes the indexes of the active segment, as part of a shutdown in order. As above.
  LogResult<Done> index_active(Host& host);

 private:
  struct FoundFiles {
    std::vector<Offset> segments;                         // By base, in order.
    std::vector<Offset> snapshots;                        // By offset, in order.
    std::vector<Offset> aborted;                          // Transaction indexes, by base, in order.
    std::vector<std::pair<Offset, std::string>> indexes;  // Of offsets and times: base and name.
  };
  struct Extent {
    std::shared_ptr<Segment> segment;
    std::uint64_t position = 0;
    std::size_t length = 0;
  };
  struct ReadPlan {
    std::vector<Extent> extents = {};
    Offset next_offset = 0;
    std::shared_ptr<Segment> missing = nullptr;  // It has to be loaded first.
  };

  Log(TopicPartition partition, std::string directory, LogConfig config);

  LogResult<Done> load(Env& env, const LogState& state);
  LogResult<Done> make_directory(Env& env);
  LogResult<FoundFiles> find_files(Env& env);
  LogResult<std::uint64_t> load_segments(Env& env, const LogState& state,
                                         std::vector<Offset> bases);
  static Offset compacted_before(const LogState& state);
  bool may_begin_at(Offset base, const LogState& state) const;
  bool was_replaced(Offset base, const LogState& state) const;
  LogResult<Done> renew_indexes(Env& env, const LogState& state, const std::set<Offset>& trusted);
  LogResult<Done> remove_orphans(Env& env, const FoundFiles& found);
  LogResult<Done> load_batches(Env& env, const std::shared_ptr<Segment>& segment);
  LogResult<Done> load_epochs(Env& env);
  LogResult<std::optional<LeaderEpochs>> stored_epochs(Env& env);
  Offset loaded_from() const;
  bool is_loaded_for_cut(Offset offset) const;
  LogResult<Done> load_transactions(Env& env, const std::vector<Offset>& files, Offset decided_to);
  bool agrees_with_batches(Offset offset, const ProducerState& snapshot) const;
  LogResult<Done> rebuild_producers(Host& host);

  LogResult<Done> append(Host& host, const wire::Batch& batch);
  static AbortedEntry entry_of(const EndedTransaction& ended, const ProducerState& producers);
  bool must_roll_for(const wire::Batch& batch) const;
  LogResult<Done> roll(Host& host, Offset base);
  void count_in_active(const IndexedBatch& batch);
  void measure_active(Host& host);
  LogResult<Done> remove_segment(Host& host, std::size_t index);
  LogResult<Done> retire_segment(Host& host);
  LogResult<Done> retire_file(Host& host, const std::string& path);
  LogResult<Done> retire_files(Host& host, Segment& segment);
  LogResult<Done> remove_indexes(Host& host, Segment& segment);
  LogResult<Done> write_indexes(Host& host, Segment& segment);
  std::vector<SegmentFacts> facts() const;
  LogResult<Done> start_afresh(Host& host, Offset offset);
  std::size_t segment_of(Offset offset) const;
  LogResult<ReadPlan> plan_read(Offset from, const ReadLimits& limits) const;
  LogResult<std::optional<IndexedBatch>> batch_with(Env& env, std::int64_t timestamp, Offset from);
  LogResult<Done> sync_segments(Env& env, Offset up_to);

  using Group = std::vector<std::shared_ptr<Segment>>;
  LogResult<std::optional<Cleaned>> clean_until(Env& env, const CleaningOrder& order,
                                                std::uint64_t cuts);
  std::vector<AbortedRange> aborted_ranges() const;
  LogResult<LatestOffsets> find_latest(Env& env, const CleaningOrder& order,
                                       const std::vector<AbortedRange>& aborted);
  CleaningTerms cleaning_terms(const CleaningOrder& order, std::vector<AbortedRange> aborted) const;
  std::vector<Group> groups_before(Offset end) const;
  LogResult<std::shared_ptr<Segment>> write_cleaned(Env& env, const Group& group,
                                                    Cleaning& cleaning);
  LogResult<bool> replace(Env& env, const Group& group, const std::shared_ptr<Segment>& cleaned,
                          std::uint64_t cuts);
  bool still_holds(const Group& group) const;
  LogResult<Done> abandon_replacement(Host& host);
  LogResult<Done> finish_replacements(Env& env, FoundFiles& found, std::vector<Offset> swaps);
  std::uint64_t name_changes() const {
    return name_changes_ + snapshots_.name_changes() + aborted_.name_changes();
  }
  std::string path_of(std::string_view name) const;

  // Turns an I/O error into ours; anything but a cancelled wait takes the log offline.
  Unexpected<LogError> fail(IoError error);
  template <class T>
  LogResult<T> checked(IoResult<T> result) {
    if (!result) return fail(result.error());
    return *std::move(result);
  }

  TopicPartition partition_;
  std::string directory_;
  LogConfig config_;
  std::vector<std::shared_ptr<Segment>> segments_;  // By base offset; the last is active.
  SegmentFill active_fill_;
  std::shared_ptr<Segment> replacement_;  // On its way into the place of others.
  struct RetiredFile {
    std::string path;
    Instant goes_at;
  };
  std::vector<RetiredFile> retired_;
  LeaderEpochs epochs_;
  ProducerState producers_;  // At the log's end.
  ProducerSnapshots snapshots_;
  TransactionIndex aborted_;
  // Where transactions that ended by markers which may still be lost began, and these markers.
  std::map<Offset, Offset> undecided_;
  Offset believed_to_ = 0;  // When opened: the files beside had been synced up to here.
  Offset start_offset_ = 0;
  Offset end_offset_ = 0;
  Offset recovery_point_ = 0;
  Offset cleaned_to_ = 0;
  std::uint64_t cuts_ = 0;          // Truncations so far: what waits notices them by it.
  std::uint64_t name_changes_ = 0;  // Segment files made or removed.
  std::uint64_t synced_names_ = 0;  // So many of name_changes() are known to be on disk.
  bool is_offline_ = false;
  bool is_abandoned_ = false;
  IoError failed_with_ = IoError::failed;

  std::optional<LeaderEpochs> flushed_epochs_;
  bool is_flushing_epochs_ = false;
  Signal epochs_flushed_;
};

}  // namespace brokersim::log
