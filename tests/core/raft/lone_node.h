// A single node of a quorum, whose peers are played by the test.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "core/raft/raft.h"
#include "tests/core/raft/memory_log.h"

namespace brokersim::raft {

inline constexpr NodeId a{1}, b{2}, c{3};
constexpr LeaderEpoch epoch(int n) { return LeaderEpoch(n); }

// Node a of voters a, b, c, unless said otherwise.
struct Node {
  explicit Node(QuorumState at_start = {}, QuorumRules rules = {}, NodeId self = a,
                const std::vector<NodeId>& voters = {a, b, c}, Duration election_backoff_max = 1s) {
    RaftConfig config;
    config.election_backoff_max = election_backoff_max;
    config.self = self;
    config.rules = rules;
    log.configured = VoterSet::of_ids(voters);
    begin(std::move(config), at_start);
  }
  // Formatted with these voters, which may change (KIP-853).
  Node(RaftConfig config, VoterSet voters, QuorumState at_start = {}) {
    log.formatted = std::move(voters);
    begin(std::move(config), at_start);
  }
  void begin(RaftConfig config, QuorumState at_start) {
    config.random = [](std::string_view, std::uint64_t key) { return key * 1'000'000; };
    raft.emplace(std::move(config), log, at_start);
  }
  Node& start() {
    started = carry_out(raft->start(now));
    return *this;
  }
  Output carry_out(Output out) {
    if (out.persist) stored = *out.persist;
    if (out.truncate_to) log.truncate(*out.truncate_to);
    if (out.became_leader) append(raft->epoch());
    return out;
  }
  void append(LeaderEpoch of) { log.entries.push_back({of, 0}); }

  Output time_passes() {
    now = raft->next_deadline();
    return carry_out(raft->tick(now));
  }
  Output vote_arrives(NodeId from, bool is_granted) {
    const auto request = std::get<VoteRequest>(raft->request_for(from).value());
    const VoteResponse response{api::ErrorCode::none, {no_node, raft->epoch()}, is_granted};
    return carry_out(raft->on_vote_response(now, from, request, response));
  }
  // Wins a pre-vote and an election by the vote of b.
  Node& elected() {
    start();
    time_passes();
    vote_arrives(b, true);
    vote_arrives(b, true);
    return *this;
  }
  Answer<FetchAnswer> fetched_by(NodeId from, Offset offset, LeaderEpoch last) {
    auto answer = raft->on_fetch(now, {raft->epoch(), from, offset, last});
    carry_out(answer.output);
    return answer;
  }
  Node& following(NodeId leader, int of) {
    start();
    carry_out(raft->on_begin_quorum_epoch(now, {epoch(of), leader, raft->config().self}).output);
    return *this;
  }
  Output fetch_answered(FetchResponse response) {
    const NodeId leader = raft->current().leader_id;
    const auto request = std::get<FetchRequest>(raft->request_for(leader).value());
    response.current = raft->current();
    return raft->on_fetch_response(now, leader, request, response);
  }
  VoteResponse asked_by(NodeId candidate, int of, int last, Offset end, bool pre_vote = false) {
    const auto answer = raft->on_vote(now, {epoch(of), candidate, a, epoch(last), end, pre_vote});
    carry_out(answer.output);
    return answer.response;
  }

  Instant now{1s};
  MemoryLog log;
  QuorumState stored;
  Output started;
  std::optional<Raft> raft;
};

}  // namespace brokersim::raft
