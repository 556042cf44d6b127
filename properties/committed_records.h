// What coordinators have written into one of their topics, in the order in which it became
// committed: from the logs, and nothing that they say.
//
// `Stored` holds what was stored, `record` with its partition, offset and leader epoch, and where
// and when it was stored first: `event`, `node`, `at`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "core/base/event.h"
#include "properties/ledger.h"

namespace brokersim::properties {

// Of a partition whose log was replaced, or may have been by a leader that was not known to have
// all of it, or that has no leader, nobody can tell what whoever answers knows to be committed.
inline bool is_beyond_doubt(const Partition& partition) {
  return partition.rebases.empty() && partition.unclean_elections.empty() &&
         partition.state.leader.is_set();
}

template <class Stored>
class CommittedRecords {
 public:
  using Record = decltype(Stored::record);

  void take(const Event& e, const Record& record) {
    logs_[record.partition].waiting[record.offset].push_back(Stored{record, e.id, e.node, e.at});
  }

  struct News {
    // Committed ones were given up: what stood before these is not known.
    bool was_cut = false;
    std::vector<Stored> states;
  };
  // What has become committed in that partition since the last call.
  News news_of(const TopicPartition& name, const Ledger& ledger) {
    News news;
    const auto found = logs_.find(name);
    const Partition* partition = ledger.find(name);
    if (found == logs_.end() || partition == nullptr) return news;
    Log& log = found->second;
    const auto& committed = partition->committed;
    const bool is_same = log.followed <= committed.size() &&
                         (log.followed == 0 || committed[log.followed - 1].prefix == log.prefix) &&
                         log.rebases == partition->rebases.size();
    if (!is_same) {
      news.was_cut = true;
      log.followed = committed.size();
      log.rebases = partition->rebases.size();
      log.waiting.erase(log.waiting.begin(), log.waiting.lower_bound(partition->committed_end()));
    }
    take_late(log, committed, news);
    for (; log.followed < committed.size(); ++log.followed)
      take_committed(log, committed[log.followed].batch, news);
    if (log.followed > 0) log.prefix = committed[log.followed - 1].prefix;
    return news;
  }

  std::vector<TopicPartition> partitions() const {
    std::vector<TopicPartition> all;
    for (const auto& [partition, log] : logs_) all.push_back(partition);
    return all;
  }

 private:
  struct Log {
    std::map<Offset, std::vector<Stored>> waiting;  // Which are not known to be committed.
    std::size_t followed = 0;                       // That many committed batches …
    std::uint64_t prefix = 0;                       // … with this cumulative hash.
    std::size_t rebases = 0;
  };

  // A batch may be committed as soon as it is stored, before its records are told one by one.
  static void take_late(Log& log, const std::vector<LogEntry>& committed, News& news) {
    if (log.followed == 0) return;
    const Offset followed_to = committed[log.followed - 1].batch.last_offset;
    while (!log.waiting.empty() && log.waiting.begin()->first <= followed_to) {
      const auto entry = first_reaching(committed, log.waiting.begin()->first);
      for (Stored& stored : log.waiting.begin()->second) {
        const bool is_of_batch = stored.record.leader_epoch == entry->batch.leader_epoch;
        if (is_of_batch) news.states.push_back(std::move(stored));
      }
      log.waiting.erase(log.waiting.begin());
    }
  }

  // Of several that were written to one offset those of the batch's own epoch.
  static void take_committed(Log& log, const BatchRef& batch, News& news) {
    const auto end = log.waiting.upper_bound(batch.last_offset);
    for (auto at = log.waiting.begin(); at != end; ++at) {
      for (Stored& stored : at->second) {
        const bool is_of_batch =
            at->first >= batch.base_offset && stored.record.leader_epoch == batch.leader_epoch;
        if (is_of_batch) news.states.push_back(std::move(stored));
      }
    }
    log.waiting.erase(log.waiting.begin(), end);
  }

  std::map<TopicPartition, Log> logs_;
};

}  // namespace brokersim::properties
