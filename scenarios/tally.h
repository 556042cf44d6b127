// Counts what a run has reached, by name: what a campaign sums up, and what a scenario says it is
// about.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/base/event.h"

namespace brokersim::scenarios {

class Tally {
 public:
  Tally();
  void observe(const Event& event);
  const std::map<std::string, std::int64_t>& counts() const { return counts_; }
  // What can be counted, sorted.
  std::vector<std::string> names() const;

 private:
  struct Coordinated {
    NodeId coordinator = no_node;
    std::string state;
    std::string loaded = {};  // In which the next coordinator finds it; of groups.
    bool is_lost = false;     // The coordinator is, and no other one has been heard of.
    std::optional<bool> is_of_consumers = {};  // Of groups, once it is known.
  };

  void count(const std::string& name) { ++counts_.at(name); }
  void coordinates(const std::string& group, NodeId node);
  void observe_transactions(const Event& event);
  void note_fencing(std::int32_t error);
  void lose_coordinator(NodeId node);
  void note_kind(const std::string& state, Coordinated& group);
  void on(const TransactionEnded& body);
  void on(const EndTxnAnswered& body);
  void on(const TransactionStateChanged& body, NodeId node);
  void on(const GroupStateChanged& body, NodeId node);
  void on(const LeaderElected& body);
  void on(const IsrChanged& body);
  void on(const PartitionCommitted& body);
  void on(const FetchAnswered& body, NodeId node);
  void on(const LogCut& body);
  void on(const ProduceAnswered& body);
  void on(const LogRecovered& body);
  void on(const QuorumRoleChanged& body);
  void on(const SendEnded& body);
  void on(const RecordDelivered& body);
  void on(const RecordProcessed& body);
  void on(const QuorumLeaderAnnounced& body, NodeId node);

  std::map<std::string, std::int64_t> counts_;
  std::set<std::string> removed_topics_;  // And not made again.
  std::map<std::string, std::int32_t> topic_partitions_;
  using Numbers = std::tuple<TopicPartition, std::int64_t, std::int16_t, std::int32_t>;
  std::map<TopicPartition, PartitionCommitted> partitions_;
  std::set<Numbers> answered_;  // Of idempotent producers' batches.
  // What anybody has read, however often: an offset, and the record that was there.
  std::map<TopicPartition, std::set<std::pair<Offset, std::uint64_t>>> delivered_;
  std::set<std::tuple<std::string, TopicPartition, Offset>> processed_;  // By which group of tasks.
  std::map<std::uint64_t, bool> outputs_;   // What tasks have made, and whether it was read.
  bool has_voters_ = false;                 // Those that the quorum began with.
  std::map<std::string, NodeId> partners_;  // Of groups: who answers their members.
  std::map<std::string, Coordinated> transactions_;  // By transactional id.
  std::map<std::string, std::int64_t> prepared_;     // When, in ns; nobody was answered since.
  std::map<std::string, std::int64_t> began_;        // By client that is in a transaction, in ns.
  std::map<std::string, Coordinated> groups_;
  std::set<std::pair<std::string, TopicPartition>> has_offset_;  // A group, and of what.
  LeaderEpoch quorum_epoch_ = no_epoch;
  NodeId quorum_leader_ = no_node;
};

}  // namespace brokersim::scenarios
