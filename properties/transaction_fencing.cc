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
           "same coordinator ends no transaction for an earlier epoch that asks after that. What a "
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
      if (begun->error == 0) take(e, *begun);
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
  // The latest that a producer id was begun anew with.
  struct Begun {
    std::int16_t epoch = -1;
    EventId event;
    Instant at;
    NodeId coordinator;
  };
  struct Suspect {
    TopicPartition partition;
    BatchRef batch;
    EventId stored;
    Begun begun;
  };

  void take(const Event& e, const InitProducerIdAnswered& answer) {
    auto& begun = begun_[answer.producer_id];
    if (answer.producer_epoch <= begun.epoch) return;
    begun = {answer.producer_epoch, e.id, e.at, e.node};
  }

  void check_end(const Event& e, const EndTxnAnswered& ended, Judge& judge) {
    const auto found = begun_.find(ended.producer_id);
    if (found == begun_.end()) return;
    const auto& begun = found->second;
    const bool is_zombie = ended.producer_epoch < begun.epoch && e.node == begun.coordinator &&
                           ended.asked_at_ns > begun.at.ns();
    if (!is_zombie || has_lost_decisions(judge.ledger())) return;
    judge.report(
        {std::string(id()),
         "zombie_ended",
         fmt::format("{} {} a transaction of {} with producer {}, epoch {}, which had "
                     "begun anew with epoch {}.",
                     ended.peer, ended.is_commit ? "committed" : "aborted", ended.transactional_id,
                     ended.producer_id, ended.producer_epoch, begun.epoch),
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
    if (batch.producer_epoch >= found->second.epoch) return;
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
                     "after that had begun anew with epoch {}.",
                     text_of_offsets(suspect.batch), suspect.partition, suspect.batch.producer_id,
                     suspect.batch.producer_epoch, suspect.begun.epoch),
         {suspect.begun.event, suspect.stored},
         {},
         suspect.partition});
  }

  std::map<std::int64_t, Begun> begun_;  // By producer id.
  using Stored = std::tuple<TopicPartition, Offset, LeaderEpoch, std::uint64_t>;
  std::set<Stored> known_;
  std::vector<Suspect> suspects_;
};

}  // namespace

std::unique_ptr<Property> transaction_fencing() { return std::make_unique<TransactionFencing>(); }

}  // namespace brokersim::properties
