// What a consumer that reads committed records only leaves out of a Fetch answer (KIP-98): of each
// aborted transaction that the answer lists, the producer's transactional batches from its first
// offset on, up to the marker that aborts it.
//
//   listed: producer 7 from 3      0    3   4   5     6        8   9
//                                  a7   b7  c8  d7  abort 7    e7  commit 7
//                                       ╳       ╳              a transaction of its own
//
// Pure; for the batches of one answer, in their order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <set>
#include <vector>

#include "core/api/fetch.h"
#include "core/wire/record_batch.h"

namespace brokersim::client {

class AbortedRecords {
 public:
  using Listed = std::vector<api::FetchResponse::AbortedTransaction>;

  explicit AbortedRecords(Listed listed) : listed_(std::move(listed)) {
    std::stable_sort(listed_.begin(), listed_.end(),
                     [](const auto& a, const auto& b) { return a.first_offset < b.first_offset; });
  }

  // Whether the batch, which comes after those asked about before, is to be left out. Markers, and
  // batches that are of no transaction, never are.
  bool has(const wire::Batch& batch) {
    for (; next_ < listed_.size(); ++next_) {
      if (listed_[next_].first_offset > batch.header.last_offset()) break;
      aborting_.insert(listed_[next_].producer_id);
    }
    const auto role = batch.role();
    if (role == BatchRole::abort) aborting_.erase(batch.header.producer_id);
    return role == BatchRole::transactional && aborting_.contains(batch.header.producer_id);
  }

 private:
  Listed listed_;
  std::size_t next_ = 0;
  std::set<std::int64_t> aborting_;  // Producers between an aborted transaction's start and end.
};

}  // namespace brokersim::client
