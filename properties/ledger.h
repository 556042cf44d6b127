// The history that all properties share: what each replica's disk holds, what the cluster's
// metadata says, and which batches are committed. Built from what the world witnessed, one event at
// a time.
//
//   replica logs   batches with a cumulative hash: equal hashes at an index mean equal prefixes
//   committed      the batches that every member of the in-sync set held at one instant: the prefix
//                  that clean elections preserve, and the most that a high watermark may cover
//
// A log that was compacted counts as the whole log: what compaction may take is judged by itself
// (BS-K01), and where something is missing that it did not take, it is missing.
//
// Topics that had one name one after the other are told apart by names of their own
// (incarnations.h).
//
// When a leader begins to act without part of the committed prefix, the prefix is re-based on the
// leader's log and the loss is remembered as a Rebase, with its excuse if there is one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/event.h"
#include "core/base/ids.h"
#include "core/base/time.h"
#include "properties/compactions.h"
#include "properties/flush_promises.h"

namespace brokersim::properties {

inline constexpr char offsets_topic[] = "__consumer_offsets";  // It holds the groups' records.
inline constexpr char transactions_topic[] = "__transaction_state";

struct LogEntry {
  BatchRef batch;
  std::uint64_t prefix = 0;  // Hash of this batch and all before it.
  EventId stored;            // By this replica.
  Instant at;
};

// The first entry that does not lie wholly before `offset`: the one that covers it, or the end.
std::vector<LogEntry>::const_iterator first_reaching(const std::vector<LogEntry>& entries,
                                                     Offset offset);

// The log of one partition on one node's disk. Entries lie densely from offset 0: what was deleted
// at the beginning stays known, and what a snapshot stands for is known from other logs. A log may
// begin inside a batch of which nothing is there: what lies before is a gap, an entry of no epoch.
class ReplicaLog {
 public:
  const std::vector<LogEntry>& entries() const { return entries_; }
  Offset end_offset() const { return end_offset_of(entries_); }
  Offset synced_end() const { return synced_end_; }
  // What lies before was deleted.
  Offset start_offset() const { return start_offset_; }
  // What power loss took and has not come back: entries from index `lost_from` on.
  const std::vector<LogEntry>& lost() const { return lost_; }
  std::size_t lost_from() const { return lost_from_; }

  bool holds(std::size_t index, std::uint64_t prefix) const {
    return index < entries_.size() && entries_[index].prefix == prefix;
  }
  // Held it until power loss took it, and has not got it back.
  bool has_lost(std::size_t index, std::uint64_t prefix) const {
    return index >= lost_from_ && index - lost_from_ < lost_.size() &&
           lost_[index - lost_from_].prefix == prefix;
  }
  // Index of the batch that covers `offset`, if there is one.
  std::optional<std::size_t> find(Offset offset) const;

  void store(const Event& event, const BatchRef& batch);
  // Returns what was cut off.
  std::vector<LogEntry> cut(Offset end_offset, bool by_power_loss);
  void begin_at(Offset offset) { start_offset_ = offset; }
  // Its node says that it begins there: DeleteRecords ends anywhere, and not only with a file.
  void told_to_begin_at(Offset offset) { told_start_ = std::max(told_start_, offset); }
  // The log, empty so far, begins behind these.
  void begin_behind(const std::vector<LogEntry>& entries, std::size_t count);
  // From its end up to there is such a gap, if it ends before.
  void skip_to(Offset offset, Instant at);
  bool ends_in_gap() const;
  // What is there instead is known.
  void drop_gap() { entries_.pop_back(); }
  // Before where this log or its leader's begins, it counts as the leader's.
  void take_deleted_of(const ReplicaLog& leader);
  void sync(Offset end_offset) { synced_end_ = end_offset; }
  void forget_lost() { lost_.clear(); }

  static Offset end_offset_of(const std::vector<LogEntry>& entries) {
    return entries.empty() ? 0 : entries.back().batch.last_offset + 1;
  }

 private:
  std::vector<LogEntry> entries_;
  std::vector<LogEntry> lost_;
  std::size_t lost_from_ = 0;
  Offset synced_end_ = 0;
  Offset start_offset_ = 0;
  Offset told_start_ = 0;
};

// Why a loss is legal, recomputed from what truly happened.
enum class Excuse : std::uint8_t {
  none,
  unclean_election,       // The topic permits unclean elections and there was one.
  too_many_power_losses,  // More copies were struck than the promise covers.
  last_replica_standing,  // Everybody in sync had lost it, though within the count.
};
std::string_view name_of(Excuse excuse);

struct PartitionState {
  NodeId leader = no_node;
  LeaderEpoch leader_epoch{-1};
  PartitionEpoch partition_epoch{-1};
  std::vector<NodeId> replicas;
  std::vector<NodeId> isr;
  EventId event;
  Instant at;
  std::vector<NodeId> elr;  // Eligible leader replicas (KIP-966).
  std::vector<NodeId> last_known_elr;

