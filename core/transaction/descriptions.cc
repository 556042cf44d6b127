// Compiles the descriptions of the records of transactions.
#include "core/transaction/records.h"
#include "core/wire/describe.h"

namespace brokersim::wire {

DESCRIBE(transaction::TransactionLogKey);
DESCRIBE(transaction::TransactionLogValue);

}  // namespace brokersim::wire
