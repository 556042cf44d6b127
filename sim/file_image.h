// What one file holds: what a power loss leaves of it for certain, and the operations on top that
// were not synced yet.
//
//   durable content + pending append, truncate, append …  =  content
//
// Power loss keeps the durable content and a prefix of the pending operations; the last append kept
// may be torn: a part of its bytes arrived, and behind them nothing, zeros or rubbish.
//
// What a sync that failed was to write counts as written from then on, as in Linux: it can be read
// as long as there is power, no later sync writes it, and then it may be gone or zeros.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "core/base/bytes.h"

namespace brokersim::sim {

// A growing sequence of slices with positions; appending copies no bytes.
class Content {
 public:
  std::uint64_t size() const { return size_; }
  void append(const Rope& bytes);
  void truncate(std::uint64_t size);
  // The bytes [at, at+length), cut at the end.
  Rope read(std::uint64_t at, std::size_t length) const;

 private:
  struct Piece {
    std::uint64_t at = 0;
    Slice bytes;
  };
  std::vector<Piece> pieces_;
  std::uint64_t size_ = 0;
};

// What a power loss did to one file.
struct FileLoss {
  std::uint64_t bytes_lost = 0;  // Of what was appended and not synced.
  std::uint64_t operations_lost = 0;
  bool was_torn = false;
  bool was_unwritten = false;  // A sync of what is lost had failed.
  bool changed() const { return operations_lost > 0 || was_torn || was_unwritten; }
};

class FileImage {
 public:
  std::uint64_t size() const { return content_.size(); }
  Rope read(std::uint64_t at, std::size_t length) const { return content_.read(at, length); }

  // Returns the position of the bytes.
  std::uint64_t append(const Rope& bytes);
  void truncate(std::uint64_t size);

  // Names the operations so far, for `sync` to make durable later.
  std::uint64_t mark() const { return synced_operations_ + pending_.size(); }
  void sync(std::uint64_t mark);
  // The same sync has failed.
  void fail_sync(std::uint64_t mark);
  // It holds what the device should have and has not. What is cut off and written again it has.
  bool has_unwritten() const { return !unwritten_.empty(); }
  bool is_clean() const { return pending_.empty(); }
  std::uint64_t dirty_bytes() const { return dirty_bytes_; }
  // The bytes from 0 that are the same after every legal power loss.
  std::uint64_t durable_size() const;

  // Decided by `draw` alone. Nothing is in the page cache afterwards.
  FileLoss power_loss(std::uint64_t draw);

  bool is_cached(std::uint64_t at, std::size_t length) const;
  void mark_cached(std::uint64_t at, std::size_t length);
  // Nothing is in the page cache. What was not synced is written back, and a power loss may still
  // take it.
  void evict();

 private:
  // An append where `bytes` is not empty, else a truncation to `size`.
  struct Operation {
    Rope bytes;
    std::uint64_t size = 0;
  };
  using Ranges = std::map<std::uint64_t, std::uint64_t>;  // Begin to end.
  static void apply(Content& content, const Operation& operation);
  static void cut_ranges(Ranges& ranges, std::uint64_t size);
  std::size_t operations_before(std::uint64_t mark) const;
  void make_durable(std::size_t operations, bool is_written = true);
  Rope torn(const Rope& bytes, std::uint64_t draw) const;
  std::uint64_t lose_unwritten(std::uint64_t draw);

  Content durable_;
  Content content_;
  std::deque<Operation> pending_;
  std::uint64_t synced_operations_ = 0;
  std::uint64_t dirty_bytes_ = 0;
  Ranges unwritten_;  // Of the durable content: what a failed sync was to write.
  Ranges cold_;       // What only the platter has.
};

}  // namespace brokersim::sim
