// BS-H01: a high watermark shown on the wire covers nothing that some in-sync replica has never
// held, nobody joins the in-sync set without what it covers, it lies in its leader's log, and a
// leader shows a follower none that goes back within its reign.
#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/ledger.h"
#include "properties/text.h"

namespace brokersim::properties {

namespace {

class HighWatermark final : public Property {
 public:
  std::string_view id() const override { return "BS-H01"; }
  std::string_view name() const override { return "high watermark too high"; }
  std::string_view explanation() const override {
    return "The high watermark in a Fetch answer is never beyond the end of what every in-sync "
           "replica held at one time; a replica that power loss struck counts until it leaves the "
           "in-sync set, since its leader cannot know. Who joins the in-sync set holds all that "
           "was shown to be committed: it may lead next. A high watermark does not lie before the "
           "beginning of its leader's log. Towards one follower a leader's high watermark does "
           "not go back while it leads. Across elections it may: a new leader is one fetch behind.";
  }
  Needs needs() const override { return Need::wire | Need::disk | Need::metadata; }
  Kinds listens_to() const override {
    return Kinds::of<FetchAnswered, BecameLeader, BecameFollower, PartitionCommitted,
                     BrokerCommitted, NodeStarted, LogCut>();
  }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* answer = std::get_if<FetchAnswered>(&e.body)) {
      if (answer->error == 0) on_answer(e, *answer, judge);
    } else if (std::holds_alternative<NodeStarted>(e.body)) {
      std::erase_if(shown_, [&e](const auto& one) { return std::get<0>(one.first) == e.node; });
    } else if (const auto* leads = std::get_if<BecameLeader>(&e.body)) {
      forget(e.node, leads->partition, judge);
    } else if (const auto* follows = std::get_if<BecameFollower>(&e.body)) {
      forget(e.node, follows->partition, judge);
    } else if (const auto* cut = std::get_if<LogCut>(&e.body)) {
      forget(e.node, cut->partition, judge);
    } else if (const auto* broker = std::get_if<BrokerCommitted>(&e.body)) {
      auto& life = lives_[broker->broker];
      if (life.epoch != broker->broker_epoch) life = {broker->broker_epoch, e.id};
    } else if (const auto* committed = std::get_if<PartitionCommitted>(&e.body)) {
      for (const NodeId node : committed->replicas) forget(node, committed->partition, judge);
      check_joining(e, *judge.ledger().find(committed->partition), judge);
    }
  }

 private:
  struct Shown {
    Offset high_watermark = 0;
    Instant at;
    EventId event;
  };
  using Key = std::tuple<NodeId, std::size_t, NodeId>;  // Leader, partition, follower.
  struct Life {
    BrokerEpoch epoch = no_broker_epoch;
    EventId registered;
  };

  void on_answer(const Event& e, const FetchAnswered& answer, Judge& judge) {
    const std::size_t number = *judge.ledger().index_of(answer.partition);
    const Partition& partition = judge.ledger().partitions()[number];
    check_bound(e, answer, partition, judge);
    check_start(e, answer, partition, judge);
    if (answer.replica.is_set()) check_monotone(e, answer, number, judge);
  }

  void check_bound(const Event& e, const FetchAnswered& answer, const Partition& partition,
                   Judge& judge) {
    if (partition.state.event.value == 0) return;
    if (!partition.is_current(e.node, answer.asked_at_ns)) return;
    if (answer.high_watermark <= partition.committed_end()) return;
    report(e, "beyond_in_sync", partition.state.event, answer.partition,
           fmt::format("{} showed {} a high watermark of {} of {}, but the in-sync replicas {} "
                       "have never all held more than up to offset {}.",
                       judge.ledger().name_of(e.node), answer.peer, answer.high_watermark,
                       answer.partition, text_of_nodes(partition.state.isr),
                       partition.committed_end()),
           judge);
  }

