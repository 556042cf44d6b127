// The in-sync replicas and the one change to them that may be pending.
#include "core/partition/isr.h"

#include <utility>

#include "core/base/assert.h"
#include "core/partition/partition_state.h"

namespace brokersim::partition {

using api::ErrorCode;

Isr::Isr(std::vector<NodeId> committed) : committed_(std::move(committed)), maximal_(committed_) {}

const std::vector<NodeId>& Isr::proposed() const {
  REQUIRE(is_pending());
  return *proposed_;
}

void Isr::propose_expansion(NodeId joining) {
  REQUIRE(!is_pending());
  REQUIRE(!contains(committed_, joining), joining);
  maximal_.push_back(joining);
  proposed_ = maximal_;
}

void Isr::propose_shrinking(const std::vector<NodeId>& leaving) {
  REQUIRE(!is_pending());
  proposed_ = committed_;
  std::erase_if(*proposed_, [&](NodeId node) { return contains(leaving, node); });
  REQUIRE(!proposed_->empty());
}

void Isr::commit(std::vector<NodeId> isr) {
  committed_ = std::move(isr);
  revert();
}

void Isr::revert() {
  maximal_ = committed_;
  proposed_.reset();
}

AlterPartitionVerdict verdict_of(ErrorCode error) {
  switch (error) {
    case ErrorCode::none: return AlterPartitionVerdict::committed;
    case ErrorCode::operation_not_attempted:
    case ErrorCode::ineligible_replica: return AlterPartitionVerdict::refused;
    case ErrorCode::unknown_topic_or_partition:
    case ErrorCode::unknown_topic_id:
    case ErrorCode::fenced_leader_epoch:
    case ErrorCode::invalid_update_version:
    case ErrorCode::invalid_request:
    case ErrorCode::new_leader_elected: return AlterPartitionVerdict::await_metadata;
    default: return AlterPartitionVerdict::retry;
  }
}

}  // namespace brokersim::partition
