// How events come by the names of their topics.
#include "properties/incarnations.h"

#include <algorithm>
#include <type_traits>
#include <variant>

#include "properties/topic_names.h"

namespace brokersim::properties {

namespace {

template <class Body>
concept AboutPartition = requires(Body& body) {
  { body.partition } -> std::same_as<TopicPartition&>;
};

// What is said of a partition elsewhere than where its log lies, and by its name.
template <class Body>
constexpr bool is_of_present =
    std::is_same_v<Body, PartitionCommitted> || std::is_same_v<Body, LeaderElected> ||
    std::is_same_v<Body, IsrChanged> || std::is_same_v<Body, OldLifeAccepted> ||
    std::is_same_v<Body, OffsetFetchAnswered> || std::is_same_v<Body, TxnOffsetCommitAnswered>;

}  // namespace

std::span<const Event> Incarnations::named(const Event& event) {
  if (!has_several_) look(event);
  if (!has_several_) return {&event, 1};
  named_.clear();
  Event copy = event;
  const bool is_judged =
      std::visit([this, &event](auto& body) { return this->name(event, body); }, copy.body);
  if (!is_judged) return {};
  named_.push_back(std::move(copy));
  return named_;
}

// Whether from here on names are not enough.
void Incarnations::look(const Event& event) {
  if (const auto* committed = std::get_if<TopicCommitted>(&event.body)) {
    Topic& topic = topics_[committed->topic];
    if (committed->topic_id == no_uuid) return;
    has_several_ = number_of(topic, committed->topic_id) > 0;
  } else {
    has_several_ = std::holds_alternative<TopicRemoved>(event.body) ||
                   std::holds_alternative<LogNamed>(event.body);
  }
}

// ---- Topics ------------------------------------------------------------------------------------

Incarnations::Number Incarnations::number_of(Topic& topic, const Uuid& id) {
  auto& ids = topic.ids;
  const auto found = std::find(ids.begin(), ids.end(), id);
  if (found != ids.end()) return static_cast<Number>(found - ids.begin());
  const bool is_first = ids.size() == 1 && ids[0] == no_uuid && !topic.is_removed[0];
  if (is_first) {
    ids[0] = id;
    return 0;
  }
  ids.push_back(id);
  topic.is_removed.push_back(false);
  return ids.size() - 1;
}

bool Incarnations::is_removed(const std::string& name, Number number) const {
  const auto topic = topics_.find(name);
  return topic != topics_.end() && topic->second.is_removed[number];
}

Incarnations::Number Incarnations::present(const std::string& name) const {
  const auto topic = topics_.find(name);
  return topic == topics_.end() ? 0 : topic->second.present;
}

bool Incarnations::name(const Event&, TopicCommitted& body) {
  Topic& topic = topics_[body.topic];
  if (body.topic_id != no_uuid) {
    topic.present = number_of(topic, body.topic_id);
  } else if (topic.is_removed[topic.present]) {
    topic.ids.push_back(no_uuid);
    topic.is_removed.push_back(false);
    topic.present = topic.ids.size() - 1;
  }
  body.topic = name_of_topic(body.topic, topic.present);
  return true;
}

bool Incarnations::name(const Event&, TopicRemoved& body) {
  Topic& topic = topics_[body.topic];
  const Number number = body.topic_id == no_uuid ? topic.present : number_of(topic, body.topic_id);
  topic.is_removed[number] = true;
  body.topic = name_of_topic(body.topic, number);
  return true;
}

bool Incarnations::name_as(TopicPartition& partition, Number number) const {
  const bool is_judged = !is_removed(partition.topic, number);
  partition.topic = name_of_topic(partition.topic, number);
  return is_judged;
}

bool Incarnations::name_as_present(TopicPartition& partition) const {
  return name_as(partition, present(partition.topic));
}

template <class Body>
bool Incarnations::name(const Event& e, Body& body) {
  if constexpr (is_of_present<Body>) {
    return name_as_present(body.partition);
  } else if constexpr (AboutPartition<Body>) {
    return name_as(body.partition, in_log(e.node, body.partition));
  } else {
    return true;
  }
}

// Whether it came or not.
bool Incarnations::name(const Event&, UncleanElectionAsked& body) {
  for (auto& partition : body.partitions) (void)name_as_present(partition);
  return true;
}

// ---- Nodes -------------------------------------------------------------------------------------

// Nothing beyond that is to be judged.
bool Incarnations::name(const Event& e, LogNamed& body) {
  NodeLog& log = logs_[{e.node, body.partition}];
  const Number number = number_of(topics_[body.partition.topic], body.topic_id);
  if (log.number != number) log = {number, log.number, e.at};
  return false;
}

// Where no other was named it is the first.
Incarnations::Number Incarnations::in_log(NodeId node, const TopicPartition& partition) const {
  const auto log = logs_.find({node, partition});
  return log == logs_.end() ? 0 : log->second.number;
}

// What was asked before the log was begun anew may have been read from the one before: what it
// shows tells. Nothing, if it shows nothing.
std::optional<Incarnations::Number> Incarnations::answered(NodeId node,
                                                           const TopicPartition& partition,
                                                           std::int64_t asked_at_ns,
                                                           const BatchRef* first) const {
  const auto found = logs_.find({node, partition});
  if (found == logs_.end()) return Number{0};
  const NodeLog& log = found->second;
  if (asked_at_ns > log.since.ns()) return log.number;
  if (first == nullptr) return std::nullopt;
  return holds(node, partition, log.number, *first) ? log.number : log.before;
}

bool Incarnations::holds(NodeId node, const TopicPartition& partition, Number number,
                         const BatchRef& batch) const {
  const auto* known = ledger_.find({name_of_topic(partition.topic, number), partition.partition});
  const ReplicaLog* log = known == nullptr ? nullptr : known->log_of(node);
  const auto at = log == nullptr ? std::nullopt : log->find(batch.base_offset);
  if (!at) return false;
  const BatchRef& there = log->entries()[*at].batch;
  return there.base_offset == batch.base_offset && there.digest == batch.digest;
}

bool Incarnations::name(const Event& e, ProduceAnswered& body) {
  if (body.error != 0) return name_as(body.partition, in_log(e.node, body.partition));
  const auto number = answered(e.node, body.partition, body.asked_at_ns, &body.batch);
  produced_.put(body.peer, body.partition, body.batch.base_offset, body.batch.last_offset, *number);
  return name_as(body.partition, *number);
}

bool Incarnations::name(const Event& e, FetchAnswered& body) {
  const auto* first = body.batches.empty() ? nullptr : &body.batches.front();
  last_fetch_ = answered(e.node, body.partition, body.asked_at_ns, first);
  if (!last_fetch_) return false;
  if (body.error == 0 && !body.replica.is_set() && first != nullptr) {
    fetched_.put(body.peer, body.partition, first->base_offset, body.batches.back().last_offset,
                 *last_fetch_);
  }
  return name_as(body.partition, *last_fetch_);
}

bool Incarnations::name(const Event&, ReadCommittedAnswered& body) {
  return last_fetch_ && name_as(body.partition, *last_fetch_);
}

// ---- Clients -----------------------------------------------------------------------------------

Incarnations::Number Incarnations::reading(const std::string& client,
                                           const TopicPartition& partition) const {
  const auto found = reading_.find({client, partition});
  return found == reading_.end() ? 0 : found->second;
}

// Offsets are committed by the name: for whoever has it. Who commits what it read in another topic
// does so from outside.
bool Incarnations::name(const Event&, OffsetCommitAnswered& body) {
  const bool is_about_present = reading(body.peer, body.partition) == present(body.partition.topic);
  if (!is_about_present) body.generation = -1;
  return name_as_present(body.partition);
}

// Until it is answered it may come to be in a later topic of the name: that somebody sent it counts
// there, too.
bool Incarnations::name(const Event&, SendInvoked& body) {
  (void)name_as_present(body.partition);
  return true;
}

// How it ended counts also for what is told of transactions and of pipelines as a whole.
bool Incarnations::name(const Event&, SendEnded& body) {
  const bool has_place = body.outcome == Outcome::ok && body.offset >= 0;
  const Number* answered_with =
      has_place ? produced_.of(body.client, body.partition, body.offset) : nullptr;
  const Number number = answered_with == nullptr ? present(body.partition.topic) : *answered_with;
  (void)name_as(body.partition, number);
  return true;
}

// Who goes on to another topic by that name may do so from wherever it was: its position is set by
// something other than delivery.
bool Incarnations::name(const Event& e, RecordDelivered& body) {
  const Number before = reading(body.client, body.partition);
  const Number* shown = fetched_.of(body.client, body.partition, body.offset);
  const Number number = shown == nullptr ? before : *shown;
  reading_[{body.client, body.partition}] = number;
  if (!name_as(body.partition, number)) return false;
  if (number != before) {
    named_.push_back(e);
    named_.back().body = PositionReset{body.client, body.partition, body.offset, "another topic"};
  }
  return true;
}

// Until a record of the present topic is handed to it nobody knows which one it looks at.
bool Incarnations::name(const Event&, PositionReset& body) {
  const bool is_about_present =
      reading(body.client, body.partition) == present(body.partition.topic);
  return is_about_present && name_as_present(body.partition);
}

bool Incarnations::name(const Event&, RecordProcessed& body) {
  return name_as(body.partition, reading(body.client, body.partition));
}

}  // namespace brokersim::properties
