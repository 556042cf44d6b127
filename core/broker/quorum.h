// A node's part in the quorum: Raft, the metadata log and the quorum-state file, on fibers.
//
//   peers' requests ─┐                    ┌─▶ quorum-state, __cluster_metadata-0
//   answers of peers ┼─▶ one Turn: Raft ──┼─▶ role, epoch, leader        (role_changed)
//   timer, syncs ────┘     and its Output └─▶ high watermark             (committed)
//
// The other members are those that the log names as voters, who leads, and where to begin to ask
// (KIP-853); one fiber asks each. One input at a time is given to Raft and its Output carried out,
// so that nothing is sent before what it follows from is durable. A broker that is no controller is
// an observer: it has the same log, and no vote. After an I/O error, what Raft calls fatal, or
// committed metadata that cannot be applied, the node has failed: it leads nothing, answers
// nothing, and is to be stopped.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/add_raft_voter.h"
#include "core/api/begin_quorum_epoch.h"
#include "core/api/end_quorum_epoch.h"
#include "core/api/fetch.h"
#include "core/api/fetch_snapshot.h"
#include "core/api/remove_raft_voter.h"
#include "core/api/update_raft_voter.h"
#include "core/api/vote.h"
#include "core/broker/config.h"
#include "core/broker/fiber_group.h"
#include "core/broker/metadata_log.h"
#include "core/broker/turn.h"
#include "core/controller/records.h"
#include "core/env.h"
#include "core/log/log.h"
#include "core/raft/raft.h"
#include "core/signal.h"
#include "core/wire/channel.h"
#include "core/wire/record_batch.h"

namespace brokersim::broker {

// Committed batches, control batches among them, and where to read on.
struct CommittedBatches {
  std::vector<wire::Batch> batches;
  Offset next_offset = 0;
};

class QuorumNode {
 public:
  // Opens the log and the quorum-state file in the node's data directory. `config` must outlive
  // this; it says whether the node is a voter.
  static log::LogResult<std::unique_ptr<QuorumNode>> open(Env& env, const NodeConfig& config,
                                                          bool was_clean);
  ~QuorumNode();
  QuorumNode(const QuorumNode&) = delete;
  QuorumNode& operator=(const QuorumNode&) = delete;

  // Spawns the fibers, which live until stop() or the end of the node. From here on requests may
  // come.
  void start(Env& env);
  // An orderly end: resigns if this node leads, waits at most one request timeout until those of
  // the others that run know, ends the fibers, and makes the log durable, or has failed. On a fiber
  // that is not cancelled; afterwards this leads and answers nothing, and may be destroyed.
  void stop(Env& env);

  // ---- Requests of other nodes; the metadata partition only
  api::VoteResponse vote(Env& env, const api::VoteRequest& request);
  api::BeginQuorumEpochResponse begin_quorum_epoch(Env& env,
                                                   const api::BeginQuorumEpochRequest& request);
  api::EndQuorumEpochResponse end_quorum_epoch(Env& env, const api::EndQuorumEpochRequest& request);
  // Holds the answer back while there is nothing to tell.
  api::FetchResponse fetch(Env& env, const api::FetchRequest& request, std::int16_t version);
  api::FetchSnapshotResponse fetch_snapshot(Env& env, const api::FetchSnapshotRequest& request);
  // Changes of the voters (KIP-853). Adding and removing are answered once the change is committed,
  // or known not to be.
  api::AddRaftVoterResponse add_voter(Env& env, const api::AddRaftVoterRequest& request);
  api::RemoveRaftVoterResponse remove_voter(Env& env, const api::RemoveRaftVoterRequest& request);
  api::UpdateRaftVoterResponse update_voter(Env& env, const api::UpdateRaftVoterRequest& request);
  // From 0 to 1 the voters go from the configuration into the log. Nothing once that is committed,
  // or `validates_only` and nothing speaks against it; INVALID_UPDATE_VERSION if something does.
  std::optional<raft::VoterRefusal> raise_kraft_version(Env& env, std::int16_t version,
                                                        bool validates_only, Instant deadline);

