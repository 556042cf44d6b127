// What the quorum answers to other nodes: Vote, BeginQuorumEpoch, EndQuorumEpoch, Fetch,
// FetchSnapshot.
#include <array>
#include <utility>

#include "core/broker/quorum.h"
#include "core/broker/quorum_messages.h"

namespace brokersim::broker {

using api::ErrorCode;

namespace {

template <class Response>
Response refusal(ErrorCode error) {
  Response response;
  response.error_code = error;
  return response;
}

}  // namespace

ErrorCode QuorumNode::check_cluster(const wire::Nullable<std::string>& cluster_id) const {
  if (has_failed_ || is_stopped_) return ErrorCode::broker_not_available;
  const bool is_other = cluster_id && *cluster_id != config_.cluster_id;
  return is_other ? ErrorCode::inconsistent_cluster_id : ErrorCode::none;
}

// ---- Votes and epochs --------------------------------------------------------------------------

template <class Response, class Request, class Step, class Encode>
Response QuorumNode::serve(Env& env, const Request& request, Step step, Encode encode) {
  const auto error = check_cluster(request.cluster_id);
  if (error != ErrorCode::none) return refusal<Response>(error);
  const auto understood = from_api(request);
  if (!understood) return refusal<Response>(ErrorCode::invalid_request);
  const auto held = take_turn(env);
  if (!held) return refusal<Response>(ErrorCode::broker_not_available);
  const auto answer = ((*raft_).*step)(env.now(), *understood);
  if (!carry_out(env, answer.output)) return refusal<Response>(ErrorCode::broker_not_available);
  return with_leader(encode(answer.response));
}

template <class Request>
void QuorumNode::learn_leader(Host& host, const Request& request) {
  if (check_cluster(request.cluster_id) != ErrorCode::none) return;
  const auto understood = from_api(request);
  if (!understood) return;
  // One that comes late, or from a rival, is not to say where the present leader is.
  const raft::LeaderAndEpoch claim{understood->leader_id, understood->epoch};
  if (raft_->check_claim(claim) != ErrorCode::none) return;
  for (const auto& each : request.leader_endpoints) {
    if (each.name != raft::quorum_listener) continue;
    learn_address(host, understood->leader_id, {each.host, each.port});
  }
}

// Whoever is told who leads is told where (KIP-853); where voters are fixed everybody knows it.
template <class Response>
Response QuorumNode::with_leader(Response response) const {
  const NodeId leader = current_.leader_id;
  if (!is_reconfigurable() || !leader.is_set()) return response;
  const auto address = address_of(leader);
  if (!address) return response;
  auto& endpoint = response.node_endpoints.emplace_back();
  endpoint.node_id = leader;
  endpoint.host = address->host;
  endpoint.port = address->port;
  return response;
}

api::VoteResponse QuorumNode::vote(Env& env, const api::VoteRequest& request) {
  return serve<api::VoteResponse>(env, request, &raft::Raft::on_vote,
                                  [](const raft::VoteResponse& r) { return to_api(r); });
}

api::BeginQuorumEpochResponse QuorumNode::begin_quorum_epoch(
    Env& env, const api::BeginQuorumEpochRequest& request) {
  learn_leader(env, request);
  return serve<api::BeginQuorumEpochResponse>(env, request, &raft::Raft::on_begin_quorum_epoch,
                                              begin_response_of);
}

api::EndQuorumEpochResponse QuorumNode::end_quorum_epoch(
    Env& env, const api::EndQuorumEpochRequest& request) {
  learn_leader(env, request);
  return serve<api::EndQuorumEpochResponse>(env, request, &raft::Raft::on_end_quorum_epoch,
                                            end_response_of);
}

// ---- Fetch -------------------------------------------------------------------------------------

api::FetchResponse QuorumNode::fetch(Env& env, const api::FetchRequest& request,
                                     std::int16_t version) {
  const auto error = check_cluster(request.cluster_id);
  if (error != ErrorCode::none) return refusal<api::FetchResponse>(error);
  const auto fetch = from_api(request, version);
  if (!fetch) return refusal<api::FetchResponse>(ErrorCode::invalid_request);
  const Instant deadline = env.now() + std::max(request.max_wait_ms, 0) * Duration(1ms);
  auto response = answer_fetch(env, fetch->request, deadline);
  if (!response) return refusal<api::FetchResponse>(ErrorCode::broker_not_available);
  auto records = read_for(env, fetch->request, fetch->max_bytes, *response);
  auto message = to_api(*response, std::move(records), version);
  return version >= 16 ? with_leader(std::move(message)) : message;
}

std::optional<raft::FetchResponse> QuorumNode::answer_fetch(Env& env,
                                                            const raft::FetchRequest& request,
                                                            Instant deadline) {
  raft::FetchAnswer answer;
  {
    const auto held = take_turn(env);
    if (!held) return std::nullopt;
    auto first = raft_->on_fetch(env.now(), request);
    if (!carry_out(env, first.output)) return std::nullopt;
    answer = std::move(first.response);
  }
  while (answer.may_wait) {
    const auto wake = wait_any(env, std::array{&appended_, &committed_, &role_changed_}, deadline);
    // Only with the turn: what Raft knows may not be durable before.
    const auto held = take_turn(env);
    if (!held) return std::nullopt;
    answer = raft_->answer_fetch(request);
    if (wake != Wake::notified) break;
  }
  return std::move(answer.response);
}

Rope QuorumNode::read_for(Env& env, const raft::FetchRequest& request, std::size_t max_bytes,
                          raft::FetchResponse& response) {
  const bool has_records =
      response.error == ErrorCode::none && !response.diverging_epoch && !response.snapshot_id;
  if (!has_records) return {};
  log::ReadLimits limits;
  limits.max_bytes = max_bytes;
  auto read = log().read(env, request.fetch_offset, limits);
  // The log may have been cut while this waited for the disk.
  if (read && leads(request.epoch)) return std::move(read->bytes);
  response.error = ErrorCode::not_leader_or_follower;
  response.current = current_;
  return {};
}

// ---- FetchSnapshot -----------------------------------------------------------------------------

api::FetchSnapshotResponse QuorumNode::fetch_snapshot(Env& env,
                                                      const api::FetchSnapshotRequest& request) {
  const auto error = check_cluster(request.cluster_id);
  if (error != ErrorCode::none) return refusal<api::FetchSnapshotResponse>(error);
  const auto fetch = from_api(request);
  if (!fetch) return refusal<api::FetchSnapshotResponse>(ErrorCode::invalid_request);
  raft::FetchSnapshotResponse response;
  {
    const auto held = take_turn(env);
    if (!held) return refusal<api::FetchSnapshotResponse>(ErrorCode::broker_not_available);
    auto answer = raft_->on_fetch_snapshot(env.now(), fetch->request);
    if (!carry_out(env, answer.output)) {
      return refusal<api::FetchSnapshotResponse>(ErrorCode::broker_not_available);
    }
    response = answer.response;
  }
  if (response.error != ErrorCode::none) return with_leader(to_api(response, {}));
  auto bytes = metadata_log_->snapshots().read(env, response.snapshot_id, response.position,
                                               fetch->max_bytes);
  if (bytes) return to_api(response, *std::move(bytes));
  // A later one may have taken its place while this waited.
  response.error = bytes.error() == IoError::not_found ? ErrorCode::snapshot_not_found
                                                       : ErrorCode::kafka_storage_error;
  return to_api(response, {});
}

}  // namespace brokersim::broker
