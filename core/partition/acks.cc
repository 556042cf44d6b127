// The table from `acks` to what it waits for.
#include "core/partition/acks.h"

#include <algorithm>

namespace brokersim::partition {

using api::ErrorCode;
using WaitFor = AcksMeaning::WaitFor;

Expected<AcksMeaning, ErrorCode> meaning_of(std::int16_t acks, const AcksConfig& config) {
  const auto refused = Unexpected(ErrorCode::invalid_required_acks);
  if (acks == 0 || acks == 1) return AcksMeaning{WaitFor::leader, 1};
  if (acks == -1) return AcksMeaning{WaitFor::in_sync_replicas, effective_min_isr(config)};
  if (acks < 0 || acks > config.replication_factor) return refused;
  switch (config.numeric_acks) {
    case Rules::NumericAcks::safe:
      return AcksMeaning{WaitFor::in_sync_replicas,
                         std::max<std::int32_t>(acks, effective_min_isr(config))};
    case Rules::NumericAcks::legacy: return AcksMeaning{WaitFor::any_replicas, acks};
    case Rules::NumericAcks::reject: break;
  }
  return refused;
}

std::int32_t effective_min_isr(const AcksConfig& config) {
  return std::min(config.min_insync_replicas, config.replication_factor);
}

}  // namespace brokersim::partition
