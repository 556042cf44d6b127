// How the transactions of a log ended, by the markers that are in it (KIP-98).
#pragma once

#include <cstdint>
#include <map>
#include <span>

#include "core/base/ids.h"
#include "core/wire/record_batch.h"

namespace brokersim::sim {

class DecidedTransactions {
 public:
  void add(std::span<const wire::Batch> batches);

  // Whether what lies in the batch counts: it is in no transaction, or in one that was committed.
  bool counts(const wire::BatchHeader& batch) const;
  bool is_aborted(const wire::BatchHeader& batch) const;
  // What the producer wrote in the transaction that ended at `marker` lies behind this.
  Offset begin_of(std::int64_t producer_id, Offset marker) const;

 private:
  enum class End : std::uint8_t { open, committed, aborted };
  End end_of(const wire::BatchHeader& batch) const;

  std::map<std::int64_t, std::map<Offset, End>> markers_;  // By producer.
};

}  // namespace brokersim::sim
