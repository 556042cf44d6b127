// BS-H01: a high watermark shown on the wire covers nothing that some in-sync replica has never
// held, and a leader shows a follower none that goes back within its reign.
#include <map>
#include <tuple>

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
           "in-sync set, since its leader cannot know. Towards one follower a leader's high "
           "watermark does not go back while it leads. Across elections it may: a new leader is "
           "one fetch behind.";
  }
  Needs needs() const override { return Need::wire | Need::disk | Need::metadata; }
  Kinds listens_to() const override {
    return Kinds::of<FetchAnswered, BecameLeader, BecameFollower, PartitionCommitted, NodeStarted,
                     LogCut>();
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
    } else if (const auto* committed = std::get_if<PartitionCommitted>(&e.body)) {
      for (const NodeId node : committed->replicas) forget(node, committed->partition, judge);
    }
  }

 private:
  struct Shown {
    Offset high_watermark = 0;
    Offset fetch_offset = 0;
    EventId event;
  };
  using Key = std::tuple<NodeId, std::size_t, NodeId>;  // Leader, partition, follower.

  void on_answer(const Event& e, const FetchAnswered& answer, Judge& judge) {
    const std::size_t number = *judge.ledger().index_of(answer.partition);
    const Partition& partition = judge.ledger().partitions()[number];
    check_bound(e, answer, partition, judge);
    if (answer.replica.is_set()) check_monotone(e, answer, number, judge);
  }

  void check_bound(const Event& e, const FetchAnswered& answer, const Partition& partition,
                   Judge& judge) {
    if (partition.state.event.value == 0 || !partition.is_current(e.node)) return;
    if (answer.high_watermark <= partition.committed_end()) return;
    report(e, "beyond_in_sync", partition.state.event, answer.partition,
           fmt::format("{} showed {} a high watermark of {} of {}, but the in-sync replicas {} "
                       "have never all held more than up to offset {}.",
                       judge.ledger().name_of(e.node), answer.peer, answer.high_watermark,
                       answer.partition, text_of_nodes(partition.state.isr),
                       partition.committed_end()),
           judge);
  }

  void check_monotone(const Event& e, const FetchAnswered& answer, std::size_t number,
                      Judge& judge) {
    if (answer.high_watermark < 0) return;  // A leader that does not know one yet (KIP-595).
    const auto [at, is_first] =
        shown_.try_emplace(Key{e.node, number, answer.replica}, Shown{-1, -1, e.id});
    const Shown before = at->second;
    at->second = {answer.high_watermark, answer.fetch_offset, e.id};
    // An answer to an earlier fetch of an abandoned connection may come late.
    if (is_first || answer.fetch_offset < before.fetch_offset) return;
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
};

}  // namespace

std::unique_ptr<Property> high_watermark() { return std::make_unique<HighWatermark>(); }

}  // namespace brokersim::properties
