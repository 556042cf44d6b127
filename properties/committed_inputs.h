// What groups of stream tasks have committed of what they read, and which records they owe for it:
// each one before, of those that whoever reads committed records is handed (KIP-98).
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/event.h"
#include "properties/ledger.h"
#include "properties/property.h"
#include "properties/transactions.h"

namespace brokersim::properties {

class CommittedInputs {
 public:
  using Input = std::pair<std::string, TopicPartition>;  // A group, and what it reads.
  struct Committed {
    Offset offset = 0;  // The furthest …
    EventId event;      // … and by what.
  };
  struct Owed {
    const Input& input;
    const Committed& committed;
    const Partition& partition;
    const LogEntry& entry;  // Which the record is part of.
    Offset offset = 0;
  };

  void raise(EventId event, const Input& input, Offset offset);
  std::optional<Offset> of(const Input& input) const;
  void take(const LogBegun& begun);

  // Calls f(owed) for each record that the group owes. What is behind an excused loss took the
  // place of another one.
  template <class F>
  void each_owed(const Ledger& ledger, const std::string& group, F&& f);
  // Whether it may have been deleted or compacted before anybody read it.
  bool may_be_gone(const Owed& owed) const;

 private:
  bool is_handed_out(const Ledger& ledger, const Partition& partition, const BatchRef& batch);

  std::map<Input, Committed> committed_;
  std::map<TopicPartition, Offset> begins_;  // Where logs begin, the latest of any replica.
  AllTransactions transactions_;
};

// `what` of the record is wrong, as is seen by `other`: "no task has processed".
Violation violation_of(const CommittedInputs::Owed& owed, std::string_view id, std::string kind,
                       std::string_view what, EventId other);

template <class F>
void CommittedInputs::each_owed(const Ledger& ledger, const std::string& group, F&& f) {
  for (auto at = committed_.lower_bound({group, {}}); at != committed_.end(); ++at) {
    const auto& [input, committed] = *at;
    if (input.first != group) break;
    const Partition* partition = ledger.find(input.second);
    if (partition == nullptr) continue;
    const Offset end = std::min(committed.offset, partition->lowest_excused_cut);
    for (const auto& entry : partition->committed) {
      if (entry.batch.base_offset >= end) break;
      if (!is_handed_out(ledger, *partition, entry.batch)) continue;
      const Offset last = std::min(entry.batch.last_offset, end - 1);
      for (Offset offset = entry.batch.base_offset; offset <= last; ++offset) {
        f(Owed{input, committed, *partition, entry, offset});
      }
    }
  }
}

}  // namespace brokersim::properties
