// A log in memory for tests of the quorum: an entry is a record, and begins a batch unless it says
// otherwise. A snapshot is a copy of all entries before its end, and as many bytes long as they are
// many. Which voters it names is found anew whenever it has changed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "core/raft/raft.h"

namespace brokersim::raft {

struct Entry {
  LeaderEpoch epoch{0};
  std::uint64_t value = 0;
  bool continues_batch = false;                   // That of the entry before.
  std::optional<VoterSet> voters = std::nullopt;  // That it names.
  friend bool operator==(const Entry&, const Entry&) = default;
};

struct MemoryLog : LogView {
  SnapshotId begin;
  std::vector<Entry> entries;  // From the begin on.
  std::map<SnapshotId, std::vector<Entry>> snapshots;
  VoterSet configured;                // Fixed, unless an entry names others.
  std::optional<VoterSet> formatted;  // Named before the log begins.

  SnapshotId start() const override { return begin; }
  Offset end_offset() const override {
    return begin.end_offset + static_cast<Offset>(entries.size());
  }
  LeaderEpoch last_epoch() const override {
    return entries.empty() ? begin.epoch : entries.back().epoch;
  }
  EpochEnd end_offset_for_epoch(LeaderEpoch epoch) const override {
    const auto after =
        std::find_if(entries.begin(), entries.end(), [=](auto& e) { return e.epoch > epoch; });
    if (after == entries.begin()) return {begin.epoch, begin.end_offset};
    return {std::prev(after)->epoch, begin.end_offset + (after - entries.begin())};
  }
  bool is_batch_boundary(Offset offset) const override {
    const bool is_inside = offset > begin.end_offset && offset < end_offset();
    return !is_inside || !at(offset).continues_batch;
  }
  std::optional<SnapshotId> latest_snapshot() const override {
    return snapshots.empty() ? std::nullopt : std::optional(snapshots.rbegin()->first);
  }
  std::optional<std::int64_t> snapshot_size(SnapshotId id) const override {
    const auto found = snapshots.find(id);
    if (found == snapshots.end()) return std::nullopt;
    return static_cast<std::int64_t>(found->second.size());
  }

  const VoterHistory& voters() const override {
    const std::uint64_t last = entries.empty() ? 0 : entries.back().value;
    const auto now = std::tuple(begin, entries.size(), last_epoch(), last, configured.size());
    if (std::exchange(history_is_of_, now) == now) return history_;
    history_ = VoterHistory(configured);
    if (formatted) history_.add(VoterHistory::before_the_log, *formatted);
    if (const auto deleted = snapshots.find(begin); deleted != snapshots.end()) {
      find_voters(0, deleted->second);
    }
    find_voters(begin.end_offset, entries);
    return history_;
  }

  const Entry& at(Offset offset) const {
    return entries.at(static_cast<std::size_t>(offset - begin.end_offset));
  }
  Offset end_of_batch(Offset offset) const {
    while (!is_batch_boundary(++offset)) {
    }
    return offset;
  }
  void truncate(Offset end) { entries.resize(static_cast<std::size_t>(end - begin.end_offset)); }

  // All entries before `end`, those that only a snapshot has among them.
  std::vector<Entry> all_before(Offset end) const {
    const auto deleted = snapshots.find(begin);
    auto all = deleted == snapshots.end() ? std::vector<Entry>() : deleted->second;
    for (Offset offset = begin.end_offset; offset < end; ++offset) all.push_back(at(offset));
    return all;
  }
  // The log begins at the snapshot; what lies before, of log and snapshots, goes.
  void begin_at(SnapshotId id) {
    const Offset from = std::min(id.end_offset, end_offset());
    entries.erase(entries.begin(), entries.begin() + (from - begin.end_offset));
    begin = id;
    snapshots.erase(snapshots.begin(), snapshots.find(id));
  }

 private:
  void find_voters(Offset offset, const std::vector<Entry>& among) const {
    for (const Entry& entry : among) {
      if (entry.voters) history_.add(offset, *entry.voters);
      ++offset;
    }
  }

  // Which log the history is of, as far as its end tells.
  mutable std::optional<
      std::tuple<SnapshotId, std::size_t, LeaderEpoch, std::uint64_t, std::size_t>>
      history_is_of_;
  mutable VoterHistory history_;
};

}  // namespace brokersim::raft
