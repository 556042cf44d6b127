// Which losses are legal: each excuse is recomputed from what truly happened.
//
// A committed batch may be gone from the leader's log
//   - after an election of a replica that was neither in sync nor eligible, where the topic permits
//     that, or where nobody was and it had led last (KIP-966);
//   - when power loss took it from the leader, and at least as many holders were struck as the
//     promise has copies (acks=all promises min.insync.replicas of them, acks=k at least k);
//   - when power loss took it from everybody who was still in sync, and from everybody who was
//     eligible besides: the last replica standing.
//
// A loss of power takes from nobody what flush.messages had made safe there (flush_promises.h): who
// lacks that has lost it otherwise.
#pragma once

#include <cstdint>

#include "properties/ledger.h"

namespace brokersim::properties {

struct Loss {
  const LogEntry& entry;
  std::size_t index = 0;    // Of the entry in every log that holds it.
  std::int32_t copies = 1;  // How many copies were promised.
};

// Why the partition's leader may lack the entry.
Excuse excuse_for(const Ledger& ledger, const Partition& partition, const Loss& loss);

}  // namespace brokersim::properties
