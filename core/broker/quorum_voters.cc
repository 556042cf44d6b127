// AddRaftVoter, RemoveRaftVoter and UpdateRaftVoter (KIP-853): what Raft decides is appended as a
// Voters record, and in force at once; answered once a majority of the new voters has it.
//
//   AddRaftVoter ─▶ may it be? ─▶ ApiVersions of the new voter ─▶ may it be? ─▶ append ─▶ committed
#include <array>
#include <utility>

#include <fmt/format.h>

#include "core/api/api_versions.h"
#include "core/broker/quorum.h"
#include "core/controller/features.h"

namespace brokersim::broker {

using api::ErrorCode;

namespace {

constexpr std::int16_t change_version = 0;  // Of all three requests.

// What RemoveRaftVoter does not say: how long it may take.
constexpr Duration removal_timeout = 30s;

template <class Request>
raft::Voter voter_of(const Request& request) {
  raft::Voter voter{{request.voter_id, request.voter_directory_id}, {}, {}};
  for (const auto& listener : request.listeners) {
    voter.endpoints.push_back({listener.name, listener.host, listener.port});
  }
  return voter;
}

template <class Response>
Response response_of(const std::optional<raft::VoterRefusal>& refusal) {
  Response response;
  if (!refusal) return response;
  response.error_code = refusal->error;
  response.error_message = refusal->message;
  return response;
}

// Whether somebody could be named so at all.
std::optional<raft::VoterRefusal> check_key(const raft::ReplicaKey& key) {
  if (key.id.is_set() && key.directory != no_uuid) return std::nullopt;
  return raft::VoterRefusal{ErrorCode::invalid_request, "A voter has an id and a directory id"};
}

raft::VoterRefusal not_leader() {
  return {ErrorCode::not_leader_or_follower, "This replica leads the quorum no more"};
}

raft::VoterRefusal timed_out(std::string_view what) {
  return {ErrorCode::request_timed_out, std::string(what)};
}

}  // namespace

// ---- One change --------------------------------------------------------------------------------

template <class Decide>
Expected<QuorumNode::VoterChange, raft::VoterRefusal> QuorumNode::change_voters(Env& env,
                                                                                Decide decide) {
  const auto held = take_turn(env);
  if (!held) return Unexpected(not_leader());
  TRY(const raft::VoterSet changed, decide());
  return append_voters(env, changed);
}

// With the turn held. The first time the log names voters it says so.
Expected<QuorumNode::VoterChange, raft::VoterRefusal> QuorumNode::append_voters(
    Env& env, const raft::VoterSet& changed) {
  const VoterChange change{raft_->epoch(), metadata_log_->end_offset()};
  if (!leads(change.epoch)) return Unexpected(not_leader());
  std::vector<wire::ControlRecord> records;
  if (!is_reconfigurable()) {
    records.push_back(
        {raft::kraft_version_record_type, raft::encode_kraft_version(raft::reconfigurable)});
  }
  records.push_back({raft::voters_record_type, raft::encode_voters(changed)});
  auto batch = wire::control_batch(records, change.epoch, env.wall_clock().ms);
  if (!metadata_log_->append_as_leader(env, std::span(&batch, 1), change.epoch)) {
    fail(env, "cannot append to the metadata log");
    return Unexpected(not_leader());
  }
  env.emit(QuorumVotersChanged{
      change.epoch, change.offset + static_cast<Offset>(records.size()) - 1, changed.ids()});
  appended_.notify_all(env);
  if (!carry_out(env, raft_->voters_changed(env.now()))) return Unexpected(not_leader());
  return change;
}

// As long as the epoch lasts, nobody else can have cut off what this node appended in it: also
// where it has committed its own removal, and resigned.
QuorumNode::Refusal QuorumNode::wait_committed(Env& env, VoterChange change, Instant deadline) {
  while (true) {
    const bool is_in_epoch = current_.epoch == change.epoch && !has_failed_;
    if (is_in_epoch && high_watermark_ > change.offset) return std::nullopt;
    if (!leads(change.epoch)) return not_leader();
    const auto wake = wait_any(env, std::array{&committed_, &role_changed_}, deadline);
    if (wake == Wake::cancelled) return not_leader();
    if (wake == Wake::timed_out) return timed_out("The change is not committed yet");
  }
}

// ---- Adding ------------------------------------------------------------------------------------

api::AddRaftVoterResponse QuorumNode::add_voter(Env& env, const api::AddRaftVoterRequest& request) {
  using Response = api::AddRaftVoterResponse;
  if (const auto error = check_cluster(request.cluster_id); error != ErrorCode::none) {
    return response_of<Response>(raft::VoterRefusal{error, "The request is for another cluster"});
  }
  auto voter = voter_of(request);
  if (const auto refusal = check_key(voter.key)) return response_of<Response>(refusal);
  if (!voter.quorum_endpoint()) {
    return response_of<Response>(raft::VoterRefusal{
        ErrorCode::invalid_request,
        fmt::format("There is no endpoint for the listener {}", raft::quorum_listener)});
  }
  if (is_adding_voter_) return response_of<Response>(timed_out("Another voter is being added"));
  is_adding_voter_ = true;
  const Instant deadline = env.now() + std::max(request.timeout_ms, 0) * Duration(1ms);
  const auto refusal = add_voter(env, std::move(voter), deadline);
  is_adding_voter_ = false;
  return response_of<Response>(refusal);
}

QuorumNode::Refusal QuorumNode::add_voter(Env& env, raft::Voter voter, Instant deadline) {
  {
    const auto held = take_turn(env);
    if (!held) return not_leader();
    const auto allowed = raft_->with_voter(env.now(), voter);
    if (!allowed) return allowed.error();
  }
  const auto versions = ask_versions(env, voter, deadline);
  if (!versions) return raft::VoterRefusal{versions.error(), "The new voter does not answer"};
  voter.versions = *versions;
  const auto change = change_voters(env, [&] { return raft_->with_voter(env.now(), voter); });
  if (!change) return change.error();
  return wait_committed(env, *change, deadline);
}

Expected<raft::KRaftVersions, ErrorCode> QuorumNode::ask_versions(Env& env,
                                                                  const raft::Voter& voter,
                                                                  Instant deadline) {
  const auto& endpoint = *voter.quorum_endpoint();
  wire::Channel channel({endpoint.host, endpoint.port}, fmt::format("quorum-{}", config_.node_id));
  const api::ApiVersionsRequest request{.client_software_name = "brokersim",
                                        .client_software_version = "0"};
  const auto until = std::min(deadline, env.now() + config_.quorum_request_timeout);
  const auto answer = channel.call(env, request, controller::first_that_tells_of_level_0, until);
  if (!answer || answer->error_code != ErrorCode::none) {
    return Unexpected(ErrorCode::request_timed_out);
  }
  for (const auto& feature : answer->supported_features) {
    if (feature.name != raft::kraft_version_feature) continue;
    return raft::KRaftVersions{feature.min_version, feature.max_version};
  }
  return raft::KRaftVersions{0, 0};
}

// ---- Removing, updating ------------------------------------------------------------------------

api::RemoveRaftVoterResponse QuorumNode::remove_voter(Env& env,
                                                      const api::RemoveRaftVoterRequest& request) {
  using Response = api::RemoveRaftVoterResponse;
  if (const auto error = check_cluster(request.cluster_id); error != ErrorCode::none) {
    return response_of<Response>(raft::VoterRefusal{error, "The request is for another cluster"});
  }
  const raft::ReplicaKey voter{request.voter_id, request.voter_directory_id};
  if (const auto refusal = check_key(voter)) return response_of<Response>(refusal);
  if (is_adding_voter_) return response_of<Response>(timed_out("A voter is being added"));
  const auto change = change_voters(env, [&] { return raft_->without_voter(voter); });
  if (!change) return response_of<Response>(change.error());
  return response_of<Response>(wait_committed(env, *change, env.now() + removal_timeout));
}

// Answered as soon as it is appended: the voter will see by the log whether it came to stay.
api::UpdateRaftVoterResponse QuorumNode::update_voter(Env& env,
                                                      const api::UpdateRaftVoterRequest& request) {
  api::UpdateRaftVoterResponse response;
  response.error_code = check_cluster(request.cluster_id);
  if (response.error_code != ErrorCode::none) return response;
  auto voter = voter_of(request);
  voter.versions = {request.kraft_version_feature.min_supported_version,
                    request.kraft_version_feature.max_supported_version};
  if (!is_reconfigurable()) return described(env, request.current_leader_epoch, voter);
  const auto change = change_voters(env, [&]() -> Expected<raft::VoterSet, raft::VoterRefusal> {
    const auto error = raft_->check_leadership(request.current_leader_epoch);
    if (error != ErrorCode::none) return Unexpected(raft::VoterRefusal{error, {}});
    if (auto refusal = check_key(voter.key)) return Unexpected(*std::move(refusal));
    return raft_->with_updated_voter(voter);
  });
  if (!change) response.error_code = change.error().error;
  if (const auto address = address_of(current_.leader_id)) {
    response.current_leader = {current_.leader_id, current_.epoch, address->host, address->port};
  }
  return response;
}

// Of a quorum whose voters are configured the leader only takes note of it.
api::UpdateRaftVoterResponse QuorumNode::described(Env& env, LeaderEpoch epoch,
                                                   const raft::Voter& voter) {
  api::UpdateRaftVoterResponse response;
  const auto held = take_turn(env);
  response.error_code = held ? raft_->check_leadership(epoch) : ErrorCode::not_leader_or_follower;
  if (response.error_code == ErrorCode::none) {
    response.error_code = raft_->describe_voter(voter);
  }
  return response;
}

// ---- Raising kraft.version ---------------------------------------------------------------------

QuorumNode::Refusal QuorumNode::raise_kraft_version(Env& env, std::int16_t version,
                                                    bool validates_only, Instant deadline) {
  std::optional<VoterChange> change;
  {
    const auto held = take_turn(env);
    if (!held) return not_leader();
    const auto raised = raft_->raised_to(version, own_voter());
    if (!raised) return raised.error();
    if (validates_only || !*raised) return std::nullopt;
    const auto appended = append_voters(env, **raised);
    if (!appended) return appended.error();
    change = *appended;
  }
  return wait_committed(env, *change, deadline);
}

// ---- What a controller does by itself ----------------------------------------------------------

raft::Voter QuorumNode::own_voter() const {
  const auto& [host, port] = config_.listener;
  return {raft_->self(), {{std::string(raft::quorum_listener), host, port}}, {}};
}

bool QuorumNode::has_moved() const {
  const auto* known = voters().find(config_.node_id);
  return known != nullptr && is_voter() && *known != own_voter();
}

// Of those that know who votes: before, a node may have a vote without knowing.
bool QuorumNode::wants_vote() const {
  return config_.quorum_auto_join_enable && !voters().empty() && !is_voter();
}

// Whoever started at another address than the log has of it tells the leader, or, leading, says so
// itself; who has no vote asks for one, if it is to. Again as long as it is not in the log.
void QuorumNode::run_updates(Env& env) {
  while (env.sleep(config_.quorum_fetch_timeout) && !has_failed_) {
    const NodeId leader = current_.leader_id;
    const auto address = address_of(leader);
    if (!is_reconfigurable()) {
      if (is_voter() && leader != config_.node_id && address) describe_itself(env, *address);
    } else if (has_moved() && leader == config_.node_id) {
      (void)change_voters(env, [&] { return raft_->with_updated_voter(own_voter()); });
    } else if (has_moved() && address) {
      (void)tell_where_it_is(env, *address);
    } else if (wants_vote() && leader != config_.node_id && address) {
      ask_for_vote(env, *address);
    }
  }
}

// Once to each leader is enough: it remembers for as long as it leads.
void QuorumNode::describe_itself(Env& env, const Address& leader) {
  const auto epoch = current_.epoch;
  if (described_in_ == epoch || !tell_where_it_is(env, leader)) return;
  described_in_ = epoch;
}

// Where its id has a vote with another disk, which it had before, that one has to go first.
void QuorumNode::ask_for_vote(Env& env, const Address& leader) {
  wire::Channel channel(leader, fmt::format("quorum-{}", config_.node_id));
  const Duration patience = config_.quorum_request_timeout;
  if (const auto* earlier = voters().find(config_.node_id)) {
    const api::RemoveRaftVoterRequest request{.cluster_id = config_.cluster_id,
                                              .voter_id = earlier->key.id,
                                              .voter_directory_id = earlier->key.directory};
    (void)channel.call(env, request, change_version, env.now() + patience);
    return;
  }
  const auto voter = own_voter();
  api::AddRaftVoterRequest request{.cluster_id = config_.cluster_id,
                                   .timeout_ms = static_cast<std::int32_t>(milliseconds(patience)),
                                   .voter_id = voter.key.id,
                                   .voter_directory_id = voter.key.directory};
  for (const auto& [listener, host, port] : voter.endpoints) {
    request.listeners.push_back({listener, host, port});
  }
  (void)channel.call(env, request, change_version, env.now() + patience);
}

// Whether the leader has taken note of it.
bool QuorumNode::tell_where_it_is(Env& env, const Address& leader) {
  const auto voter = own_voter();
  api::UpdateRaftVoterRequest request{.cluster_id = config_.cluster_id,
                                      .current_leader_epoch = current_.epoch,
                                      .voter_id = voter.key.id,
                                      .voter_directory_id = voter.key.directory};
  for (const auto& [listener, host, port] : voter.endpoints) {
    request.listeners.push_back({listener, host, port});
  }
  request.kraft_version_feature = {voter.versions.min, voter.versions.max};
  wire::Channel channel(leader, fmt::format("quorum-{}", config_.node_id));
  const auto answer =
      channel.call(env, request, change_version, env.now() + config_.quorum_request_timeout);
  return answer && answer->error_code == ErrorCode::none;
}

}  // namespace brokersim::broker
