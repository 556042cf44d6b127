// KRaft (KIP-595, KIP-630): the quorum that orders the cluster's metadata, as a state machine
// without I/O.
//
// Inputs are requests, responses and the passing of time; each returns an Output that the caller
// carries out completely before it gives the next input. What to ask of a peer is not an output but
// a question, request_for: it follows from the state alone, so that nothing has to be resent.
//
//   loop: request_for(peer) -> send -> response -> on_…_response -> carry out the Output
//   at next_deadline(): tick
//
// The voters are those of the log at hand, committed or not (KIP-853). Nothing is kept of them here
// but what a role has begun with; they change as a follower appends or cuts its log, which concerns
// no election of its own, and as a leader does, which says so: voters_changed.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/event.h"
#include "core/base/expected.h"
#include "core/base/ids.h"
#include "core/base/rules.h"
#include "core/base/time.h"
#include "core/raft/messages.h"
#include "core/raft/quorum_state.h"
#include "core/raft/roles.h"

namespace brokersim::raft {

// How long a leader remembers an observer that does not fetch.
inline constexpr Duration observer_session = 5min;

struct RaftConfig {
  NodeId self = no_node;
  Uuid directory = no_uuid;  // Of its log.
  // A controller, that may be given a vote at any time: all it has fetched is synced.
  bool may_become_voter = false;
  std::vector<NodeId> bootstrap;       // Whom to ask who leads, besides the voters that are known.
  Duration election_timeout = 1s;      // quorum.election.timeout.ms
  Duration election_backoff_max = 1s;  // quorum.election.backoff.max.ms
  Duration fetch_timeout = 2s;         // quorum.fetch.timeout.ms
  QuorumRules rules;
  // Uniform 64 bits, a function of its arguments, different on each node.
  std::function<std::uint64_t(std::string_view purpose, std::uint64_t key)> random;
};

// The log as Raft sees it. It changes only by what an Output says and, on a leader, by its appends;
// its beginning moves with the snapshots that its owner takes.
class LogView {
 public:
  virtual ~LogView() = default;
  // The snapshot at whose end the log begins; {0, 0} if nothing was ever deleted.
  virtual SnapshotId start() const = 0;
  virtual Offset end_offset() const = 0;
  virtual LeaderEpoch last_epoch() const = 0;  // That of the start while the log is empty.
  // The largest epoch in the log up to `epoch`, and where it ends; the start if there is none.
  virtual EpochEnd end_offset_for_epoch(LeaderEpoch epoch) const = 0;
  virtual bool is_batch_boundary(Offset offset) const = 0;  // Of one between start and end.
  virtual std::optional<SnapshotId> latest_snapshot() const = 0;
  virtual std::optional<std::int64_t> snapshot_size(SnapshotId id) const = 0;
  virtual const VoterHistory& voters() const = 0;
};

// Why the voters cannot be changed, or not in this way.
struct VoterRefusal {
  api::ErrorCode error = api::ErrorCode::none;
  std::string message;
};

// Part of a snapshot that arrived.
struct SnapshotChunk {
  SnapshotId id;
  std::int64_t position = 0;  // 0: whatever arrived before is void.
  bool is_last = false;
};

// To be carried out in the order of the fields. Nothing may be sent, neither an answer nor a new
// request, before it is done.
struct Output {
  // The node met what must not be, such as a leader that asks it to give up committed records: it
  // has to stop, and do nothing of the rest.
  std::optional<std::string> fatal;
  // Replace the quorum-state file, durably.
  std::optional<QuorumState> persist;
  std::optional<Offset> truncate_to;
  // Append so many batches from the beginning of the fetch response, as they are.
  std::size_t append_batches = 0;
  // Keep the bytes of the response. With the last of them judge the whole: either put the snapshot
  // and an empty log that begins at its end in place of all there is, durably, and call
  // snapshot_installed(); or call snapshot_refused().
  std::optional<SnapshotChunk> snapshot_chunk;
  // Sync the log: the next fetch, or candidacy, says that all of it is durable.
  bool flush = false;
  // This node leads since this offset, its log's end: append a LeaderChange control batch in the
  // epoch, and report flushed() once that is synced.
  std::optional<Offset> became_leader;
  // Role, epoch or leader differ from before.
  bool role_changed = false;
  std::optional<Offset> high_watermark;  // It moved up to here.
  std::vector<EventBody> events;
};

template <class Response>
struct Answer {
  Response response;  // To be sent when the output is carried out.
  Output output;
};

struct FetchAnswer {
  // If it has no error, no diverging epoch and no snapshot id, the caller adds the batches from the
  // fetch offset.
  FetchResponse response;
  // There is nothing to tell yet: the answer may be held back for the request's max wait.
  bool may_wait = false;
};

class Raft {
 public:
  // `stored` is the last persisted state, default if there is none. Everything in `log` must be
  // synced; it must outlive this.
  Raft(RaftConfig config, const LogView& log, QuorumState stored);

