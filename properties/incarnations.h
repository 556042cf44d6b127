// Which topic an event is about, where several had one name one after the other (KIP-516).
//
// Events name topics as those do who tell of them. To those who judge, the second topic of a name
// is "orders#2", the third "orders#3" (topic_names.h): partitions of their own, with logs, epochs
// and promises that begin anew. As long as no topic was removed, events pass as they are.
//
//   metadata      the present one, in the order of the metadata log
//   a node's log  by the id beside it (LogNamed)
//   an answer     the log of the node that gave it
//   a client      that of the answer that showed it what it speaks of
//
// What happens to a topic that was removed is nobody's to judge: an administrator has asked for the
// loss of all that is in it, and who has not heard of that may go on for a while. Nor is that of
// which nobody can tell which topic it is about.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/base/event.h"
#include "properties/ledger.h"
#include "properties/shown_parts.h"

namespace brokersim::properties {

class Incarnations {
 public:
  // The ledger, which outlives it, has taken in all that was returned before.
  explicit Incarnations(const Ledger& ledger) : ledger_(ledger) {}

  // What is to be judged of the event, good until the next call or the event's end: it itself;
  // nothing; or it by the names of topics, where a consumer has gone on to another topic after a
  // PositionReset.
  std::span<const Event> named(const Event& event);

 private:
  using Number = std::size_t;  // Of the topics of one name, from 0.
  struct Topic {
    std::vector<Uuid> ids{no_uuid};  // By number.
    std::vector<bool> is_removed{false};
    Number present = 0;
  };
  // What a node has by the name of a partition.
  struct NodeLog {
    Number number = 0;
    Number before = 0;
    Instant since{};
  };
  using OfClient = std::pair<std::string, TopicPartition>;

  void look(const Event& event);
  Number number_of(Topic& topic, const Uuid& id);
  bool is_removed(const std::string& name, Number number) const;
  Number present(const std::string& name) const;
  Number in_log(NodeId node, const TopicPartition& partition) const;
  std::optional<Number> answered(NodeId node, const TopicPartition& partition,
                                 std::int64_t asked_at_ns, const BatchRef* first) const;
  bool holds(NodeId node, const TopicPartition& partition, Number number,
             const BatchRef& batch) const;
  Number reading(const std::string& client, const TopicPartition& partition) const;
  bool name_as(TopicPartition& partition, Number number) const;
  bool name_as_present(TopicPartition& partition) const;

  // Each gives what the event names the names to be judged by. False: it is not judged.
  bool name(const Event& e, TopicCommitted& body);
  bool name(const Event& e, TopicRemoved& body);
  bool name(const Event& e, LogNamed& body);
  bool name(const Event& e, ProduceAnswered& body);
  bool name(const Event& e, FetchAnswered& body);
  bool name(const Event& e, ReadCommittedAnswered& body);
  bool name(const Event& e, UncleanElectionAsked& body);
  bool name(const Event& e, OffsetCommitAnswered& body);
  bool name(const Event& e, SendInvoked& body);
  bool name(const Event& e, SendEnded& body);
  bool name(const Event& e, RecordDelivered& body);
  bool name(const Event& e, PositionReset& body);
  bool name(const Event& e, RecordProcessed& body);
  template <class Body>
  bool name(const Event& e, Body& body);

  const Ledger& ledger_;
  bool has_several_ = false;  // Of some name there was more than one topic, or there may be.
  std::map<std::string, Topic> topics_;
  std::map<std::pair<NodeId, TopicPartition>, NodeLog> logs_;
  ShownParts<Number> fetched_;
  ShownParts<Number> produced_;
  std::map<OfClient, Number> reading_;  // Of which a client was handed records last.
  std::optional<Number> last_fetch_;    // Which the latest FetchAnswered was about.
  std::vector<Event> named_;
};

}  // namespace brokersim::properties
