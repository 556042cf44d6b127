// BS-D01: an acknowledged record is still there, or there is an excuse.
//
// Every acknowledgement makes an obligation. It is compared with the log of each new leader as that
// begins to act, with a leader's log when it is truncated, and with the leaders' logs at the end.
// Equal cumulative hashes at the newest obligation mean that all older ones are met too.
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/excuses.h"
#include "properties/ledger.h"
#include "properties/text.h"
#include "properties/transactions.h"

namespace brokersim::properties {

namespace {

struct Obligation {
  LogEntry entry;  // As the acknowledging leader held it.
  std::size_t index = 0;
  EventId ack;
  Instant at;
  NodeId by = no_node;
  std::int32_t acks = 0;
  std::int32_t copies = 1;
};

// Leaves the first `fixed` in their places.
void insert_by_index(std::vector<Obligation>& into, Obligation obligation, std::size_t fixed = 0) {
  const auto first = into.begin() + static_cast<std::ptrdiff_t>(fixed);
  auto at = into.end();
  while (at != first && std::prev(at)->index > obligation.index) --at;
  into.insert(at, std::move(obligation));
}

class AckedRecords final : public Property {
 public:
  std::string_view id() const override { return "BS-D01"; }
  std::string_view name() const override { return "acked record lost"; }
  std::string_view explanation() const override {
    return "A record that was acknowledged stays in its partition's log. With acks=all it survives "
           "every clean election, any number of crashes, and power loss of fewer than "
           "min.insync.replicas of its holders; acks=k (k of 2 and more) promises the same with "
           "at least k copies; acks=1 promises it once the high watermark has passed the record, "
           "and acks=0 nothing. A loss is excused only by an unclean election that the topic "
           "permits, by power loss of more holders than that, or of everybody still in sync; what "
           "flush.messages had made safe on a disk (BS-D03) no loss of power excuses.";
  }
  Needs needs() const override { return Need::wire | Need::disk | Need::metadata; }
  Kinds listens_to() const override {
    return Kinds::of<ProduceAnswered, FetchAnswered, BatchStored, LogCut>();
  }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* answer = std::get_if<ProduceAnswered>(&e.body)) {
      settle(e, answer->partition, judge);
      if (answer->error == 0 && answer->acks != 0) acknowledge(e, *answer, judge);
    } else if (const auto* fetch = std::get_if<FetchAnswered>(&e.body)) {
      settle(e, fetch->partition, judge);
    } else if (const auto* stored = std::get_if<BatchStored>(&e.body)) {
      settle(e, stored->partition, judge);
    } else if (const auto* cut = std::get_if<LogCut>(&e.body)) {
      if (!cut->by_power_loss) examine_cut(e, *cut, judge);
    }
  }

  void finish(Judge& judge) override {
    const auto& partitions = judge.ledger().partitions();
    for (std::size_t at = 0; at < partitions.size() && at < promises_.size(); ++at) {
      if (partitions[at].acting_since.value != 0) {
        compare(partitions[at], promises_[at], judge, {"missing_at_end", {}, false});
      } else if (leads(partitions[at], judge)) {
        compare(partitions[at], promises_[at], judge, {});
      }
    }
  }

 private:
  // Nobody has asked it for anything yet. Who led in an earlier life is about to be replaced.
  static bool leads(const Partition& partition, const Judge& judge) {
    const Replica* leader = partition.replica(partition.state.leader);
    if (leader == nullptr || leader->acting_epoch != partition.state.leader_epoch) return false;
    const NodeHistory& node = judge.ledger().node(leader->node);
    return node.is_running && node.started < leader->became_leader &&
           node.started < partition.state.event;
  }

  struct Promises {
    std::vector<Obligation> binding;  // By index.
    std::vector<Obligation> pending;  // acks=1, above the high watermark; by index.
    std::size_t settled = 0;          // That many of `pending` are dealt with.
  };
  // How a comparison came about.
  struct Occasion {
    std::string kind;          // Empty: by the election.
    EventId event;             // 0: the election.
    bool newest_first = true;  // Stop at the first that is held.
  };

