#include "core/partition/verifications.h"

#include <algorithm>

namespace brokersim::partition {

VerificationTicket Verifications::begin(WallTime now, std::int64_t producer_id,
                                        std::int16_t producer_epoch, std::int32_t sequence,
                                        bool adds) {
  const auto [at, is_new] = pending_.try_emplace(producer_id);
  Pending& pending = at->second;
  if (is_new) pending.ticket = {++tickets_};
  // In a later epoch sequences begin anew; those of an earlier one are in nobody's way.
  if (is_new || producer_epoch > pending.producer_epoch) {
    pending.producer_epoch = producer_epoch;
    pending.lowest_sequence = sequence;
  } else if (producer_epoch == pending.producer_epoch) {
    pending.lowest_sequence = std::min(pending.lowest_sequence, sequence);
  }
  pending.begun = now;
  pending.adds = adds;
  return pending.ticket;
}

void Verifications::expire(WallTime now, Duration expiration) {
  const std::int64_t limit = now.ms - milliseconds(expiration);
  std::erase_if(pending_, [limit](const auto& one) { return one.second.begun.ms <= limit; });
}

bool Verifications::is_valid(std::int64_t producer_id, VerificationTicket ticket,
                             const AppendRules& rules) const {
  if (ticket == VerificationTicket{}) return false;
  if (!rules.verifies_one_transaction) return true;
  const auto pending = pending_.find(producer_id);
  return pending != pending_.end() && pending->second.ticket == ticket;
}

std::optional<std::int32_t> Verifications::lowest_sequence(std::int64_t producer_id) const {
  const auto pending = pending_.find(producer_id);
  if (pending == pending_.end()) return std::nullopt;
  return pending->second.lowest_sequence;
}

bool Verifications::adds(std::int64_t producer_id) const {
  const auto pending = pending_.find(producer_id);
  return pending != pending_.end() && pending->second.adds;
}

}  // namespace brokersim::partition
