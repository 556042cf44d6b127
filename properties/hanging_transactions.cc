// BS-T06: every transaction ends (KIP-98, KIP-890): in each partition, and for whoever coordinates
// it.
#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/coordinated_transactions.h"
#include "properties/ledger.h"
#include "properties/transaction_log.h"
#include "properties/transactions.h"

namespace brokersim::properties {

namespace {

// Once coordinators have looked for transactions that take too long, markers are due.
constexpr Duration marker_slack = 5s;
constexpr Duration unknown_timeout = 60s;

class HangingTransactions final : public Property {
 public:
  HangingTransactions(Duration bound, Duration cleanup_interval)
      : bound_(bound), looking_slack_(cleanup_interval + marker_slack) {}

  std::string_view id() const override { return "BS-T06"; }
  std::string_view name() const override { return "hanging transaction"; }
  std::string_view explanation() const override {
    return "When all faults are over, then within a bound (60 s unless told otherwise) every "
           "transaction is committed or aborted in every partition: by its producer, by its "
           "producer's successor, or because it took longer than its timeout. Until then nobody "
           "who reads committed records gets beyond it. So it is in __transaction_state: whatever "
           "is decided there is complete by then, and what goes on longer than its timeout is "
           "decided, though nothing was written in it. Nothing is promised while faults go on, "
           "a run that ends before the bound is not judged, nor a transaction whose timeout has "
           "not passed since, nor one whose marker, or whose coordinator's log, was given up in "
           "an excused loss, nor one that waits for a partition that nobody leads.";
  }
  Needs needs() const override { return Need::wire | Need::disk | Need::metadata; }
  Kinds listens_to() const override {
    return Kinds::of<InitProducerIdAnswered, TransactionStateStored>();
  }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* begun = std::get_if<InitProducerIdAnswered>(&e.body)) {
      if (begun->error == 0) timeouts_[begun->producer_id] = begun->timeout_ms * 1ms;
    } else {
      coordinated_.take(e, std::get<TransactionStateStored>(e.body), judge.ledger());
    }
  }

  void finish(Judge& judge) override {
    const auto lifted = judge.ledger().faults_lifted();
    if (!lifted || judge.now() < *lifted + bound_ || has_lost_decisions(judge.ledger())) return;
    check_partitions(*lifted, judge);
    for (const auto& state : coordinated_.unfinished(judge.ledger())) {
      check_coordinator(state, *lifted, judge);
    }
  }

 private:
  Duration timeout_of(std::int64_t producer_id) const {
    const auto timeout = timeouts_.find(producer_id);
    return timeout == timeouts_.end() ? unknown_timeout : timeout->second;
  }

  void check_partitions(Instant lifted, Judge& judge) {
    for (const auto& open : transactions_.open(judge.ledger())) {
      const auto& [partition, transaction] = open;
      const Duration limit = timeout_of(transaction->producer_id);
      const Instant since = std::max(lifted, transaction->first.at);
      if (open.may_stay_open() || judge.now() < since + limit + looking_slack_) continue;
      judge.report({std::string(id()),
                    "hanging",
                    fmt::format("{} ms after the last fault, a transaction of producer {}, epoch "
                                "{}, is open in {} since offset {}.",
                                milliseconds(judge.now() - lifted), transaction->producer_id,
                                transaction->first.batch.producer_epoch, partition->name,
                                transaction->first.batch.base_offset),
                    {transaction->first.stored, {}},
                    {},
                    partition->name});
    }
  }

  // ---- What coordinators have written ----------------------------------------------------------

  void check_coordinator(const StoredState& state, Instant lifted, Judge& judge) {
    const Instant since = std::max(lifted, state.at);
    const bool is_ongoing = state.is("Ongoing");
    const Duration limit = is_ongoing ? timeout_of(state.record.producer_id) : Duration{};
    if (judge.now() < since + limit + looking_slack_) return;
    report(is_ongoing ? "never_decided" : "never_complete", state, lifted, judge);
  }

  void report(std::string kind, const StoredState& state, Instant lifted, Judge& judge) {
    judge.report(
        {std::string(id()),
         std::move(kind),
         fmt::format("{} ms after the last fault, transactional id {} has been {} for {} ms, "
                     "at offset {} of {}.",
                     milliseconds(judge.now() - lifted), state.record.transactional_id,
                     state.record.state, milliseconds(judge.now() - state.at), state.record.offset,
                     state.record.partition),
         {state.event, {}},
         {},
         state.record.partition});
  }

  const Duration bound_;
  const Duration looking_slack_;
  std::map<std::int64_t, Duration> timeouts_;  // By producer id.
  AllTransactions transactions_;
  CoordinatedTransactions coordinated_;
};

}  // namespace

std::unique_ptr<Property> hanging_transactions(Duration bound, Duration cleanup_interval) {
  return std::make_unique<HangingTransactions>(bound, cleanup_interval);
}

}  // namespace brokersim::properties
