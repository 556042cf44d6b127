// A heartbeat in the making: what it changes of its group, one thing after the other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/group/consumer_group.h"

namespace brokersim::group {

struct ConsumerGroup::Draft {
  std::string id;
  ConsumerMember member;                   // As it will be.
  const ConsumerMember* before = nullptr;  // As it is, or who went by its instance; null: new.
  std::string predecessor;                 // Whose place it takes; empty: nobody's.
  bool wants_else = false;                 // Another subscription than before.
  // Of a member that speaks the classic protocol.
  std::optional<ConsumerGroupMemberMetadataValue::ClassicMemberMetadata> classic;

  std::int32_t epoch = 0;  // Of the group.
  std::int32_t assignment_epoch = 0;
  KnownTopics topics;
  PartitionSet target;  // Of this member.

  std::vector<Entry> entries;
  std::string why;

  bool is_new() const { return !before; }
  bool is_successor() const { return !predecessor.empty(); }
};

}  // namespace brokersim::group