  bool has_in_sync(NodeId node) const;
  // Those of whom any may come to lead by a clean election.
  std::vector<NodeId> electable() const;
  bool is_electable(NodeId node) const;
  // Whether it may lead next without being known to have all that is committed, once nobody is: the
  // last who was eligible may cease to be with that very change.
  bool is_last_known(NodeId node) const;
};

// A committed prefix that a leader began without: it was cut to `index` entries.
struct Rebase {
  EventId event;          // With which the leader first acted.
  LeaderEpoch epoch{-1};  // The leader's.
  NodeId leader = no_node;
  std::size_t index = 0;
  Offset offset = 0;  // Everything from here on was given up.
  LogEntry first_lost;
  bool was_shown = false;  // A high watermark had covered it.
  Excuse excuse = Excuse::none;
  Instant at;
};

// What somebody has asked to be deleted at the beginning of a partition's log (KIP-107), whether
// that was done or not.
class AskedDeletions {
 public:
  void ask_before(Offset offset) { before_ = std::max(before_, offset); }
  // Everything before the high watermark as the request arrives, whenever that is: at least what
  // lies before `shown_end`. It is open until somebody is told that this is gone. So is one that is
  // never carried out, and one that finds nothing to delete.
  void ask_all(Offset shown_end) {
    has_asked_all_ = true;
    open_.push_back(std::max(shown_end, told_start_ + 1));
  }
  // An answer says that the log begins there.
  void told_to_begin_at(Offset start);

  // Nothing is known to stay that lies before. While a request is open nothing is.
  Offset may_reach() const { return open_.empty() ? before_ : std::numeric_limits<Offset>::max(); }

 private:
  Offset before_ = 0;
  Offset told_start_ = 0;
  bool has_asked_all_ = false;
  std::vector<Offset> open_;  // For each the least start that shows that it was carried out.
};

struct UncleanElection {
  EventId event;
  LeaderEpoch epoch{-1};
  Offset cut = 0;  // The leader's end offset as it began to act.
  bool is_allowed = false;
  Instant at;
};

struct Replica {
  NodeId node;
  ReplicaLog log;
  LeaderEpoch acting_epoch{-1};  // Of its latest BecameLeader.
  EventId became_leader;         // That itself.
};

struct Partition {
  TopicPartition name;
  bool is_removed = false;        // Its topic was: nothing is owed any more.
  std::vector<Replica> replicas;  // By first appearance.
  PartitionState state;
  PartitionState elected_over;  // The state before the current leader epoch began.

  EventId acting_since;  // The current leader has done a leader's work; 0: not yet.
  std::vector<LogEntry> committed;
  Offset shown_end = 0;  // Highest watermark shown on the wire or implied by acks=all.
  EventId shown_by;
  std::vector<Rebase> rebases;
  std::vector<UncleanElection> unclean_elections;
  Compactions compactions;
  Offset lowest_excused_cut = std::numeric_limits<Offset>::max();
  // How often an administrator has asked for an unclean election that did not come yet (KIP-460).
  std::size_t unclean_elections_asked = 0;
  AskedDeletions deletions;
  // When each leader epoch was committed.
  std::map<LeaderEpoch, EventId> epochs_begun;
  // What the latest LogCut took, which lay from index `last_cut_at` on.
  std::vector<LogEntry> last_cut;
  std::size_t last_cut_at = 0;

  const Replica* replica(NodeId node) const;
  const ReplicaLog* log_of(NodeId node) const;
  bool has_excused_loss() const { return lowest_excused_cut != std::numeric_limits<Offset>::max(); }
  Offset committed_end() const { return ReplicaLog::end_offset_of(committed); }
  // False of a node that may still lead in an epoch before the latest unclean election or rebase:
  // it serves a branch that was given up, and cannot know.
  bool is_current(NodeId node) const;
  // And of an answer to what was asked before that: what it says may have been read before, also by
  // who has come to lead again since. Of several partitions one is read while others wait.
  bool is_current(NodeId node, std::int64_t asked_at_ns) const;
};

struct NodeHistory {
  bool is_running = false;
  bool is_paused = false;
  std::int32_t incarnation = -1;
  std::string name;
  EventId started;
  EventId last_power_loss;
  std::optional<bool> is_fenced;  // As committed; nothing for a node that never registered.
  EventId fenced_by;              // What said so last, or that it is not.
};

struct TopicHistory {
  std::int32_t replication_factor = 0;
  std::int32_t min_insync_replicas = 1;
  bool may_elect_uncleanly = false;
  // Each value of min.insync.replicas that was another than the one before, with what said so.
  std::vector<std::pair<EventId, std::int32_t>> min_insync_changes;
};

class Ledger {
 public:
  void observe(const Event& event);

