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
#include "core/broker/metrics.h"
#include "core/broker/quorum.h"
#include "core/controller/controller.h"
#include "core/env.h"

namespace brokersim::broker {

class ControllerNode {
 public:
  // `metrics`, if any, outlives this.
  ControllerNode(const NodeConfig& config, QuorumNode& quorum, MetadataLoader& metadata,
                 NodeMetrics* metrics = nullptr)
      : config_(config), quorum_(quorum), metadata_(metadata), metrics_(metrics) {}

  bool is_active() const { return active_.has_value(); }

  // Becomes active whenever the node leads, and does what time asks for, until cancelled.
  void run(Env& env);

  // Requests of brokers; NOT_CONTROLLER and the like are in the response.
  api::BrokerRegistrationResponse handle(Env& env, const api::BrokerRegistrationRequest& request);
  api::BrokerHeartbeatResponse handle(Env& env, const api::BrokerHeartbeatRequest& request);
  api::AlterPartitionResponse handle(Env& env, const api::AlterPartitionRequest& request);
  api::AllocateProducerIdsResponse handle(Env& env, const api::AllocateProducerIdsRequest& request);

  // Requests of clients, answered once what they change is committed. NOT_CONTROLLER if this node
  // is not active, or does not stay so until then; REQUEST_TIMED_OUT if that takes too long.
  template <class Request>
  using Answer = Expected<typename Request::Response, api::ErrorCode>;
  Answer<api::CreateTopicsRequest> serve(Env& env, const api::CreateTopicsRequest& request,
                                         std::int16_t version);
  Answer<api::DeleteTopicsRequest> serve(Env& env, const api::DeleteTopicsRequest& request,
                                         std::int16_t version);
  Answer<api::CreatePartitionsRequest> serve(Env& env, const api::CreatePartitionsRequest& request,
                                             std::int16_t version);
  Answer<api::AlterPartitionReassignmentsRequest> serve(
      Env& env, const api::AlterPartitionReassignmentsRequest& request, std::int16_t version);
  Answer<api::ListPartitionReassignmentsRequest> serve(
      Env& env, const api::ListPartitionReassignmentsRequest& request, std::int16_t version);
  Answer<api::UnregisterBrokerRequest> serve(Env& env, const api::UnregisterBrokerRequest& request,
                                             std::int16_t version);
  Answer<api::UpdateFeaturesRequest> serve(Env& env, const api::UpdateFeaturesRequest& request,
                                           std::int16_t version);
  Answer<api::DescribeQuorumRequest> serve(Env& env, const api::DescribeQuorumRequest& request,
                                           std::int16_t version);
  Answer<api::ElectLeadersRequest> serve(Env& env, const api::ElectLeadersRequest& request,
                                         std::int16_t version);
  Answer<api::AlterConfigsRequest> serve(Env& env, const api::AlterConfigsRequest& request,
                                         std::int16_t version);
  Answer<api::IncrementalAlterConfigsRequest> serve(
      Env& env, const api::IncrementalAlterConfigsRequest& request, std::int16_t version);

 private:
  controller::ControllerConfig controller_config() const;
  // Whether the controller is active in `epoch` now.
  bool activate(Env& env, LeaderEpoch epoch);
  void lead(Env& env, LeaderEpoch epoch);
  Instant next_no_op_after(Instant now) const;
  bool tick(Env& env);
  controller::Controller& active();
  bool is_active(LeaderEpoch epoch) const { return active_ && epoch_ == epoch; }
  // Appends what was decided; on failure the Controller is gone.
  api::ErrorCode append(Host& host, const controller::Decided& decided);
  // Appends, waits until committed, and gives the response or the error that stands for it.
  template <class Response>
  Expected<Response, api::ErrorCode> commit(Env& env, controller::Decision<Response> decision);
  std::uint64_t draw(Host& host) { return host.random("topic", topic_draws_++); }
  // Lets the Controller decide, and commits.
  template <class Request, class Decide>
  Answer<Request> decide_and_commit(Env& env, Decide decide);
  void deactivate() { active_.reset(); }

  const NodeConfig& config_;
  QuorumNode& quorum_;
  MetadataLoader& metadata_;
  NodeMetrics* metrics_;
  std::optional<controller::Controller> active_;
  LeaderEpoch epoch_{};
  std::uint64_t topic_draws_ = 0;
  Signal decided_;  // next_tick may be earlier.
};

}  // namespace brokersim::broker
