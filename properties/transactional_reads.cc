// BS-T03: what consumers that read committed records are handed (KIP-98).
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/ledger.h"
#include "properties/shown_logs.h"
#include "properties/transactions.h"

namespace brokersim::properties {

namespace {

class TransactionalReads final : public Property {
 public:
  std::string_view id() const override { return "BS-T03"; }
  std::string_view name() const override { return "aborted record read"; }
  std::string_view explanation() const override {
    return "A consumer that reads committed records only is handed no record of a transaction that "
           "was aborted, and none of one that is not yet decided. That it is handed all records of "
           "a committed one, in each partition, BS-O02 tells: it skips no others than those of "
           "aborted ones. What is handed out of a log that was cut since is not judged. At which "
           "instant a transaction can be read in its several partitions, "
           "and in which order transactions can be, is not promised.";
  }
  Needs needs() const override { return Need::client | Need::wire | Need::disk | Need::metadata; }
  Kinds listens_to() const override {
    return Kinds::of<RecordDelivered, FetchAnswered, ReadCommittedAnswered>();
  }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* answer = std::get_if<ReadCommittedAnswered>(&e.body)) {
      readers_.insert(answer->peer);
    } else if (const auto* fetch = std::get_if<FetchAnswered>(&e.body)) {
      shown_.take(e, *fetch, judge.ledger());
    } else if (const auto* delivered = std::get_if<RecordDelivered>(&e.body)) {
      if (readers_.contains(delivered->client)) check_delivered(e, *delivered, judge);
    }
  }

 private:
  void check_delivered(const Event& e, const RecordDelivered& delivered, Judge& judge) {
    const Partition* partition = judge.ledger().find(delivered.partition);
    if (partition == nullptr) return;
    const auto shown = shown_.of(delivered.client, delivered.partition, delivered.offset);
    if (was_cut_since(*partition, shown)) return;
    const auto& committed = partition->committed;
    const auto at = first_reaching(committed, delivered.offset);
    if (at == committed.end()) return;
    const std::size_t number = *judge.ledger().index_of(delivered.partition);
    if (transactions_.size() <= number) transactions_.resize(number + 1);
    auto& transactions = transactions_[number];
    transactions.follow(*partition);
    const auto* transaction = transactions.of(at->batch);
    if (transaction == nullptr || (transaction->marker && !transaction->is_aborted())) return;
    const bool is_aborted = transaction->is_aborted();
    const auto& other = is_aborted ? *transaction->marker : transaction->first;
    judge.report(
        {std::string(id()),
         is_aborted ? "aborted_read" : "undecided_read",
         fmt::format("{} was handed offset {} of {}, which is of a transaction of producer {} that "
                     "{} offset {}.",
                     delivered.client, delivered.offset, delivered.partition,
                     transaction->producer_id, is_aborted ? "was aborted at" : "is open since",
                     other.batch.base_offset),
         {other.stored, e.id},
         {},
         delivered.partition});
  }

  std::set<std::string> readers_;           // Consumers that read committed records only.
  std::vector<Transactions> transactions_;  // By the ledger's numbers of partitions.
  ShownLogs shown_;
};

}  // namespace

std::unique_ptr<Property> transactional_reads() { return std::make_unique<TransactionalReads>(); }

}  // namespace brokersim::properties
