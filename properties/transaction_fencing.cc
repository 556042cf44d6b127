// BS-T04: once a transactional id has a new producer, the one before can do nothing any more
// (KIP-98, KIP-890).
#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/ledger.h"
#include "properties/text.h"
#include "properties/transactions.h"

namespace brokersim::properties {

namespace {

class TransactionFencing final : public Property {
 public:
  std::string_view id() const override { return "BS-T04"; }
  std::string_view name() const override { return "a zombie's transaction goes on"; }
  std::string_view explanation() const override {
    return "When InitProducerId has been answered with an epoch of a transactional id, no record "
           "and no offset of an earlier epoch that is stored after that becomes committed, and the "
           "same coordinator ends no transaction for an earlier epoch that asks after that. Those "
           "of the producer id before are earlier, too, if the same coordinator gave it. What a "
           "leader stores that was deposed and does not know it yet is never committed, and a "
           "coordinator that was deposed may repeat an answer of its time. Once a coordinator's "
           "decisions were lost with an excuse, nothing is judged.";
  }
  Needs needs() const override { return Need::wire | Need::disk | Need::metadata; }
  Kinds listens_to() const override {
    return Kinds::of<InitProducerIdAnswered, EndTxnAnswered, BatchStored>();
  }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* begun = std::get_if<InitProducerIdAnswered>(&e.body)) {
      const bool has_transactions = !begun->transactional_id.empty();
      if (begun->error == 0 && has_transactions) take(e, *begun);
    } else if (const auto* ended = std::get_if<EndTxnAnswered>(&e.body)) {
      if (ended->error == 0) check_end(e, *ended, judge);
    } else if (const auto* stored = std::get_if<BatchStored>(&e.body)) {
      if (stored->batch.role == BatchRole::transactional) note(e, *stored);
    }
  }

  void finish(Judge& judge) override {
    if (has_lost_decisions(judge.ledger())) return;
    for (const auto& suspect : suspects_) check_record(suspect, judge);
  }

 private:
  // The latest that a producer id was begun anew with: another one, if its epochs are used up.
  struct Begun {
    std::int64_t producer_id = -1;
    std::int16_t epoch = -1;
    EventId event;
    Instant at;
    NodeId coordinator;

    bool ends(std::int64_t id, std::int16_t earlier) const {
      return producer_id != id || earlier < epoch;
    }
  };
  // Of a transactional id.
  struct Producers {
    Begun present;
    std::set<std::int64_t> former;
  };
  struct Suspect {
    TopicPartition partition;
    BatchRef batch;
    EventId stored;
    Begun begun;
  };

  void take(const Event& e, const InitProducerIdAnswered& answer) {
    const Begun now{answer.producer_id, answer.producer_epoch, e.id, e.at, e.node};
    auto& producers = producers_[answer.transactional_id];
    if (producers.former.contains(answer.producer_id)) return;
    const Begun none{.producer_id = answer.producer_id};
    auto& begun = begun_.try_emplace(answer.producer_id, none).first->second;
    if (answer.producer_epoch > begun.epoch) begun = now;
    follow(producers, now, answer.asked_at_ns);
  }

  // Which of two ids is the later one tell the answers of one coordinator.
  void follow(Producers& producers, const Begun& now, std::int64_t asked_at_ns) {
    const Begun before = std::exchange(producers.present, now);
    if (before.producer_id < 0 || before.producer_id == now.producer_id) return;
    producers.former.insert(before.producer_id);
    const bool is_later = before.coordinator == now.coordinator && asked_at_ns > before.at.ns();
    if (is_later) begun_[before.producer_id] = now;
  }

  void check_end(const Event& e, const EndTxnAnswered& ended, Judge& judge) {
    const auto found = begun_.find(ended.producer_id);
    if (found == begun_.end()) return;
    const auto& begun = found->second;
    const bool is_zombie = begun.ends(ended.producer_id, ended.producer_epoch) &&
                           e.node == begun.coordinator && ended.asked_at_ns > begun.at.ns();
    if (!is_zombie || has_lost_decisions(judge.ledger())) return;
    judge.report(
        {std::string(id()),
         "zombie_ended",
         fmt::format("{} {} a transaction of {} with producer {}, epoch {}, which had "
                     "begun anew as {}, epoch {}.",
                     ended.peer, ended.is_commit ? "committed" : "aborted", ended.transactional_id,
                     ended.producer_id, ended.producer_epoch, begun.producer_id, begun.epoch),
         {begun.event, e.id},
         {},
         {}});
  }

  // On the first disk that has it.
  void note(const Event& e, const BatchStored& stored) {
    const BatchRef& batch = stored.batch;
    const bool is_new =
        known_.emplace(stored.partition, batch.base_offset, batch.leader_epoch, batch.digest)
            .second;
    const auto found = begun_.find(batch.producer_id);
    if (!is_new || found == begun_.end()) return;
    if (!found->second.ends(batch.producer_id, batch.producer_epoch)) return;
    suspects_.push_back({stored.partition, batch, e.id, found->second});
  }

  void check_record(const Suspect& suspect, Judge& judge) {
    const Partition* partition = judge.ledger().find(suspect.partition);
    const auto& log = partition->committed;
    const auto at = std::partition_point(log.begin(), log.end(), [&](const LogEntry& entry) {
      return entry.batch.base_offset < suspect.batch.base_offset;
    });
    if (at == log.end() || at->batch != suspect.batch) return;
    judge.report(
        {std::string(id()),
         "zombie_record",
         fmt::format("{} of {} is committed with producer {}, epoch {}, and was stored "
                     "after that had begun anew as {}, epoch {}.",
                     text_of_offsets(suspect.batch), suspect.partition, suspect.batch.producer_id,
                     suspect.batch.producer_epoch, suspect.begun.producer_id, suspect.begun.epoch),
         {suspect.begun.event, suspect.stored},
         {},
         suspect.partition});
  }

  std::map<std::int64_t, Begun> begun_;         // By producer id.
  std::map<std::string, Producers> producers_;  // By transactional id.
  using Stored = std::tuple<TopicPartition, Offset, LeaderEpoch, std::uint64_t>;
  std::set<Stored> known_;
  std::vector<Suspect> suspects_;
};

}  // namespace

std::unique_ptr<Property> transaction_fencing() { return std::make_unique<TransactionFencing>(); }

}  // namespace brokersim::properties
