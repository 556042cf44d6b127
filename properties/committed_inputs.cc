#include "properties/committed_inputs.h"

#include <algorithm>

#include <fmt/format.h>

namespace brokersim::properties {

void CommittedInputs::raise(EventId event, const Input& input, Offset offset) {
  auto& committed = committed_[input];
  if (offset > committed.offset) committed = {offset, event};
}

std::optional<Offset> CommittedInputs::of(const Input& input) const {
  const auto committed = committed_.find(input);
  return committed == committed_.end() ? std::nullopt : std::optional(committed->second.offset);
}

void CommittedInputs::take(const LogBegun& begun) {
  auto& begins = begins_[begun.partition];
  begins = std::max(begins, begun.start_offset);
}

bool CommittedInputs::may_be_gone(const Owed& owed) const {
  const auto begins = begins_.find(owed.input.second);
  if (begins != begins_.end() && owed.offset < begins->second) return true;
  return owed.offset < owed.partition.deletions.may_reach() ||
         owed.partition.compactions.is_gone(owed.offset);
}

bool CommittedInputs::is_handed_out(const Ledger& ledger, const Partition& partition,
                                    const BatchRef& batch) {
  if (batch.role == BatchRole::data) return true;
  if (batch.role != BatchRole::transactional) return false;
  const auto* transaction = transactions_.in(ledger, partition).of(batch);
  return transaction != nullptr && transaction->marker && !transaction->is_aborted();
}

Violation violation_of(const CommittedInputs::Owed& owed, std::string_view id, std::string kind,
                       std::string_view what, EventId other) {
  const auto& [group, partition] = owed.input;
  return {std::string(id),
          std::move(kind),
          fmt::format("{} has committed offset {} of {}, and {} offset {}.", group,
                      owed.committed.offset, partition, what, owed.offset),
          {std::min(other, owed.committed.event), std::max(other, owed.committed.event)},
          {},
          partition};
}

}  // namespace brokersim::properties