  Promises& promises(std::size_t partition) {
    if (promises_.size() <= partition) promises_.resize(partition + 1);
    return promises_[partition];
  }

  void acknowledge(const Event& e, const ProduceAnswered& answer, Judge& judge) {
    const Ledger& ledger = judge.ledger();
    const std::size_t number = *ledger.index_of(answer.partition);
    const Partition& partition = ledger.partitions()[number];
    const ReplicaLog* log = partition.log_of(e.node);
    const auto index = log == nullptr ? std::nullopt : log->find(answer.batch.base_offset);
    if (!index || log->entries()[*index].batch.digest != answer.batch.digest) {
      report_never_stored(e, answer, partition, judge);
      return;
    }
    const auto replicas = static_cast<std::int32_t>(partition.state.replicas.size());
    const LogEntry& entry = log->entries()[*index];
    const std::int32_t copies =
        std::max(ledger.least_min_insync(partition, entry.batch.leader_epoch),
                 std::min(answer.acks, replicas));
    Obligation obligation{entry, *index, e.id, e.at, e.node, answer.acks, copies};
    Promises& all = promises(number);
    if (answer.acks == 1) {
      // Promised once it is what was committed there: the acknowledgement may come from a leader
      // that was deposed, of a record that never will be.
      insert_by_index(all.pending, std::move(obligation), all.settled);
      promote(partition, all);
      return;
    }
    // A deposed leader may acknowledge after its successor began.
    const ReplicaLog* leaders = partition.log_of(partition.state.leader);
    if (partition.acting_since.value != 0 && e.node != partition.state.leader &&
        (leaders == nullptr || !leaders->holds(*index, obligation.entry.prefix))) {
      judge_loss(partition, obligation, judge, {});
      return;
    }
    insert_by_index(all.binding, std::move(obligation));
  }

  void report_never_stored(const Event& e, const ProduceAnswered& answer,
                           const Partition& partition, Judge& judge) {
    // With acks=1 the leader may be deposed, and truncate, before the answer leaves.
    if (answer.acks == 1 || !partition.is_current(e.node, answer.asked_at_ns)) return;
    // A coordinator that has forgotten its epochs gives them again, and what is new is taken for
    // what was sent in them before.
    const bool is_transactional = answer.batch.role == BatchRole::transactional;
    if (is_transactional && has_lost_decisions(judge.ledger())) return;
    judge.report({std::string(id()),
                  "acked_but_not_stored",
                  fmt::format("{} acknowledged {} of {} with {}, but its log does not hold it.",
                              judge.ledger().name_of(e.node), text_of_offsets(answer.batch),
                              answer.partition, text_of_acks(answer.acks)),
                  {e.id, {}},
                  {},
                  answer.partition});
  }

  // A leader may have begun to act with this event, or a high watermark been shown.
  void settle(const Event& e, const TopicPartition& name, Judge& judge) {
    const auto number = judge.ledger().index_of(name);
    if (!number || *number >= promises_.size()) return;
    const Partition& partition = judge.ledger().partitions()[*number];
    Promises& all = promises_[*number];
    if (partition.acting_since == e.id) compare(partition, all, judge, {});
    promote(partition, all);
  }

  // Below the high watermark the acks level no longer matters.
  static void promote(const Partition& partition, Promises& all) {
    while (all.settled < all.pending.size()) {
      Obligation& next = all.pending[all.settled];
      if (next.entry.batch.last_offset >= partition.shown_end) break;
      const bool is_committed = next.index < partition.committed.size() &&
                                partition.committed[next.index].prefix == next.entry.prefix;
      if (is_committed) insert_by_index(all.binding, std::move(next));
      ++all.settled;
    }
    if (all.settled == 0 || all.settled < all.pending.size() / 2) return;
    all.pending.erase(all.pending.begin(),
                      all.pending.begin() + static_cast<std::ptrdiff_t>(all.settled));
    all.settled = 0;
  }

