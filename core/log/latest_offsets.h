// Compaction's first pass: at which offset each key was written last, in the part of the log that
// is to be cleaned. Of bounded size: what it has no room for is cleaned another time.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/expected.h"
#include "core/base/ids.h"
#include "core/wire/record_batch.h"

namespace brokersim::log {

class LatestOffsets {
 public:
  // Knows what follows `from`, of at most `capacity` keys (log.cleaner.dedupe.buffer.size).
  LatestOffsets(Offset from, std::size_t capacity) : from_(from), end_(from), capacity_(capacity) {}

  // Takes in the next batch, unless there is no room for all its keys: then false, and it and what
  // follows is left to the next cleaning. Control records have no keys of users, and what a
  // transaction wrote that was aborted supersedes nothing.
  Expected<bool, wire::BatchError> add(const wire::Batch& batch, bool is_aborted);

  // There is nothing more before `end`.
  void reach(Offset end) { end_ = end; }

  Offset from() const { return from_; }
  // What is known ends here: records at or behind it were not looked at.
  Offset end() const { return end_; }
  // Where `key` stands last in [from, end), if it does.
  std::optional<Offset> of(ByteView key) const;
  std::size_t size() const { return offsets_.size(); }

 private:
  Offset from_;
  Offset end_;
  std::size_t capacity_;
  std::map<std::string, Offset, std::less<>> offsets_;
};

}  // namespace brokersim::log
