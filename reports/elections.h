// The elections of a run: who led, who leads, why, what it cost, and where the time without a
// leader went.
//
//   lost ──detect──> fenced ──decide──> committed ──spread──> leads ──recover──> first
//   acknowledgement
//
// `lost` is the first instant at which the old leader could not have completed a write with
// acks=all: it stopped, was paused, or a fault had cut it off and it made no progress any more; if
// nothing tells, it is when the change was committed. Parts that the events do not show stay empty.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/event.h"
#include "reports/fault_spans.h"
#include "reports/partition_logs.h"
#include "reports/quorum_leaders.h"

namespace brokersim::reports {

// One replica as the controller could have known it when it decided.
struct Candidate {
  NodeId node;
  std::optional<Offset> end_offset;  // LEO; empty where no event tells of logs.
  LeaderEpoch last_epoch{-1};        // Of its last batch.
  bool is_in_isr = false;            // Before the election.
  bool is_alive = true;
  bool is_chosen = false;
  std::string why_not;  // Empty for the one that was chosen.
};

// `lost_unreplicated`: acknowledged by the old leader alone (acks=1), which promises no more.
enum class ElectionVerdict : std::uint8_t { clean, lost_unreplicated, lost_acknowledged, unclean };
std::string_view name_of(ElectionVerdict verdict);  // "clean, but lost acknowledged records"

struct Election {
  std::int32_t number = 0;  // From 1; printed as E1.
  TopicPartition partition;
  NodeId from = no_node;
  NodeId to = no_node;  // -1: nobody could be elected.
  LeaderEpoch epoch_before{-1};
  LeaderEpoch leader_epoch{-1};
  std::string why;         // In the controller's words.
  std::string lost_by;     // What took the old leader: "power_loss", "pause"; empty if nothing did.
  std::int32_t fault = 0;  // That led to it; 0: none is known.
  bool is_clean = true;
  bool quorum_changed = false;  // The quorum's leader changed between loss and commit.
  std::vector<NodeId> isr_before;
  std::vector<NodeId> isr_after;
  std::vector<Candidate> candidates;  // In the order of the replicas.
  std::optional<Offset> high_watermark;
  std::optional<Offset> old_end_offset;  // LEO of the old leader.
  std::int64_t lost_records = 0;         // Acknowledged before, absent from the new log.
  std::int64_t lost_by_acks_1 = 0;       // Of them: acknowledged by the old leader alone.
  EventId committed;
  Instant committed_at;
  Instant lost_at;

  std::optional<Duration> detect;
  std::optional<Duration> decide;
  std::optional<Duration> spread;
  std::optional<Duration> recover;
  // From the loss of the old leader until a leader leads; empty while none does.
  std::optional<Duration> without_leader;
  // What producers felt: from the last acknowledgement before to the first after.
  std::optional<Duration> felt;

  ElectionVerdict verdict() const;
};

// A log that got shorter.
struct Truncation {
  NodeId node;
  EventId event;
  Instant at;
  Offset from = 0;
  Offset to = 0;
  std::int64_t records = 0;
  std::int64_t acknowledged = 0;  // Of them.
  std::int64_t gone = 0;          // Of these, those that the leader does not have either.
  bool by_power_loss = false;     // What was not synced; otherwise the replica followed its leader.
  std::int32_t election = 0;      // The latest of the partition; 0: none yet.
};

struct Reign {
  NodeId leader;
  LeaderEpoch epoch{-1};
  Instant from;                  // It leads, not only by decision.
  std::optional<Instant> until;  // Empty: to the end of the run.
  // The topic was deleted before anybody led again: what leads next leads another one by its name.
  std::optional<Instant> deleted_at;
};

struct IsrStep {
  Instant at;
  std::vector<NodeId> isr;
};

struct PartitionHistory {
  TopicPartition partition;
  std::vector<NodeId> replicas;
  std::vector<Reign> reigns;  // Between two, nobody leads, or the topic is not there.
  std::vector<IsrStep> isr;
  std::vector<Truncation> truncations;
  std::vector<std::int32_t> elections;  // Their numbers.

