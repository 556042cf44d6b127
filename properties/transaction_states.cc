// BS-T07: what a coordinator writes of a transactional id follows from what is written of it before
// (KIP-98, KIP-360, KIP-890).
//
//   Empty ──▶ Ongoing ──▶ PrepareCommit ──▶ CompleteCommit ──▶ Ongoing, or Empty of the next epoch
//                    └──▶ PrepareAbort  ──▶ CompleteAbort  ──▶ likewise
//
// Judged by the records themselves, where they lie committed in __transaction_state: each against
// the one of the same id before it.
#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/ledger.h"
#include "properties/transaction_log.h"

namespace brokersim::properties {

namespace {

// From this level of transaction.version on each transaction has an epoch of its own (KIP-890).
constexpr std::int16_t level_of_own_epochs = 2;

// A decision whose writing was not heard of may be written again.
bool is_written_again(const StoredState& before, const StoredState& now) {
  const auto& a = before.record;
  const auto& b = now.record;
  return a.state == b.state && a.producer_id == b.producer_id &&
         a.producer_epoch == b.producer_epoch && a.partitions == b.partitions;
}

bool is_legal_step(const StoredState& before, const StoredState& now) {
  if (now.is("Empty") || now.is("Dead")) return before.is_idle();
  if (now.is("Ongoing")) return before.is_idle() || before.is("Ongoing");
  if (now.is("PrepareCommit")) return before.is("Ongoing");
  if (now.is("CompleteCommit")) return before.is("PrepareCommit");
  if (now.is("CompleteAbort")) return before.is("PrepareAbort");
  // KAFKA-18401: what nothing was added to may be aborted, where it has an epoch of its own.
  const bool ends_nothing =
      before.is_idle() && now.record.transaction_version >= level_of_own_epochs;
  return now.is("PrepareAbort") && (before.is("Ongoing") || ends_nothing);
}

// A producer whose epochs are used up is followed by another, in its first epoch.
bool is_legal_successor(const StoredState& before, const StoredState& now,
                        std::int16_t last_epoch) {
  const bool was_used_up = before.record.producer_epoch >= last_epoch;
  if (!was_used_up || now.record.producer_epoch != 0) return false;
  if (now.is_complete()) return now.record.producer_id == before.record.next_producer_id;
  return now.is("Empty");
}

// What is wrong with the epoch; empty if nothing.
// After the last epoch that a producer gets there is one more, which only fences it.
std::string_view wrong_epoch(const StoredState& before, const StoredState& now,
                             std::int16_t last_epoch) {
  if (now.is("Dead")) return {};
  if (now.record.producer_id != before.record.producer_id) {
    const bool is_legal = is_legal_successor(before, now, last_epoch);
    return is_legal ? std::string_view() : "producer_changed";
  }
  const int step = now.record.producer_epoch - before.record.producer_epoch;
  const bool may_raise = now.is("Empty") || now.is_prepared();
  if (step < 0) return "epoch_went_back";
  if (step > (may_raise ? 1 : 0)) return "epoch_jumped";
  if (now.record.producer_epoch > last_epoch + 1) return "epoch_beyond_last";
  const bool must_raise =
      now.is_prepared() && now.record.transaction_version >= level_of_own_epochs;
  return must_raise && step == 0 ? "epoch_kept" : std::string_view();
}

std::string_view wrong_partitions(const StoredState& before, const StoredState& now) {
  const auto& had = before.record.partitions;  // Both are sorted.
  const auto& has = now.record.partitions;
  if (!before.is("Ongoing")) return {};
  if (now.is_prepared() && had != has) return "partitions_changed";
  const bool has_all = std::includes(has.begin(), has.end(), had.begin(), had.end());
  return now.is("Ongoing") && !has_all ? "partition_left" : std::string_view();
}

std::string_view wrong_step(const StoredState& before, const StoredState& now,
                            std::int16_t last_epoch) {
  if (is_written_again(before, now)) return {};
  if (!is_legal_step(before, now)) return "illegal_transition";
  const auto epoch = wrong_epoch(before, now, last_epoch);
  return epoch.empty() ? wrong_partitions(before, now) : epoch;
}

std::string text_of_state(const StoredState& stored) {
  const auto& record = stored.record;
  if (stored.is("Dead")) return record.state;
  return fmt::format("{} of producer {}, epoch {}, with {} partitions", record.state,
                     record.producer_id, record.producer_epoch, record.partitions.size());
}

class TransactionStates final : public Property {
 public:
  explicit TransactionStates(std::int16_t last_epoch) : last_epoch_(last_epoch) {}

