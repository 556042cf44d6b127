// What members of the classic protocol tell their leader and are told by it, as a coordinator reads
// and writes it that assigns in the leader's place (KIP-848): topics go by their names there, and
// one that is not known counts for nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/group/known_topics.h"
#include "core/group/partition_set.h"

namespace brokersim::group {

struct EmbeddedSubscription {
  std::int16_t version = 0;
  std::vector<std::string> topics;
  PartitionSet owned;            // What it says it has …
  std::int32_t generation = -1;  // … and since when; -1: it does not say.
  std::optional<std::string> rack;
};
// Nothing of bytes that are none.
std::optional<EmbeddedSubscription> read_subscription(ByteView bytes, const KnownTopics& topics);

// No bytes assign nothing: the member has not been assigned anything yet.
std::optional<PartitionSet> read_assignment(ByteView bytes, const KnownTopics& topics);
// In the version that the member speaks itself.
Bytes write_assignment(const PartitionSet& assigned, std::int16_t version,
                       const KnownTopics& topics);

}  // namespace brokersim::group
