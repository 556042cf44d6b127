// What coordinators of transactions have written of transactional ids, in the order in which it
// became committed (KIP-98): the records of __transaction_state.
#pragma once

#include <string_view>

#include "core/base/event.h"
#include "properties/committed_records.h"

namespace brokersim::properties {

// A record of a transactional id, and where it was stored first.
struct StoredState {
  TransactionStateStored record;
  EventId event;
  NodeId node;
  Instant at;

  bool is(std::string_view state) const { return record.state == state; }
  bool is_prepared() const { return is("PrepareCommit") || is("PrepareAbort"); }
  bool is_complete() const { return is("CompleteCommit") || is("CompleteAbort"); }
  // Nothing is going on.
  bool is_idle() const { return is("Empty") || is_complete(); }
};

using TransactionLogs = CommittedRecords<StoredState>;

}  // namespace brokersim::properties
