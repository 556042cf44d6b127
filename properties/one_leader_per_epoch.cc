// BS-L01: a partition's leader epoch belongs to one broker (KIP-101), by the
// metadata and by the disks: only the epoch's leader may be the first to hold a batch of that
// epoch.
#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/ledger.h"
#include "properties/text.h"

namespace brokersim::properties {

namespace {

class OneLeaderPerEpoch final : public Property {
 public:
  std::string_view id() const override { return "BS-L01"; }
  std::string_view name() const override { return "two leaders in one epoch"; }
  std::string_view explanation() const override {
    return "In each leader epoch of a partition at most one broker appends as its leader: the one "
           "that the committed metadata names. Every other replica stores a batch of that epoch "
           "only after the leader has. Of the metadata partition the same holds for the quorum's "
           "leader. Two brokers may believe to lead at one time, but never in the same epoch.";
  }
  Needs needs() const override { return Need::disk | Need::metadata; }
  Kinds listens_to() const override { return Kinds::of<BatchStored, PartitionCommitted>(); }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* stored = std::get_if<BatchStored>(&e.body)) {
      on_stored(e, *stored, judge);
    } else if (const auto* committed = std::get_if<PartitionCommitted>(&e.body)) {
      on_committed(e, *committed, judge);
    }
  }

 private:
  struct Reign {
    LeaderEpoch epoch{-1};
    NodeId leader = no_node;
    EventId event;
    Offset stored_end = 0;  // The most that the leader ever stored in its epoch.
  };

  std::vector<Reign>& reigns_of(const TopicPartition& partition, Judge& judge) {
    const std::size_t at = *judge.ledger().index_of(partition);
    if (reigns_.size() <= at) reigns_.resize(at + 1);
    return reigns_[at];
  }

  // The reign of `epoch`; a new one by `leader` if nothing is known of it.
  static Reign& reign_in(std::vector<Reign>& reigns, LeaderEpoch epoch, NodeId leader,
                         EventId event) {
    auto at = reigns.end();
    while (at != reigns.begin() && std::prev(at)->epoch >= epoch) --at;
    if (at == reigns.end() || at->epoch != epoch)
      at = reigns.insert(at, Reign{epoch, leader, event, 0});
    return *at;
  }

  void on_committed(const Event& e, const PartitionCommitted& committed, Judge& judge) {
    auto& reigns = reigns_of(committed.partition, judge);
    const Reign& reign = reign_in(reigns, committed.leader_epoch, committed.leader, e.id);
    if (reign.leader == committed.leader) return;
    report(e, "metadata_names_two", reign, committed.partition,
           fmt::format("Leader epoch {} of {} belongs to {}, but the committed metadata gives it "
                       "to {}.",
                       reign.epoch, committed.partition, judge.ledger().name_of(reign.leader),
                       judge.ledger().name_of(committed.leader)),
           judge);
  }

  void on_stored(const Event& e, const BatchStored& stored, Judge& judge) {
    auto& reigns = reigns_of(stored.partition, judge);
    Reign& reign = reign_in(reigns, stored.batch.leader_epoch, e.node, e.id);
    if (reign.leader == e.node) {
      reign.stored_end = std::max(reign.stored_end, stored.batch.last_offset + 1);
      return;
    }
    if (stored.batch.last_offset < reign.stored_end) return;
    report(e, "second_appender", reign, stored.partition,
           fmt::format("{} stored {} of {} in leader epoch {} before {}, whose epoch it is.",
                       judge.ledger().name_of(e.node), text_of_offsets(stored.batch),
                       stored.partition, reign.epoch, judge.ledger().name_of(reign.leader)),
           judge);
  }

  void report(const Event& e, std::string kind, const Reign& reign, const TopicPartition& partition,
              std::string message, Judge& judge) {
    judge.report({std::string(id()),
                  std::move(kind),
                  std::move(message),
                  {reign.event, e.id},
                  {},
                  partition});
  }

  std::vector<std::vector<Reign>> reigns_;  // By partition, then by epoch.
};

}  // namespace

std::unique_ptr<Property> one_leader_per_epoch() { return std::make_unique<OneLeaderPerEpoch>(); }

}  // namespace brokersim::properties
