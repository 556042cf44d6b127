// The files beside a segment that hold its indexes, `<base>.index` and `<base>.timeindex`: there
// once nothing more is appended to it, or its log was closed in order. While it is appended to they
// are in memory only, or say what was there when it was opened.
//
// Caches: what is missing, torn or of another life of the segment is made anew from the batches.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/env.h"
#include "core/log/segment_indexes.h"

namespace brokersim::log {

class IndexFiles {
 public:
  // `ending` follows the names of those that are not in their place: ".cleaned".
  IndexFiles(std::string_view directory, Offset base, std::string_view ending = "");

  // Of the segment whose index, of either kind, is called `name`; nothing of any other file.
  static std::optional<Offset> base_of(std::string_view name);

  // Writes both. They survive power loss after sync(), their names once the directory is synced.
  IoResult<Done> write(Files& files, const SegmentIndexes& indexes);
  // Nothing if one is missing or cannot be what it is called.
  IoResult<std::optional<SegmentIndexes>> read(Env& env);
  IoResult<Done> remove(Files& files);
  IoResult<Done> rename(Files& files, std::string_view ending);

  std::vector<std::string> paths(const Files& files) const;  // Of those that are there.
  bool needs_sync() const;
  IoResult<Done> sync(Env& env);

 private:
  struct Kept {
    std::string path;
    std::shared_ptr<File> file;  // While what was written is not synced.
    std::uint64_t writes = 0;
    std::uint64_t synced_writes = 0;
  };

  std::string directory_;
  Offset base_;
  std::array<Kept, 2> kept_;  // By offset, by time.
};

}  // namespace brokersim::log