  // A replica truncated its own log. That loses an acknowledged record if it is the leader's, or if
  // the leader no longer has it either.
  void examine_cut(const Event& e, const LogCut& cut, Judge& judge) {
    const auto number = judge.ledger().index_of(cut.partition);
    if (!number || *number >= promises_.size()) return;
    const Partition& partition = judge.ledger().partitions()[*number];
    const NodeId leader = partition.state.leader;
    if (!leader.is_set() || !judge.ledger().node(leader).is_running) return;
    if (partition.acting_since.value == 0) return;  // Another may be elected before it acts.
    const auto& binding = promises_[*number].binding;
    for (auto at = binding.rbegin(); at != binding.rend() && at->index >= partition.last_cut_at;
         ++at) {
      const std::size_t place = at->index - partition.last_cut_at;
      if (place >= partition.last_cut.size() ||
          partition.last_cut[place].prefix != at->entry.prefix)
        continue;
      compare(partition, promises_[*number], judge, {"lost_by_truncation", e.id});
      return;
    }
  }

  void compare(const Partition& partition, Promises& all, Judge& judge, const Occasion& occasion) {
    const ReplicaLog* log = partition.log_of(partition.state.leader);
    auto& binding = all.binding;
    std::size_t first_missing = binding.size();
    for (std::size_t at = binding.size(); at > 0; --at) {
      const Obligation& obligation = binding[at - 1];
      const bool is_held = log != nullptr && log->holds(obligation.index, obligation.entry.prefix);
      if (is_held && occasion.newest_first) break;
      if (!is_held) first_missing = at - 1;
    }
    std::vector<Obligation> missing;
    std::size_t kept = first_missing;
    for (std::size_t at = first_missing; at < binding.size(); ++at) {
      if (log != nullptr && log->holds(binding[at].index, binding[at].entry.prefix)) {
        if (kept != at) binding[kept] = std::move(binding[at]);
        ++kept;
      } else {
        missing.push_back(std::move(binding[at]));
      }
    }
    binding.resize(kept);
    for (const Obligation& obligation : missing) judge_loss(partition, obligation, judge, occasion);
  }

  void judge_loss(const Partition& partition, const Obligation& lost, Judge& judge,
                  const Occasion& occasion) {
    const Ledger& ledger = judge.ledger();
    if (excuse_for(ledger, partition, {lost.entry, lost.index, lost.copies}) != Excuse::none)
      return;
    const NodeId leader = partition.state.leader;
    const EventId because = occasion.event.value != 0 ? occasion.event : partition.state.event;
    judge.report(
        {std::string(id()),
         occasion.kind.empty() ? kind_of_election(partition, lost) : occasion.kind,
         fmt::format("The record at {} of {}, acknowledged by {} with {} at {}, was lost: "
                     "{} leads epoch {} {}.",
                     text_of_offsets(lost.entry.batch), partition.name, ledger.name_of(lost.by),
                     text_of_acks(lost.acks), text_of_time(lost.at), ledger.name_of(leader),
                     partition.state.leader_epoch, what_is_there(partition, lost)),
         {lost.ack, because},
         {},
         partition.name});
  }

  static std::string kind_of_election(const Partition& partition, const Obligation& lost) {
    const auto& unclean = partition.unclean_elections;
    if (!unclean.empty() && unclean.back().epoch > lost.entry.batch.leader_epoch)
      return "lost_at_unclean_election";
    const ReplicaLog* log = partition.log_of(partition.state.leader);
    if (log != nullptr && log->has_lost(lost.index, lost.entry.prefix))
      return "lost_to_tolerable_power_loss";
    return "lost_at_clean_election";
  }

  static std::string what_is_there(const Partition& partition, const Obligation& lost) {
    const ReplicaLog* log = partition.log_of(partition.state.leader);
    const Offset offset = lost.entry.batch.base_offset;
    const Offset end = log == nullptr ? 0 : log->end_offset();
    if (end <= offset) return fmt::format("with a log that ends at offset {}", end);
    const auto at = log->find(offset);
    if (!at) return "without it";
    return fmt::format("with another record there, of epoch {}",
                       log->entries()[*at].batch.leader_epoch);
  }

  std::vector<Promises> promises_;  // By the ledger's number of the partition.
};

}  // namespace

std::unique_ptr<Property> acked_records() { return std::make_unique<AckedRecords>(); }

}  // namespace brokersim::properties
