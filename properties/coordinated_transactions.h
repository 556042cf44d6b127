// How transactional ids stand, as their coordinators have written it and it is committed (KIP-98):
// for those who ask what is not finished, be it that nothing was written in it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/base/event.h"
#include "properties/ledger.h"
#include "properties/transaction_log.h"

namespace brokersim::properties {

class CoordinatedTransactions {
 public:
  // The ledger has the event already.
  void take(const Event& e, const TransactionStateStored& stored, const Ledger& ledger);

  // Those that are ongoing, or decided and not complete. Not those in a log that was replaced, or
  // that nobody leads: what whoever coordinates them knows nobody can tell. Nor those that wait for
  // a partition that nobody leads, as a marker needs a leader; what was deleted needs none.
  std::vector<StoredState> unfinished(const Ledger& ledger);

 private:
  void follow(const TopicPartition& partition, const Ledger& ledger);

  TransactionLogs logs_;
  // By partition of __transaction_state, and by transactional id: as committed last.
  std::map<TopicPartition, std::map<std::string, StoredState>> latest_;
};

}  // namespace brokersim::properties
