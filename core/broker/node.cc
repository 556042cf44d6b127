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
#include "core/broker/handlers/handlers.h"
#include "core/broker/metadata_loader.h"
#include "core/broker/quorum.h"
#include "core/broker/server.h"
#include "core/log/checkpoint.h"

namespace brokersim::broker {
namespace {

// Everything of a running node. The fibers refer to it, so it ends after them.
struct Node {
  explicit Node(const NodeConfig& c) : config(c) {}

  const NodeConfig& config;
  std::unique_ptr<QuorumNode> quorum;
  std::unique_ptr<Broker> broker;
  std::unique_ptr<MetadataLoader> metadata;
  std::unique_ptr<ControllerNode> controller;
  DispatchTable dispatch;
  std::unique_ptr<Server> server;
  FiberGroup fibers;  // But those that quorum, broker and server have of their own.
};

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
}

void serve_fetch(Node& node) {
  node.dispatch.serve<api::FetchRequest>([&node](Env& env, const auto& context, auto request) {
    const auto version = context.header.api_version;
    if (!node.broker || QuorumNode::is_metadata_fetch(request, version)) {
      return node.quorum->fetch(env, request, version);
    }
    return handlers::fetch(env, *node.broker, context, std::move(request));
  });
}

template <wire::Message Request>
void serve_as_controller(Node& node) {
  node.dispatch.serve<Request>([&node](Env& env, const auto&, auto request) {
    return node.controller->handle(env, request);
  });
}

// What clients ask of any broker and only the controller can answer (KIP-590). The controller gets
// the request as it came; its answer goes back as it came.
template <wire::Message Request>
void forward(Node& node) {
  using Response = typename Request::Response;
  node.dispatch.serve<Request>(
      [&node](Env& env, const auto& context, auto request) -> Answer<Response> {
        const Instant deadline = env.now() + Duration(1ms) * request.timeout_ms + 1s;
        while (true) {
          auto response =
              node.broker->controller().call(env, request, context.header.api_version, deadline);
          if (response) return *std::move(response);
          if (env.now() >= deadline || !env.sleep(node.config.quorum_retry_backoff)) {
            return Unexpected(std::string("no controller answers"));
          }
        }
      });
}

void serve_controller(Node& node) {
  serve_as_controller<api::BrokerRegistrationRequest>(node);
  serve_as_controller<api::BrokerHeartbeatRequest>(node);
  serve_as_controller<api::AlterPartitionRequest>(node);
  serve_as_controller<api::CreateTopicsRequest>(node);
  serve_as_controller<api::DeleteTopicsRequest>(node);
  serve_as_controller<api::ElectLeadersRequest>(node);
}

void serve_broker(Node& node) {
  auto& table = node.dispatch;
  auto& broker = *node.broker;
  table.serve<api::ProduceRequest>([&broker](Env& env, const auto& context, auto request) {
    return handlers::produce(env, broker, context, std::move(request));
  });
  table.serve<api::ListOffsetsRequest>([&broker](Env& env, const auto& context, auto request) {
    return handlers::list_offsets(env, broker, context, std::move(request));
  });
  table.serve<api::OffsetForLeaderEpochRequest>([&broker](Env&, const auto&, auto request) {
    return handlers::offset_for_leader_epoch(broker, request);
  });
  table.serve<api::MetadataRequest>([&broker](Env& env, const auto& context, auto request) {
    return handlers::metadata(env, broker, context, request);
  });
  table.serve<api::DescribeClusterRequest>(
      [&broker](Env&, const auto&, auto) { return handlers::describe_cluster(broker); });
  if (node.controller) return;  // Both roles in one: what it can answer itself it does not forward.
  forward<api::CreateTopicsRequest>(node);
  forward<api::DeleteTopicsRequest>(node);
  forward<api::ElectLeadersRequest>(node);
}

void start_roles(Env& env, Node& node, const std::optional<BrokerEpoch>& clean_shutdown) {
  const auto& config = node.config;
  if (config.is_broker) {
    node.broker = std::make_unique<Broker>(config, *node.quorum, incarnation_id_of(env, env.now()),
                                           clean_shutdown.value_or(no_broker_epoch));
  }
  node.metadata =
      std::make_unique<MetadataLoader>(config.cluster_id, *node.quorum,
                                       [&node](Env& fiber, const controller::Image& image,
                                               const controller::Delta& delta, Offset last_offset) {
                                         if (node.broker)
                                           node.broker->apply(fiber, image, delta, last_offset);
                                       });
  if (config.is_controller) {
    node.controller = std::make_unique<ControllerNode>(config, *node.quorum, *node.metadata);
  }
  serve_quorum(node);
  serve_fetch(node);
  if (node.controller) serve_controller(node);
  if (node.broker) serve_broker(node);
  node.quorum->start(env);
  node.fibers.spawn(env, "metadata", [&node](Env& fiber) { node.metadata->run(fiber); });
  if (node.controller) {
    node.fibers.spawn(env, "controller", [&node](Env& fiber) { node.controller->run(fiber); });
  }
  if (node.broker) node.broker->start(env, clean_shutdown.has_value());
}

bool has_failed(const Node& node) {
  return node.quorum->has_failed() || (node.broker && node.broker->has_failed());
}

void wait_for_end(Env& env, Node& node) {
  std::vector<Signal*> signals = {&node.quorum->role_changed()};
  if (node.broker) signals.push_back(&node.broker->replicas().news().failures);
  while (!env.is_cancelled() && !has_failed(node)) wait_any(env, signals, never);
}

// On a fiber of its own: the main fiber is cancelled, and could wait for nothing. A node whose disk
// has failed hands nothing over: like Kafka with its last data directory gone, it stops at once.
void shut_down(Env& env, Node& node) {
  if (node.broker) has_failed(node) ? node.broker->halt(env) : node.broker->shut_down(env);
  node.quorum->stop(env);
  node.fibers.cancel(env);
  node.server->close_connections(env);
  node.fibers.wait_until_empty(env);
}

Expected<Done, std::string> fail(Env& env, std::string why) {
  env.emit(Note{fmt::format("node {} stops: {}", env.node(), why)});
  return Unexpected(std::move(why));
}

}  // namespace

Expected<Done, std::string> run_node(Env& env, const NodeConfig& config) {
  const auto clean_shutdown = log::take_clean_shutdown(env, "");
  if (!clean_shutdown) {
    return fail(env, fmt::format("clean shutdown marker: {}", name_of(clean_shutdown.error())));
  }
  // The fibers refer to it, and those of an orderly stop outlive this function.
  const auto node = std::make_shared<Node>(config);
  auto quorum = QuorumNode::open(env, config, clean_shutdown->has_value());
  if (!quorum) {
    return fail(env, fmt::format("metadata log: {}", log::name_of(quorum.error())));
  }
  node->quorum = *std::move(quorum);
  start_roles(env, *node, *clean_shutdown);
  node->server = std::make_unique<Server>(config, node->dispatch);
  node->fibers.spawn(env, "listener",
                     [&node = *node](Env& fiber) { (void)node.server->run(fiber); });
  wait_for_end(env, *node);
  const bool is_failure = has_failed(*node);
  env.spawn("shutdown", [node](Env& fiber) { shut_down(fiber, *node); });
  if (is_failure) return fail(env, "its disk or its metadata log has failed");
  return Done{};
}

}  // namespace brokersim::broker
