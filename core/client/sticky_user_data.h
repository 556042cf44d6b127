// What members with the assignor "sticky" tell the leader of their group of the share that they
// had: when they join they have given it up, so that as partitions that they own it would be
// nothing (KIP-54).
//
// Kafka's StickyAssignorUserData, without a version before it; version 1 is written.
#pragma once

#include "core/api/types.h"

namespace brokersim::client {

struct StickyUserData {
  struct TopicAssignment {
    FIELDS(TopicAssignment)
    FIELD(std::string, topic);
    FIELD(std::vector<std::int32_t>, partitions);
    END_FIELDS
  };

  MESSAGE(StickyUserData, .versions = {0, 1})
  FIELD(std::vector<TopicAssignment>, previous_assignment);
  FIELD(std::int32_t, generation, since(1).may_drop()) = -1;
  END_FIELDS
};

}  // namespace brokersim::client
