// One file of a log, `<base offset in 20 digits>.log`, and the index of its batches in memory.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/env.h"
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

  // Fills the index from the file and cuts the file where it stops making sense. Returns how many
  // bytes were cut. To be called once, before anything else.
  IoResult<std::uint64_t> recover(Env& env, ScanStart start);

  const std::string& path() const { return path_; }
  Offset base_offset() const { return base_; }
  Offset end_offset() const { return batches_.empty() ? base_ : batches_.back().last_offset + 1; }
  std::uint64_t size() const { return size_; }               // Of all batches.
  std::uint64_t file_size() const { return file_->size(); }  // More than size() before recover.
  const std::vector<IndexedBatch>& batches() const { return batches_; }

  IoResult<Done> append(const wire::Batch& batch);
  // The last batch is known no more, and stays in the file: LogRules::keeps_offsets_without_index.
  void forget_last() { batches_.pop_back(); }
  IoResult<Done> truncate_to(Offset offset);  // Drops all batches that reach `offset`.
  // Drops what an earlier attempt left in the file. Requires a segment without batches.
  IoResult<Done> empty_file();
  IoResult<Done> rename(Files& files, std::string_view directory, std::string_view suffix);

  // The place in `batches()` of the first batch that reaches `offset`.
  std::size_t find(Offset offset) const;
  std::uint64_t position_of(Offset offset) const;  // Of that batch in the file; size() if none.
  // How long the batches from position `at` on are, as many as fit into `most`; at least one.
  std::size_t whole_batches(std::uint64_t at, std::size_t most) const;
  std::optional<Rope> cached(std::uint64_t at, std::size_t length) const {
    return file_->cached(at, length);
  }
  IoResult<Rope> read(Env& env, std::uint64_t at, std::size_t length);

  bool needs_sync() const { return synced_changes_ < changes_; }
  void mark_unsynced() { ++changes_; }
  IoResult<Done> sync(Env& env);

 private:
  Segment(Offset base, std::string path, std::unique_ptr<File> file)
      : base_(base), path_(std::move(path)), file_(std::move(file)) {}

  Offset base_;
  std::string path_;
  std::unique_ptr<File> file_;
  std::vector<IndexedBatch> batches_;
  std::uint64_t size_ = 0;
  std::uint64_t changes_ = 0;         // Appends and truncations so far …
  std::uint64_t synced_changes_ = 0;  // … of which so many are known to be on disk.
};

}  // namespace brokersim::log
