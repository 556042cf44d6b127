// What the `acks` of a Produce request asks for.
//
//    0, 1   the leader's log alone
//   -1      all in-sync replicas, of which there are at least min.insync.replicas
//   k >= 2  by Rules::numeric_acks. Safe: as -1, with at least k in-sync replicas. Reject: refused,
//           as Kafka does since KIP-1. Legacy: answered once any k replicas hold the record, though
//           the next leader may be one that does not.
//
// As everywhere in Kafka, min.insync.replicas counts as the replication factor where it is larger.
// A k beyond the replication factor can never be met and is refused under every rule.
#pragma once

#include <cstdint>

#include "core/api/error_code.h"
#include "core/base/expected.h"
#include "core/base/rules.h"

namespace brokersim::partition {

struct AcksConfig {
  std::int32_t min_insync_replicas = 1;
  std::int32_t replication_factor = 1;
  Rules::NumericAcks numeric_acks = Rules::NumericAcks::safe;
};

struct AcksMeaning {
  enum class WaitFor : std::uint8_t { leader, in_sync_replicas, any_replicas };
  WaitFor wait_for = WaitFor::leader;
  std::int32_t copies = 1;  // How many replicas must be in sync, or hold the record.
  friend bool operator==(const AcksMeaning&, const AcksMeaning&) = default;
};

// INVALID_REQUIRED_ACKS where the value means nothing or cannot be met.
Expected<AcksMeaning, api::ErrorCode> meaning_of(std::int16_t acks, const AcksConfig& config);

// min.insync.replicas capped by the replication factor.
std::int32_t effective_min_isr(const AcksConfig& config);

}  // namespace brokersim::partition