  std::string_view id() const override { return "BS-T07"; }
  std::string_view name() const override { return "impossible transaction state"; }
  std::string_view explanation() const override {
    return "In what is committed of __transaction_state, the records of a transactional id follow "
           "each other as the states of its transactions may: Empty or complete, Ongoing, "
           "PrepareCommit or PrepareAbort, CompleteCommit or CompleteAbort, and only an idle id "
           "expires. Its producer's epoch does not go back, and is raised by one at most: when a "
           "producer begins, and when a transaction ends, which from level 2 of "
           "transaction.version on it always is. Another producer id takes over only where epochs "
           "are used up (the last is 32766, unless told otherwise, and the one after it only "
           "fences), and no two transactional ids have one. Partitions of an ongoing "
           "transaction only become more, and it ends in all of them. A record that is written "
           "again as it was is none. What stands behind a loss is not held against what was lost.";
  }
  Needs needs() const override { return Need::disk | Need::metadata; }
  Kinds listens_to() const override { return Kinds::of<TransactionStateStored>(); }

  void observe(const Event& e, Judge& judge) override {
    const auto& stored = std::get<TransactionStateStored>(e.body);
    logs_.take(e, stored);
    check_committed(stored.partition, judge);
  }

  void finish(Judge& judge) override {
    for (const auto& partition : logs_.partitions()) check_committed(partition, judge);
  }

 private:
  struct Seen {
    bool was_cut = false;
    std::map<std::string, StoredState> latest;  // By transactional id.
  };

  void check_committed(const TopicPartition& partition, Judge& judge) {
    const auto news = logs_.news_of(partition, judge.ledger());
    Seen& seen = seen_[partition];
    if (news.was_cut) seen = {true, {}};
    for (const StoredState& now : news.states) {
      const auto [known, is_new] = seen.latest.try_emplace(now.record.transactional_id, now);
      if (is_new) {
        check_first(now, seen, judge);
      } else {
        check_step(known->second, now, judge);
        known->second = now;
      }
      check_owner(now, judge);
    }
  }

  void check_first(const StoredState& now, const Seen& seen, Judge& judge) {
    if (now.is("Empty") || seen.was_cut) return;
    report("illegal_transition", {}, now, "nothing", judge);
  }

  void check_step(const StoredState& before, const StoredState& now, Judge& judge) {
    const bool was_forgotten = before.is("Dead");
    const bool may_begin = now.is("Empty") || now.is("Dead");
    const auto wrong = was_forgotten ? (may_begin ? "" : "illegal_transition")
                                     : wrong_step(before, now, last_epoch_);
    if (!wrong.empty()) report(std::string(wrong), before.event, now, text_of_state(before), judge);
  }

  void check_owner(const StoredState& now, Judge& judge) {
    if (now.record.producer_id < 0) return;
    const auto [owner, is_new] = owners_.try_emplace(now.record.producer_id, now);
    const StoredState& first = owner->second;
    if (is_new || first.record.transactional_id == now.record.transactional_id) return;
    report("producer_shared", first.event, now,
           fmt::format("{} of {}", text_of_state(first), first.record.transactional_id), judge);
  }

  void report(std::string kind, EventId other, const StoredState& now, const std::string& after,
              Judge& judge) {
    judge.report({std::string(id()),
                  std::move(kind),
                  fmt::format("Offset {} of {} says that transactional id {} is {}, after {}.",
                              now.record.offset, now.record.partition, now.record.transactional_id,
                              text_of_state(now), after),
                  {other, now.event},
                  {},
                  now.record.partition});
  }

  const std::int16_t last_epoch_;
  TransactionLogs logs_;
  std::map<TopicPartition, Seen> seen_;
  std::map<std::int64_t, StoredState> owners_;  // By producer id: who had it first.
};

}  // namespace

std::unique_ptr<Property> transaction_states(std::int16_t last_epoch) {
  return std::make_unique<TransactionStates>(last_epoch);
}

}  // namespace brokersim::properties
