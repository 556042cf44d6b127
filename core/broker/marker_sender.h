// Tells the leaders of the partitions in a transaction how it ended: sends the markers that are due
// until every partition has its own (KIP-98).
//
// To each leader one request at a time, with all that is due to it; what it cannot write stays due,
// and goes to whoever leads then. Partitions that were deleted need no marker.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "core/api/write_txn_markers.h"
#include "core/broker/config.h"
#include "core/broker/fiber_group.h"
#include "core/broker/transaction_coordinators.h"
#include "core/controller/image.h"
#include "core/env.h"
#include "core/wire/channel.h"

namespace brokersim::broker {

class MarkerSender {
 public:
  // All outlive it; its fibers are of `fibers`. `image` is what the broker has applied.
  MarkerSender(const NodeConfig& config, const controller::Image& image,
               TransactionCoordinators& coordinators, FiberGroup& fibers)
      : config_(config), image_(image), coordinators_(coordinators), fibers_(fibers) {}

  // Starts once there is a coordinator; a broker without any has nothing to send.
  void start_if_needed(Host& host);

 private:
  // Of one transaction, what goes to one leader.
  struct Due {
    std::shared_ptr<TransactionCoordinator> coordinator;
    transaction::Unmarked markers;
  };

  void run(Env& env);
  void send_to(Env& env, NodeId leader);
  std::vector<Due> all_due() const;
  std::vector<Due> due_to(NodeId leader) const;
  std::set<NodeId> leaders_with_due() const;
  void drop_deleted(Env& env);
  // Whether every marker is written.
  bool settle(Env& env, const std::vector<Due>& due, const api::WriteTxnMarkersResponse& response);
  // Null for a broker that is not there.
  std::shared_ptr<wire::Channel> channel_to(NodeId leader);

  const NodeConfig& config_;
  const controller::Image& image_;
  TransactionCoordinators& coordinators_;
  FiberGroup& fibers_;
  bool is_running_ = false;
  std::set<NodeId> sending_;
  std::map<NodeId, std::shared_ptr<wire::Channel>> channels_;
};

}  // namespace brokersim::broker
