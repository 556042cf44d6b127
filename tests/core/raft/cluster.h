// A quorum in memory under a hostile network, for tests: a seed decides about every delivery, loss,
// repetition, restart, power loss and isolation, and after each step the promises of the protocol
// are checked. What goes wrong is a sentence in `violation`.
//
// Where its voters can change (KIP-853), voters are added and removed all the time, and disks are
// replaced by empty ones: never so many that those with a vote and their disk are no majority.
//
// Either all steps draw from one stream (`run`), or each from its own (`take`): then a step does
// the same whichever others there are, as far as it can, and what fails can be shrunk.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/raft/raft.h"
#include "tests/core/raft/memory_log.h"

namespace brokersim::raft {

// How the nodes' surroundings may fail their duty; QuorumRules says how the nodes may.
struct Mutations {
  QuorumRules rules;
  bool votes_are_persisted = true;
  bool followers_flush = true;
  bool leader_flushes = true;
  bool snapshots_are_named_by_their_end = true;  // Otherwise by the last offset they hold.
  bool disks_are_told_apart = true;
};

enum class Voters { fixed, changing };

class Cluster {
 public:
  Cluster(std::uint64_t seed, Mutations mutations, Voters voters = Voters::fixed)
      : seed_(seed), random_(seed), mutations_(mutations), voters_(voters) {
    const int count = below(3) == 0 ? 5 : 3;
    const int observers = voters == Voters::fixed ? 1 : 2;
    for (int i = 1; i <= count + observers; ++i) nodes_.try_emplace(NodeId(i));
    form(count);
    for (auto& [id, node] : nodes_) start(id);
    const int crashes = below(3);
    crash_rate_ = crashes * (1 + below(30));
    loss_rate_ = below(3) * 8;
    isolation_rate_ = below(2) * 10;
  }

  // Runs so many steps of chaos; stops at the first violation.
  void run(int steps) {
    for (int i = 0; i < steps && violation.empty(); ++i) step();
  }

  // These steps of chaos, each a function of the seed, its number, and the state of the nodes.
  void take(const std::vector<std::size_t>& steps) {
    for (const auto number : steps) {
      if (!violation.empty()) return;
      random_ = seed_ ^ ((number + 1) * 0xd1342543de82ef95);
      step();
    }
  }

  // Faults are over: within five seconds the quorum must commit something on all nodes.
  void must_converge() {
    is_calm_ = true;
    isolated_ = no_node;
    const Instant end = now_ + 5s;
    while (violation.empty() && now_ < end && !has_converged()) step();
    if (violation.empty() && !has_converged()) violation = "no convergence after the faults";
  }

  std::string violation;
  std::size_t committed() const { return ledger_.size(); }
  std::size_t elections() const { return leaders_.size(); }
  std::size_t downloads() const { return downloads_; }
  std::size_t voter_changes() const { return voter_changes_; }
  std::size_t replaced_disks() const { return replaced_disks_; }

 private:
  struct Node {
    QuorumState stored;
    Offset synced = 0;  // Of the log: what power loss leaves.
    MemoryLog log;
    std::unique_ptr<Raft> raft;
    int incarnation = 0;
    std::map<NodeId, std::uint64_t> asked;  // The request under way to each peer.
    Offset high_watermark = 0;
    std::vector<Entry> arriving;  // Of the leader's snapshot.
    std::uint8_t disk = 1;        // How many it has had.
  };
  struct Frame {
    NodeId from;
    NodeId to;
    int incarnation = 0;  // Of the node that asks: responses to an earlier one go nowhere.
    std::uint64_t id = 0;
    Request request;
    std::optional<std::variant<VoteResponse, EpochResponse, FetchResponse, FetchSnapshotResponse>>
        response;
    std::vector<Entry> entries;
  };

