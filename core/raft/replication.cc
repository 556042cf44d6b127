// The log from the leader to the others: fetches, divergence, and what is committed (KIP-595).
#include <algorithm>
#include <utility>

#include "core/raft/raft.h"

namespace brokersim::raft {

using api::ErrorCode;

// ---- The leader's side -------------------------------------------------------------------------

Answer<FetchAnswer> Raft::on_fetch(Instant now, const FetchRequest& request) {
  Output out;
  if (check_fetch(request) == ErrorCode::none && request.replica_id.is_set()) {
    Replica& replica = heard_of(now, request.replica());
    // It may be less than before: a voter that lost its disk is not our bug (KAFKA-12181).
    const bool has_what_we_have = !snapshot_for(request) && !divergence(request);
    const bool went_back = has_what_we_have && request.fetch_offset < replica.end_offset;
    if (went_back && !config_.rules.serves_logs_that_went_back) {
      out.fatal = fmt::format("{} fetches from {}, and was at {}", request.replica_id,
                              request.fetch_offset, replica.end_offset);
    }
    if (has_what_we_have) {
      replica.end_offset = request.fetch_offset;
      replica.caught_up.fetched(now, request.fetch_offset, log_.end_offset());
    }
    commit(out);
  }
  return {answer_fetch(request), std::move(out)};
}

Replica& Raft::heard_of(Instant now, const ReplicaKey& key) {
  auto& leader = std::get<Leader>(role_);
  std::erase_if(leader.observers,
                [=](const auto& o) { return now - o.second.last_fetch > observer_session; });
  Replica& replica = voters().contains(key) ? leader.voters.at(key.id) : leader.observers[key];
  replica.last_fetch = now;
  leader.acknowledged.insert(key.id);
  return replica;
}

FetchAnswer Raft::answer_fetch(const FetchRequest& request) {
  FetchAnswer answer;
  answer.response.current = current();
  answer.response.error = check_fetch(request);
  if (answer.response.error != ErrorCode::none) return answer;
  auto& leader = std::get<Leader>(role_);
  const Offset known = may_commit(leader, high_watermark_) ? high_watermark_ : -1;
  answer.response.high_watermark = known;
  answer.response.log_start_offset = log_.start().end_offset;
  answer.response.snapshot_id = snapshot_for(request);
  if (answer.response.snapshot_id) return answer;
  answer.response.diverging_epoch = divergence(request);
  if (answer.response.diverging_epoch) return answer;

  Replica* replica = find_replica(leader, request.replica());
  const bool has_told = replica == nullptr || replica->told_high_watermark >= known;
  answer.may_wait = request.fetch_offset == log_.end_offset() && has_told;
  if (!has_told) replica->told_high_watermark = known;
  return answer;
}

Replica* Raft::find_replica(Leader& leader, const ReplicaKey& key) const {
  if (voters().contains(key)) return &leader.voters.at(key.id);
  const auto observer = leader.observers.find(key);
  return observer == leader.observers.end() ? nullptr : &observer->second;
}

ErrorCode Raft::check_leadership(LeaderEpoch of) const {
  if (of < epoch()) return ErrorCode::fenced_leader_epoch;
  if (of > epoch()) return ErrorCode::unknown_leader_epoch;
  return is_leader() ? ErrorCode::none : ErrorCode::not_leader_or_follower;
}

ErrorCode Raft::check_fetch(const FetchRequest& request) const {
  if (const auto error = check_leadership(request.epoch); error != ErrorCode::none) return error;
  if (request.fetch_offset < 0) return ErrorCode::invalid_request;
  if (request.last_fetched_epoch.value < 0) return ErrorCode::invalid_request;
  if (request.last_fetched_epoch > request.epoch) return ErrorCode::invalid_request;
  if (request.replica_id == config_.self) return ErrorCode::invalid_request;
  return ErrorCode::none;
}

// Where the two logs part at the latest, unless the fetcher's is a prefix of this one.
std::optional<EpochEnd> Raft::divergence(const FetchRequest& request) const {
  if (request.fetch_offset == 0 && request.last_fetched_epoch.value == 0) return std::nullopt;
  const EpochEnd end = log_.end_offset_for_epoch(request.last_fetched_epoch);
  const bool is_prefix =
      end.epoch == request.last_fetched_epoch && request.fetch_offset <= end.end_offset;
  return is_prefix ? std::nullopt : std::optional(end);
}

Output Raft::flushed(LeaderEpoch led, Offset offset) {
  Output out;
  auto* leader = std::get_if<Leader>(&role_);
  if (leader && led == epoch()) {
    REQUIRE(offset <= log_.end_offset(), offset, log_.end_offset());
    leader->flushed = std::max(leader->flushed, offset);
    commit(out);
  }
  return out;
}

void Raft::commit(Output& out) {
  const auto& leader = std::get<Leader>(role_);
  std::vector<Offset> ends;
  if (counts_itself()) ends.push_back(leader.flushed);
  for (const auto& [voter, replica] : leader.voters) ends.push_back(replica.end_offset);
  const Offset offset = majority_reaches(std::move(ends));
  if (may_commit(leader, offset)) raise_high_watermark(offset, out);
}

// KAFKA-16530: a leader that is being removed has no part in the majority that commits it.
bool Raft::counts_itself() const {
  return is_voter() || !config_.rules.leader_counts_as_voter_only;
}

// A record of an earlier epoch on a majority may still be replaced, by a leader of an epoch between
// that one and this one; it is safe under a record of this epoch (KAFKA-12619, Raft's figure 8).
bool Raft::may_commit(const Leader& leader, Offset offset) const {
  return config_.rules.commits_beyond_epoch_start_only ? offset > leader.epoch_start
                                                       : offset >= leader.epoch_start;
}

void Raft::raise_high_watermark(Offset offset, Output& out) {
  if (offset <= high_watermark_) return;
  high_watermark_ = offset;
  out.high_watermark = offset;
  out.events.push_back(HighWatermarkAdvanced{metadata_partition(), epoch(), offset});
}

// KAFKA-15489; a single voter is always in touch with its majority (KAFKA-16144), and a leader that
// is none counts the others alone (KAFKA-16531).
Instant Raft::check_quorum_deadline(const Leader& leader) const {
  if (leader.voters.empty() || !config_.rules.has_check_quorum) return never;
  std::vector<Instant> contacts;
  if (counts_itself()) contacts.push_back(never);
  for (const auto& [voter, replica] : leader.voters) contacts.push_back(replica.last_fetch);
  return majority_reaches(std::move(contacts)) + config_.fetch_timeout * 3 / 2;
}

// Its own removal is committed: others are to lead (KIP-853).
bool Raft::is_retired(const Leader& leader) const {
  return !is_voter() && may_commit(leader, high_watermark_) &&
         high_watermark_ > log_.voters().latest_offset();
}

// ---- The follower's side -----------------------------------------------------------------------

// Followers fetch from their leader; observers without one ask around, until somebody names it.
std::optional<FetchRequest> Raft::fetch_for(NodeId peer) const {
  NodeId from = no_node;
  if (const auto* follower = std::get_if<Follower>(&role_)) {
    if (follower->download) return std::nullopt;
    from = state_.leader_id;
  } else if ((is<Unattached>() || is<Resigned>()) && !may_stand()) {
    from = whom_to_ask_who_leads();
  }
  if (peer != from) return std::nullopt;
  return FetchRequest{epoch(), config_.self, log_.end_offset(), log_.last_epoch(),
                      config_.directory};
}

NodeId Raft::whom_to_ask_who_leads() const {
  auto known = voters().ids();
  known.insert(known.end(), config_.bootstrap.begin(), config_.bootstrap.end());
  std::erase(known, config_.self);  // That of its earlier disk may have a vote.
  if (known.empty()) return no_node;
  const auto key = (static_cast<std::uint64_t>(epoch().value) << 32) | discoveries_;
  return known[config_.random("discovery", key) % known.size()];
}

Output Raft::on_fetch_response(Instant now, NodeId from, const FetchRequest& request,
                               const FetchResponse& response) {
  Output out;
  learn(now, response.current, out);
  const auto expected = fetch_for(from);
  const bool is_answer = expected && expected->epoch == request.epoch &&
                         expected->fetch_offset == request.fetch_offset &&
                         expected->last_fetched_epoch == request.last_fetched_epoch;
  if (!is_answer) return out;
  if (is<Follower>() && response.error == ErrorCode::none) {
    follow(now, request, response, out);
  } else {
    request_failed(from);
  }
  return out;
}

void Raft::follow(Instant now, const FetchRequest& request, const FetchResponse& response,
                  Output& out) {
  auto& follower = std::get<Follower>(role_);
  follower.fetch_deadline = now + config_.fetch_timeout;
  follower.has_fetched = true;
  if (response.snapshot_id) return begin_download(*response.snapshot_id, out);
  if (response.diverging_epoch) return truncate(*response.diverging_epoch, out);

  const std::size_t count = acceptable(request, response);
  out.append_batches = count;
  if (count > 0 && (is_voter() || config_.may_become_voter)) out.flush = true;
  const Offset end = count > 0 ? response.batches[count - 1].next_offset : log_.end_offset();
  raise_high_watermark(std::min(response.high_watermark, end), out);
}

// How many batches continue the log, in epochs that a follower of this epoch may have: a response
// delayed from an older leadership could hold others (KAFKA-18723).
std::size_t Raft::acceptable(const FetchRequest& request, const FetchResponse& response) const {
  Offset next = request.fetch_offset;
  LeaderEpoch last = request.last_fetched_epoch;
  std::size_t count = 0;
  for (const BatchSpan& batch : response.batches) {
    if (batch.base_offset != next || batch.next_offset <= next) break;
    if (batch.epoch < last || batch.epoch > epoch()) break;
    next = batch.next_offset;
    last = batch.epoch;
    ++count;
  }
  return count;
}

void Raft::truncate(EpochEnd diverging, Output& out) const {
  const EpochEnd own = log_.end_offset_for_epoch(diverging.epoch);
  const Offset to = own.epoch == diverging.epoch ? std::min(own.end_offset, diverging.end_offset)
                                                 : own.end_offset;
  if (to < 0 || to >= log_.end_offset()) return;
  if (to < high_watermark_) {
    out.fatal = fmt::format("leader {} of epoch {} truncates to {}, below the high watermark {}",
                            state_.leader_id, epoch(), to, high_watermark_);
    return;
  }
  out.truncate_to = to;
}

}  // namespace brokersim::raft