  // From its first leader to `end`, but while its topic was deleted.
  Duration lifetime(Instant end) const;
  // Until when nobody led after the reign at `place`: the next one, the topic's end, or `end`.
  Instant led_again(std::size_t place, Instant end) const;
  Duration without_leader(Instant end) const;
  Duration longest_outage(Instant end) const;
};

// Feed it events in order; ask at any time.
class Elections {
 public:
  void observe(const Event& event);

  const std::vector<Election>& all() const { return elections_; }
  std::vector<PartitionHistory> partitions() const;  // By topic and number.
  const QuorumLeaders& quorum() const { return quorum_; }
  const FaultSpans& faults() const { return faults_; }
  Instant end() const { return end_; }  // Of the latest event.
  // Of the latest change that a report shows; from there on everything stays as it is.
  Instant latest_change() const;

  // "broker-1" of a node that ever started; "node 7" of another.
  std::string name_of_node(NodeId node) const;
  // For cells and bars: "b1" of broker-1, "c2" of controller-2.
  std::string short_name_of(NodeId node) const;

 private:
  struct Node {
    std::string name;
    bool is_running = false;
    bool is_paused = false;
    bool is_fenced = false;
    std::optional<Instant> heard_at;   // Its last heartbeat, once its session has expired.
    std::optional<Instant> fenced_at;  // Since its latest loss.
    bool is_alive() const { return is_running && !is_paused; }
  };
  // Of a controller, of what is not yet committed.
  struct Decision {
    Instant at;
    std::string why;
  };
  struct Partition {
    PartitionHistory history;
    PartitionLogs logs;
    NodeId leader = no_node;  // As committed; it may have to be told yet.
    LeaderEpoch epoch{-1};
    std::vector<NodeId> elr;  // Who may lead cleanly though out of sync.
    bool is_known = false;
    std::optional<Instant> lost_at;  // Since then nobody leads.
    NodeId lost = no_node;           // Who stopped or was paused then.
    std::string lost_by;
    std::int32_t fault = 0;
    Instant progress_at;                        // When the leader last proved that it can commit.
    std::map<LeaderEpoch, Decision> decisions;  // By the leader epoch that they begin.
    std::optional<Offset> high_watermark;       // As the leader says.
    std::optional<Instant> acked_at;
    std::optional<std::size_t> latest;  // Election whose leader has yet to lead and acknowledge.
  };

  void on(const Event& e, const NodeStarted& body);
  void on(const Event& e, const NodeStopped& body);
  void on(const Event& e, const NodePaused& body);
  void on(const Event& e, const NodeResumed& body);
  void on(const Event& e, const FaultBegan& body);
  void on(const Event& e, const FaultEnded& body);
  void on(const Event& e, const SessionExpired& body);
  void on(const Event& e, const BrokerFenced& body);
  void on(const Event& e, const BrokerUnfenced& body);
  void on(const Event& e, const LeaderElected& body);
  void on(const Event& e, const TopicRemoved& body);
  void on(const Event& e, const LogNamed& body);
  void on(const Event& e, const PartitionCommitted& body);
  void on(const Event& e, const BecameLeader& body);
  void on(const Event& e, const HighWatermarkAdvanced& body);
  void on(const Event& e, const ProduceAnswered& body);
  void on(const Event& e, const BatchStored& body);
  void on(const Event& e, const LogCut& body);
  template <class Body>
  void on(const Event&, const Body&) {}

  Partition* find(const TopicPartition& partition);
  void lose(NodeId node, Instant at, std::string_view how);
  void blame_a_fault(Partition& partition, std::string_view why, Instant committed_at) const;
  void elect(const Event& e, const PartitionCommitted& body, Partition& partition);
  static void charge(Election& election, const PartitionLogs::Loss& loss);
  void note_late_losses(Partition& partition);
  void split_time(Election& election, const Decision* decision) const;
  std::vector<Candidate> candidates(const Election& election, const Partition& partition) const;
  static std::string why_not(const Candidate& candidate, const Node* node,
                             const Election& election);
  static void end_reign(Partition& partition, Instant at);

  std::map<TopicPartition, Partition> partitions_;
  std::map<NodeId, Node> nodes_;
  FaultSpans faults_;
  QuorumLeaders quorum_;
  std::vector<Election> elections_;
  Instant end_;
  bool sees_logs_ = false;
};

// Of a whole run.
Elections elections_of(const std::vector<Event>& events);

}  // namespace brokersim::reports
