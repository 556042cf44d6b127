// Machines whose disk has refused a write or a sync, be it in an earlier life: what they hold
// since, in memory and in the page cache, need not be what their disk holds.
#pragma once

#include <set>

#include "core/base/event.h"
#include "core/base/ids.h"

namespace brokersim::properties {

class FailedDisks {
 public:
  void note(const FaultBegan& fault) {
    const bool hits_disks =
        fault.what == "disk_error" || fault.what == "write_error" || fault.what == "full_disk";
    if (hits_disks) nodes_.insert(fault.targets.begin(), fault.targets.end());
  }
  bool has(NodeId node) const { return nodes_.contains(node); }

 private:
  std::set<NodeId> nodes_;
};

}  // namespace brokersim::properties