  // The first input.
  Output start(Instant now);
  // Due at next_deadline(), harmless at any time.
  Output tick(Instant now);
  Instant next_deadline() const;

  // What to ask `peer` as things stand; nothing for most. Ask again whenever anything happened,
  // but not while a request to this peer is under way, and after a back-off if one failed.
  std::optional<Request> request_for(NodeId peer) const;
  // No answer came from `peer`, or none that could be read.
  void request_failed(NodeId peer);

  Answer<VoteResponse> on_vote(Instant now, const VoteRequest& request);
  Answer<EpochResponse> on_begin_quorum_epoch(Instant now, const BeginQuorumEpochRequest& request);
  Answer<EpochResponse> on_end_quorum_epoch(Instant now, const EndQuorumEpochRequest& request);

  // Takes note of what the replica has.
  Answer<FetchAnswer> on_fetch(Instant now, const FetchRequest& request);
  // What to answer as things stand, for a request that waited.
  FetchAnswer answer_fetch(const FetchRequest& request);
  // Without an error the caller adds the bytes from the position on.
  Answer<FetchSnapshotResponse> on_fetch_snapshot(Instant now, const FetchSnapshotRequest& request);

  // `request` is the one that `response` answers; late and repeated responses are harmless.
  Output on_vote_response(Instant now, NodeId from, const VoteRequest& request,
                          const VoteResponse& response);
  Output on_begin_quorum_epoch_response(Instant now, NodeId from,
                                        const BeginQuorumEpochRequest& request,
                                        const EpochResponse& response);
  Output on_end_quorum_epoch_response(Instant now, NodeId from,
                                      const EndQuorumEpochRequest& request,
                                      const EpochResponse& response);
  Output on_fetch_response(Instant now, NodeId from, const FetchRequest& request,
                           const FetchResponse& response);
  Output on_fetch_snapshot_response(Instant now, NodeId from, const FetchSnapshotRequest& request,
                                    const FetchSnapshotResponse& response);
  // What became of the snapshot whose last chunk the previous Output had.
  Output snapshot_installed();
  void snapshot_refused();

  // Why this node may not take a snapshot of that name; empty if it may.
  std::string_view objection_to_snapshot(SnapshotId id) const;

  // The log is synced up to `offset` by a sync that began while this node led `epoch`.
  Output flushed(LeaderEpoch epoch, Offset offset);
  // Gives up leadership, if it has it: for a shutdown, or an owner who cannot go on.
  Output resign(Instant now, std::string_view why);

  // What the voters would be after a change. The leader appends that as a Voters record, and calls
  // voters_changed() before anything else.
  Expected<VoterSet, VoterRefusal> with_voter(Instant now, const Voter& voter) const;
  Expected<VoterSet, VoterRefusal> without_voter(const ReplicaKey& voter) const;
  Expected<VoterSet, VoterRefusal> with_updated_voter(const Voter& voter) const;
  Output voters_changed(Instant now);
  // A configured voter says what it is: directory, endpoints, versions. Kept for as long as this
  // node leads.
  api::ErrorCode describe_voter(const Voter& voter);
  // The voters that are to be in the log once kraft.version is raised to `version`: those that are
  // configured, as they have described themselves, and `own`. None if it is there already.
  Expected<std::optional<VoterSet>, VoterRefusal> raised_to(std::int16_t version,
                                                            const Voter& own) const;

  const Role& role() const { return role_; }
  std::string_view role_name() const;
  bool is_leader() const { return std::holds_alternative<Leader>(role_); }
  // What to say to who takes this node for the leader of that epoch; none if it is.
  api::ErrorCode check_leadership(LeaderEpoch of) const;
  // Why somebody's word that this one leads, or has led, the epoch is not to be believed: it is an
  // old one, or does not agree with what is known.
  api::ErrorCode check_claim(LeaderAndEpoch claim) const;
  ReplicaKey self() const { return {config_.self, config_.directory}; }
  // By the log as it is: what a record says that is not committed counts.
  const VoterSet& voters() const { return log_.voters().latest(); }
  bool is_voter() const { return voters().contains(self()); }
  LeaderEpoch epoch() const { return state_.leader_epoch; }
  LeaderAndEpoch current() const { return {state_.leader_id, state_.leader_epoch}; }
  // Everything before it is committed. Never decreases; after a restart that of the latest
  // snapshot.
  Offset high_watermark() const { return high_watermark_; }
  const RaftConfig& config() const { return config_; }

