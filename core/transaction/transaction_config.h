// The settings of a transaction coordinator, under Kafka's names and with its defaults.
#pragma once

#include "core/base/rules.h"
#include "core/base/time.h"

namespace brokersim::transaction {

struct TransactionConfig {
  Duration max_timeout = 900s;  // transaction.max.timeout.ms
  Duration abort_check_interval =
      10s;                           // transaction.abort.timed.out.transaction.cleanup.interval.ms
  Duration id_expiration = 7 * 24h;  // transactional.id.expiration.ms
  Duration id_expiration_check_interval =
      3600s;                     // transaction.remove.expired.transaction.cleanup.interval.ms
  Duration write_patience = 5s;  // How long who asked waits for a record to be replicated.
  Duration completion_backoff = 100ms;  // Before a record that ends a transaction is tried again.
};

}  // namespace brokersim::transaction