  // At most once in an expression: compilers do not agree on the order of its parts.
  std::uint64_t draw() {
    random_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = random_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  int below(int n) { return static_cast<int>(draw() % static_cast<std::uint64_t>(n)); }
  NodeId any_node() { return NodeId(1 + below(static_cast<int>(nodes_.size()))); }

  // The first nodes have a vote.
  void form(int count) {
    std::vector<Voter> first;
    for (int i = 1; i <= count; ++i) first.push_back({key_of(NodeId(i)), {}, {}});
    for (auto& [id, node] : nodes_) {
      if (voters_ == Voters::fixed) {
        std::vector<NodeId> ids;
        for (const auto& voter : first) ids.push_back(voter.key.id);
        node.log.configured = VoterSet::of_ids(ids);
      } else if (id.value <= count) {
        node.log.formatted = VoterSet(first);
      }
    }
    agreed_voters_ = VoterSet(first);
  }

  ReplicaKey key_of(NodeId id) const {
    if (voters_ == Voters::fixed) return {id, no_uuid};
    const std::uint8_t disk = mutations_.disks_are_told_apart ? nodes_.at(id).disk : 1;
    return {id, Uuid{static_cast<std::uint8_t>(id.value), disk}};
  }

  // Whether those that have a vote, and know it, and their disk, can elect somebody without `away`.
  bool can_agree(const VoterSet& voters, NodeId away = no_node) const {
    const auto& all = voters.all();
    const auto there = std::count_if(all.begin(), all.end(), [&](const auto& voter) {
      const auto& node = nodes_.at(voter.first);
      const bool has_disk = voter.second.key.directory[1] == node.disk;
      return voter.first != away && has_disk && node.raft->is_voter();
    });
    return static_cast<std::size_t>(there) >= majority_of(voters.size());
  }

  void replace_disk(NodeId id) {
    Node& node = nodes_.at(id);
    ++node.disk;
    bool is_too_much = !can_agree(agreed_voters_);
    for (const auto& [each, other] : nodes_) {
      if (!other.raft->voters().empty() && !can_agree(other.raft->voters())) is_too_much = true;
    }
    if (is_too_much) {
      --node.disk;
      return;
    }
    ++replaced_disks_;
    node.log = MemoryLog();
    node.stored = {};
    start(id);
  }

  // Adds or removes somebody, if `id` leads and may.
  void change_voters(NodeId id) {
    Node& node = nodes_.at(id);
    if (!node.raft->is_leader()) return;
    const NodeId other = any_node();
    const auto* voter = node.raft->voters().find(other);
    const auto changed = voter ? node.raft->without_voter(voter->key)
                               : node.raft->with_voter(now_, {key_of(other), {}, {}});
    if (!changed) return;
    // Who knows that it is being removed stands no more, and votes for nobody who does not know it:
    // the others have to get on without it, whether or not they have heard of that.
    const NodeId going = voter ? other : no_node;
    if (!can_agree(*changed) || !can_agree(node.raft->voters(), going)) return;
    const auto first = std::max(node.log.begin.end_offset, static_cast<Offset>(ledger_.size()));
    for (Offset at = first; at < node.log.end_offset(); ++at) {
      if (node.log.at(at).voters) violation = fmt::format("node {} begins a second change", id);
    }
    node.log.entries.push_back({node.raft->epoch(), draw(), false, *changed});
    carry_out(id, node.raft->voters_changed(now_));
  }

  void step() {
    now_ += Duration(1ms) * below(8);
    for (auto& [id, node] : nodes_) carry_out(id, node.raft->tick(now_));
    // The more nodes, the more they have to say to each other in the same time.
    const int talk = voters_ == Voters::fixed ? 3 : 2 * static_cast<int>(nodes_.size());
    for (int i = 0; i < talk + 1; ++i) {
      const NodeId to = any_node();
      ask(any_node(), to);
    }
    for (int i = 0; i < talk; ++i) deliver_any();
    const NodeId id = any_node();
    if (below(10) == 0) take_snapshot(id);
    switch (below(5)) {
      case 0: append(id); break;
      case 1:
      case 2: flush(id); break;
      default: break;
    }
    if (is_calm_) return;
    if (voters_ == Voters::changing && below(10) == 0) change_voters(any_node());
    if (voters_ == Voters::changing && below(300) == 0) replace_disk(any_node());
    if (below(1000) < crash_rate_) restart(id, below(2) == 0);
    if (below(5000) < crash_rate_) {
      for (auto& [each, node] : nodes_) restart(each, true);
    }
    if (below(1000) < isolation_rate_) isolated_ = below(2) == 0 ? no_node : any_node();
  }

  void start(NodeId id) {
    Node& node = nodes_.at(id);
    RaftConfig config;
    config.self = id;
    config.directory = key_of(id).directory;
    config.may_become_voter = voters_ == Voters::changing;
    if (config.may_become_voter) {
      for (const auto& [other, unused] : nodes_) config.bootstrap.push_back(other);
    }
    config.rules = mutations_.rules;
    // A twentieth of the usual, so that elections are frequent and often contested.
    config.election_timeout = 50ms;
    config.election_backoff_max = 50ms;
    config.fetch_timeout = 100ms;
    config.random = [this](std::string_view, std::uint64_t) { return draw(); };
    node.asked.clear();
    ++node.incarnation;
    catch_up_with_snapshot(node.log);
    node.synced = node.log.end_offset();
    node.raft = std::make_unique<Raft>(config, node.log, node.stored);
    node.high_watermark = node.raft->high_watermark();
    carry_out(id, node.raft->start(now_));
  }

  // What was not synced of the log may be gone, and is in a snapshot, which always is.
  static void catch_up_with_snapshot(MemoryLog& log) {
    const auto latest = log.latest_snapshot();
    const bool is_ahead = latest && std::pair(latest->epoch, latest->end_offset) >
                                        std::pair(log.last_epoch(), log.end_offset());
    if (!is_ahead) return;
    log.entries.clear();
    log.begin_at(*latest);
  }

  void restart(NodeId id, bool is_power_loss) {
    Node& node = nodes_.at(id);
    if (is_power_loss && node.synced < node.log.end_offset()) {
      const int lost = static_cast<int>(node.log.end_offset() - node.synced);
      Offset kept = node.log.end_offset() - below(lost + 1);
      while (!node.log.is_batch_boundary(kept)) --kept;
      node.log.truncate(kept);
    }
    start(id);
  }

  void carry_out(NodeId id, const Output& out, const std::vector<Entry>& entries = {}) {
    Node& node = nodes_.at(id);
    if (out.fatal) violation = fmt::format("node {} stops: {}", id, *out.fatal);
    if (out.persist) {
      node.stored = *out.persist;
      if (!mutations_.votes_are_persisted) node.stored.voted_id = no_node;
    }
    if (out.truncate_to) {
      node.log.truncate(*out.truncate_to);
      node.synced = std::min(node.synced, *out.truncate_to);
    }
    append_batches(node.log, out.append_batches, entries);
    if (out.flush && mutations_.followers_flush) node.synced = node.log.end_offset();
    if (out.became_leader) begin_to_lead(id, *out.became_leader);
    if (out.snapshot_chunk) keep_chunk(id, *out.snapshot_chunk, entries);
    check(id);
  }

  static void append_batches(MemoryLog& log, std::size_t count, const std::vector<Entry>& entries) {
    std::size_t begun = 0;
    for (const Entry& entry : entries) {
      if (!entry.continues_batch) ++begun;
      if (begun == 0 || begun > count) return;
      log.entries.push_back(entry);
    }
  }

  void keep_chunk(NodeId id, const SnapshotChunk& chunk, const std::vector<Entry>& entries) {
    Node& node = nodes_.at(id);
    if (chunk.position == 0) node.arriving.clear();
    node.arriving.insert(node.arriving.end(), entries.begin(), entries.end());
    if (!chunk.is_last) return;
    node.log.snapshots[chunk.id] = std::exchange(node.arriving, {});
    node.log.entries.clear();
    node.log.begin_at(chunk.id);
    node.synced = chunk.id.end_offset;
    check_snapshot(id, chunk.id);
    node.high_watermark = std::max(node.high_watermark, chunk.id.end_offset);
    ++downloads_;
    carry_out(id, node.raft->snapshot_installed());
  }

  // Of some of what is committed; then the log before it may go, and with it older snapshots.
  void take_snapshot(NodeId id) {
    Node& node = nodes_.at(id);
    const int committed = static_cast<int>(node.raft->high_watermark() - node.log.begin.end_offset);
    if (committed < 2) return;
    const Offset last = node.log.begin.end_offset + 1 + below(committed - 1);
    const Offset end = mutations_.snapshots_are_named_by_their_end ? last + 1 : last;
    const SnapshotId name{end, node.log.at(end - 1).epoch};
    if (!node.raft->objection_to_snapshot(name).empty()) return;
    if (!node.log.is_batch_boundary(end)) {
      violation = fmt::format("node {} may take a snapshot inside a batch, at {}", id, end);
    }
    node.log.snapshots[name] = node.log.all_before(last + 1);
    check_snapshot(id, name);
    if (below(2) == 0) node.log.begin_at(name);
    node.synced = std::max(node.synced, node.log.begin.end_offset);
  }

  void check_snapshot(NodeId id, SnapshotId name) {
    const auto& content = nodes_.at(id).log.snapshots.at(name);
    const bool is_prefix = content.size() <= ledger_.size() &&
                           std::equal(content.begin(), content.end(), ledger_.begin());
    const bool is_whole = static_cast<Offset>(content.size()) == name.end_offset;
    if (is_prefix && is_whole && content.back().epoch == name.epoch) return;
    violation =
        fmt::format("node {}: the snapshot at {} is not what is committed", id, name.end_offset);
  }

  void begin_to_lead(NodeId id, Offset at) {
    Node& node = nodes_.at(id);
    const auto known = leaders_.emplace(node.raft->epoch(), id).first->second;
    if (known != id || at != node.log.end_offset()) {
      violation = fmt::format("nodes {} and {} lead epoch {}", known, id, node.raft->epoch());
    }
    const auto log = node.log.all_before(node.log.end_offset());
    for (std::size_t i = 0; i < ledger_.size(); ++i) {
      if (i >= log.size() || log[i] != ledger_[i]) {
        violation = fmt::format("leader {} lacks committed offset {}", id, i);
      }
    }
    node.log.entries.push_back({node.raft->epoch(), draw()});
    if (node.log.voters().is_fixed()) return;
    if (node.log.voters().latest_offset() != VoterHistory::before_the_log) return;
    node.log.entries.push_back({node.raft->epoch(), draw(), true, node.raft->voters()});
  }

  void check(NodeId id) {
    Node& node = nodes_.at(id);
    const Offset high_watermark = node.raft->high_watermark();
    if (high_watermark > node.log.end_offset() || high_watermark < node.high_watermark) {
      violation = fmt::format("node {} moves its high watermark to {}", id, high_watermark);
      return;
    }
    for (Offset at = node.high_watermark; at < high_watermark; ++at) {
      const auto i = static_cast<std::size_t>(at);
      if (i == ledger_.size()) agree_on(node.log.at(at));
      if (ledger_[i] != node.log.at(at)) {
        violation = fmt::format("committed offset {} differs on node {}", at, id);
      }
    }
    node.high_watermark = high_watermark;
  }

  void agree_on(const Entry& entry) {
    ledger_.push_back(entry);
    if (!entry.voters) return;
    const auto& next = *entry.voters;
    const auto lacks = [](const VoterSet& from, const VoterSet& of) {
      return std::count_if(of.all().begin(), of.all().end(),
                           [&](const auto& voter) { return !from.contains(voter.second.key); });
    };
    if (lacks(agreed_voters_, next) + lacks(next, agreed_voters_) > 1) {
      violation =
          fmt::format("from {} the voters become {}", text_of(agreed_voters_), text_of(next));
    }
    if (next != agreed_voters_) ++voter_changes_;
    agreed_voters_ = next;
  }

  void append(NodeId id) {
    Node& node = nodes_.at(id);
    if (!node.raft->is_leader()) return;
    const int records = 1 + below(3);
    for (int i = 0; i < records; ++i) {
      node.log.entries.push_back({node.raft->epoch(), draw(), i > 0});
    }
  }

  void flush(NodeId id) {
    Node& node = nodes_.at(id);
    if (!node.raft->is_leader()) return;
    if (mutations_.leader_flushes) node.synced = node.log.end_offset();
    carry_out(id, node.raft->flushed(node.raft->epoch(), node.log.end_offset()));
  }

  void ask(NodeId from, NodeId to) {
    Node& node = nodes_.at(from);
    if (node.asked.count(to) > 0) return;
    const auto request = node.raft->request_for(to);
    if (!request) return;
    node.asked[to] = ++requests_;
    frames_.push_back({from, to, node.incarnation, requests_, *request, {}, {}});
  }

  void deliver_any() {
    if (frames_.empty()) return;
    const auto at = frames_.begin() + below(static_cast<int>(frames_.size()));
    Frame frame = *at;
    const bool is_repeated = !is_calm_ && below(20) == 0;
    if (!is_repeated) frames_.erase(at);
    const bool is_cut_off = frame.from == isolated_ || frame.to == isolated_;
    const bool is_lost = is_cut_off || (!is_calm_ && below(100) < loss_rate_);
    if (is_lost) {
      fail(frame);
    } else if (!frame.response) {
      serve(std::move(frame));
    } else {
      conclude(frame);
    }
  }

  void fail(const Frame& frame) {
    Node& node = nodes_.at(frame.from);
    if (!is_awaited(frame)) return;
    node.asked.erase(frame.to);
    node.raft->request_failed(frame.to);
  }

  bool is_awaited(const Frame& frame) {
    Node& node = nodes_.at(frame.from);
    const auto asked = node.asked.find(frame.to);
    return node.incarnation == frame.incarnation && asked != node.asked.end() &&
           asked->second == frame.id;
  }

  void serve(Frame frame) {
    Raft& raft = *nodes_.at(frame.to).raft;
    if (const auto* vote = std::get_if<VoteRequest>(&frame.request)) {
      const auto answer = raft.on_vote(now_, *vote);
      carry_out(frame.to, answer.output);
      if (answer.response.vote_granted && !vote->pre_vote) check_vote(frame.to, *vote);
      frame.response = answer.response;
    } else if (const auto* begin = std::get_if<BeginQuorumEpochRequest>(&frame.request)) {
      const auto answer = raft.on_begin_quorum_epoch(now_, *begin);
      carry_out(frame.to, answer.output);
      frame.response = answer.response;
    } else if (const auto* end = std::get_if<EndQuorumEpochRequest>(&frame.request)) {
      const auto answer = raft.on_end_quorum_epoch(now_, *end);
      carry_out(frame.to, answer.output);
      frame.response = answer.response;
    } else if (std::holds_alternative<FetchRequest>(frame.request)) {
      serve_fetch(frame);
    } else {
      serve_fetch_snapshot(frame);
    }
    frames_.push_back(std::move(frame));
  }

  void check_vote(NodeId voter, const VoteRequest& request) {
    const auto vote =
        votes_.emplace(std::pair(key_of(voter), request.epoch), request.candidate()).first->second;
    if (vote != request.candidate()) {
      violation = fmt::format("node {} votes for {} and {} in epoch {}", voter, text_of(vote),
                              text_of(request.candidate()), request.epoch);
    }
  }

  void serve_fetch(Frame& frame) {
    Node& node = nodes_.at(frame.to);
    const auto& request = std::get<FetchRequest>(frame.request);
    auto answer = node.raft->on_fetch(now_, request);
    carry_out(frame.to, answer.output);
    FetchResponse response = answer.response.response;
    const bool has_records = response.error == api::ErrorCode::none && !response.diverging_epoch &&
                             !response.snapshot_id;
    if (has_records) {
      const auto limit = std::min(node.log.end_offset(), request.fetch_offset + 1 + below(4));
      for (Offset at = request.fetch_offset; at < limit;) {
        const Offset end = node.log.end_of_batch(at);
        response.batches.push_back({at, end, node.log.at(at).epoch});
        for (; at < end; ++at) frame.entries.push_back(node.log.at(at));
      }
    }
    frame.response = response;
  }

  void serve_fetch_snapshot(Frame& frame) {
    Node& node = nodes_.at(frame.to);
    const auto& request = std::get<FetchSnapshotRequest>(frame.request);
    const auto answer = node.raft->on_fetch_snapshot(now_, request);
    carry_out(frame.to, answer.output);
    FetchSnapshotResponse response = answer.response;
    if (response.error == api::ErrorCode::none) {
      const auto& content = node.log.snapshots.at(request.snapshot_id);
      const auto end = std::min(response.size, response.position + 1 + below(20));
      frame.entries.assign(content.begin() + response.position, content.begin() + end);
      response.length = end - response.position;
    }
    frame.response = response;
  }

  void conclude(const Frame& frame) {
    Node& node = nodes_.at(frame.from);
    if (node.incarnation != frame.incarnation) return;
    if (is_awaited(frame)) node.asked.erase(frame.to);
    Raft& raft = *node.raft;
    Output out;
    if (const auto* vote = std::get_if<VoteRequest>(&frame.request)) {
      out = raft.on_vote_response(now_, frame.to, *vote, std::get<VoteResponse>(*frame.response));
    } else if (const auto* begin = std::get_if<BeginQuorumEpochRequest>(&frame.request)) {
      out = raft.on_begin_quorum_epoch_response(now_, frame.to, *begin,
                                                std::get<EpochResponse>(*frame.response));
    } else if (const auto* end = std::get_if<EndQuorumEpochRequest>(&frame.request)) {
      out = raft.on_end_quorum_epoch_response(now_, frame.to, *end,
                                              std::get<EpochResponse>(*frame.response));
    } else if (const auto* fetch = std::get_if<FetchRequest>(&frame.request)) {
      out =
          raft.on_fetch_response(now_, frame.to, *fetch, std::get<FetchResponse>(*frame.response));
    } else {
      out = raft.on_fetch_snapshot_response(now_, frame.to,
                                            std::get<FetchSnapshotRequest>(frame.request),
                                            std::get<FetchSnapshotResponse>(*frame.response));
    }
    carry_out(frame.from, out, frame.entries);
  }

  // Everybody follows one leader, and its record of this epoch is committed everywhere.
  bool has_converged() const {
    for (const auto& [id, node] : nodes_) {
      if (!node.raft->current().leader_id.is_set()) return false;
      if (node.raft->current() != nodes_.begin()->second.raft->current()) return false;
      const Offset committed = node.raft->high_watermark();
      if (committed == 0) return false;
      const bool is_in_log = committed > node.log.begin.end_offset;
      const auto last = is_in_log ? node.log.at(committed - 1).epoch : node.log.begin.epoch;
      if (last != node.raft->epoch()) return false;
    }
    return true;
  }

  const std::uint64_t seed_;
  std::uint64_t random_;
  Mutations mutations_;
  Voters voters_;
  std::map<NodeId, Node> nodes_;
  std::vector<Frame> frames_;
  Instant now_;
  bool is_calm_ = false;
  NodeId isolated_ = no_node;
  int crash_rate_ = 0;
  int loss_rate_ = 0;
  int isolation_rate_ = 0;
  std::uint64_t requests_ = 0;
  std::size_t downloads_ = 0;
  std::size_t voter_changes_ = 0;
  std::size_t replaced_disks_ = 0;

  std::vector<Entry> ledger_;  // Everything that was ever committed.
  std::map<LeaderEpoch, NodeId> leaders_;
  std::map<std::pair<ReplicaKey, LeaderEpoch>, ReplicaKey> votes_;
  VoterSet agreed_voters_;  // By the latest record that was committed.
};

}  // namespace brokersim::raft
