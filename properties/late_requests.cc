#include "properties/late_requests.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

namespace brokersim::properties {

namespace {

constexpr auto never_ns = std::numeric_limits<std::int64_t>::max();

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
  if (!are_all_older_ && older_.empty()) return;  // Nobody is asked about.
  if (const auto* began = std::get_if<TransactionBegan>(&event.body)) {
    if (has_one_epoch(began->client)) began_[began->client].push_back(event.at.ns());
  } else if (const auto* stored = std::get_if<TransactionStateStored>(&event.body)) {
    take(*stored, event.at.ns());
  } else if (const auto* ended = std::get_if<EndTxnAnswered>(&event.body)) {
    if (has_one_epoch(ended->peer)) take(*ended, event.at.ns());
  }
}

// Whoever fences a producer decides for the epoch after its own.
void LateRequests::take(const TransactionStateStored& stored, std::int64_t at_ns) {
  const bool is_commit = stored.state == "PrepareCommit";
  if (!is_commit && stored.state != "PrepareAbort") return;
  const Producer producer{stored.producer_id, stored.producer_epoch};
  decided_[{producer, is_commit}].push_back(at_ns);
}

void LateRequests::take(const EndTxnAnswered& ended, std::int64_t at_ns) {
  auto& all = asked_[{ended.producer_id, ended.producer_epoch}];
  Asked asked{.client = ended.peer,
              .is_commit = ended.is_commit,
              .may_have_ended = may_have_been_carried_out(ended.error),
              .at_ns = ended.asked_at_ns,
              .answered_at_ns = at_ns,
              .began_ns = span_at(ended.peer, ended.asked_at_ns).begins_ns};
  asked.is_copy = !all.empty() && all.back().client == asked.client &&
                  all.back().is_commit == asked.is_commit && all.back().began_ns == asked.began_ns;
  all.push_back(std::move(asked));
}

bool LateRequests::was_decided(const Producer& producer, bool is_commit, std::int64_t from_ns,
                               std::int64_t to_ns) const {
  const auto found = decided_.find({producer, is_commit});
  if (found == decided_.end()) return false;
  const auto first = std::lower_bound(found->second.begin(), found->second.end(), from_ns);
  return first != found->second.end() && *first <= to_ns;
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
  const bool is_commit = !transaction.is_aborted();
  bool is_late = false;
  bool has_asked_itself = false;
  // From then on a decision may be one that somebody had asked for before.
  std::int64_t repeated_from_ns = never_ns;
  const std::string* client = nullptr;
  Span span;
  for (const auto& asked : found->second) {
    if (asked.is_commit != is_commit) continue;
    if (client == nullptr || *client != asked.client) span = span_at(asked.client, first.at.ns());
    client = &asked.client;
    const bool is_its_own = span.begins_ns <= asked.at_ns;
    // It had asked for this end itself.
    if (is_its_own && asked.at_ns <= marker.at.ns()) return false;
    has_asked_itself |= is_its_own && asked.at_ns < span.next_begins_ns;
    if (!asked.may_have_ended || is_its_own) continue;
    is_late |= span.begins_ns < asked.answered_at_ns && asked.answered_at_ns < span.next_begins_ns;
    if (may_be_repeated_in(span, asked)) {
      repeated_from_ns = std::min(repeated_from_ns, span.begins_ns);
    }
  }
  if (is_late) return true;
  return !has_asked_itself && was_decided(producer, is_commit, repeated_from_ns, marker.at.ns());
}

bool LateRequests::may_be_repeated_in(const Span& span, const Asked& asked) {
  return asked.is_copy || span.before_begins_ns <= asked.at_ns ||
         span.begins_ns < asked.answered_at_ns;
}

bool LateRequests::is_late(const TxnOffsetCommitAnswered& part) const {
  const auto began = began_.find(part.peer);
  return began != began_.end() && part.asked_at_ns < began->second.back();
}

LateRequests::Span LateRequests::span_at(const std::string& client, std::int64_t ns) const {
  const auto found = began_.find(client);
  if (found == began_.end()) return {never_ns, never_ns, never_ns};
  const auto& all = found->second;
  const auto next = std::upper_bound(all.begin(), all.end(), ns);
  const auto at = [&](std::ptrdiff_t back) {
    return next - all.begin() < back ? never_ns : *(next - back);
  };
  return {at(2), at(1), next == all.end() ? never_ns : *next};
}

}  // namespace brokersim::properties
