// The elections of a run: who led, who leads, why, and where the time without a leader went.
//
//   lost ──detect──> fenced ──decide──> committed ──spread──> leads ──recover──> first
//   acknowledgement
//
// `lost` is when the old leader stopped, was cut off by a fault, or, if nothing tells, when the
// change was committed. Parts that the events do not show stay empty.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/event.h"

namespace brokersim::reports {

struct Election {
  std::int32_t number = 0;  // From 1; printed as E1.
  TopicPartition partition;
  NodeId from = no_node;
  NodeId to = no_node;  // -1: nobody could be elected.
  LeaderEpoch leader_epoch{-1};
  std::string why;
  bool is_clean = true;
  std::vector<NodeId> isr_before;
  std::vector<NodeId> isr_after;
  EventId committed;
  Instant committed_at;

  std::optional<Duration> detect;
  std::optional<Duration> decide;
  std::optional<Duration> spread;
  std::optional<Duration> recover;
  // From the loss of the old leader until a leader leads; empty while none does.
  std::optional<Duration> without_leader;
};

// Feed it events in order; ask at any time.
class Elections {
 public:
  void observe(const Event& event);
  const std::vector<Election>& all() const { return elections_; }

 private:
  struct Known {
    NodeId leader = no_node;
    std::vector<NodeId> isr;
    bool is_known = false;
    std::optional<Instant> lost_at;     // Since then nobody leads.
    std::optional<Instant> decided_at;  // A controller decided on what is not yet committed.
    std::string why;
    bool is_clean = true;
    std::optional<std::size_t> latest;  // Election whose leader has yet to begin and acknowledge.
  };

  void on_lost(NodeId node, Instant at);
  void on_committed(const Event& e, const PartitionCommitted& body);
  void on_leads(const Event& e, const BecameLeader& body);
  void on_acked(const Event& e, const ProduceAnswered& body);

  std::map<TopicPartition, Known> partitions_;
  std::map<NodeId, Instant> fenced_at_;
  std::vector<Election> elections_;
};

}  // namespace brokersim::reports
