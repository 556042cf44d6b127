#include "core/broker/node.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/broker/broker.h"
#include "core/broker/controller_node.h"
#include "core/broker/dispatch.h"
#include "core/broker/fiber_group.h"
#include "core/broker/forwarding.h"
#include "core/broker/handlers/group_handlers.h"
#include "core/broker/handlers/handlers.h"
#include "core/broker/handlers/transaction_handlers.h"
#include "core/broker/metadata_loader.h"
#include "core/broker/node_look.h"
#include "core/broker/quorum.h"
#include "core/broker/quorum_messages.h"
#include "core/broker/server.h"
#include "core/controller/features.h"
#include "core/log/checkpoint.h"

namespace brokersim::broker {
namespace {

// Everything of a running node. The fibers refer to it, so it ends after them.
struct Node {
  Node(const NodeConfig& c, Monitor* m) : config(c), monitor(m) {}

  const NodeConfig& config;
  Monitor* monitor;  // Null if nobody watches.
  std::unique_ptr<QuorumNode> quorum;
  std::unique_ptr<Broker> broker;
  std::unique_ptr<MetadataLoader> metadata;
  std::unique_ptr<ControllerNode> controller;
  DispatchTable dispatch;
  ForwardedRequests forwarded;  // What comes in Envelopes.
  std::unique_ptr<Server> server;
  FiberGroup fibers;  // But those that quorum, broker and server have of their own.
  bool has_lost_its_port = false;
  bool tells_of_its_end = false;  // If that goes wrong.
};

NodeMetrics* metrics_of(const Node& node) {
  return node.monitor ? &node.monitor->metrics : nullptr;
}

Uuid incarnation_id_of(Host& host, Instant started) {
  Uuid id{};
  const auto key = static_cast<std::uint64_t>(started.ns());
  const std::uint64_t halves[] = {host.random("incarnation", key),
                                  host.random("incarnation", ~key)};
  for (std::size_t i = 0; i < id.size(); ++i) {
    id[i] = static_cast<std::uint8_t>(halves[i / 8] >> (i % 8 * 8));
  }
  return id;
}

Unexpected<std::string> ends_unserved() {
  return Unexpected(std::string("the node ends before it serves"));
}

// Replicas are as many as the cluster has nodes; others, who may never read, wait for room. False
// if cancelled first.
bool may_answer(Env& env, const RequestContext& context, NodeId replica) {
  return replica.is_set() || !context.room || context.room->wait_for_room(env);
}

void serve_quorum(Node& node) {
  auto& table = node.dispatch;
  auto& quorum = *node.quorum;
  table.serve<api::VoteRequest>(
      [&quorum](Env& env, const auto&, auto request) { return quorum.vote(env, request); });
  table.serve<api::BeginQuorumEpochRequest>([&quorum](Env& env, const auto&, auto request) {
    return quorum.begin_quorum_epoch(env, request);
  });
  table.serve<api::EndQuorumEpochRequest>([&quorum](Env& env, const auto&, auto request) {
    return quorum.end_quorum_epoch(env, request);
  });
  if (!node.controller) return;
  table.serve<api::FetchSnapshotRequest>(
      [&quorum](Env& env, const auto& context, auto request) -> Answer<api::FetchSnapshotResponse> {
        if (!may_answer(env, context, request.replica_id)) return ends_unserved();
        return quorum.fetch_snapshot(env, request);
      });
}

void serve_fetch(Node& node) {
  using Response = Answer<api::FetchResponse>;
  node.dispatch.serve<api::FetchRequest>(
      [&node](Env& env, const auto& context, const auto& request) -> Response {
        const auto version = context.header.api_version;
        const auto of_metadata = from_api(request, version);
        if (!node.broker || of_metadata) {
          const NodeId replica = of_metadata ? of_metadata->request.replica_id : no_node;
          if (!may_answer(env, context, replica)) return ends_unserved();
          return node.quorum->fetch(env, request, version);
        }
        if (!node.broker->wait_until_serving(env)) return ends_unserved();
        return handlers::fetch(env, *node.broker, context, request);
      });
}

// Where both roles share a listener, what is asked of the broker waits until it serves.
template <wire::Message Request, class Handler>
void serve_as_broker(Node& node, Handler handler) {
  using Response = typename Request::Response;
  node.dispatch.serve<Request>(
      [&broker = *node.broker, handler = std::move(handler)](Env& env, const auto& context,
                                                             auto request) -> Answer<Response> {
        if (!broker.wait_until_serving(env)) return ends_unserved();
        return handler(env, context, std::move(request));
      });
}

// What brokers ask of the controller.
template <wire::Message Request>
void serve_as_controller(Node& node) {
  node.dispatch.serve<Request>([&node](Env& env, const auto&, auto request) {
    return node.controller->handle(env, request);
  });
}

// What clients ask of it, through any broker or themselves (KIP-919).
template <wire::Message Request>
void serve_clients_as_controller(Node& node) {
  const auto serve = [&node](Env& env, const auto& request, std::int16_t version) {
    return node.controller->serve(env, request, version);
  };
  node.forwarded.serve<Request>(serve);
  node.dispatch.serve<Request>(
      [serve](Env& env, const auto& context, const auto& request) -> typename Request::Response {
        const auto version = context.header.api_version;
        auto response = serve(env, request, version);
        return response ? *std::move(response) : refusal_of(request, version, response.error());
      });
}

template <wire::Message Request>
void serve_by_forwarding(Node& node) {
  serve_as_broker<Request>(node, [&node](Env& env, const auto& context, const auto& request) {
    return forward(env, node.broker->controller(), context, request,
                   node.config.quorum_retry_backoff);
  });
}

// Changes of the voters concern the quorum alone: who leads it answers, and nobody else knows. What
// a broker sends on it sends again to who does.
template <wire::Message Request>
void serve_voter_change(Node& node,
                        typename Request::Response (QuorumNode::*change)(Env&, const Request&)) {
  auto& quorum = *node.quorum;
  node.forwarded.serve<Request>(
      [&quorum, change](Env& env, const auto& request,
                        std::int16_t) -> Expected<typename Request::Response, api::ErrorCode> {
        if (!quorum.leads(quorum.epoch())) return Unexpected(api::ErrorCode::not_controller);
        return (quorum.*change)(env, request);
      });
  node.dispatch.serve<Request>([&quorum, change](Env& env, const auto&, const auto& request) {
    return (quorum.*change)(env, request);
  });
}

void serve_controller(Node& node) {
  serve_as_controller<api::BrokerRegistrationRequest>(node);
  serve_as_controller<api::BrokerHeartbeatRequest>(node);
  serve_as_controller<api::AlterPartitionRequest>(node);
  serve_as_controller<api::AllocateProducerIdsRequest>(node);
  serve_voter_change<api::AddRaftVoterRequest>(node, &QuorumNode::add_voter);
  serve_voter_change<api::RemoveRaftVoterRequest>(node, &QuorumNode::remove_voter);
  node.dispatch.serve<api::UpdateRaftVoterRequest>(
      [&quorum = *node.quorum](Env& env, const auto&, const auto& request) {
        return quorum.update_voter(env, request);
      });
  node.dispatch.serve<api::EnvelopeRequest>([&node](Env& env, const auto&, const auto& envelope) {
    return node.forwarded.open(env, envelope);
  });
  node.dispatch.serve<api::DescribeClusterRequest>([&node](Env&, const auto&, const auto& request) {
    return handlers::describe_controllers(node.config, *node.quorum, request);
  });
  serve_clients_as_controller<api::CreateTopicsRequest>(node);
  serve_clients_as_controller<api::DeleteTopicsRequest>(node);
  serve_clients_as_controller<api::CreatePartitionsRequest>(node);
  serve_clients_as_controller<api::ElectLeadersRequest>(node);
  serve_clients_as_controller<api::DescribeQuorumRequest>(node);
  serve_clients_as_controller<api::UpdateFeaturesRequest>(node);
  serve_clients_as_controller<api::UnregisterBrokerRequest>(node);
  serve_clients_as_controller<api::ListPartitionReassignmentsRequest>(node);
  serve_clients_as_controller<api::AlterPartitionReassignmentsRequest>(node);
  serve_clients_as_controller<api::AlterConfigsRequest>(node);
  serve_clients_as_controller<api::IncrementalAlterConfigsRequest>(node);
}

void serve_broker(Node& node) {
  auto& broker = *node.broker;
  serve_as_broker<api::ProduceRequest>(
      node, [&broker](Env& env, const auto& context, auto request) {
        return handlers::produce(env, broker, context, std::move(request));
      });
  serve_as_broker<api::ListOffsetsRequest>(
      node, [&broker](Env& env, const auto& context, auto request) {
        return handlers::list_offsets(env, broker, context, std::move(request));
      });
  serve_as_broker<api::DeleteRecordsRequest>(
      node, [&broker](Env& env, const auto&, const auto& request) {
        return handlers::delete_records(env, broker, request);
      });
  serve_as_broker<api::OffsetForLeaderEpochRequest>(
      node, [&broker](Env&, const auto&, const auto& request) {
        return handlers::offset_for_leader_epoch(broker, request);
      });
  serve_as_broker<api::InitProducerIdRequest>(
      node, [&broker](Env& env, const auto& context, const auto& request) {
        return handlers::init_producer_id(env, broker, context, request);
      });
  serve_as_broker<api::WriteTxnMarkersRequest>(
      node, [&broker](Env& env, const auto& context, auto request) {
        return handlers::write_txn_markers(env, broker, context, std::move(request));
      });
  serve_as_broker<api::DescribeProducersRequest>(
      node, [&broker](Env&, const auto&, const auto& request) {
        return handlers::describe_producers(broker, request);
      });
  serve_as_broker<api::MetadataRequest>(
      node, [&broker](Env& env, const auto& context, const auto& request) {
        return handlers::metadata(env, broker, context, request);
      });
  serve_as_broker<api::DescribeClusterRequest>(node,
                                               [&broker](Env&, const auto&, const auto& request) {
                                                 return handlers::describe_cluster(broker, request);
                                               });
  serve_as_broker<api::DescribeTopicPartitionsRequest>(
      node, [&broker](Env&, const auto&, const auto& request) {
        return handlers::describe_topic_partitions(broker, request);
      });
  serve_as_broker<api::DescribeLogDirsRequest>(
      node, [&broker](Env& env, const auto&, const auto& request) {
        return handlers::describe_log_dirs(env, broker, request);
      });
  serve_as_broker<api::DescribeConfigsRequest>(
      node, [&broker](Env&, const auto& context, const auto& request) {
        return handlers::describe_configs(broker, context, request);
      });
  serve_by_forwarding<api::CreateTopicsRequest>(node);
  serve_by_forwarding<api::DeleteTopicsRequest>(node);
  serve_by_forwarding<api::CreatePartitionsRequest>(node);
  serve_by_forwarding<api::ElectLeadersRequest>(node);
  serve_by_forwarding<api::DescribeQuorumRequest>(node);
  serve_by_forwarding<api::AddRaftVoterRequest>(node);
  serve_by_forwarding<api::RemoveRaftVoterRequest>(node);
  serve_by_forwarding<api::UpdateFeaturesRequest>(node);
  serve_by_forwarding<api::UnregisterBrokerRequest>(node);
  serve_by_forwarding<api::ListPartitionReassignmentsRequest>(node);
  serve_by_forwarding<api::AlterPartitionReassignmentsRequest>(node);
  serve_as_broker<api::AlterConfigsRequest>(
      node, [&broker](Env& env, const auto& context, auto request) {
        return handlers::alter_configs(env, broker, context, std::move(request));
      });
  serve_as_broker<api::IncrementalAlterConfigsRequest>(
      node, [&broker](Env& env, const auto& context, auto request) {
        return handlers::incremental_alter_configs(env, broker, context, std::move(request));
      });
}

// What this build supports, and the levels that are agreed on as far as the node has read.
void describe_features(const QuorumNode& quorum, const controller::Image& image,
                       std::int16_t version, api::ApiVersionsResponse& response) {
  for (const auto& feature : controller::features_told_in(version)) {
    response.supported_features.push_back({.name = std::string(feature.name),
                                           .min_version = feature.levels.min,
                                           .max_version = feature.levels.max});
  }
  response.finalized_features_epoch = image.last_offset();
  for (const auto& [name, level] : image.features()) {
    response.finalized_features.push_back(
        {.name = name, .max_version_level = level, .min_version_level = level});
  }
  // The quorum's own, which is not in the metadata (KIP-853).
  if (version >= controller::first_that_tells_of_level_0) {
    const raft::KRaftVersions versions;
    response.supported_features.push_back({.name = std::string(raft::kraft_version_feature),
                                           .min_version = versions.min,
                                           .max_version = versions.max});
  }
  if (quorum.is_reconfigurable()) {
    response.finalized_features.push_back({.name = std::string(raft::kraft_version_feature),
                                           .max_version_level = raft::reconfigurable,
                                           .min_version_level = raft::reconfigurable});
  }
}

template <wire::Message Request, class Handler>
void serve_by(Node& node, Handler handler) {
  serve_as_broker<Request>(
      node, [&broker = *node.broker, handler](Env& env, const auto& context, auto request) {
        return handler(env, broker, context, std::move(request));
      });
}

void serve_groups(Node& node) {
  serve_by<api::FindCoordinatorRequest>(node, &handlers::find_coordinator);
  serve_by<api::JoinGroupRequest>(node, &handlers::join_group);
  serve_by<api::SyncGroupRequest>(node, &handlers::sync_group);
  serve_by<api::HeartbeatRequest>(node, &handlers::heartbeat);
  serve_by<api::LeaveGroupRequest>(node, &handlers::leave_group);
  serve_by<api::ConsumerGroupHeartbeatRequest>(node, &handlers::consumer_group_heartbeat);
  serve_by<api::ConsumerGroupDescribeRequest>(node, &handlers::consumer_group_describe);
  serve_by<api::OffsetCommitRequest>(node, &handlers::offset_commit);
  serve_by<api::OffsetFetchRequest>(node, &handlers::offset_fetch);
  serve_by<api::OffsetDeleteRequest>(node, &handlers::offset_delete);
  serve_by<api::DescribeGroupsRequest>(node, &handlers::describe_groups);
  serve_by<api::ListGroupsRequest>(node, &handlers::list_groups);
  serve_by<api::DeleteGroupsRequest>(node, &handlers::delete_groups);
}

void serve_transactions(Node& node) {
  serve_by<api::AddPartitionsToTxnRequest>(node, &handlers::add_partitions_to_txn);
  serve_by<api::AddOffsetsToTxnRequest>(node, &handlers::add_offsets_to_txn);
  serve_by<api::TxnOffsetCommitRequest>(node, &handlers::txn_offset_commit);
  serve_by<api::EndTxnRequest>(node, &handlers::end_txn);
  serve_by<api::DescribeTransactionsRequest>(node, &handlers::describe_transactions);
  serve_by<api::ListTransactionsRequest>(node, &handlers::list_transactions);
}

void start_roles(Env& env, Node& node, const std::optional<BrokerEpoch>& clean_shutdown) {
  const auto& config = node.config;
  if (config.is_broker) {
    node.broker = std::make_unique<Broker>(config, *node.quorum, incarnation_id_of(env, env.now()),
                                           clean_shutdown.value_or(no_broker_epoch));
  }
  node.metadata =
      std::make_unique<MetadataLoader>(config, *node.quorum,
                                       [&node](Env& fiber, const controller::Image& image,
                                               const controller::Delta& delta, Offset last_offset) {
                                         if (node.broker)
                                           node.broker->learn(fiber, image, delta, last_offset);
                                       });
  if (config.is_controller) {
    node.controller =
        std::make_unique<ControllerNode>(config, *node.quorum, *node.metadata, metrics_of(node));
  }
  node.dispatch.describe_features_by(
      [&node](std::int16_t version, api::ApiVersionsResponse& response) {
        describe_features(*node.quorum, node.metadata->image(), version, response);
      });
  serve_quorum(node);
  serve_fetch(node);
  if (node.controller) serve_controller(node);
  if (node.broker) serve_broker(node);
  if (node.broker) serve_groups(node);
  if (node.broker) serve_transactions(node);
  node.quorum->start(env);
  node.fibers.spawn(env, "metadata", [&node](Env& fiber) { node.metadata->run(fiber); });
  if (node.controller) {
    node.fibers.spawn(env, "controller", [&node](Env& fiber) { node.controller->run(fiber); });
  }
  if (node.broker) node.broker->start(env, clean_shutdown.has_value());
}

// As Kafka's BrokerServer, a broker opens its port once it serves: until then clients are refused
// at once and ask another. A controller does so before anything else, as no broker can do without
// it.
void listen(Env& env, Node& node) {
  if (!node.controller && !node.broker->wait_until_serving(env)) return;
  const auto served = node.server->run(env);
  node.has_lost_its_port = !served && served.error() != IoError::cancelled;
}

// Not if the controller is, or may be, this node itself, which nobody reaches any more.
bool can_ask_controller(const Node& node) {
  const NodeId controller = node.quorum->leader();
  return !node.has_lost_its_port || (controller != no_node && controller != node.config.node_id);
}

// Empty if it has not.
std::string why_failed(const Node& node) {
  if (node.broker && node.broker->has_failed()) return node.broker->why_failed();
  return node.quorum->has_failed() ? "its metadata log has failed" : "";
}

bool has_failed(const Node& node) { return !why_failed(node).empty(); }

// Likewise: why it is to end, broken or not. Both roles of a node end together.
std::string why_to_end(const Node& node) {
  auto why = why_failed(node);
  return why.empty() && node.broker ? node.broker->why_given_up() : why;
}

void wait_for_end(Env& env, Node& node) {
  std::vector<Signal*> signals = {&node.quorum->role_changed()};
  if (node.broker) signals.push_back(&node.broker->replicas().news().failures);
  if (node.broker) signals.push_back(&node.broker->lifecycle().gave_up());
  while (!env.is_cancelled() && why_to_end(node).empty()) wait_any(env, signals, never);
}

// On a fiber of its own: the main fiber is cancelled, and could wait for nothing. A node whose disk
// has failed hands nothing over: like Kafka with its last data directory gone, it stops at once.
void shut_down(Env& env, Node& node) {
  if (node.broker && has_failed(node)) node.broker->halt(env);
  if (node.broker && !has_failed(node)) node.broker->hand_over(env, can_ask_controller(node));
  node.quorum->stop(env);
  node.fibers.cancel(env);
  node.server->close_connections(env);
  node.fibers.wait_until_empty(env);
  if (node.broker && has_failed(node)) node.broker->halt(env);
  auto why = why_failed(node);
  if (node.broker && why.empty()) why = node.broker->close(env);
  if (node.tells_of_its_end && !why.empty()) node.monitor->on_failed_end(why);
}

void let_watch(Env& env, const std::shared_ptr<Node>& node) {
  auto& monitor = *node->monitor;
  monitor.look = [weak = std::weak_ptr(node)]() -> std::optional<NodeLook> {
    const auto running = weak.lock();
    if (!running) return std::nullopt;
    return look_at(running->monitor->metrics, *running->quorum, *running->metadata,
                   running->broker.get(), running->controller.get());
  };
  if (!node->broker) return;
  node->fibers.spawn(env, "serving", [&node = *node](Env& fiber) {
    if (node.broker->wait_until_serving(fiber)) node.monitor->on_serving();
  });
}

Expected<Done, std::string> fail(Env& env, std::string why) {
  env.emit(Note{fmt::format("node {} stops: {}", env.node(), why)});
  return Unexpected(std::move(why));
}

}  // namespace

Expected<Done, std::string> run_node(Env& env, const NodeConfig& config, Monitor* monitor) {
  const auto clean_shutdown = log::take_clean_shutdown(env, "");
  if (!clean_shutdown) {
    if (env.is_cancelled()) return Done{};
    return fail(env, fmt::format("clean shutdown marker: {}", name_of(clean_shutdown.error())));
  }
  // The fibers refer to it, and those of an orderly stop outlive this function.
  const auto node = std::make_shared<Node>(config, monitor);
  auto quorum = QuorumNode::open(env, config, clean_shutdown->has_value());
  if (!quorum) {
    if (env.is_cancelled()) return Done{};
    return fail(env, fmt::format("metadata log: {}", log::name_of(quorum.error())));
  }
  node->quorum = *std::move(quorum);
  start_roles(env, *node, *clean_shutdown);
  // What a start that was cut short could not do is no failure.
  const bool has_started = !env.is_cancelled();
  // A broker's limits may change while it runs.
  const auto& in_force = node->broker ? node->broker->config() : config;
  node->server = std::make_unique<Server>(in_force, node->dispatch, metrics_of(*node));
  if (monitor) let_watch(env, node);
  node->fibers.spawn(env, "listener", [&node = *node](Env& fiber) { listen(fiber, node); });
  wait_for_end(env, *node);
  const auto why = has_started ? why_to_end(*node) : "";
  node->tells_of_its_end = monitor && has_started && why.empty();
  env.spawn("shutdown", [node](Env& fiber) { shut_down(fiber, *node); });
  if (!why.empty()) return fail(env, why);
  return Done{};
}

}  // namespace brokersim::broker
