// What the quorum asks of other nodes: one fiber per peer, which asks what Raft wants to know.
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "core/broker/quorum.h"
#include "core/broker/quorum_messages.h"

namespace brokersim::broker {

using api::ErrorCode;

namespace {

std::int16_t version_of(const raft::VoteRequest&) { return vote_version; }
std::int16_t version_of(const raft::BeginQuorumEpochRequest&) { return begin_quorum_epoch_version; }
std::int16_t version_of(const raft::EndQuorumEpochRequest&) { return end_quorum_epoch_version; }
std::int16_t version_of(const raft::FetchRequest&) { return metadata_fetch_version; }

std::int16_t version_of(const raft::FetchSnapshotRequest&) { return fetch_snapshot_version; }

template <class Request>
auto message_of(const Request& request, const NodeConfig& config) {
  return to_api(request, config.cluster_id);
}
auto message_of(const raft::FetchSnapshotRequest& request, const NodeConfig& config) {
  return to_api(request, config.cluster_id, config.quorum_fetch_snapshot_max_bytes);
}

// A leader says where it is, to whom its log may not tell it yet (KIP-853).
template <class Message>
Message from_leader(Message message, const NodeConfig& config) {
  if (config.voters.empty()) {
    message.leader_endpoints.push_back(
        {std::string(raft::quorum_listener), config.listener.host, config.listener.port});
  }
  return message;
}
auto message_of(const raft::BeginQuorumEpochRequest& request, const NodeConfig& config) {
  return from_leader(to_api(request, config.cluster_id), config);
}
auto message_of(const raft::EndQuorumEpochRequest& request, const NodeConfig& config) {
  return from_leader(to_api(request, config.cluster_id), config);
}

raft::Output conclude(raft::Raft& raft, Instant now, NodeId from, const raft::VoteRequest& request,
                      const raft::VoteResponse& response) {
  return raft.on_vote_response(now, from, request, response);
}
raft::Output conclude(raft::Raft& raft, Instant now, NodeId from,
                      const raft::BeginQuorumEpochRequest& request,
                      const raft::EpochResponse& response) {
  return raft.on_begin_quorum_epoch_response(now, from, request, response);
}
raft::Output conclude(raft::Raft& raft, Instant now, NodeId from,
                      const raft::EndQuorumEpochRequest& request,
                      const raft::EpochResponse& response) {
  return raft.on_end_quorum_epoch_response(now, from, request, response);
}
raft::Output conclude(raft::Raft& raft, Instant now, NodeId from, const raft::FetchRequest& request,
                      const FetchedMetadata& fetched) {
  return raft.on_fetch_response(now, from, request, fetched.response);
}

raft::Output conclude(raft::Raft& raft, Instant now, NodeId from,
                      const raft::FetchSnapshotRequest& request, const FetchedSnapshot& fetched) {
  return raft.on_fetch_snapshot_response(now, from, request, fetched.response);
}

ErrorCode error_of(const raft::VoteResponse& response) { return response.error; }
ErrorCode error_of(const raft::EpochResponse& response) { return response.error; }
ErrorCode error_of(const FetchedMetadata& fetched) { return fetched.response.error; }
ErrorCode error_of(const FetchedSnapshot& fetched) { return fetched.response.error; }

}  // namespace

void QuorumNode::run_peer(Env& env, NodeId peer) {
  std::optional<wire::Channel> channel;
  while (!env.is_cancelled() && !has_failed_) {
    std::optional<raft::Request> request;
    {
      const auto held = take_turn(env);
      if (!held) return;
      request = raft_->request_for(peer);
    }
    const auto address = request ? address_of(peer) : std::nullopt;
    if (!address) {
      inquiries_.wait(env);
      continue;
    }
    if (!channel || channel->peer() != *address) {
      channel.emplace(*address, fmt::format("quorum-{}", config_.node_id));
    }
    const bool has_answered =
        std::visit([&](const auto& each) { return ask(env, *channel, peer, each); }, *request);
    if (!has_answered) env.sleep(config_.quorum_retry_backoff);
  }
}

template <class Endpoints>
void QuorumNode::learn_endpoints(Host& host, const Endpoints& endpoints) {
  for (const auto& each : endpoints) {
    learn_address(host, each.node_id, {each.host, static_cast<std::uint16_t>(each.port)});
  }
}

void QuorumNode::learn_address(Host& host, NodeId id, const Address& address) {
  if (!is_reconfigurable() || std::exchange(told_addresses_[id], address) == address) return;
  spawn_peers(host);
  inquiries_.notify_all(host);
}

template <class Request>
bool QuorumNode::ask(Env& env, wire::Channel& channel, NodeId peer, const Request& request) {
  const Instant deadline = env.now() + config_.quorum_request_timeout;
  const auto message = message_of(request, config_);
  auto answered = channel.call(env, message, version_of(request), deadline);
  if (!answered && answered.error() == wire::CallError::unreachable) {
    unreachable_.insert(peer);
  } else {
    unreachable_.erase(peer);
  }
  const auto held = take_turn(env);
  if (!held) return false;
  if (answered) learn_endpoints(env, answered->node_endpoints);
  if (auto response = answered ? from_api(*answered) : std::nullopt) {
    const auto out = conclude(*raft_, env.now(), peer, request, *response);
    const auto error = error_of(*response);
    Payload payload;
    if constexpr (std::is_same_v<Request, raft::FetchRequest>) {
      payload.batches = std::move(response->batches);
    } else if constexpr (std::is_same_v<Request, raft::FetchSnapshotRequest>) {
      payload.bytes = std::move(response->bytes);
    }
    if (!carry_out(env, out, payload)) return false;
    if (error == ErrorCode::none) return true;
  } else {
    raft_->request_failed(peer);
  }
  // Raft may want to ask somebody else instead.
  inquiries_.notify_all(env);
  return false;
}

}  // namespace brokersim::broker
