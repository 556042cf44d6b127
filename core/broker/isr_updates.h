// Asks the controller for the changes of ISRs that this broker's leaders want (AlterPartition,
// KIP-497): one request at a time, carrying all that have come together.
#pragma once

#include <memory>
#include <vector>

#include "core/api/alter_partition.h"
#include "core/broker/controller_link.h"
#include "core/broker/lifecycle.h"
#include "core/broker/replicas.h"

namespace brokersim::broker {

class IsrUpdates {
 public:
  IsrUpdates(const NodeConfig& config, const QuorumNode& quorum, Replicas& replicas,
             const Lifecycle& lifecycle)
      : config_(config),
        controller_(config, quorum, "alter-partition"),
        replicas_(replicas),
        lifecycle_(lifecycle) {}

  void run(Env& env);

 private:
  struct Sent {
    std::shared_ptr<Replica> replica;
    partition::AlterPartition proposal;
  };

  std::vector<Sent> take_proposals();
  api::AlterPartitionRequest request_for(const std::vector<Sent>& proposals) const;
  // Whether the controller has dealt with the request; otherwise it pays to wait a little.
  bool ask(Env& env, const std::vector<Sent>& proposals);

  const NodeConfig& config_;
  ControllerLink controller_;
  Replicas& replicas_;
  const Lifecycle& lifecycle_;
};

}  // namespace brokersim::broker
