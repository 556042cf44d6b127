// BS-T02: what an answer to a consumer that reads committed records shows and says (KIP-98).
#include <algorithm>
#include <limits>
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

// The batches of an answer that a consumer leaves out, told what was aborted.
class LeftOut {
 public:
  explicit LeftOut(const std::vector<AbortedTransaction>& listed) {
    for (const auto& one : listed) listed_.emplace(one.first_offset, one.producer_id);
  }
  bool has(const BatchRef& batch) {
    while (!listed_.empty() && listed_.begin()->first <= batch.last_offset) {
      aborting_.insert(listed_.begin()->second);
      listed_.erase(listed_.begin());
    }
    if (batch.role == BatchRole::abort) aborting_.erase(batch.producer_id);
    return batch.role == BatchRole::transactional && aborting_.contains(batch.producer_id);
  }

 private:
  std::multimap<Offset, std::int64_t> listed_;  // Producers by where an aborted transaction begins.
  std::set<std::int64_t> aborting_;
};

class StableOffset final : public Property {
 public:
  std::string_view id() const override { return "BS-T02"; }
  std::string_view name() const override { return "undecided record shown"; }
  std::string_view explanation() const override {
    return "A Fetch answer to a consumer that reads committed records only ends before its own "
           "last stable offset, which is not beyond its high watermark. Each transactional batch "
           "in it is of a transaction whose marker is committed, up to that high watermark; and "
           "its list of aborted transactions has the consumer leave out exactly the batches of "
           "those that were aborted. Towards one consumer a leader's last stable offset does not "
           "go "
           "back while it leads. It may lag, and consumers that read uncommitted records are "
           "promised nothing of this.";
  }
  Needs needs() const override { return Need::wire | Need::disk | Need::metadata; }
  Kinds listens_to() const override {
    return Kinds::of<FetchAnswered, ReadCommittedAnswered, BecameLeader, BecameFollower,
                     PartitionCommitted, NodeStarted, LogCut>();
  }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* fetch = std::get_if<FetchAnswered>(&e.body)) {
      if (!fetch->replica.is_set()) asked_at_ns_ = fetch->asked_at_ns;
    } else if (const auto* answer = std::get_if<ReadCommittedAnswered>(&e.body)) {
      check(e, *answer, judge);
    } else if (std::holds_alternative<NodeStarted>(e.body)) {
      std::erase_if(shown_, [&e](const auto& one) { return std::get<1>(one.first) == e.node; });
    } else if (const auto* leads = std::get_if<BecameLeader>(&e.body)) {
      forget(leads->partition);
    } else if (const auto* follows = std::get_if<BecameFollower>(&e.body)) {
      forget(follows->partition);
    } else if (const auto* committed = std::get_if<PartitionCommitted>(&e.body)) {
      forget(committed->partition);
    } else if (const auto* cut = std::get_if<LogCut>(&e.body)) {
      forget(cut->partition);
    }
  }

 private:
  struct Shown {
    Offset stable = -1;
    Instant at;
    EventId event;
  };
  using Key = std::tuple<TopicPartition, NodeId, std::string>;  // Partition, leader, consumer.

  void check(const Event& e, const ReadCommittedAnswered& answer, Judge& judge) {
    const Partition* partition = judge.ledger().find(answer.partition);
    if (partition == nullptr || !partition->is_current(e.node, asked_at_ns_)) return;
    check_bounds(e, answer, judge);
    check_monotone(e, answer, judge);
    const std::size_t number = *judge.ledger().index_of(answer.partition);
    if (transactions_.size() <= number) transactions_.resize(number + 1);
    auto& transactions = transactions_[number];
    transactions.follow(*partition);
    LeftOut left_out(answer.aborted);
    for (const auto& batch : answer.batches) {
      const bool is_left_out = left_out.has(batch);
      const auto* transaction = transactions.of(batch);
      // Where compaction has left a batch without records, there is nothing to leave out.
      const bool is_empty = !is_left_out && partition->compactions.is_gone(batch);
      if (!transaction || is_empty) continue;
      check_batch(e, answer, batch, *transaction, is_left_out, judge);
    }
  }

  // An answer to an earlier fetch of an abandoned connection may come late.
  void check_monotone(const Event& e, const ReadCommittedAnswered& answer, Judge& judge) {
    const auto [at, is_first] =
        shown_.try_emplace(Key{answer.partition, e.node, answer.peer}, Shown{});
    const Shown before = std::exchange(at->second, Shown{answer.last_stable_offset, e.at, e.id});
    if (is_first || asked_at_ns_ <= before.at.ns()) return;
    if (answer.last_stable_offset >= before.stable) return;
    report({before.event, e.id}, "went_back", answer,
           fmt::format("{} told {} that {} is stable up to {}, after {}.",
                       judge.ledger().name_of(e.node), answer.peer, answer.partition,
                       answer.last_stable_offset, before.stable),
           judge);
  }

  void forget(const TopicPartition& partition) {
    auto at =
        shown_.lower_bound(Key{partition, NodeId{std::numeric_limits<std::int32_t>::min()}, {}});
    while (at != shown_.end() && std::get<0>(at->first) == partition) at = shown_.erase(at);
  }

  void check_bounds(const Event& e, const ReadCommittedAnswered& answer, Judge& judge) {
    if (answer.last_stable_offset > answer.high_watermark) {
      report({e.id, {}}, "beyond_high_watermark", answer,
             fmt::format("{} said that {} is stable up to {}, beyond its high watermark {}.",
                         judge.ledger().name_of(e.node), answer.partition,
                         answer.last_stable_offset, answer.high_watermark),
             judge);
    }
    if (answer.batches.empty()) return;
    const BatchRef& last = answer.batches.back();
    if (last.last_offset < answer.last_stable_offset) return;
    report(
        {e.id, {}}, "beyond_stable_offset", answer,
        fmt::format("{} showed {} {} of {}, beyond the last stable offset {} of the same answer.",
                    judge.ledger().name_of(e.node), answer.peer, text_of_offsets(last),
                    answer.partition, answer.last_stable_offset),
        judge);
  }

  void check_batch(const Event& e, const ReadCommittedAnswered& answer, const BatchRef& batch,
                   const Transaction& transaction, bool is_left_out, Judge& judge) {
    const auto who = judge.ledger().name_of(e.node);
    if (!transaction.is_decided_at(answer.high_watermark)) {
      report(
          {transaction.first.stored, e.id}, "undecided_shown", answer,
          fmt::format("{} showed {} {} of {}, of a transaction of producer {} that is open since "
                      "offset {}.",
                      who, answer.peer, text_of_offsets(batch), answer.partition, batch.producer_id,
                      transaction.first.batch.base_offset),
          judge);
    } else if (transaction.is_aborted() != is_left_out) {
      report(
          {transaction.marker->stored, e.id},
          is_left_out ? "committed_listed" : "aborted_not_listed", answer,
          fmt::format("{} had {} {} {} of {}, though the transaction of producer {} was {} at "
                      "offset {}.",
                      who, answer.peer, is_left_out ? "leave out" : "read", text_of_offsets(batch),
                      answer.partition, batch.producer_id, is_left_out ? "committed" : "aborted",
                      transaction.marker->batch.base_offset),
          judge);
    }
  }

  void report(std::array<EventId, 2> facts, std::string kind, const ReadCommittedAnswered& answer,
              std::string message, Judge& judge) {
    judge.report(
        {std::string(id()), std::move(kind), std::move(message), facts, {}, answer.partition});
  }

  std::vector<Transactions> transactions_;  // By the ledger's numbers of partitions.
  std::map<Key, Shown> shown_;
  std::int64_t asked_at_ns_ = 0;  // Of the fetch whose answer an answer to a consumer follows.
};

}  // namespace

std::unique_ptr<Property> stable_offset() { return std::make_unique<StableOffset>(); }

}  // namespace brokersim::properties