  void check_start(const Event& e, const FetchAnswered& answer, const Partition& partition,
                   Judge& judge) {
    if (answer.high_watermark < 0) return;  // A leader that does not know one yet (KIP-595).
    const ReplicaLog* log = partition.log_of(e.node);
    if (log == nullptr) return;
    // It may begin later by now, if other partitions of the answer were read from the disk since.
    const bool says_start = answer.log_start_offset >= 0;
    const Offset start =
        says_start ? std::min(answer.log_start_offset, log->start_offset()) : log->start_offset();
    if (answer.high_watermark >= start) return;
    report(e, "before_log_start", partition.state.event, answer.partition,
           fmt::format("{} showed {} a high watermark of {} of {}, but its log begins at offset "
                       "{}, and only what is committed is ever deleted.",
                       judge.ledger().name_of(e.node), answer.peer, answer.high_watermark,
                       answer.partition, start),
           judge);
  }

  // Until a leader has acted it is not known whether it has all that was shown before it.
  void check_joining(const Event& e, const Partition& partition, Judge& judge) {
    const auto electable = partition.state.electable();
    auto& before = electable_[partition.name];
    if (partition.acting_since.value != 0) {
      for (const NodeId node : partition.state.isr) {
        const bool has_joined = std::find(before.begin(), before.end(), node) == before.end();
        if (has_joined && is_in_its_registered_life(node, judge)) {
          check_joined(e, partition, node, judge);
        }
      }
    }
    before = electable;
  }

  // Power loss may take what it had, until the metadata knows that it is another life.
  bool is_in_its_registered_life(NodeId node, const Judge& judge) const {
    const auto life = lives_.find(node);
    const NodeHistory& history = judge.ledger().node(node);
    return history.is_running && life != lives_.end() &&
           life->second.registered > history.last_power_loss;
  }

  void check_joined(const Event& e, const Partition& partition, NodeId node, Judge& judge) {
    const auto& committed = partition.committed;
    const auto shown = std::find_if(committed.rbegin(), committed.rend(), [&](const auto& entry) {
      return entry.batch.last_offset < partition.shown_end;
    });
    if (shown == committed.rend()) return;
    const auto index = static_cast<std::size_t>(std::distance(shown, committed.rend())) - 1;
    const ReplicaLog* log = partition.log_of(node);
    if (log != nullptr && log->holds(index, shown->prefix)) return;
    report(e, "joined_without", partition.shown_by, partition.name,
           fmt::format("{} joined the in-sync replicas {} of {} with a log up to offset {}, but "
                       "what lies before {} had been shown to be committed.",
                       judge.ledger().name_of(node), text_of_nodes(partition.state.isr),
                       partition.name, log == nullptr ? 0 : log->end_offset(), partition.shown_end),
           judge);
  }

  void check_monotone(const Event& e, const FetchAnswered& answer, std::size_t number,
                      Judge& judge) {
    if (answer.high_watermark < 0) return;
    const auto [at, is_first] =
        shown_.try_emplace(Key{e.node, number, answer.replica}, Shown{-1, {}, e.id});
    const Shown before = std::exchange(at->second, Shown{answer.high_watermark, e.at, e.id});
    // An answer to an earlier fetch of an abandoned connection may come late.
    if (is_first || answer.asked_at_ns <= before.at.ns()) return;
    if (answer.high_watermark >= before.high_watermark) return;
    report(e, "went_back", before.event, answer.partition,
           fmt::format("{} showed {} a high watermark of {} of {} after {}.",
                       judge.ledger().name_of(e.node), answer.peer, answer.high_watermark,
                       answer.partition, before.high_watermark),
           judge);
  }

  void forget(NodeId node, const TopicPartition& name, Judge& judge) {
    const auto number = judge.ledger().index_of(name);
    if (!number) return;
    auto at = shown_.lower_bound(Key{node, *number, no_node});
    while (at != shown_.end() && std::get<0>(at->first) == node &&
           std::get<1>(at->first) == *number)
      at = shown_.erase(at);
  }

  void report(const Event& e, std::string kind, EventId other, const TopicPartition& partition,
              std::string message, Judge& judge) {
    judge.report(
        {std::string(id()), std::move(kind), std::move(message), {other, e.id}, {}, partition});
  }

  std::map<Key, Shown> shown_;
  std::map<NodeId, Life> lives_;
  std::map<TopicPartition, std::vector<NodeId>> electable_;  // As of the state before.
};

}  // namespace

std::unique_ptr<Property> high_watermark() { return std::make_unique<HighWatermark>(); }

}  // namespace brokersim::properties
