// One file of a log, `<base offset in 20 digits>.log`, and what is known of its batches in memory.
//
// That is each of them, once the file was walked. Until then, where index files told enough when
// the log was opened, it is how far the segment reached then in offsets, bytes, times and epochs,
// and each batch that was appended since.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/env.h"
#include "core/log/index_files.h"
#include "core/log/rolling.h"
#include "core/log/segment_scan.h"
#include "core/wire/record_batch.h"

namespace brokersim::log {

class Segment {
 public:
  static std::string file_name(Offset base);
  // Nothing if `name` is not that of a segment file.
  static std::optional<Offset> base_of(std::string_view name);

  // `suffix` follows the file's name while it is not in its place: ".cleaned", ".swap".
  static IoResult<std::shared_ptr<Segment>> open(Files& files, std::string_view directory,
                                                 Offset base, OpenMode mode,
                                                 std::string_view suffix = "");

  // Walks the file and cuts it where it stops making sense. Returns how many bytes were cut. To be
  // called once, before anything else but trust().
  IoResult<std::uint64_t> recover(Env& env, ScanStart start);
  // Takes from the index files what they tell, and reads the first batch's header and what lies
  // behind the last entry. False if they are missing or contradict themselves or the file.
  IoResult<bool> trust(Env& env, ScanStart start);
  // Walks the file if that was not done yet. False if it is not what its indexes said.
  IoResult<bool> load(Env& env);
  bool is_loaded() const { return is_loaded_; }

  const std::string& path() const { return path_; }
  Offset base_offset() const { return base_; }
  // Where its first batch begins; the base if there is none.
  Offset first_offset() const;
  Offset end_offset() const;
  std::uint64_t size() const { return size_; }               // Of all batches.
  std::uint64_t file_size() const { return file_->size(); }  // More than size() before recover.
  // Requires is_loaded().
  const std::vector<IndexedBatch>& batches() const;
  // Those of them that are known, from here on.
  Offset known_from() const { return is_loaded_ ? base_ : outline_.end; }
  const std::vector<IndexedBatch>& known() const { return batches_; }
  // Of its first and last batch; no_epoch if there is none.
  LeaderEpoch first_epoch() const;
  LeaderEpoch last_epoch() const;
  std::int64_t first_timestamp() const;
  std::int64_t largest_timestamp() const;

  IoResult<Done> append(const wire::Batch& batch);
  // The last batch is known no more, and stays in the file: LogRules::keeps_offsets_without_index.
  void forget_last() { batches_.pop_back(); }
  IoResult<Done> truncate_to(Offset offset);  // Drops all batches that reach `offset`.
  // Drops what an earlier attempt left in the file. Requires a segment without batches.
  IoResult<Done> empty_file();
  IoResult<Done> rename(Files& files, std::string_view directory, std::string_view suffix);

  // The index files beside it.
  IndexFiles& indexes() { return indexes_; }
  // Nothing more is appended.
  IoResult<Done> write_indexes(Files& files, std::uint64_t interval);
  // How full it is, but for its jitter.
  SegmentFill fill(std::uint64_t interval) const;

  // The place in `known()` of the first batch that reaches `offset`, which must be known.
  std::size_t find(Offset offset) const;
  // Of that batch in the file; size() if there is none. Where it is not known, of one that lies
  // before it by no more than the index tells.
  std::uint64_t position_of(Offset offset) const;
  // How long the batches from position `at` on are, as many as fit into `most`; at least one.
  std::size_t whole_batches(std::uint64_t at, std::size_t most) const;
  std::optional<Rope> cached(std::uint64_t at, std::size_t length) const {
    return file_->cached(at, length);
  }
  IoResult<Rope> read(Env& env, std::uint64_t at, std::size_t length);

  bool needs_sync() const { return synced_changes_ < changes_ || indexes_.needs_sync(); }
  void mark_unsynced() { ++changes_; }
  IoResult<Done> sync(Env& env);

 private:
  Segment(Offset base, std::string path, std::unique_ptr<File> file, IndexFiles indexes)
      : base_(base), path_(std::move(path)), file_(std::move(file)), indexes_(std::move(indexes)) {}

  // What is known without its batches.
  struct Outline {
    Offset first = 0;
    Offset end = 0;
    std::uint64_t size = 0;
    LeaderEpoch first_epoch = no_epoch;
    LeaderEpoch last_epoch = no_epoch;
    std::int64_t first_timestamp = -1;
    std::int64_t largest_timestamp = -1;
    SegmentIndexes indexes;
  };

  IoResult<bool> trust_all(Env& env, ScanStart start, const TimeIndex& times);
  static bool agree(const TimeIndex& times, const Outline& outline, Offset base);

  Offset base_;
  std::string path_;
  std::unique_ptr<File> file_;
  IndexFiles indexes_;
  bool is_loaded_ = true;
  Outline outline_;                    // While it is not loaded: of what is not known …
  std::vector<IndexedBatch> batches_;  // … and what is known behind it.
  std::uint64_t size_ = 0;
  std::uint64_t changes_ = 0;         // Appends and truncations so far …
  std::uint64_t synced_changes_ = 0;  // … of which so many are known to be on disk.
};

}  // namespace brokersim::log
