// BS-T06: every transaction ends (KIP-98, KIP-890).
#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/ledger.h"
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
           "who reads committed records gets beyond it. Nothing is promised while faults go on, "
           "a run that ends before the bound is not judged, nor a transaction whose timeout has "
           "not passed since, nor one whose marker was given up in an excused loss.";
  }
  Needs needs() const override { return Need::wire | Need::disk | Need::metadata; }
  Kinds listens_to() const override { return Kinds::of<InitProducerIdAnswered>(); }

  void observe(const Event& e, Judge&) override {
    const auto& begun = std::get<InitProducerIdAnswered>(e.body);
    if (begun.error == 0) timeouts_[begun.producer_id] = begun.timeout_ms * 1ms;
  }

  void finish(Judge& judge) override {
    const auto lifted = judge.ledger().faults_lifted();
    if (!lifted || judge.now() < *lifted + bound_ || has_lost_decisions(judge.ledger())) return;
    for (const auto& [partition, transaction] : transactions_.open(judge.ledger())) {
      const auto timeout = timeouts_.find(transaction->producer_id);
      const Duration limit = timeout == timeouts_.end() ? unknown_timeout : timeout->second;
      const Instant since = std::max(*lifted, transaction->first.at);
      // Of what was given up in an excused loss, perhaps the marker.
      if (partition->has_excused_loss() || judge.now() < since + limit + looking_slack_) continue;
      judge.report({std::string(id()),
                    "hanging",
                    fmt::format("{} ms after the last fault, a transaction of producer {}, epoch "
                                "{}, is open in {} since offset {}.",
                                milliseconds(judge.now() - *lifted), transaction->producer_id,
                                transaction->first.batch.producer_epoch, partition->name,
                                transaction->first.batch.base_offset),
                    {transaction->first.stored, {}},
                    {},
                    partition->name});
    }
  }

 private:
  const Duration bound_;
  const Duration looking_slack_;
  std::map<std::int64_t, Duration> timeouts_;  // By producer id.
  AllTransactions transactions_;
};

}  // namespace

std::unique_ptr<Property> hanging_transactions(Duration bound, Duration cleanup_interval) {
  return std::make_unique<HangingTransactions>(bound, cleanup_interval);
}

}  // namespace brokersim::properties
