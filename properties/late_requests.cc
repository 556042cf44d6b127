#include "properties/late_requests.h"

#include <algorithm>
#include <iterator>
#include <limits>

namespace brokersim::properties {

namespace {

// It was carried out, or the coordinator does not know what becomes of it.
bool may_have_been_carried_out(std::int32_t error) {
  constexpr std::int32_t none = 0;
  constexpr std::int32_t request_timed_out = 7;
  constexpr std::int32_t coordinator_not_available = 15;
  constexpr std::int32_t not_coordinator = 16;
  return error == none || error == request_timed_out || error == coordinator_not_available ||
         error == not_coordinator;
}

}  // namespace

void LateRequests::observe(const Event& event) {
  if (const auto* began = std::get_if<TransactionBegan>(&event.body)) {
    if (has_one_epoch(began->client)) began_[began->client].push_back(event.at.ns());
  } else if (const auto* stored = std::get_if<TransactionStateStored>(&event.body)) {
    take(*stored, event.at.ns());
  } else if (const auto* ended = std::get_if<EndTxnAnswered>(&event.body)) {
    if (!has_one_epoch(ended->peer)) return;
    asked_[{ended->producer_id, ended->producer_epoch}].push_back(
        {.client = ended->peer,
         .is_commit = ended->is_commit,
         .may_have_ended = may_have_been_carried_out(ended->error),
         .at_ns = ended->asked_at_ns,
         .answered_at_ns = event.at.ns()});
  }
}

// Whoever fences a producer decides for the epoch after its own.
void LateRequests::take(const TransactionStateStored& stored, std::int64_t at_ns) {
  const bool is_commit = stored.state == "PrepareCommit";
  if (!is_commit && stored.state != "PrepareAbort") return;
  decided_[{stored.producer_id, stored.producer_epoch}].push_back({is_commit, at_ns});
}

bool LateRequests::was_decided(const Producer& producer, bool is_commit, std::int64_t from_ns,
                               std::int64_t to_ns) const {
  const auto found = decided_.find(producer);
  return found != decided_.end() &&
         std::any_of(found->second.begin(), found->second.end(), [&](const Decided& decided) {
           return decided.is_commit == is_commit && from_ns <= decided.at_ns &&
                  decided.at_ns <= to_ns;
         });
}

bool LateRequests::has_ended(const Transaction& transaction) const {
  if (!transaction.marker) return false;
  const auto& first = transaction.first;
  const auto& marker = *transaction.marker;
  // Of another epoch: whoever fenced the producer ended it.
  if (marker.batch.producer_epoch != first.batch.producer_epoch) return false;
  const Producer producer{transaction.producer_id, first.batch.producer_epoch};
  const auto found = asked_.find(producer);
  if (found == asked_.end()) return false;
  bool is_late = false;
  bool was_decided_for_another = false;
  bool has_asked_itself = false;
  for (const auto& asked : found->second) {
    if (asked.is_commit == transaction.is_aborted()) continue;
    const auto [begins, next_begins] = span_at(asked.client, first.at.ns());
    // It had asked for this end itself.
    if (begins <= asked.at_ns && asked.at_ns <= marker.at.ns()) return false;
    has_asked_itself |= begins <= asked.at_ns && asked.at_ns < next_begins;
    if (!asked.may_have_ended || begins <= asked.at_ns) continue;
    is_late |= begins < asked.answered_at_ns && asked.answered_at_ns < next_begins;
    // Of a request that was sent several times one may have been carried out and not answered.
    was_decided_for_another |= was_decided(producer, asked.is_commit, begins, marker.at.ns());
  }
  return is_late || (was_decided_for_another && !has_asked_itself);
}

bool LateRequests::is_late(const TxnOffsetCommitAnswered& part) const {
  const auto began = began_.find(part.peer);
  return began != began_.end() && part.asked_at_ns < began->second.back();
}

std::pair<std::int64_t, std::int64_t> LateRequests::span_at(const std::string& client,
                                                            std::int64_t ns) const {
  constexpr auto never_ns = std::numeric_limits<std::int64_t>::max();
  const auto found = began_.find(client);
  if (found == began_.end()) return {never_ns, never_ns};
  const auto next = std::upper_bound(found->second.begin(), found->second.end(), ns);
  const auto begins = next == found->second.begin() ? never_ns : *std::prev(next);
  return {begins, next == found->second.end() ? never_ns : *next};
}

}  // namespace brokersim::properties
