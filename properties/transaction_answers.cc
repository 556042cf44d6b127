// BS-T09: a coordinator of transactions answers what its log says (KIP-98, KIP-890): whoever
// coordinates next finds the same there.
//
//   InitProducerId ─▶ producer 7, epoch 3      Empty or complete, with producer 7, epoch 3
//   EndTxn(7, 3, commit) ─▶ no error           PrepareCommit of producer 7, epoch 3 or 4
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/ledger.h"
#include "properties/transaction_log.h"
#include "properties/transactions.h"

namespace brokersim::properties {

namespace {

class TransactionAnswers final : public Property {
 public:
  std::string_view id() const override { return "BS-T09"; }
  std::string_view name() const override { return "answer not in the log"; }
  std::string_view explanation() const override {
    return "A producer is told to begin with an id and an epoch only when __transaction_state "
           "says so, committed, of its transactional id, and that nothing goes on: what came "
           "before is committed or aborted everywhere. And it is told that its transaction is "
           "committed, or aborted, only when the log says, committed, that it will be: so the next "
           "coordinator gives the same answers. That a coordinator which was deposed repeats an "
           "answer of its time is no violation. Not judged is what involves a log that was "
           "replaced by an unclean election, or with a loss, or that nobody leads.";
  }
  Needs needs() const override { return Need::wire | Need::disk | Need::metadata; }
  Kinds listens_to() const override {
    return Kinds::of<TransactionStateStored, InitProducerIdAnswered, EndTxnAnswered>();
  }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* stored = std::get_if<TransactionStateStored>(&e.body)) {
      places_[stored->transactional_id] = stored->partition;
      logs_.take(e, *stored);
      follow(stored->partition, judge);
    } else if (const auto* begun = std::get_if<InitProducerIdAnswered>(&e.body)) {
      if (begun->error == 0) check_begun(e, *begun, judge);
    } else if (const auto* ended = std::get_if<EndTxnAnswered>(&e.body)) {
      if (ended->error == 0) check_ended(e, *ended, judge);
    }
  }

 private:
  void follow(const TopicPartition& partition, const Judge& judge) {
    for (const StoredState& one : logs_.news_of(partition, judge.ledger()).states) {
      const auto& record = one.record;
      said_.emplace(record.transactional_id, record.producer_id, record.producer_epoch,
                    record.state);
    }
  }

  // Whether the log of that id is known, up to now.
  bool can_judge(const std::string& transactional_id, const Judge& judge) {
    if (places_.empty() || has_lost_decisions(judge.ledger())) return false;
    const auto place = places_.find(transactional_id);
    if (place == places_.end()) return true;
    follow(place->second, judge);
    const Partition* log = judge.ledger().find(place->second);
    return log != nullptr && is_beyond_doubt(*log);
  }

  bool has_said(const std::string& transactional_id, std::int64_t producer_id, int epoch,
                std::string_view state) const {
    return said_.contains(
        {transactional_id, producer_id, static_cast<std::int16_t>(epoch), std::string(state)});
  }

  void check_begun(const Event& e, const InitProducerIdAnswered& begun, Judge& judge) {
    const auto& name = begun.transactional_id;
    const auto says = [&](std::string_view state) {
      return has_said(name, begun.producer_id, begun.producer_epoch, state);
    };
    if (!can_judge(name, judge)) return;
    if (says("Empty") || says("CompleteCommit") || says("CompleteAbort")) return;
    const bool is_ending = says("PrepareAbort") || says("PrepareCommit");
    report(e, is_ending ? "begun_before_the_end" : "begun_without_record",
           fmt::format("{} told {} to begin as producer {}, epoch {}, of {}, but {}.",
                       judge.ledger().name_of(e.node), begun.peer, begun.producer_id,
                       begun.producer_epoch, name,
                       is_ending ? "the transaction before is not complete"
                                 : "no committed record says so"),
           judge);
  }

  // Where each transaction has an epoch of its own the decision has the next one.
  void check_ended(const Event& e, const EndTxnAnswered& ended, Judge& judge) {
    const auto& name = ended.transactional_id;
    if (!can_judge(name, judge)) return;
    const std::string_view state = ended.is_commit ? "PrepareCommit" : "PrepareAbort";
    for (const int step : {0, 1}) {
      if (has_said(name, ended.producer_id, ended.producer_epoch + step, state)) return;
    }
    report(e, "ended_without_record",
           fmt::format("{} told {} that what producer {} wrote in epoch {} for {} is {}, but no "
                       "committed record says so.",
                       judge.ledger().name_of(e.node), ended.peer, ended.producer_id,
                       ended.producer_epoch, name, ended.is_commit ? "committed" : "aborted"),
           judge);
  }

  void report(const Event& e, std::string kind, std::string message, Judge& judge) {
    judge.report(
        {std::string(id()), std::move(kind), std::move(message), {e.id, {}}, {}, std::nullopt});
  }

  TransactionLogs logs_;
  std::map<std::string, TopicPartition> places_;  // Of transactional ids.
  std::set<std::tuple<std::string, std::int64_t, std::int16_t, std::string>> said_;
};

}  // namespace

std::unique_ptr<Property> transaction_answers() { return std::make_unique<TransactionAnswers>(); }

}  // namespace brokersim::properties
