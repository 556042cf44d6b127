// The roles a node takes over time, and what it asks of its peers in each.
#include "core/raft/raft.h"

#include <utility>

namespace brokersim::raft {

Raft::Raft(RaftConfig config, const LogView& log, QuorumState stored)
    : config_(std::move(config)), log_(log), state_(stored) {
  REQUIRE(config_.self.is_set());
  REQUIRE(!voters().empty() || !config_.bootstrap.empty());
  REQUIRE(config_.random != nullptr);
  REQUIRE(config_.election_timeout > Duration{});
  REQUIRE(config_.fetch_timeout > Duration{});
  // What a snapshot stands for had been committed.
  if (const auto snapshot = log_.latest_snapshot()) high_watermark_ = snapshot->end_offset;
}

Output Raft::start(Instant now) {
  Output out;
  // The file may be older than the log where it was lost: an epoch must not be used twice.
  if (log_.last_epoch() > epoch()) {
    become_unattached(now, log_.last_epoch(), "the log has a later epoch", out);
  }
  const NodeId leader = state_.leader_id;
  if (is_only_voter()) {
    become_candidate(now, "the only voter", out);
  } else if (is_voter() && leader == config_.self) {
    // KAFKA-10527: unsynced records of this epoch may be gone, and must not be replaced in it.
    config_.rules.resigns_after_restart ? become_resigned(now, "restarted", out)
                                        : become_leader(now, out);
  } else if (may_lead(leader)) {
    become_follower(now, current(), "restarted", out);
  } else if (may_stand() && state_.voted().matches(self())) {
    stand_for(now, state_, "restarted", out);
  } else {
    become_unattached(now, epoch(), "started", out);
  }
  return out;
}

Output Raft::tick(Instant now) {
  Output out;
  if (now < next_deadline()) return out;
  if (is<Unattached>()) {
    begin_election(now, "election timeout", out);
  } else if (is<Prospective>()) {
    lose_pre_vote(now, "pre-vote timed out", out);
  } else if (const auto* candidate = std::get_if<Candidate>(&role_)) {
    candidate->is_backing_off ? begin_election(now, "back-off ended", out)
                              : lose_election(now, out);
  } else if (is<Follower>()) {
    may_stand() ? begin_election(now, "fetch timeout", out)
                : become_unattached(now, epoch(), "fetch timeout", out);
  } else if (const auto* leader = std::get_if<Leader>(&role_)) {
    become_resigned(now, is_retired(*leader) ? "no voter any more" : "no fetch from a majority",
                    out);
  } else {
    become_unattached(now, epoch().next(), "resigned before", out);
  }
  return out;
}

Instant Raft::next_deadline() const {
  if (const auto* unattached = std::get_if<Unattached>(&role_)) return unattached->election_at;
  if (const auto* prospective = std::get_if<Prospective>(&role_)) return prospective->ends_at;
  if (const auto* candidate = std::get_if<Candidate>(&role_)) return candidate->ends_at;
  if (const auto* follower = std::get_if<Follower>(&role_)) return follower->fetch_deadline;
  if (const auto* leader = std::get_if<Leader>(&role_)) {
    return is_retired(*leader) ? Instant{} : check_quorum_deadline(*leader);
  }
  return std::get<Resigned>(role_).election_at;
}

std::optional<Request> Raft::request_for(NodeId peer) const {
  if (peer == config_.self) return std::nullopt;
  if (const auto* resigned = std::get_if<Resigned>(&role_)) {
    if (resigned->unacknowledged.count(peer) > 0) {
      return EndQuorumEpochRequest{epoch(), config_.self, resigned->preferred_successors};
    }
  }
  if (const auto fetch = fetch_for(peer)) return *fetch;
  if (const auto fetch = fetch_snapshot_for(peer)) return *fetch;
  const auto* voter = voters().find(peer);
  if (voter == nullptr) return std::nullopt;
  if (const auto* prospective = std::get_if<Prospective>(&role_)) {
    if (!prospective->votes.has_answered(peer)) return vote_request(peer, true);
  } else if (const auto* candidate = std::get_if<Candidate>(&role_)) {
    if (!candidate->is_backing_off && !candidate->votes.has_answered(peer)) {
      return vote_request(peer, false);
    }
  } else if (const auto* leader = std::get_if<Leader>(&role_)) {
    if (leader->acknowledged.count(peer) == 0) {
      return BeginQuorumEpochRequest{epoch(), config_.self, peer, voter->key.directory};
    }
  }
  return std::nullopt;
}

void Raft::request_failed(NodeId peer) {
  if (fetch_for(peer)) ++discoveries_;
}

Output Raft::resign(Instant now, std::string_view why) {
  Output out;
  if (is_leader()) become_resigned(now, why, out);
  return out;
}

std::string_view Raft::role_name() const {
  return std::visit([](const auto& role) { return role.name; }, role_);
}

// KAFKA-17067: who was removed may still know that it voted for itself.
bool Raft::may_stand() const {
  return is_voter() || (config_.may_become_voter && !config_.rules.only_voters_stand);
}

bool Raft::may_lead(NodeId id) const {
  if (!id.is_set() || id == config_.self) return false;
  return voters().contains(id) || !log_.voters().is_fixed();
}

void Raft::become(Role role, QuorumState state, std::string_view why, Output& out) {
  ASSERT(state.leader_epoch >= epoch(), state.leader_epoch, epoch());
  const bool forgets_votes = !config_.rules.keeps_vote_through_pre_vote;
  if (state.leader_epoch == epoch() && state_.voted_id.is_set() && !forgets_votes) {
    ASSERT(state.voted() == state_.voted(), state.voted_id, state_.voted_id);
  }
  if (state != state_) out.persist = state;
  const auto* led = std::get_if<Leader>(&role_);
  // What it appends without waiting for the disk, its next fetch or candidacy calls durable.
  const bool is_deposed = led && !std::holds_alternative<Leader>(role);
  if (is_deposed && led->flushed < log_.end_offset()) out.flush = true;
  if (state.leader_epoch != epoch()) draws_ = 0;
  const bool is_new_role = role.index() != role_.index();
  const auto before = current();
  role_ = std::move(role);
  state_ = state;
  if (!is_new_role && before == current()) return;
  out.role_changed = true;
  out.events.push_back(
      QuorumRoleChanged{epoch(), std::string(role_name()), state_.leader_id, std::string(why)});
}

void Raft::become_unattached(Instant now, LeaderEpoch new_epoch, std::string_view why,
                             Output& out) {
  QuorumState state = new_epoch == epoch() ? state_ : QuorumState{no_node, new_epoch, no_node};
  state.leader_id = no_node;
  become(Unattached{election_at(now)}, state, why, out);
}

void Raft::become_follower(Instant now, LeaderAndEpoch leader, std::string_view why, Output& out) {
  QuorumState state =
      leader.epoch == epoch() ? state_ : QuorumState{no_node, leader.epoch, no_node};
  state.leader_id = leader.leader_id;
  elections_lost_ = 0;
  become(Follower{now + config_.fetch_timeout}, state, why, out);
}

// A running timeout goes on: else a node that cannot win but keeps raising the epoch would keep
// those who can from trying.
Instant Raft::election_at(Instant now) {
  if (!may_stand()) return never;
  if (!is_leader() && next_deadline() > now && next_deadline() != never) return next_deadline();
  return new_election_deadline(now);
}

Instant Raft::new_election_deadline(Instant now) {
  return now + config_.election_timeout +
         random_duration("election timeout", config_.election_timeout);
}

Duration Raft::random_duration(std::string_view purpose, Duration below) {
  const auto key = (static_cast<std::uint64_t>(epoch().value) << 32) | draws_++;
  const auto bits = config_.random(purpose, key);
  if (below == Duration{}) return {};
  return Duration(static_cast<std::int64_t>(bits % static_cast<std::uint64_t>(below.count())));
}

}  // namespace brokersim::raft
