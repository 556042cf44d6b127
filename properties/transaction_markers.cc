// BS-T08: markers are what a coordinator has decided, and a transaction is complete once they are
// everywhere (KIP-98).
//
//   __transaction_state   PrepareCommit {a-0, b-1} ──committed──┐          ┌──▶ CompleteCommit
//   a-0, b-1                                                    └▶ markers ┘ committed
//
// Both ends of what a coordinator does between two records of its log, each where it is stored: no
// marker without its decision, and no completion without its markers.
#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/ledger.h"
#include "properties/text.h"
#include "properties/topic_names.h"
#include "properties/transaction_log.h"

namespace brokersim::properties {

namespace {

bool is_marker_of(const BatchRef& batch, const StoredState& decision) {
  const BatchRole role = decision.is("PrepareCommit") ? BatchRole::commit : BatchRole::abort;
  return batch.role == role && batch.producer_id == decision.record.producer_id &&
         batch.producer_epoch == decision.record.producer_epoch;
}

bool holds_record(const std::vector<LogEntry>& log, const TransactionStateStored& record) {
  const auto at = first_reaching(log, record.offset);
  return at != log.end() && at->batch.base_offset <= record.offset &&
         at->batch.leader_epoch == record.leader_epoch;
}

class TransactionMarkers final : public Property {
 public:
  std::string_view id() const override { return "BS-T08"; }
  std::string_view name() const override { return "marker and decision disagree"; }
  std::string_view explanation() const override {
    return "A marker that ends a transaction in a partition is written only when its coordinator "
           "has decided so: when __transaction_state holds, committed, that this producer and "
           "epoch is to be committed, or aborted, in that partition. And a coordinator writes that "
           "a transaction is complete only when its marker is committed in each of its partitions, "
           "but for those whose topic was deleted. Not judged is what involves a log that was "
           "replaced by an unclean election, or with a loss, or that nobody leads.";
  }
  Needs needs() const override { return Need::disk | Need::metadata; }
  Kinds listens_to() const override {
    return Kinds::of<TransactionStateStored, BatchStored, TopicRemoved>();
  }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* batch = std::get_if<BatchStored>(&e.body)) {
      if (is_marker(batch->batch.role)) check_marker(e, *batch, judge);
    } else if (const auto* stored = std::get_if<TransactionStateStored>(&e.body)) {
      take({*stored, e.id, e.node, e.at}, judge);
    } else if (const auto* removed = std::get_if<TopicRemoved>(&e.body)) {
      removed_.insert(name_in_kafka(removed->topic));
    }
  }

 private:
  void take(StoredState stored, Judge& judge) {
    auto& decisions = decisions_[stored.record.transactional_id];
    if (stored.is_complete()) check_completion(stored, decisions, judge);
    if (!stored.is_prepared()) return;
    owners_[stored.record.producer_id] = stored.record.transactional_id;
    decisions.push_back(std::move(stored));
  }

  // A coordinator knows its partitions by their names only.
  bool was_removed(const TopicPartition& partition) const {
    return removed_.contains(name_in_kafka(partition.topic));
  }

  // ---- Of a marker its decision --------------------------------------------------------------

  void check_marker(const Event& e, const BatchStored& marker, Judge& judge) {
    if (decisions_.empty() || was_removed(marker.partition)) return;
    const auto owner = owners_.find(marker.batch.producer_id);
    bool was_decided = false;
    if (owner != owners_.end()) {
      const auto& all = decisions_[owner->second];
      for (auto one = all.rbegin(); one != all.rend(); ++one) {
        const auto& partitions = one->record.partitions;
        const bool is_of_it =
            is_marker_of(marker.batch, *one) &&
            std::binary_search(partitions.begin(), partitions.end(), marker.partition);
        if (is_of_it && may_be_committed(*one, judge)) return;
        was_decided = was_decided || is_of_it;
      }
    }
    report_marker(e, marker, was_decided, judge);
  }

  static bool may_be_committed(const StoredState& decision, const Judge& judge) {
    const Partition* log = judge.ledger().find(decision.record.partition);
    return log == nullptr || !is_beyond_doubt(*log) ||
           holds_record(log->committed, decision.record);
  }

  void report_marker(const Event& e, const BatchStored& marker, bool was_decided, Judge& judge) {
    const BatchRef& batch = marker.batch;
    judge.report({std::string(id()),
                  was_decided ? "marker_before_decision" : "marker_without_decision",
                  fmt::format("{} stored at {} of {} that what producer {} wrote in epoch {} is "
                              "{}, which {}.",
                              judge.ledger().name_of(e.node), text_of_offsets(batch),
                              marker.partition, batch.producer_id, batch.producer_epoch,
                              batch.role == BatchRole::commit ? "committed" : "aborted",
                              was_decided ? "its coordinator had not committed to"
                                          : "no coordinator has written"),
                  {e.id, {}},
                  {},
                  marker.partition});
  }

  // ---- Of a completion its markers -----------------------------------------------------------

  void check_completion(const StoredState& complete, const std::vector<StoredState>& decisions,
                        Judge& judge) {
    const Partition* partition = judge.ledger().find(complete.record.partition);
    const ReplicaLog* log = partition == nullptr ? nullptr : partition->log_of(complete.node);
    if (log == nullptr) return;
    const auto decision =
        std::find_if(decisions.rbegin(), decisions.rend(), [&](const StoredState& one) {
          return one.record.offset < complete.record.offset &&
                 one.record.partition == complete.record.partition &&
                 holds_record(log->entries(), one.record);
        });
    if (decision == decisions.rend()) return;  // BS-T07 tells.
    for (const auto& each : decision->record.partitions) {
      const Partition* ended = judge.ledger().find(each);
      if (ended == nullptr || was_removed(each) || !is_beyond_doubt(*ended)) continue;
      if (has_marker(*ended, *decision)) continue;
      judge.report(
          {std::string(id()),
           "completed_without_marker",
           fmt::format("Offset {} of {} says that transactional id {} is {}, but the "
                       "marker of producer {}, epoch {}, is not committed in {}.",
                       complete.record.offset, complete.record.partition,
                       complete.record.transactional_id, complete.record.state,
                       decision->record.producer_id, decision->record.producer_epoch, each),
           {decision->event, complete.event},
           {},
           each});
    }
  }

  // Since it was decided: of an earlier transaction with the same epoch there is one, too.
  static bool has_marker(const Partition& partition, const StoredState& decision) {
    const auto& log = partition.committed;
    for (auto entry = log.rbegin(); entry != log.rend(); ++entry) {
      if (entry->stored < decision.event) return false;
      if (is_marker_of(entry->batch, decision)) return true;
    }
    return false;
  }

  std::map<std::string, std::vector<StoredState>> decisions_;  // By transactional id.
  std::map<std::int64_t, std::string> owners_;                 // Of producer ids.
  std::set<std::string> removed_;
};

}  // namespace

std::unique_ptr<Property> transaction_markers() { return std::make_unique<TransactionMarkers>(); }

}  // namespace brokersim::properties
