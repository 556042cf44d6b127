// The aborted transactions of a log, `<base offset in 20 digits>.txnindex` beside the segment that
// holds their markers (KIP-98): by it a consumer that reads only what is committed is told what to
// leave out. In Kafka's format, an entry after the other:
//
//   version i16 = 0 | producer id i64 | first offset i64 | marker's offset i64
//   last stable offset i64, as the marker came: no transaction listed later began before it
//
// A segment without aborted transactions has no such file. A log that is opened believes them of
// segments whose batches it does not walk; of the others it makes them agree with the batches.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/env.h"

namespace brokersim::log {

struct AbortedEntry {
  std::int64_t producer_id = -1;
  Offset first_offset = 0;
  Offset marker_offset = 0;
  Offset last_stable_offset = 0;
  friend bool operator==(const AbortedEntry&, const AbortedEntry&) = default;
};

class TransactionIndex {
 public:
  using Entries = std::vector<AbortedEntry>;  // By marker.

  explicit TransactionIndex(std::string directory) : directory_(std::move(directory)) {}

  static std::string file_name(Offset base);
  // Nothing if `name` is not that of such a file.
  static std::optional<Offset> base_of(std::string_view name);
  static Bytes encode(const Entries& entries);
  // Nothing if it is no whole number of entries, or of another version.
  static std::optional<Entries> decode(ByteView bytes);

  // Takes `entries`, by the bases of their segments, and makes the files say so; those at `files`
  // are there.
  IoResult<Done> load(Env& env, const std::vector<Offset>& files,
                      std::map<Offset, Entries> entries);
  // What the file of the segment at `base`, which ends at `end`, says; nothing if it is torn, or of
  // another life of that segment.
  IoResult<std::optional<Entries>> read(Env& env, Offset base, Offset end) const;
  // A marker was appended to the segment at `base`.
  IoResult<Done> add(Host& host, Offset base, const AbortedEntry& entry);
  // The log ends at `end`.
  IoResult<Done> truncate(Host& host, Offset end);
  // The segment at `base` is gone.
  IoResult<Done> remove(Host& host, Offset base);

  // Those of which something may lie in [from, end), by their markers.
  std::vector<AbortedTransaction> aborted_in(Offset from, Offset end) const;

  Entries all() const;

  // On return what was written before the call is on disk; names once the directory is synced.
  IoResult<Done> sync(Env& env);
  std::uint64_t name_changes() const { return name_changes_; }
  // How often something of it was dropped.
  std::uint64_t drops() const { return drops_; }

 private:
  struct Segment {
    Entries entries;
    std::shared_ptr<File> file;
    bool is_synced = false;
  };

  std::string path_of(Offset base) const;
  IoResult<Done> open(Host& host, Offset base, Segment& segment);

  std::string directory_;
  std::map<Offset, Segment> segments_;  // Those with aborted transactions, by base.
  std::uint64_t name_changes_ = 0;      // Files made or removed.
  std::uint64_t drops_ = 0;
};

}  // namespace brokersim::log
