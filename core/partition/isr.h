// The in-sync replicas as their leader sees them: what the controller committed, and the one
// change that may be on its way there (KIP-497).
//
//   Committed(isr)               maximal = isr
//   PendingExpand(isr, +id)      maximal = isr + id    it may be committed already
//   PendingShrink(isr, -ids)     maximal = isr         it may not be committed yet
//
// The high watermark waits for the maximal set. Whichever of the two sets the controller elects
// from, every replica it can elect then holds every committed record.
#pragma once

#include <optional>
#include <vector>

#include "core/api/error_code.h"
#include "core/base/ids.h"

namespace brokersim::partition {

class Isr {
 public:
  explicit Isr(std::vector<NodeId> committed);

  const std::vector<NodeId>& committed() const { return committed_; }
  const std::vector<NodeId>& maximal() const { return maximal_; }
  bool is_pending() const { return proposed_.has_value(); }
  // The set asked for; requires is_pending().
  const std::vector<NodeId>& proposed() const;

  // A change may be proposed only while none is pending.
  void propose_expansion(NodeId joining);
  void propose_shrinking(const std::vector<NodeId>& leaving);
  void commit(std::vector<NodeId> isr);
  // The controller did not take the proposal and never will.
  void revert();

 private:
  std::vector<NodeId> committed_;
  std::vector<NodeId> maximal_;
  std::optional<std::vector<NodeId>> proposed_;
};

// What the error of an AlterPartition answer means for the pending change.
enum class AlterPartitionVerdict : std::uint8_t {
  committed,
  refused,         // It has no effect and never will: revert.
  await_metadata,  // Our view is old: keep waiting for both sets until the metadata tells.
  retry,           // Nobody knows whether it took effect: keep waiting for both, ask again.
};
AlterPartitionVerdict verdict_of(api::ErrorCode error);

}  // namespace brokersim::partition
