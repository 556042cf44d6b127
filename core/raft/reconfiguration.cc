// How the voters change (KIP-853): one at a time, decided by a leader that knows what was decided
// before it. The set that the leader appends is in force at once, and the change is done as soon as
// a majority of the new set has it. Before that kraft.version has to be 1: a leader that knows all
// voters by their own word may raise it, which puts them into the log.
#include <algorithm>
#include <utility>

#include "core/raft/raft.h"

namespace brokersim::raft {

using api::ErrorCode;

namespace {

// A replica that has had all there was, and is still there, will not hold up what is committed.
constexpr Duration caught_up_within = 1h;

Unexpected<VoterRefusal> refuse(ErrorCode error, std::string message) {
  return Unexpected(VoterRefusal{error, std::move(message)});
}

}  // namespace

std::optional<VoterRefusal> Raft::objection_to_leading() const {
  const auto* leader = std::get_if<Leader>(&role_);
  if (leader == nullptr) {
    return VoterRefusal{ErrorCode::not_leader_or_follower, "This replica does not lead the quorum"};
  }
  if (!has_committed_in_epoch(*leader) && config_.rules.changes_voters_after_own_commit_only) {
    return VoterRefusal{ErrorCode::request_timed_out,
                        "The leader has not committed a record of its epoch yet"};
  }
  return std::nullopt;
}

std::optional<VoterRefusal> Raft::objection_to_voter_change() const {
  if (auto objection = objection_to_leading()) return objection;
  const auto& history = log_.voters();
  if (history.is_fixed()) {
    return VoterRefusal{ErrorCode::unsupported_version,
                        fmt::format("The voters are configured: {} is 0", kraft_version_feature)};
  }
  if (history.latest_offset() >= high_watermark_) {
    return VoterRefusal{ErrorCode::request_timed_out,
                        fmt::format("The voters named at offset {} are not committed yet",
                                    history.latest_offset())};
  }
  return std::nullopt;
}

// Two leaders whose epochs follow each other may hold different changes that are not committed, and
// their majorities need not meet; a record of the leader's own epoch on a majority ends that (the
// erratum of 2015 to Raft's dissertation).
bool Raft::has_committed_in_epoch(const Leader& leader) const {
  return may_commit(leader, high_watermark_);
}

Expected<VoterSet, VoterRefusal> Raft::with_voter(Instant now, const Voter& voter) const {
  if (auto objection = objection_to_voter_change()) return Unexpected(*std::move(objection));
  auto changed = voters().with(voter);
  if (!changed) {
    return refuse(ErrorCode::duplicate_voter,
                  fmt::format("The id of {} has a vote already: the voters are {}",
                              text_of(voter.key), text_of(voters())));
  }
  if (!voter.versions.include(reconfigurable)) {
    return refuse(ErrorCode::invalid_request,
                  fmt::format("{} does not support {} {}", text_of(voter.key),
                              kraft_version_feature, reconfigurable));
  }
  const auto& observers = std::get<Leader>(role_).observers;
  const auto observer = observers.find(voter.key);
  const bool is_caught_up = observer != observers.end() && observer->second.caught_up.last &&
                            now - observer->second.last_fetch < caught_up_within;
  if (!is_caught_up) {
    return refuse(ErrorCode::request_timed_out,
                  fmt::format("{} lags behind the leader", text_of(voter.key)));
  }
  return *std::move(changed);
}

Expected<VoterSet, VoterRefusal> Raft::without_voter(const ReplicaKey& voter) const {
  if (auto objection = objection_to_voter_change()) return Unexpected(*std::move(objection));
  auto changed = voters().without(voter);
  if (changed) return *std::move(changed);
  return refuse(ErrorCode::voter_not_found, fmt::format("{} cannot be removed from the voters {}",
                                                        text_of(voter), text_of(voters())));
}

Expected<VoterSet, VoterRefusal> Raft::with_updated_voter(const Voter& voter) const {
  if (auto objection = objection_to_voter_change()) return Unexpected(*std::move(objection));
  if (!voter.versions.include(reconfigurable) || voter.quorum_endpoint() == nullptr) {
    return refuse(ErrorCode::invalid_request,
                  fmt::format("{} could not take part as it describes itself", text_of(voter.key)));
  }
  auto changed = voters().with_update(voter);
  if (changed) return *std::move(changed);
  return refuse(ErrorCode::voter_not_found, fmt::format("{} is not among the voters {}",
                                                        text_of(voter.key), text_of(voters())));
}

// ---- Voters that were configured ---------------------------------------------------------------

ErrorCode Raft::describe_voter(const Voter& voter) {
  auto* leader = std::get_if<Leader>(&role_);
  if (leader == nullptr) return ErrorCode::not_leader_or_follower;
  if (voter.key.directory == no_uuid || voter.quorum_endpoint() == nullptr) {
    return ErrorCode::invalid_request;
  }
  if (!voters().contains(voter.key.id)) return ErrorCode::voter_not_found;
  leader->described.insert_or_assign(voter.key.id, voter);
  return ErrorCode::none;
}

Expected<std::optional<VoterSet>, VoterRefusal> Raft::raised_to(std::int16_t version,
                                                                const Voter& own) const {
  if (auto objection = objection_to_leading()) return Unexpected(*std::move(objection));
  const std::int16_t present = log_.voters().is_fixed() ? 0 : reconfigurable;
  if (version == present) return std::optional<VoterSet>();
  const auto invalid = [](std::string message) {
    return refuse(ErrorCode::invalid_update_version, std::move(message));
  };
  if (!KRaftVersions{}.include(version)) {
    return invalid(fmt::format(
        "Invalid update version {} for feature {}. The controller only supports versions {}-{}.",
        version, kraft_version_feature, KRaftVersions{}.min, KRaftVersions{}.max));
  }
  if (version < present) {
    return invalid(fmt::format(
        "Invalid upgrade of {} from version {} to {} because the new version is a downgrade",
        kraft_version_feature, present, version));
  }
  std::vector<Voter> raised{own};
  for (const auto& [id, voter] : std::get<Leader>(role_).described) raised.push_back(voter);
  const bool all_do = raised.size() == voters().size() &&
                      std::all_of(raised.begin(), raised.end(), [&](const Voter& voter) {
                        return voter.key.directory != no_uuid && voter.versions.include(version);
                      });
  if (all_do) return std::optional(VoterSet(std::move(raised)));
  return invalid(fmt::format("Invalid upgrade of {} to {} because not all of the voters support it",
                             kraft_version_feature, version));
}

// ---- The leader's part -------------------------------------------------------------------------

Output Raft::voters_changed(Instant now) {
  auto& leader = std::get<Leader>(role_);
  std::map<NodeId, Replica> known;
  for (const auto& [id, voter] : voters().all()) {
    if (id == config_.self) continue;
    const auto earlier = leader.voters.find(id);
    const auto observer = leader.observers.find(voter.key);
    if (earlier != leader.voters.end()) {
      known.emplace(id, earlier->second);
    } else if (observer != leader.observers.end()) {
      known.emplace(id, observer->second);
      leader.observers.erase(observer);
    } else {
      known.emplace(id, Replica{-1, now, -1});
    }
  }
  leader.voters = std::move(known);
  Output out;
  commit(out);
  return out;
}

}  // namespace brokersim::raft
