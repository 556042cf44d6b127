// What happens in a run, one vocabulary for everybody: properties judge by events, reports render
// them, the trace file holds them, and the run's hash covers them.
//
// Three kinds of witness:
//   world    what is true: machines, faults, bytes on disks, frames on the wire
//   client   what was asked for and what the client was told
//   core     what the broker says it decided; explains, is never evidence
//
// Each body names its fields once, in `visit`: writing, reading and hashing all derive from it.
// A body's node is the node of its Event; -1 there means the world itself.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/close_reason.h"
#include "core/base/disk_events.h"
#include "core/base/group_events.h"
#include "core/base/ids.h"
#include "core/base/outcome.h"
#include "core/base/time.h"
#include "core/base/transaction_events.h"

namespace brokersim {

// 1, 2, 3 … in the order of the run; 0 is no event. Printed as e42.
struct EventId {
  std::uint64_t value = 0;
  friend auto operator<=>(const EventId&, const EventId&) = default;
};

// The direct causes of an event, most telling first; unused places are 0.
struct EventCauses {
  std::array<EventId, 3> ids{};
  EventCauses() = default;
  EventCauses(EventId first, EventId second = {}, EventId third = {}) : ids{first, second, third} {}
};

// ---- World: machines and faults ----------------------------------------------------------------

struct NodeStarted {
  static constexpr std::string_view kind = "node_started";
  std::string name;              // "broker-1", "controller-2", "client"
  std::int32_t incarnation = 0;  // 0, 1, 2 … counts starts of this node.
  static void visit(auto& e, auto&& f) {
    f("name", e.name);
    f("incarnation", e.incarnation);
  }
};

struct NodeStopped {
  static constexpr std::string_view kind = "node_stopped";
  enum class How : std::uint8_t { shutdown, crash, power_loss };
  How how = How::shutdown;
  static void visit(auto& e, auto&& f) { f("how", e.how); }
};
std::string_view name_of(NodeStopped::How how);

struct NodePaused {
  static constexpr std::string_view kind = "node_paused";
  static void visit(auto&, auto&&) {}
};
struct NodeResumed {
  static constexpr std::string_view kind = "node_resumed";
  static void visit(auto&, auto&&) {}
};

struct FaultBegan {
  static constexpr std::string_view kind = "fault_began";
  std::int32_t fault = 0;       // Its place in the plan, from 1. Printed as f1.
  std::string what;             // The fault's kind: "partition", "power_loss" …
  std::string detail;           // Target and parameters as the plan has them, for people.
  std::vector<NodeId> targets;  // The machines that were meant when it began.
  std::vector<NodeId> peers;    // The other ends of links, where the plan names them.
  static void visit(auto& e, auto&& f) {
    f("fault", e.fault);
    f("what", e.what);
    f("detail", e.detail);
    f("targets", e.targets);
    f("peers", e.peers);
  }
};
struct FaultEnded {
  static constexpr std::string_view kind = "fault_ended";
  std::int32_t fault = 0;
  std::int64_t effects = 0;  // How often it really changed something: frames held, writes lost …
  static void visit(auto& e, auto&& f) {
    f("fault", e.fault);
    f("effects", e.effects);
  }
};
// From here on no fault is active and none will begin: everything has to converge.
struct FaultsLifted {
  static constexpr std::string_view kind = "faults_lifted";
  static void visit(auto&, auto&&) {}
};

// ---- World: cluster metadata, committed on a majority of the controllers' disks ----------------

struct TopicCommitted {
  static constexpr std::string_view kind = "topic_committed";
  std::string topic;
  std::int32_t partitions = 0;
  std::int32_t replication_factor = 0;
  std::int32_t min_insync_replicas = 1;
  bool may_elect_uncleanly = false;  // unclean.leader.election.enable, as it is in force.
  Uuid topic_id = no_uuid;           // Another one by the same name is another topic (KIP-516).
  friend bool operator==(const TopicCommitted&, const TopicCommitted&) = default;
  static void visit(auto& e, auto&& f) {
    f("topic", e.topic);
    f("partitions", e.partitions);
    f("replication_factor", e.replication_factor);
    f("min_insync_replicas", e.min_insync_replicas);
    f("may_elect_uncleanly", e.may_elect_uncleanly);
    f("topic_id", e.topic_id);
  }
};
// What is asked of the logs of a topic, where that is not what Kafka asks by default; told before
// the first TopicCommitted of a topic that is made so. Where brokers are set differently, the least
// that is kept, and the most that is not synced.
struct LogSettingsCommitted {
  static constexpr std::string_view kind = "log_settings_committed";
  static constexpr std::int64_t week_ms = 7 * 24 * 60 * 60 * 1000;
  static constexpr Offset never = 0x7fff'ffff'ffff'ffff;
  std::string topic;
  // -1: however old, or much. Where nothing is deleted, but compacted, as by default.
  std::int64_t retention_ms = week_ms;
  std::int64_t retention_bytes = -1;
  Offset flush_messages = never;
  friend bool operator==(const LogSettingsCommitted&, const LogSettingsCommitted&) = default;
  static void visit(auto& e, auto&& f) {
    f("topic", e.topic);
    f("retention_ms", e.retention_ms);
    f("retention_bytes", e.retention_bytes);
    f("flush_messages", e.flush_messages);
  }
};
struct TopicRemoved {
  static constexpr std::string_view kind = "topic_removed";
  std::string topic;
  Uuid topic_id = no_uuid;
  static void visit(auto& e, auto&& f) {
    f("topic", e.topic);
    f("topic_id", e.topic_id);
  }
};
struct PartitionCommitted {
  static constexpr std::string_view kind = "partition_committed";
  TopicPartition partition;
  NodeId leader = no_node;
  LeaderEpoch leader_epoch{};
  PartitionEpoch partition_epoch{};
  std::vector<NodeId> replicas;
  std::vector<NodeId> isr;
  Offset metadata_offset = 0;
  // Who may lead though out of sync, and who led last where that is nobody (KIP-966).
  std::vector<NodeId> elr;
  std::vector<NodeId> last_known_elr;
  static void visit(auto& e, auto&& f) {
    f("partition", e.partition);
    f("leader", e.leader);
    f("leader_epoch", e.leader_epoch);
    f("partition_epoch", e.partition_epoch);
    f("replicas", e.replicas);
    f("isr", e.isr);
    f("metadata_offset", e.metadata_offset);
    f("elr", e.elr);
    f("last_known_elr", e.last_known_elr);
  }
};
struct BrokerCommitted {
  static constexpr std::string_view kind = "broker_committed";
  NodeId broker;
  BrokerEpoch broker_epoch{};
  bool is_fenced = true;  // Also where it is unregistered.
  Offset metadata_offset = 0;
  bool is_shutting_down = false;  // In its own time (KIP-841).
  static void visit(auto& e, auto&& f) {
    f("broker", e.broker);
    f("broker_epoch", e.broker_epoch);
    f("is_fenced", e.is_fenced);
    f("metadata_offset", e.metadata_offset);
    f("is_shutting_down", e.is_shutting_down);
  }
};
// Ids of producers up to `next_producer_id` are given to a broker, to hand out (KIP-730).
struct ProducerIdsCommitted {
  static constexpr std::string_view kind = "producer_ids_committed";
  std::int64_t next_producer_id = 0;
  Offset metadata_offset = 0;
  static void visit(auto& e, auto&& f) {
    f("next_producer_id", e.next_producer_id);
    f("metadata_offset", e.metadata_offset);
  }
};
// The quorum has agreed on its voters (KIP-853).
struct VotersCommitted {
  static constexpr std::string_view kind = "voters_committed";
  std::vector<NodeId> voters;
  Offset metadata_offset = -1;
  static void visit(auto& e, auto&& f) {
    f("voters", e.voters);
    f("metadata_offset", e.metadata_offset);
  }
};

// ---- World: frames on the wire -----------------------------------------------------------------

// The broker has sent the answer to one partition of a Produce request (for acks=0, has appended
// without one). `peer` names the producer.
struct ProduceAnswered {
  static constexpr std::string_view kind = "produce_answered";
  std::string peer;
  TopicPartition partition;
  std::int32_t acks = 0;
  std::int32_t error = 0;        // Kafka error code.
  BatchRef batch;                // Offsets as answered; meaningless after an error.
  std::int64_t asked_at_ns = 0;  // When the request was sent.
  static void visit(auto& e, auto&& f) {
    f("peer", e.peer);
    f("partition", e.partition);
    f("acks", e.acks);
    f("error", e.error);
    f("batch", e.batch);
    f("asked_at_ns", e.asked_at_ns);
  }
};
// The broker has sent one partition of a Fetch response.
struct FetchAnswered {
  static constexpr std::string_view kind = "fetch_answered";
  std::string peer;
  NodeId replica = no_node;  // The follower that fetches; -1: a consumer.
  TopicPartition partition;
  std::int32_t error = 0;
  Offset fetch_offset = 0;
  Offset high_watermark = -1;
  std::vector<BatchRef> batches;
  Offset log_start_offset = -1;
  std::int64_t asked_at_ns = 0;  // When the request was sent.
  static void visit(auto& e, auto&& f) {
    f("peer", e.peer);
    f("replica", e.replica);
    f("partition", e.partition);
    f("error", e.error);
    f("fetch_offset", e.fetch_offset);
    f("high_watermark", e.high_watermark);
    f("batches", e.batches);
    f("log_start_offset", e.log_start_offset);
    f("asked_at_ns", e.asked_at_ns);
  }
};
// What else the answer told a consumer that reads committed records only (KIP-98): up to where
// transactions are decided, and which of those in what was answered were aborted. Follows its
// FetchAnswered.
struct AbortedTransaction {
  std::int64_t producer_id = -1;
  Offset first_offset = 0;
  friend auto operator<=>(const AbortedTransaction&, const AbortedTransaction&) = default;
  static void visit(auto& e, auto&& f) {
    f("producer_id", e.producer_id);
    f("first_offset", e.first_offset);
  }
};
struct ReadCommittedAnswered {
  static constexpr std::string_view kind = "read_committed_answered";
  std::string peer;
  TopicPartition partition;
  Offset high_watermark = -1;
  Offset last_stable_offset = -1;
  std::vector<AbortedTransaction> aborted;
  std::vector<BatchRef> batches;
  static void visit(auto& e, auto&& f) {
    f("peer", e.peer);
    f("partition", e.partition);
    f("high_watermark", e.high_watermark);
    f("last_stable_offset", e.last_stable_offset);
    f("aborted", e.aborted);
    f("batches", e.batches);
  }
};
// Somebody asks for leaders whatever they lack (ElectLeaders, KIP-460): of these partitions, or of
// all if `is_of_all`.
struct UncleanElectionAsked {
  static constexpr std::string_view kind = "unclean_election_asked";
  std::string peer;
  std::vector<TopicPartition> partitions;
  bool is_of_all = false;
  static void visit(auto& e, auto&& f) {
    f("peer", e.peer);
    f("partitions", e.partitions);
    f("is_of_all", e.is_of_all);
  }
};
// Somebody asks for all records before an offset to be deleted (DeleteRecords, KIP-107): of each
// partition, the offset at the same place. -1 is the high watermark.
struct RecordDeletionAsked {
  static constexpr std::string_view kind = "record_deletion_asked";
  std::string peer;
  std::vector<TopicPartition> partitions;
  std::vector<Offset> offsets;
  static void visit(auto& e, auto&& f) {
    f("peer", e.peer);
    f("partitions", e.partitions);
    f("offsets", e.offsets);
  }
};
// A controller's vote has left it (KIP-595).
struct VoteAnswered {
  static constexpr std::string_view kind = "vote_answered";
  NodeId candidate;
  LeaderEpoch epoch{};
  bool is_granted = false;
  static void visit(auto& e, auto&& f) {
    f("candidate", e.candidate);
    f("epoch", e.epoch);
    f("is_granted", e.is_granted);
  }
};
// A controller has said whether it would vote so, to whoever asks before standing for election
// (KIP-996). `epoch` is the one in which it was asked: who is told so by a majority stands in the
// next.
struct PreVoteAnswered {
  static constexpr std::string_view kind = "pre_vote_answered";
  NodeId candidate;
  LeaderEpoch epoch{};
  bool is_granted = false;
  static void visit(auto& e, auto&& f) {
    f("candidate", e.candidate);
    f("epoch", e.epoch);
    f("is_granted", e.is_granted);
  }
};
// A controller has answered a partition's leader that its in-sync set is as it asked for, though it
// names a member by the epoch of an earlier registration than the committed one (KIP-903). Told
// only then, and where no later change of the partition is committed.
struct OldLifeAccepted {
  static constexpr std::string_view kind = "old_life_accepted";
  TopicPartition partition;
  PartitionEpoch partition_epoch{};  // As answered.
  NodeId broker;
  BrokerEpoch broker_epoch{};  // By which it was named.
  static void visit(auto& e, auto&& f) {
    f("partition", e.partition);
    f("partition_epoch", e.partition_epoch);
    f("broker", e.broker);
    f("broker_epoch", e.broker_epoch);
  }
};
// A node presents itself as the quorum's leader to others.
struct QuorumLeaderAnnounced {
  static constexpr std::string_view kind = "quorum_leader_announced";
  LeaderEpoch epoch{};
  static void visit(auto& e, auto&& f) { f("epoch", e.epoch); }
};
// The quorum's leader has sent a piece of a snapshot of the metadata (KIP-630).
struct SnapshotAnswered {
  static constexpr std::string_view kind = "snapshot_answered";
  NodeId replica = no_node;
  Offset end_offset = 0;
  std::int64_t position = 0;  // Where in the file.
  std::int32_t error = 0;
  static void visit(auto& e, auto&& f) {
    f("replica", e.replica);
    f("end_offset", e.end_offset);
    f("position", e.position);
    f("error", e.error);
  }
};

// ---- Clients -----------------------------------------------------------------------------------

// `op` numbers a client operation over the whole run; printed as op7.
struct SendInvoked {
  static constexpr std::string_view kind = "send_invoked";
  std::int64_t op = 0;
  std::string client;
  TopicPartition partition;
  std::uint64_t record = 0;  // Digest of key and value; unique where the workload makes it so.
  static void visit(auto& e, auto&& f) {
    f("op", e.op);
    f("client", e.client);
    f("partition", e.partition);
    f("record", e.record);
  }
};
struct SendEnded {
  static constexpr std::string_view kind = "send_ended";
  std::int64_t op = 0;
  std::string client;
  TopicPartition partition;
  Outcome outcome = Outcome::ok;
  std::int32_t error = 0;
  std::int32_t acks = 0;
  Offset offset = -1;
  static void visit(auto& e, auto&& f) {
    f("op", e.op);
    f("client", e.client);
    f("partition", e.partition);
    f("outcome", e.outcome);
    f("error", e.error);
    f("acks", e.acks);
    f("offset", e.offset);
  }
};
struct RecordDelivered {
  static constexpr std::string_view kind = "record_delivered";
  std::string client;
  TopicPartition partition;
  Offset offset = 0;
  std::uint64_t record = 0;
  static void visit(auto& e, auto&& f) {
    f("client", e.client);
    f("partition", e.partition);
    f("offset", e.offset);
    f("record", e.record);
  }
};
// The consumer's position was set by something other than delivery.
struct PositionReset {
  static constexpr std::string_view kind = "position_reset";
  std::string client;
  TopicPartition partition;
  Offset offset = 0;
  std::string why;  // "assign", "seek", "out_of_range" …
  static void visit(auto& e, auto&& f) {
    f("client", e.client);
    f("partition", e.partition);
    f("offset", e.offset);
    f("why", e.why);
  }
};

// What a member of a group was told of partitions, before the call that tells it has ended.
struct OwnershipChanged {
  static constexpr std::string_view kind = "ownership_changed";
  std::string client;
  std::string group;
  std::string how;  // "assigned", "revoked", "lost": by then they may be somebody else's.
  std::vector<TopicPartition> partitions;
  static void visit(auto& e, auto&& f) {
    f("client", e.client);
    f("group", e.group);
    f("how", e.how);
    f("partitions", e.partitions);
  }
};

// ---- Core: what brokers and controllers decided ------------------------------------------------

struct QuorumRoleChanged {
  static constexpr std::string_view kind = "quorum_role_changed";
  LeaderEpoch epoch{};
  std::string role;  // "unattached", "follower", "candidate", "leader", "resigned"
  NodeId leader = no_node;
  std::string why;
  static void visit(auto& e, auto&& f) {
    f("epoch", e.epoch);
    f("role", e.role);
    f("leader", e.leader);
    f("why", e.why);
  }
};
// The quorum's leader has appended which voters there are: in force at once, and not committed yet.
struct QuorumVotersChanged {
  static constexpr std::string_view kind = "quorum_voters_changed";
  LeaderEpoch epoch{};
  Offset offset = 0;  // Of the Voters record.
  std::vector<NodeId> voters;
  static void visit(auto& e, auto&& f) {
    f("epoch", e.epoch);
    f("offset", e.offset);
    f("voters", e.voters);
  }
};
// The node has put its metadata up to `end_offset` into a snapshot.
struct SnapshotTaken {
  static constexpr std::string_view kind = "snapshot_taken";
  Offset end_offset = 0;
  LeaderEpoch epoch{};
  std::int64_t bytes = 0;
  std::string why;  // "enough bytes", "enough time"
  static void visit(auto& e, auto&& f) {
    f("end_offset", e.end_offset);
    f("epoch", e.epoch);
    f("bytes", e.bytes);
    f("why", e.why);
  }
};
// The leader's snapshot has arrived whole and stands for the node's log up to `end_offset`.
struct SnapshotFetched {
  static constexpr std::string_view kind = "snapshot_fetched";
  NodeId leader;
  Offset end_offset = 0;
  LeaderEpoch epoch{};
  static void visit(auto& e, auto&& f) {
    f("leader", e.leader);
    f("end_offset", e.end_offset);
    f("epoch", e.epoch);
  }
};
// The node's metadata is what the snapshot says.
struct SnapshotLoaded {
  static constexpr std::string_view kind = "snapshot_loaded";
  Offset end_offset = 0;
  LeaderEpoch epoch{};
  static void visit(auto& e, auto&& f) {
    f("end_offset", e.end_offset);
    f("epoch", e.epoch);
  }
};
struct BrokerRegistered {
  static constexpr std::string_view kind = "broker_registered";
  NodeId broker;
  BrokerEpoch broker_epoch{};
  static void visit(auto& e, auto&& f) {
    f("broker", e.broker);
    f("broker_epoch", e.broker_epoch);
  }
};
// A broker's heartbeats stayed away for as long as its session lasts: it is about to be fenced.
struct SessionExpired {
  static constexpr std::string_view kind = "session_expired";
  NodeId broker;
  std::int64_t silent_ms = 0;  // Since its last heartbeat, by the controller's clock.
  static void visit(auto& e, auto&& f) {
    f("broker", e.broker);
    f("silent_ms", e.silent_ms);
  }
};
struct BrokerFenced {
  static constexpr std::string_view kind = "broker_fenced";
  NodeId broker;
  std::string why;  // "heartbeat timeout", "asked to be fenced", "new incarnation" …
  static void visit(auto& e, auto&& f) {
    f("broker", e.broker);
    f("why", e.why);
  }
};
struct BrokerUnfenced {
  static constexpr std::string_view kind = "broker_unfenced";
  NodeId broker;
  static void visit(auto& e, auto&& f) { f("broker", e.broker); }
};
// The controller decided on a leader; becomes true when PartitionCommitted says so.
struct LeaderElected {
  static constexpr std::string_view kind = "leader_elected";
  TopicPartition partition;
  NodeId from = no_node;
  NodeId to = no_node;  // -1: nobody is eligible.
  LeaderEpoch leader_epoch{};
  std::string why;  // "broker-1 fenced", "preferred leader", "ElectLeaders request" …
  bool is_clean = true;
  std::vector<NodeId> isr_before;
  std::vector<NodeId> isr_after;
  static void visit(auto& e, auto&& f) {
    f("partition", e.partition);
    f("from", e.from);
    f("to", e.to);
    f("leader_epoch", e.leader_epoch);
    f("why", e.why);
    f("is_clean", e.is_clean);
    f("isr_before", e.isr_before);
    f("isr_after", e.isr_after);
  }
};
// The controller accepted a new set of in-sync replicas, or took a broker out of it.
struct IsrChanged {
  static constexpr std::string_view kind = "isr_changed";
  TopicPartition partition;
  std::vector<NodeId> before;
  std::vector<NodeId> after;
  PartitionEpoch partition_epoch{};
  std::string why;
  static void visit(auto& e, auto&& f) {
    f("partition", e.partition);
    f("before", e.before);
    f("after", e.after);
    f("partition_epoch", e.partition_epoch);
    f("why", e.why);
  }
};
struct BecameLeader {
  static constexpr std::string_view kind = "became_leader";
  TopicPartition partition;
  LeaderEpoch leader_epoch{};
  Offset end_offset = 0;
  Offset high_watermark = 0;
  static void visit(auto& e, auto&& f) {
    f("partition", e.partition);
    f("leader_epoch", e.leader_epoch);
    f("end_offset", e.end_offset);
    f("high_watermark", e.high_watermark);
  }
};
struct BecameFollower {
  static constexpr std::string_view kind = "became_follower";
  TopicPartition partition;
  LeaderEpoch leader_epoch{};
  NodeId leader = no_node;
  Offset end_offset = 0;
  static void visit(auto& e, auto&& f) {
    f("partition", e.partition);
    f("leader_epoch", e.leader_epoch);
    f("leader", e.leader);
    f("end_offset", e.end_offset);
  }
};
struct HighWatermarkAdvanced {
  static constexpr std::string_view kind = "high_watermark_advanced";
  TopicPartition partition;
  LeaderEpoch leader_epoch{};
  Offset high_watermark = 0;
  static void visit(auto& e, auto&& f) {
    f("partition", e.partition);
    f("leader_epoch", e.leader_epoch);
    f("high_watermark", e.high_watermark);
  }
};
struct LogTruncated {
  static constexpr std::string_view kind = "log_truncated";
  TopicPartition partition;
  Offset from = 0;
  Offset to = 0;
  std::string why;
  static void visit(auto& e, auto&& f) {
    f("partition", e.partition);
    f("from", e.from);
    f("to", e.to);
    f("why", e.why);
  }
};
struct LogRecovered {
  static constexpr std::string_view kind = "log_recovered";
  TopicPartition partition;
  Offset end_offset = 0;
  std::int64_t bytes_cut = 0;  // Of a torn or corrupt tail.
  bool was_clean = false;
  static void visit(auto& e, auto&& f) {
    f("partition", e.partition);
    f("end_offset", e.end_offset);
    f("bytes_cut", e.bytes_cut);
    f("was_clean", e.was_clean);
  }
};
// A connection was closed, or not taken, because of what its peer did.
struct ConnectionRefused {
  static constexpr std::string_view kind = "connection_refused";
  std::string peer;  // "host:port"; empty where it was not looked at.
  CloseReason reason = CloseReason::unanswerable_error;
  std::string detail;
  static void visit(auto& e, auto&& f) {
    f("peer", e.peer);
    f("reason", e.reason);
    f("detail", e.detail);
  }
};
// A consumer group as its coordinator keeps it.
struct GroupStateChanged {
  static constexpr std::string_view kind = "group_state_changed";
  std::string group;
  std::string state;  // "Empty", "PreparingRebalance", "CompletingRebalance", "Stable"
  std::int32_t generation = 0;
  std::int32_t members = 0;
  std::string why;
  static void visit(auto& e, auto&& f) {
    f("group", e.group);
    f("state", e.state);
    f("generation", e.generation);
    f("members", e.members);
    f("why", e.why);
  }
};
// For people, where no other kind fits: an unreadable file.
struct Note {
  static constexpr std::string_view kind = "note";
  std::string text;
  static void visit(auto& e, auto&& f) { f("text", e.text); }
};

// ---- All of them -------------------------------------------------------------------------------

using EventKind = std::variant<
    NodeStarted, NodeStopped, NodePaused, NodeResumed, FaultBegan, FaultEnded, FaultsLifted,
    BatchStored, LogCut, LogSynced, LogBegun, SnapshotStored, SnapshotRemoved, TopicCommitted,
    PartitionCommitted, BrokerCommitted, ProduceAnswered, FetchAnswered, ReadCommittedAnswered,
    VoteAnswered, QuorumLeaderAnnounced, JoinGroupAnswered, SyncGroupAnswered,
    ConsumerGroupHeartbeatAnswered, ConsumerGroupDescribed, OffsetCommitAnswered,
    OffsetFetchAnswered, InitProducerIdAnswered, EndTxnAnswered, TxnOffsetCommitAnswered,
    SendInvoked, SendEnded, RecordDelivered, PositionReset, OwnershipChanged, TransactionBegan,
    TransactionEnded, RecordProcessed, QuorumRoleChanged, SnapshotTaken, SnapshotFetched,
    SnapshotLoaded, BrokerRegistered, SessionExpired, BrokerFenced, BrokerUnfenced, LeaderElected,
    IsrChanged, BecameLeader, BecameFollower, HighWatermarkAdvanced, LogTruncated, LogRecovered,
    ConnectionRefused, GroupStateChanged, TransactionStateChanged, Note, LogCompacted,
    QuorumVotersChanged, VotersCommitted, PreVoteAnswered, SnapshotAnswered, UncleanElectionAsked,
    TopicRemoved, ProducerIdsCommitted, HeartbeatAnswered, LogNamed, SegmentDeleted,
    LogSettingsCommitted, RecordDeletionAsked, TransactionStateStored, GroupStateStored,
    LogContradicted, OldLifeAccepted>;

// Whether a type is one of a variant's.
template <class T, class Variant>
inline constexpr bool is_alternative = false;
template <class T, class... Kinds>
inline constexpr bool is_alternative<T, std::variant<Kinds...>> = (std::is_same_v<T, Kinds> || ...);

// One of them. It copies, moves and ends by functions of its own, as each is made of one for every
// kind and every rest of the list of kinds: they are compiled once, and not with every file. What
// it is made from is the kind itself: a variant would try each kind whether it can be made from it.
class EventBody : public EventKind {
 public:
  EventBody() = default;
  template <class Kind>
    requires is_alternative<Kind, EventKind>
  EventBody(Kind kind) : EventKind(std::in_place_type<Kind>, std::move(kind)) {}
  EventBody(const EventBody&);
  EventBody(EventBody&&) noexcept;
  EventBody& operator=(const EventBody&);
  EventBody& operator=(EventBody&&) noexcept;
  ~EventBody();
};

struct Event {
  EventId id;
  Instant at;
  NodeId node = no_node;
  EventCauses causes;
  EventBody body;
};

std::string_view kind_of(const EventBody& body);
// Of events in the order of their ids; null if it is not among them.
const Event* find_event(const std::vector<Event>& events, EventId id);

}  // namespace brokersim
