// What group coordinators have written of their groups, in the order in which it became committed
// (KIP-62, KIP-848): the records of __consumer_offsets that are no offsets.
#pragma once

#include <string_view>

#include "core/base/event.h"
#include "properties/committed_records.h"

namespace brokersim::properties {

// What one record says, of one member if it speaks of several, and where it was stored first.
struct StoredGroupState {
  GroupStateStored record;
  EventId event;
  NodeId node;
  Instant at;

  bool is_of(std::string_view what) const { return record.what == what; }
  bool is_tombstone() const { return record.epoch == GroupStateStored::gone; }
};

using GroupLogs = CommittedRecords<StoredGroupState>;

}  // namespace brokersim::properties
