// What flush.messages promises of one machine by itself: that a loss of power leaves it what it has
// spoken of, but for the last records, fewer than that setting says (Kafka flushes within the
// append).
//
//   0 ────────────────────────────┬──────────────┬────────
//     survives each loss of power │ fewer than   told
//                                 │ flush.messages
//
// A leader speaks of a record when it acknowledges it or shows a high watermark beyond it, a
// follower when it fetches what lies behind it. Only what the node wrote itself in this epoch, or
// copied in this life, counts: of what it found at its start or at its election nothing is promised
// before it writes again. The setting is the largest that was ever in force for the topic, since
// nobody knows when a broker came to know of a change; where it was ever left out nothing is
// promised. Nor is anything of a machine whose disk has ever failed to sync.
//
// What is there after a loss of power a start may have to find out: segments may be back that had
// been deleted or compacted. So that is judged once the node asks for more, or answers.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "core/base/event.h"
#include "core/base/ids.h"
#include "core/base/time.h"

namespace brokersim::properties {

class Ledger;
struct Partition;

class FlushPromises {
 public:
  // What was promised is not there after a loss of power.
  struct Breach {
    EventId found_by;
    NodeId node;
    TopicPartition partition;
    BatchRef first;  // Of what is lost.
    Offset told = 0;
    EventId told_by;
    Offset flush_messages = 0;
  };

  // After the ledger.
  void observe(const Event& event, const Ledger& ledger) {
    const auto& body = event.body;
    const bool is_rare = std::holds_alternative<LogSettingsCommitted>(body) ||
                         std::holds_alternative<TopicCommitted>(body) ||
                         std::holds_alternative<FaultBegan>(body);
    if (is_rare) note(body);
    if (has_any_ && !is_rare) take(event, ledger);
  }

  const std::optional<Breach>& last_breach() const { return last_breach_; }
  // Whether the entry with this prefix was promised when a loss of power took it from the node.
  bool is_broken(const TopicPartition& partition, NodeId node, std::uint64_t prefix) const;

 private:
  using Copy = std::pair<TopicPartition, NodeId>;
  struct Told {
    Offset end = 0;
    EventId by;
  };

  // What a loss of power has taken, if it does not turn out to be there.
  struct Taken {
    Instant at;
    std::size_t index = 0;  // Of the last entry that was promised.
    std::uint64_t prefix = 0;
    Breach breach;
  };

  void note(const EventBody& body);
  void take(const Event& event, const Ledger& ledger);
  void on_produced(const Event& e, const ProduceAnswered& answer, const Partition& partition);
  void on_fetched(const Event& e, const FetchAnswered& answer, const Partition& partition,
                  const Ledger& ledger);
  void on_cut(const Event& e, const LogCut& cut, const Partition& partition);
  void take_away(const Event& e, const Partition& partition, const Told& told);
  void look(const Event& e, NodeId node, const FetchAnswered& answer, const Partition& partition);
  void tell(const Partition& partition, NodeId node, Offset end, EventId by);
  Offset limit_of(const std::string& topic) const;

  bool has_any_ = false;                  // Some topic may have promises.
  std::map<std::string, Offset> limits_;  // flush.messages, by Kafka's names of topics.
  std::set<NodeId> failed_disks_;
  std::map<Copy, Told> told_;
  std::map<Copy, Taken> taken_;
  std::map<Copy, std::set<std::uint64_t>> broken_;  // Prefixes of entries.
  std::optional<Breach> last_breach_;
};

}  // namespace brokersim::properties