 private:
  bool is_only_voter() const { return is_voter() && voters().size() == 1; }
  bool may_stand() const;
  // Whether somebody of that id may be believed to lead: nobody knows all voters there will be.
  bool may_lead(NodeId id) const;
  bool is_retired(const Leader& leader) const;
  template <class R>
  bool is() const {
    return std::holds_alternative<R>(role_);
  }

  // raft.cc: every change of role and of what is persisted goes through `become`.
  void become(Role role, QuorumState state, std::string_view why, Output& out);
  void become_unattached(Instant now, LeaderEpoch epoch, std::string_view why, Output& out);
  void become_follower(Instant now, LeaderAndEpoch leader, std::string_view why, Output& out);
  Instant election_at(Instant now);
  Instant new_election_deadline(Instant now);
  Duration random_duration(std::string_view purpose, Duration below);

  // election.cc
  void begin_election(Instant now, std::string_view why, Output& out);
  QuorumState state_to_ask_in() const;
  void become_candidate(Instant now, std::string_view why, Output& out);
  void stand_for(Instant now, QuorumState state, std::string_view why, Output& out);
  void count_votes(Instant now, Output& out);
  void lose_pre_vote(Instant now, std::string_view why, Output& out);
  void lose_election(Instant now, Output& out);
  void become_leader(Instant now, Output& out);
  void become_resigned(Instant now, std::string_view why, Output& out);
  std::vector<ReplicaKey> successors_of(const Leader& leader) const;
  VoteRequest vote_request(NodeId voter, bool pre_vote) const;
  api::ErrorCode check_vote(const VoteRequest& request) const;
  bool may_grant(const VoteRequest& request) const;
  bool is_up_to_date(const VoteRequest& request) const;
  Duration delay_of_successor(const std::vector<ReplicaKey>& successors);
  api::ErrorCode accept_leader(Instant now, LeaderAndEpoch claim, Output& out);
  void learn(Instant now, LeaderAndEpoch leader, Output& out);

  // replication.cc
  api::ErrorCode check_fetch(const FetchRequest& request) const;
  Replica& heard_of(Instant now, const ReplicaKey& replica);
  Replica* find_replica(Leader& leader, const ReplicaKey& key) const;  // Null if unknown.
  bool counts_itself() const;
  std::optional<EpochEnd> divergence(const FetchRequest& request) const;
  void commit(Output& out);
  bool may_commit(const Leader& leader, Offset offset) const;
  void raise_high_watermark(Offset offset, Output& out);
  Instant check_quorum_deadline(const Leader& leader) const;
  std::optional<FetchRequest> fetch_for(NodeId peer) const;
  NodeId whom_to_ask_who_leads() const;
  void follow(Instant now, const FetchRequest& request, const FetchResponse& response, Output& out);
  std::size_t acceptable(const FetchRequest& request, const FetchResponse& response) const;
  void truncate(EpochEnd diverging, Output& out) const;

  // reconfiguration.cc: why the voters may not change at present, whatever the change; and why
  // nothing about them may.
  std::optional<VoterRefusal> objection_to_voter_change() const;
  std::optional<VoterRefusal> objection_to_leading() const;
  bool has_committed_in_epoch(const Leader& leader) const;

  // snapshots.cc
  std::optional<SnapshotId> snapshot_for(const FetchRequest& request) const;
  api::ErrorCode check_fetch_snapshot(const FetchSnapshotRequest& request) const;
  void begin_download(SnapshotId id, Output& out);
  std::optional<FetchSnapshotRequest> fetch_snapshot_for(NodeId peer) const;

  RaftConfig config_;
  const LogView& log_;
  QuorumState state_;
  Role role_ = Unattached{};
  Offset high_watermark_ = 0;
  std::uint32_t elections_lost_ = 0;  // In a row.
  std::uint64_t draws_ = 0;           // Of random numbers, in this epoch.
  std::uint64_t discoveries_ = 0;     // Fetches that failed.
};

}  // namespace brokersim::raft
