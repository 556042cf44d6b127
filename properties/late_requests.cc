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
  if (!can_be_) return;
  if (const auto* began = std::get_if<TransactionBegan>(&event.body)) {
    began_[began->client].push_back(event.at.ns());
  } else if (const auto* ended = std::get_if<EndTxnAnswered>(&event.body)) {
    asked_[{ended->producer_id, ended->producer_epoch}].push_back(
        {.client = ended->peer,
         .is_commit = ended->is_commit,
         .may_have_ended = may_have_been_carried_out(ended->error),
         .at_ns = ended->asked_at_ns,
         .answered_at_ns = event.at.ns()});
  }
}

bool LateRequests::has_ended(const Transaction& transaction) const {
  if (!can_be_ || !transaction.marker) return false;
  const auto& first = transaction.first;
  const auto& marker = *transaction.marker;
  // Of another epoch: whoever fenced the producer ended it.
  if (marker.batch.producer_epoch != first.batch.producer_epoch) return false;
  const auto found = asked_.find({transaction.producer_id, first.batch.producer_epoch});
  if (found == asked_.end()) return false;
  bool is_late = false;
  for (const auto& asked : found->second) {
    if (asked.is_commit == transaction.is_aborted()) continue;
    const auto [begins, next_begins] = span_at(asked.client, first.at.ns());
    // It had asked for this end itself.
    if (begins <= asked.at_ns && asked.at_ns <= marker.at.ns()) return false;
    is_late |= asked.may_have_ended && asked.at_ns < begins && begins < asked.answered_at_ns &&
               asked.answered_at_ns < next_begins;
  }
  return is_late;
}

bool LateRequests::is_late(const TxnOffsetCommitAnswered& part) const {
  if (!can_be_) return false;
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