  // ---- What is known of the quorum
  NodeId leader() const { return current_.leader_id; }  // -1 if unknown.
  LeaderEpoch epoch() const { return current_.epoch; }
  bool is_leader() const { return is_leader_; }  // And may append.
  // And Raft has not stepped down already, while that is being made durable.
  bool leads(LeaderEpoch epoch) const;
  bool is_voter() const { return raft_->is_voter(); }
  const raft::VoterSet& voters() const { return raft_->voters(); }
  // Whether the voters can be changed: kraft.version is 1, and the node knows it.
  bool is_reconfigurable() const { return !metadata_log_->voters().is_fixed(); }
  // Where this node, a voter or the leader is reached; nothing if that is not known.
  std::optional<Address> address_of(NodeId id) const;
  bool has_failed() const { return has_failed_; }
  // Nobody leads here, and every other voter could not be reached when it was asked last.
  bool is_deserted() const;
  const raft::Raft& raft() const { return *raft_; }
  // Notified when one of these changes: role, epoch, leader, has_failed.
  Signal& role_changed() { return role_changed_; }

  // ---- The leader's appends
  // Appends `records` as one batch, which is committed as a whole or not at all; returns the offset
  // of the first. NOT_CONTROLLER unless this node leads `epoch`. Never suspends.
  Expected<Offset, api::ErrorCode> append(Host& host, LeaderEpoch epoch,
                                          const std::vector<controller::MetadataRecord>& records);
  // Returns once everything before `end_offset`, appended in `epoch` by this node, is committed.
  // NOT_CONTROLLER if leadership was lost first: it may be committed later, or never.
  // REQUEST_TIMED_OUT after the deadline.
  Expected<Done, api::ErrorCode> wait_committed(Env& env, LeaderEpoch epoch, Offset end_offset,
                                                Instant deadline);
  Offset end_offset() const { return metadata_log_->end_offset(); }
  // Gives leadership up because its owner cannot go on with it.
  void resign(Env& env, std::string_view why);
  // This node cannot go on at all: it has failed from here on. Returns false, as what calls it
  // does.
  bool fail(Host& host, std::string_view why);

  // ---- What is committed
  Offset high_watermark() const { return high_watermark_; }
  // Notified when the high watermark moves.
  Signal& committed() { return committed_; }
  // The committed batches from `from` on, about a megabyte of them; none at the high watermark.
  // Error out_of_range before start_offset().
  log::LogResult<CommittedBatches> read_committed(Env& env, Offset from);

  // ---- Snapshots of what is committed
  // The latest one is all there is of what lies before.
  Offset start_offset() const { return metadata_log_->start().end_offset; }
  std::optional<raft::SnapshotId> latest_snapshot() const {
    return metadata_log_->latest_snapshot();
  }
  log::LogResult<raft::Snapshot> load_snapshot(Env& env, raft::SnapshotId id);
  // Keeps `snapshot` of the records before the end of `id`, unless there is a reason against it.
  // `why` is told.
  void take_snapshot(Env& env, raft::SnapshotId id, raft::Snapshot snapshot, std::string_view why);
  // Deletes what need not be kept of earlier snapshots and of the log.
  void delete_old(Env& env);

 private:
  // What came with an answer of the leader.
  struct Payload {
    std::vector<wire::Batch> batches;
    Rope bytes;  // Of a snapshot.
  };

  QuorumNode(const NodeConfig& config, std::unique_ptr<MetadataLog> metadata_log,
             std::unique_ptr<raft::Raft> raft);

  // Each runs as one fiber.
  void run_timer(Env& env);
  void run_flusher(Env& env);
  void run_peer(Env& env, NodeId peer);
  void run_updates(Env& env);
  // A fiber for each peer that there is none for yet.
  void spawn_peers(Host& host);

  // Nothing is held if the fiber is cancelled meanwhile, or the node has failed or stopped: then
  // Raft is to be told nothing more, and nobody what it says.
  [[nodiscard]] Turn::Held take_turn(Env& env);

  // Gives a peer's request to Raft and carries out what follows.
  template <class Response, class Request, class Step, class Encode>
  Response serve(Env& env, const Request& request, Step step, Encode encode);
  // Asks the peer; whether it answered, without an error.
  template <class Request>
  bool ask(Env& env, wire::Channel& channel, NodeId peer, const Request& request);