  // Partitions are numbered from 0 by first appearance.
  const std::vector<Partition>& partitions() const { return partitions_; }
  std::optional<std::size_t> index_of(const TopicPartition& name) const;
  const Partition* find(const TopicPartition& name) const;
  // By Kafka's name: that of the topic that has it, or had it last (topic_names.h).
  const Partition* find_present(const TopicPartition& name) const;
  const TopicHistory& topic(const std::string& name) const;
  const NodeHistory& node(NodeId id) const;  // A default one for a node never seen.
  // "broker-2", or "node 2" where it never started.
  std::string name_of(NodeId id) const;
  // min.insync.replicas as it takes effect: at most the replication factor.
  std::int32_t min_insync(const Partition& partition) const;
  // The least that was in force since this leader epoch began: a leader goes by what it knew when
  // it came to lead, or by a later value, and nobody knows when it hears of a change.
  std::int32_t least_min_insync(const Partition& partition, LeaderEpoch since) const;
  std::optional<Instant> faults_lifted() const { return faults_lifted_; }
  const FlushPromises& flush_promises() const { return flush_promises_; }
  // How often records of groups were lost with an excuse. What a coordinator then knows of a group
  // is what is left of them: its generations begin again further down.
  std::size_t excused_losses_of_groups() const { return excused_losses_of_groups_; }
  // What coordinators of transactions and groups had decided was lost with an excuse, or may have
  // been.
  bool has_lost_decisions() const { return has_lost_decisions_; }

 private:
  void on(const Event& e, const NodeStarted& body);
  void on(const Event& e, const NodeStopped& body);
  void on(const Event& e, const NodePaused& body);
  void on(const Event& e, const NodeResumed& body);
  void on(const Event& e, const FaultsLifted& body);
  void on(const Event& e, const BatchStored& body);
  void on(const Event& e, const LogCut& body);
  void on(const Event& e, const LogSynced& body);
  void on(const Event& e, const LogBegun& body);
  void on(const Event& e, const LogCompacted& body);
  void on(const Event& e, const TopicCommitted& body);
  void on(const Event& e, const TopicRemoved& body);
  void on(const Event& e, const PartitionCommitted& body);
  void on(const Event& e, const BrokerCommitted& body);
  void on(const Event& e, const ProduceAnswered& body);
  void on(const Event& e, const FetchAnswered& body);
  void on(const Event& e, const BecameLeader& body);
  void on(const Event& e, const UncleanElectionAsked& body);
  void on(const Event& e, const RecordDeletionAsked& body);
  template <class Body>
  void on(const Event&, const Body&) {}

  NodeHistory& node_at(NodeId id);
  Partition& partition_at(const TopicPartition& name);
  static bool begins_in_gone_batch(const Partition& partition, const ReplicaLog& log);
  static BatchRef before_compaction(const Partition& partition, ReplicaLog& log, const Event& e,
                                    const BatchRef& batch);
  static void begin_with_deleted(const Partition& partition, ReplicaLog& log, const Event& e,
                                 const LogBegun& begun);
  static void forget_deleted(Partition& partition);
  void act_as_leader(Partition& partition, const Event& e);
  void cut_uncleanly(Partition& partition, Offset offset);
  // With an excuse.
  void give_up_from(Partition& partition, Offset offset);
  void elect_uncleanly(Partition& partition, const Event& e);
  void rebase(Partition& partition, const Event& e);
  void extend_committed(Partition& partition);
  void show(Partition& partition, Offset end, EventId by);

  std::vector<Partition> partitions_;
  std::map<TopicPartition, std::size_t> index_;
  std::size_t latest_ = 0;  // The partition that was last told of.
  std::map<NodeId, NodeHistory> nodes_;
  std::map<std::string, TopicHistory> topics_;
  std::map<std::string, std::string> made_again_;  // Topics by Kafka's names: the latest.
  std::optional<Instant> faults_lifted_;
  FlushPromises flush_promises_;
  std::size_t excused_losses_of_groups_ = 0;
  bool has_lost_decisions_ = false;
};

}  // namespace brokersim::properties
