// Who leads: votes, pre-votes, and what a leader tells when it begins and ends (KIP-595, KIP-996).
#include <algorithm>
#include <tuple>
#include <utility>

#include "core/raft/raft.h"

namespace brokersim::raft {

using api::ErrorCode;

// ---- Standing for election ---------------------------------------------------------------------

void Raft::begin_election(Instant now, std::string_view why, Output& out) {
  if (!config_.rules.has_pre_vote) return become_candidate(now, why, out);
  VoteTally votes(voters().ids());
  votes.record(config_.self, true);
  become(Prospective{std::move(votes), new_election_deadline(now)}, state_to_ask_in(), why, out);
  count_votes(now, out);
}

// A pre-vote is about the next epoch, and changes nothing of what is promised in this one
// (apache/kafka#17807).
QuorumState Raft::state_to_ask_in() const {
  QuorumState state = state_;
  if (!config_.rules.keeps_vote_through_pre_vote) {
    state.voted_id = no_node;
    state.voted_directory = no_uuid;
  }
  return state;
}

void Raft::become_candidate(Instant now, std::string_view why, Output& out) {
  stand_for(now, {no_node, epoch().next(), config_.self, config_.directory}, why, out);
}

void Raft::stand_for(Instant now, QuorumState state, std::string_view why, Output& out) {
  ASSERT(may_stand());
  ASSERT(state.voted_id == config_.self, state.voted_id);
  VoteTally votes(voters().ids());
  votes.record(config_.self, true);
  become(Candidate{std::move(votes), new_election_deadline(now)}, state, why, out);
  count_votes(now, out);
}

void Raft::count_votes(Instant now, Output& out) {
  if (const auto* prospective = std::get_if<Prospective>(&role_)) {
    if (prospective->votes.is_won()) {
      become_candidate(now, "pre-vote won", out);
    } else if (prospective->votes.is_lost()) {
      lose_pre_vote(now, "pre-vote lost", out);
    }
  } else if (const auto* candidate = std::get_if<Candidate>(&role_)) {
    if (candidate->is_backing_off) return;
    if (candidate->votes.is_won()) {
      become_leader(now, out);
    } else if (candidate->votes.is_lost()) {
      lose_election(now, out);
    }
  }
}

void Raft::lose_pre_vote(Instant now, std::string_view why, Output& out) {
  if (state_.leader_id.is_set()) return become_follower(now, current(), why, out);
  become(Unattached{new_election_deadline(now)}, state_, why, out);
}

// Backs off for a random time that may double with each loss in a row.
void Raft::lose_election(Instant now, Output& out) {
  constexpr Duration first = 100ms;
  const auto doublings = std::min(elections_lost_++, 10u);
  const Duration cap = std::min(first * (1 << doublings), config_.election_backoff_max);
  auto candidate = std::get<Candidate>(role_);
  candidate.is_backing_off = true;
  candidate.ends_at = now + random_duration("election back-off", cap);
  become(std::move(candidate), state_, "election lost", out);
}

void Raft::become_leader(Instant now, Output& out) {
  const Offset end = log_.end_offset();
  Leader leader;
  leader.epoch_start = end;
  leader.flushed = end;
  if (const auto* candidate = std::get_if<Candidate>(&role_)) {
    leader.granted_by = candidate->votes.granted();
  }
  for (const NodeId voter : voters().ids()) {
    if (voter != config_.self) leader.voters.emplace(voter, Replica{-1, now, -1});
  }
  elections_lost_ = 0;
  QuorumState state = state_;
  state.leader_id = config_.self;
  become(std::move(leader), state, "elected", out);
  out.became_leader = end;
}

void Raft::become_resigned(Instant now, std::string_view why, Output& out) {
  Resigned resigned;
  for (const NodeId voter : voters().ids()) {
    if (voter != config_.self) resigned.unacknowledged.insert(voter);
  }
  if (const auto* leader = std::get_if<Leader>(&role_)) {
    resigned.preferred_successors = successors_of(*leader);
  }
  // Who has no vote stays so until it hears of a later epoch: it had this one's vote, and led it.
  resigned.election_at = may_stand() ? new_election_deadline(now) : never;
  become(std::move(resigned), state_, why, out);
}

// Longest log first.
std::vector<ReplicaKey> Raft::successors_of(const Leader& leader) const {
  std::vector<ReplicaKey> successors;
  for (const auto& [id, replica] : leader.voters) successors.push_back(voters().find(id)->key);
  std::stable_sort(successors.begin(), successors.end(),
                   [&](const ReplicaKey& a, const ReplicaKey& b) {
                     return leader.voters.at(a.id).end_offset > leader.voters.at(b.id).end_offset;
                   });
  return successors;
}

// ---- Vote --------------------------------------------------------------------------------------

VoteRequest Raft::vote_request(NodeId voter, bool pre_vote) const {
  return {epoch(),
          config_.self,
          voter,
          log_.last_epoch(),
          log_.end_offset(),
          pre_vote,
          config_.directory,
          voters().find(voter)->key.directory};
}

Answer<VoteResponse> Raft::on_vote(Instant now, const VoteRequest& request) {
  Answer<VoteResponse> answer;
  answer.response.error = check_vote(request);
  if (answer.response.error == ErrorCode::none) {
    if (request.epoch > epoch()) {
      become_unattached(now, request.epoch, "vote request of a higher epoch", answer.output);
    }
    answer.response.vote_granted = may_grant(request);
    if (answer.response.vote_granted && !request.pre_vote) {
      QuorumState state = state_;
      if (!state.voted_id.is_set()) {
        state.voted_id = request.candidate_id;
        state.voted_directory = request.candidate_directory;
      }
      become(Unattached{may_stand() ? new_election_deadline(now) : never}, state, "voted",
             answer.output);
    }
  }
  answer.response.current = current();
  return answer;
}

ErrorCode Raft::check_vote(const VoteRequest& request) const {
  if (request.epoch < epoch()) return ErrorCode::fenced_leader_epoch;
  if (request.last_epoch.value < 0) return ErrorCode::invalid_request;
  if (request.last_epoch_end_offset < 0) return ErrorCode::invalid_request;
  if (request.last_epoch > request.epoch) return ErrorCode::invalid_request;
  // Nobody can have written in the epoch of an election that is still on.
  if (request.last_epoch == request.epoch && !request.pre_vote) return ErrorCode::invalid_request;
  if (!request.candidate_id.is_set()) return ErrorCode::invalid_request;
  if (request.candidate_id == config_.self) return ErrorCode::invalid_request;
  // Whom it is meant for had another disk: this node knows nothing of its votes (KIP-853).
  if (request.voter_id.is_set() && !request.voter().matches(self())) {
    return ErrorCode::invalid_voter_key;
  }
  return ErrorCode::none;
}

bool Raft::may_grant(const VoteRequest& request) const {
  if (request.pre_vote) {
    // A leader that this node is in touch with is not to be disturbed.
    const auto* follower = std::get_if<Follower>(&role_);
    const bool has_leader = is_leader() || (follower && follower->has_fetched);
    return !has_leader && is_up_to_date(request);
  }
  if (state_.leader_id.is_set()) return false;
  if (state_.voted_id.is_set()) return state_.voted().matches(request.candidate());
  return is_up_to_date(request);
}

bool Raft::is_up_to_date(const VoteRequest& request) const {
  return std::tuple(request.last_epoch, request.last_epoch_end_offset) >=
         std::tuple(log_.last_epoch(), log_.end_offset());
}

Output Raft::on_vote_response(Instant now, NodeId from, const VoteRequest& request,
                              const VoteResponse& response) {
  Output out;
  learn(now, response.current, out);
  if (response.error != ErrorCode::none || request.epoch != epoch()) return out;
  if (auto* prospective = std::get_if<Prospective>(&role_); prospective && request.pre_vote) {
    prospective->votes.record(from, response.vote_granted);
  } else if (auto* candidate = std::get_if<Candidate>(&role_); candidate && !request.pre_vote) {
    candidate->votes.record(from, response.vote_granted);
  } else {
    return out;
  }
  count_votes(now, out);
  return out;
}

// ---- BeginQuorumEpoch, EndQuorumEpoch ----------------------------------------------------------

Answer<EpochResponse> Raft::on_begin_quorum_epoch(Instant now,
                                                  const BeginQuorumEpochRequest& request) {
  Answer<EpochResponse> answer;
  answer.response.error =
      request.voter_id.is_set() && !request.voter().matches(self())
          ? ErrorCode::invalid_voter_key
          : accept_leader(now, {request.leader_id, request.epoch}, answer.output);
  if (answer.response.error == ErrorCode::none) {
    if (auto* follower = std::get_if<Follower>(&role_)) {
      follower->fetch_deadline = now + config_.fetch_timeout;
    }
  }
  answer.response.current = current();
  return answer;
}

Answer<EpochResponse> Raft::on_end_quorum_epoch(Instant now, const EndQuorumEpochRequest& request) {
  Answer<EpochResponse> answer;
  answer.response.error = accept_leader(now, {request.leader_id, request.epoch}, answer.output);
  if (answer.response.error == ErrorCode::none) {
    if (auto* follower = std::get_if<Follower>(&role_)) {
      follower->fetch_deadline = now + delay_of_successor(request.preferred_successors);
      // A leader that gave up need not be protected from elections.
      follower->has_fetched = false;
    }
  }
  answer.response.current = current();
  return answer;
}

// The first successor at once, the others after it in turn, so that they do not split the vote.
Duration Raft::delay_of_successor(const std::vector<ReplicaKey>& successors) {
  const auto place =
      std::find_if(successors.begin(), successors.end(),
                   [this](const ReplicaKey& successor) { return successor.matches(self()); });
  if (place == successors.end()) {
    return random_duration("succession", config_.election_backoff_max);
  }
  return config_.election_backoff_max * (place - successors.begin()) /
         static_cast<std::int64_t>(successors.size());
}

Output Raft::on_begin_quorum_epoch_response(Instant now, NodeId from,
                                            const BeginQuorumEpochRequest& request,
                                            const EpochResponse& response) {
  Output out;
  learn(now, response.current, out);
  auto* leader = std::get_if<Leader>(&role_);
  if (leader && request.epoch == epoch() && response.error == ErrorCode::none) {
    leader->acknowledged.insert(from);
  }
  return out;
}

Output Raft::on_end_quorum_epoch_response(Instant now, NodeId from,
                                          const EndQuorumEpochRequest& request,
                                          const EpochResponse& response) {
  Output out;
  learn(now, response.current, out);
  auto* resigned = std::get_if<Resigned>(&role_);
  if (resigned && request.epoch == epoch()) resigned->unacknowledged.erase(from);
  return out;
}

// ---- Learning who leads ------------------------------------------------------------------------

ErrorCode Raft::check_claim(LeaderAndEpoch claim) const {
  if (claim.epoch < epoch()) return ErrorCode::fenced_leader_epoch;
  if (claim.leader_id == config_.self) {
    return claim == current() ? ErrorCode::none : ErrorCode::invalid_request;
  }
  if (!may_lead(claim.leader_id)) return ErrorCode::invalid_request;
  const bool is_other = state_.leader_id.is_set() && state_.leader_id != claim.leader_id;
  return claim.epoch == epoch() && is_other ? ErrorCode::invalid_request : ErrorCode::none;
}

// Somebody claims to lead, or to have led, an epoch: follow if that agrees with what is known.
ErrorCode Raft::accept_leader(Instant now, LeaderAndEpoch claim, Output& out) {
  const auto error = check_claim(claim);
  if (error != ErrorCode::none || claim.leader_id == config_.self) return error;
  if (claim.epoch > epoch() || !is<Follower>()) become_follower(now, claim, "leader began", out);
  return ErrorCode::none;
}

// A peer told in a response what it knows.
void Raft::learn(Instant now, LeaderAndEpoch leader, Output& out) {
  if (leader.epoch < epoch()) return;
  const bool names_leader = may_lead(leader.leader_id);
  if (names_leader && (leader.epoch > epoch() || !state_.leader_id.is_set())) {
    become_follower(now, leader, "told of the leader", out);
  } else if (leader.epoch > epoch()) {
    become_unattached(now, leader.epoch, "told of a higher epoch", out);
  }
}

}  // namespace brokersim::raft
