// A run as it goes, for a person at a terminal: one line per change of state. Every broker and
// controller has a column of its own, so that the eye sees who leads, who is down, who is late.
//
//           at  what                             b1 b2 b3 c1 c2 c3 epoch  ISR     HW     LEO
//      4.000 s  f1 power_loss leader:my-topic-0  .  .  .  C  .  .
//      4.000 s  broker-3 stops: power_loss       .  .  #  C  .  .
//  *  12.312 s  E1 my-topic-0 b3 -> b2           .  L  #  C  .  .      1  1,2     120    120 120
//  120
//
// Columns of brokers are about the line's partition if it has one. Metadata is what was committed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/event.h"
#include "reports/summary.h"

namespace brokersim::reports {

class Watch {
 public:
  // The machines named broker-1 …, controller-1 …
  Watch(std::int32_t brokers, std::int32_t controllers, Style style);

  // Legend and column heads.
  std::string head() const;
  // The event's line, with its end; empty where nothing changes that a person follows.
  std::string observe(const Event& event);

 private:
  struct Machine {
    std::string name;
    NodeId node = no_node;  // Unknown before it starts.
    bool is_up = false;
    bool is_paused = false;
    bool is_fenced = false;
    std::set<std::int32_t> cut_off_by;  // Faults.
  };
  struct Partition {
    NodeId leader = no_node;
    LeaderEpoch epoch{};
    std::vector<NodeId> replicas;
    std::vector<NodeId> isr;
    Offset high_watermark = 0;
    std::map<NodeId, Offset> ends;
    std::set<NodeId> leading;  // Who believes to lead, by its own word.
    bool is_known = false;
  };
  struct Line {
    char mark = ' ';  // * election, ! notable
    std::string what;
    std::optional<TopicPartition> partition;
  };

  Machine* find(NodeId node);
  std::string name_of(NodeId node) const;
  std::optional<Line> on(const Event& event);
  std::optional<Line> on_machine(const Event& event);
  std::optional<Line> on_log(const Event& event);
  std::optional<Line> on_metadata(const Event& event);
  std::optional<Line> on_committed(const PartitionCommitted& body);
  std::string cells(const std::optional<TopicPartition>& partition) const;
  std::string cell(const Machine& machine, const Partition* partition) const;
  std::string facts(const Partition& partition) const;

  const Style style_;
  std::vector<Machine> brokers_;
  std::vector<Machine> controllers_;
  std::map<NodeId, std::string> others_;  // Clients.
  std::map<TopicPartition, Partition> partitions_;
  NodeId quorum_leader_ = no_node;
  LeaderEpoch quorum_epoch_ = no_epoch;
  int elections_ = 0;
};

}  // namespace brokersim::reports
