// The snapshots of a log's producer state, `<offset in 20 digits>.snapshot`: what its producers
// were when the log ended at that offset. From the latest one on the batches tell the rest.
//
// A snapshot is written without waiting, where the log rolls, and forced to disk when the log is:
// closing a file is not syncing it (KAFKA-9892). What they say is kept in memory, too, as a
// truncation goes back to one and may not wait for the device. There is one for each segment: in
// what compaction has left of a segment not every producer can be found again.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/env.h"
#include "core/log/producer_state.h"

namespace brokersim::log {

class ProducerSnapshots {
 public:
  explicit ProducerSnapshots(std::string directory) : directory_(std::move(directory)) {}

  static std::string file_name(Offset offset);
  // Nothing if `name` is not that of a snapshot.
  static std::optional<Offset> offset_of(std::string_view name);

  using IsBelieved = std::function<bool(Offset, const ProducerState&)>;
  // Reads those at `offsets`. What is unreadable or not believed is removed.
  IoResult<Done> load(Env& env, const std::vector<Offset>& offsets, const IsBelieved& is_believed);
  // The latest at or before `offset`; null if there is none.
  const std::pair<const Offset, ProducerState>* latest(Offset offset) const;
  bool empty() const { return states_.empty(); }
  bool has(Offset offset) const { return states_.contains(offset); }

  // Writes one. Requires that there is none at `offset`.
  IoResult<Done> take(Host& host, Offset offset, const ProducerState& state);
  IoResult<Done> remove_beyond(Host& host, Offset offset);
  IoResult<Done> remove_all(Host& host) { return remove_beyond(host, -1); }
  // Keeps those at `bases`, sorted, and the latest.
  IoResult<Done> keep_only(Host& host, const std::vector<Offset>& bases);

  // On return those taken before the call are on disk; their names once the directory is synced.
  IoResult<Done> sync(Env& env);
  std::uint64_t name_changes() const { return name_changes_; }

 private:
  using States = std::map<Offset, ProducerState>;

  std::string path_of(Offset offset) const;
  IoResult<States::iterator> remove(Host& host, States::iterator snapshot);

  std::string directory_;
  States states_;
  std::map<Offset, std::shared_ptr<File>> unsynced_;
  std::uint64_t name_changes_ = 0;  // Files made or removed.
};

}  // namespace brokersim::log
