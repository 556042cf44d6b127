// The controller role of a node. While the node leads the quorum, a controller::Controller decides;
// what it decides is appended to the metadata log, and answered when it is committed.
//
//   quorum elects us ─▶ all that is in our log is committed and applied ─▶ active
//   leadership lost, or an append refused ─▶ the Controller is thrown away
#pragma once

#include <optional>

#include "core/api/all.h"
#include "core/broker/config.h"
#include "core/broker/metadata_loader.h"
#include "core/broker/quorum.h"
#include "core/controller/controller.h"
#include "core/env.h"

namespace brokersim::broker {

class ControllerNode {
 public:
  ControllerNode(const NodeConfig& config, QuorumNode& quorum, MetadataLoader& metadata)
      : config_(config), quorum_(quorum), metadata_(metadata) {}

  // Becomes active whenever the node leads, and does what time asks for, until cancelled.
  void run(Env& env);

  api::BrokerRegistrationResponse handle(Env& env, const api::BrokerRegistrationRequest& request);
  api::BrokerHeartbeatResponse handle(Env& env, const api::BrokerHeartbeatRequest& request);
  api::AlterPartitionResponse handle(Env& env, const api::AlterPartitionRequest& request);
  api::CreateTopicsResponse handle(Env& env, const api::CreateTopicsRequest& request);
  api::DeleteTopicsResponse handle(Env& env, const api::DeleteTopicsRequest& request);
  api::ElectLeadersResponse handle(Env& env, const api::ElectLeadersRequest& request);

 private:
  controller::ControllerConfig controller_config() const;
  // Whether the controller is active in `epoch` now.
  bool activate(Env& env, LeaderEpoch epoch);
  void lead(Env& env, LeaderEpoch epoch);
  bool tick(Env& env);
  bool is_active(LeaderEpoch epoch) const { return active_ && epoch_ == epoch; }
  // Appends what was decided; on failure the Controller is gone.
  api::ErrorCode append(Host& host, const controller::Decided& decided);
  // Appends, waits until committed, and gives the response or the error that stands for it.
  template <class Response>
  Expected<Response, api::ErrorCode> commit(Env& env, controller::Decision<Response> decision);
  void deactivate() { active_.reset(); }

  const NodeConfig& config_;
  QuorumNode& quorum_;
  MetadataLoader& metadata_;
  std::optional<controller::Controller> active_;
  LeaderEpoch epoch_{};
  std::uint64_t topic_draws_ = 0;
  Signal decided_;  // next_tick may be earlier.
};

}  // namespace brokersim::broker