  // Carries the Output out, with the turn held. False if the node has failed or is cancelled: then
  // nothing may be sent.
  bool carry_out(Env& env, const raft::Output& out, const Payload& payload = {});
  bool persist(Env& env, const raft::QuorumState& state);
  bool change_log(Env& env, const raft::Output& out, const std::vector<wire::Batch>& batches);
  bool keep_chunk(Env& env, const raft::SnapshotChunk& chunk, const Rope& bytes);
  bool install_snapshot(Env& env, raft::SnapshotId id);
  bool begin_to_lead(Env& env, Offset at);
  void publish(Host& host, const raft::Output& out);
  // Where a leader is, as it says itself in a request, or anybody in a response.
  template <class Request>
  void learn_leader(Host& host, const Request& request);
  template <class Endpoints>
  void learn_endpoints(Host& host, const Endpoints& endpoints);
  void learn_address(Host& host, NodeId id, const Address& address);
  template <class Response>
  Response with_leader(Response response) const;

  using Refusal = std::optional<raft::VoterRefusal>;
  // What the leader of an epoch has to wait for.
  struct VoterChange {
    LeaderEpoch epoch{};
    Offset offset = 0;
  };
  // `decide` gives the voters there are to be, or why not.
  template <class Decide>
  Expected<VoterChange, raft::VoterRefusal> change_voters(Env& env, Decide decide);
  Expected<VoterChange, raft::VoterRefusal> append_voters(Env& env, const raft::VoterSet& changed);
  Refusal wait_committed(Env& env, VoterChange change, Instant deadline);
  api::UpdateRaftVoterResponse described(Env& env, LeaderEpoch epoch, const raft::Voter& voter);
  Refusal add_voter(Env& env, raft::Voter voter, Instant deadline);
  // As this node would describe itself as a voter.
  raft::Voter own_voter() const;
  bool has_moved() const;
  bool tell_where_it_is(Env& env, const Address& leader);
  void describe_itself(Env& env, const Address& leader);
  bool wants_vote() const;
  void ask_for_vote(Env& env, const Address& leader);
  // Which kraft.version the node supports, by its own word.
  Expected<raft::KRaftVersions, api::ErrorCode> ask_versions(Env& env, const raft::Voter& voter,
                                                             Instant deadline);
  api::ErrorCode check_cluster(const wire::Nullable<std::string>& cluster_id) const;
  // The answer once there is something to tell, at the deadline at the latest; nothing after a
  // failure.
  std::optional<raft::FetchResponse> answer_fetch(Env& env, const raft::FetchRequest& request,
                                                  Instant deadline);
  // The records an answer without error carries. Turns into an error what became stale meanwhile.
  Rope read_for(Env& env, const raft::FetchRequest& request, std::size_t max_bytes,
                raft::FetchResponse& response);

  log::Log& log() { return metadata_log_->log(); }

  const NodeConfig& config_;
  std::unique_ptr<MetadataLog> metadata_log_;
  std::unique_ptr<raft::Raft> raft_;
  Turn turn_;

  // As of the last Output that was carried out completely.
  raft::LeaderAndEpoch current_;
  bool is_leader_ = false;
  Offset high_watermark_ = 0;
  bool has_failed_ = false;
  bool is_stopped_ = false;
  std::set<NodeId> peers_;        // Who is asked, if there is anything to ask: each by a fiber.
  std::set<NodeId> unreachable_;  // Peers that could not be connected to the last time.
  std::map<NodeId, Address> told_addresses_;  // Of leaders, as they or others say.
  Offset published_voters_ = raft::VoterHistory::before_the_log;
  bool is_running_ = false;
  bool is_adding_voter_ = false;
  LeaderEpoch described_in_ = no_epoch;  // While voters are configured: the leader knows ours.

  Instant timer_at_ = never;  // When the timer will look next.
  Signal role_changed_;
  Signal committed_;
  Signal appended_;
  Signal inquiries_;  // There may be something new to ask of a peer, or the timer is due earlier.
  FiberGroup fibers_;
};

}  // namespace brokersim::broker
