// Follower fetchers: one fiber for each broker that leads something we follow, fetching all of it
// in one long-polling request after another.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "core/api/fetch.h"
#include "core/broker/config.h"
#include "core/broker/fiber_group.h"
#include "core/broker/lifecycle.h"
#include "core/broker/replicas.h"
#include "core/broker/replication_quota.h"
#include "core/controller/image.h"
#include "core/env.h"
#include "core/fetch/session.h"
#include "core/wire/channel.h"

namespace brokersim::broker {

class Fetchers {
 public:
  // Its fibers are of `fibers`.
  Fetchers(const NodeConfig& config, Replicas& replicas, const Lifecycle& lifecycle,
           ReplicationQuota& quota, FiberGroup& fibers)
      : config_(config),
        replicas_(replicas),
        lifecycle_(lifecycle),
        quota_(quota),
        fibers_(fibers) {}

  // Brokers may have come or gone: starts a fetcher for each that has none.
  void apply(Host& host, const controller::Image& image);

 private:
  // What one request asks for, in its order.
  struct Asked {
    std::shared_ptr<Replica> replica;
    partition::FetchPosition position;
  };

  void run(Env& env, NodeId leader);
  std::vector<Asked> due(Host& host, NodeId leader, Instant& wake_at) const;
  api::FetchRequest request_for(const std::vector<Asked>& asked) const;
  // Whether an answer came.
  bool fetch(Env& env, NodeId leader, const std::vector<Asked>& asked);
  void take(Env& env, const api::FetchResponse& response, const std::vector<Asked>& asked);
  void charge(Host& host, const TopicPartition& partition,
              const api::FetchResponse::PartitionData& data);
  void make_durable(Env& env, const std::vector<Asked>& asked);
  void ask_leader_offsets(Env& env, wire::Channel& channel, const Asked& asked);

  const NodeConfig& config_;
  Replicas& replicas_;
  const Lifecycle& lifecycle_;
  ReplicationQuota& quota_;
  FiberGroup& fibers_;
  std::map<NodeId, std::shared_ptr<wire::Channel>> channels_;
  std::map<NodeId, fetch::Session> sessions_;
};

}  // namespace brokersim::broker
