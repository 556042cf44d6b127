// What compaction has done to one partition, on any replica: which records are gone, and what a
// batch may look like of which some are.
//
// Whether it was right is judged where it happens (BS-K01). Here its results are known again where
// they turn up: in the logs of those who copy them, and in what consumers are shown.
#pragma once

#include <cstdint>
#include <map>
#include <set>

#include "core/base/event.h"

namespace brokersim::properties {

class Compactions {
 public:
  void add(const LogCompacted& compacted);
  bool empty() const { return gone_.empty() && forms_.empty(); }

  bool is_gone(Offset offset) const { return gone_.contains(offset); }
  // No record of the batch is left, on some replica.
  bool is_gone(const BatchRef& batch) const;
  // `found` is what some compaction left of `original`.
  bool is_form_of(const BatchRef& found, const BatchRef& original) const;

 private:
  std::set<Offset> gone_;
  std::map<Offset, std::set<std::uint64_t>> forms_;  // Digests, by the batch's first offset.
};

}  // namespace brokersim::properties
