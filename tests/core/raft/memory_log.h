// A log in memory for tests of the quorum: each entry is one batch of one record.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/raft/raft.h"

namespace brokersim::raft {

struct Entry {
  LeaderEpoch epoch{0};
  std::uint64_t value = 0;
  friend bool operator==(const Entry&, const Entry&) = default;
};

struct MemoryLog : LogView {
  std::vector<Entry> entries;

  Offset end_offset() const override { return static_cast<Offset>(entries.size()); }
  LeaderEpoch last_epoch() const override {
    return entries.empty() ? LeaderEpoch{0} : entries.back().epoch;
  }
  EpochEnd end_offset_for_epoch(LeaderEpoch epoch) const override {
    const auto after =
        std::find_if(entries.begin(), entries.end(), [=](auto& e) { return e.epoch > epoch; });
    if (after == entries.begin()) return {};
    return {std::prev(after)->epoch, static_cast<Offset>(after - entries.begin())};
  }
  void truncate(Offset end) { entries.resize(static_cast<std::size_t>(end)); }
};

}  // namespace brokersim::raft
