// BS-M01: the committed metadata makes sense (KIP-497, KIP-631, KIP-841):
// sets and epochs obey their rules, and what is committed is only added to.
#include <algorithm>
#include <map>
#include <vector>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/ledger.h"
#include "properties/text.h"

namespace brokersim::properties {

namespace {

bool contains(const std::vector<NodeId>& nodes, NodeId node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

class MetadataSanity final : public Property {
 public:
  std::string_view id() const override { return "BS-M01"; }
  std::string_view name() const override { return "metadata makes no sense"; }
  std::string_view explanation() const override {
    return "In the committed metadata a partition's leader is one of its in-sync replicas, or "
           "nobody; the in-sync replicas are replicas, and at least one unless others are eligible "
           "to lead or one is known to have led last (KIP-966). Eligible leader replicas are "
           "replicas out of sync, while fewer than min.insync.replicas are. Every change raises "
           "the "
           "partition epoch by one, a change of leader raises the leader epoch by one, and no "
           "epoch ever goes back. A fenced broker leads nothing, joins no in-sync replicas, and is "
           "among them only alone. Each registration has a broker epoch of its own, above all "
           "earlier ones. Metadata offsets only grow: what is committed does not change.";
  }
  Needs needs() const override { return Need::metadata; }
  Kinds listens_to() const override { return Kinds::of<PartitionCommitted, BrokerCommitted>(); }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* broker = std::get_if<BrokerCommitted>(&e.body)) {
      check_offset(e, broker->metadata_offset, std::nullopt, judge);
      check_broker_epoch(e, *broker, judge);
      return;
    }
    const auto& next = std::get<PartitionCommitted>(e.body);
    check_offset(e, next.metadata_offset, next.partition, judge);
    check_sets(e, next, judge);
    check_leader(e, next, judge);
    const std::size_t number = *judge.ledger().index_of(next.partition);
    if (before_.size() <= number) before_.resize(number + 1);
    Known& before = before_[number];
    if (before.event.value != 0) check_step(e, before, next, judge);
    check_members(e, before, next, judge);
    before = {e.id, next.leader, next.leader_epoch, next.partition_epoch, next.isr};
  }

 private:
  struct Known {
    EventId event;
    NodeId leader = no_node;
    LeaderEpoch leader_epoch{-1};
    PartitionEpoch partition_epoch{-1};
    std::vector<NodeId> isr;
  };
  struct Registration {
    EventId event;
    BrokerEpoch epoch = no_broker_epoch;
  };

  void check_offset(const Event& e, Offset offset, const std::optional<TopicPartition>& partition,
                    Judge& judge) {
    if (offset < last_offset_) {
      report(e, "metadata_went_back", last_event_, partition,
             fmt::format("Metadata offset {} was committed after offset {}.", offset, last_offset_),
             judge);
    }
    last_offset_ = offset;
    last_event_ = e.id;
  }

  void check_sets(const Event& e, const PartitionCommitted& next, Judge& judge) {
    if (next.isr.empty() && next.elr.empty() && next.last_known_elr.empty())
      report(e, "isr_empty", {}, next.partition,
             fmt::format("{} has no in-sync replica, and nobody to ask for its records.",
                         next.partition),
             judge);
    check_elr(e, next, judge);
    for (const NodeId node : next.isr) {
      if (contains(next.replicas, node)) continue;
      report(e, "isr_not_replicas", {}, next.partition,
             fmt::format("The in-sync replicas {} of {} are not among its replicas {}.",
                         text_of_nodes(next.isr), next.partition, text_of_nodes(next.replicas)),
             judge);
      break;
    }
    if (next.leader.is_set() && !contains(next.isr, next.leader))
      report(
          e, "leader_not_in_sync", {}, next.partition,
          fmt::format("{} leads {}, but is not among its in-sync replicas {}.",
                      judge.ledger().name_of(next.leader), next.partition, text_of_nodes(next.isr)),
          judge);
  }

  // KIP-966. With as many in sync as it takes to commit, whoever is not may lack what is committed.
  void check_elr(const Event& e, const PartitionCommitted& next, Judge& judge) {
    if (next.elr.empty()) return;
    const bool is_of_replicas = std::all_of(next.elr.begin(), next.elr.end(), [&](NodeId node) {
      return contains(next.replicas, node) && !contains(next.isr, node);
    });
    if (!is_of_replicas)
      report(e, "elr_not_out_of_sync", {}, next.partition,
             fmt::format("The eligible leader replicas {} of {} are not its replicas {} without "
                         "those in sync {}.",
                         text_of_nodes(next.elr), next.partition, text_of_nodes(next.replicas),
                         text_of_nodes(next.isr)),
             judge);
    const auto& partition = *judge.ledger().find(next.partition);
    const auto needed = judge.ledger().min_insync(partition);
    if (static_cast<std::int32_t>(next.isr.size()) >= needed)
      report(e, "elr_beside_enough_in_sync", {}, next.partition,
             fmt::format("{} has eligible leader replicas {} though {} are in sync, of {} needed.",
                         next.partition, text_of_nodes(next.elr), next.isr.size(), needed),
             judge);
  }

  void check_step(const Event& e, const Known& before, const PartitionCommitted& next,
                  Judge& judge) {
    if (next.partition_epoch != before.partition_epoch.next())
      report(e, "partition_epoch_step", before.event, next.partition,
             fmt::format("The partition epoch of {} went from {} to {} in one change.",
                         next.partition, before.partition_epoch, next.partition_epoch),
             judge);
    const bool is_raised = next.leader_epoch == before.leader_epoch.next();
    if (!is_raised && next.leader_epoch != before.leader_epoch)
      report(e, "leader_epoch_step", before.event, next.partition,
             fmt::format("The leader epoch of {} went from {} to {} in one change.", next.partition,
                         before.leader_epoch, next.leader_epoch),
             judge);
    if (!is_raised && next.leader != before.leader)
      report(e, "leader_changed_within_epoch", before.event, next.partition,
             fmt::format("The leader of {} changed from {} to {} within leader epoch {}.",
                         next.partition, before.leader, next.leader, next.leader_epoch),
             judge);
  }

  // KIP-841. Who was the last one in sync stays so when it goes.
  void check_members(const Event& e, const Known& before, const PartitionCommitted& next,
                     Judge& judge) {
    for (const NodeId node : next.isr) {
      if (!is_fenced(node, judge)) continue;
      const bool has_joined = !contains(before.isr, node);
      if (!has_joined && next.isr.size() == 1) continue;
      report(e, has_joined ? "fenced_joined_isr" : "fenced_stayed_in_isr", before.event,
             next.partition,
             fmt::format("{} {} the in-sync replicas of {} while fenced.",
                         judge.ledger().name_of(node), has_joined ? "joined" : "stayed among",
                         next.partition),
             judge);
    }
  }

  void check_leader(const Event& e, const PartitionCommitted& next, Judge& judge) {
    if (!next.leader.is_set() || !is_fenced(next.leader, judge)) return;
    report(e, "fenced_leads", judge.ledger().node(next.leader).fenced_by, next.partition,
           fmt::format("{} leads {} while fenced.", judge.ledger().name_of(next.leader),
                       next.partition),
           judge);
  }

  static bool is_fenced(NodeId node, const Judge& judge) {
    return judge.ledger().node(node).is_fenced.value_or(false);
  }

  void check_broker_epoch(const Event& e, const BrokerCommitted& next, Judge& judge) {
    auto& known = registrations_[next.broker];
    if (known.event.value != 0 && known.epoch == next.broker_epoch) return;
    if (next.broker_epoch <= latest_.epoch) {
      report(e, "broker_epoch_reused", latest_.event, std::nullopt,
             fmt::format("{} was registered with broker epoch {}, when {} had been given before.",
                         judge.ledger().name_of(next.broker), next.broker_epoch, latest_.epoch),
             judge);
    }
    known = {e.id, next.broker_epoch};
    if (known.epoch > latest_.epoch) latest_ = known;
  }

  void report(const Event& e, std::string kind, EventId other,
              const std::optional<TopicPartition>& partition, std::string message, Judge& judge) {
    judge.report(
        {std::string(id()), std::move(kind), std::move(message), {other, e.id}, {}, partition});
  }

  std::vector<Known> before_;  // By the ledger's number of the partition.
  std::map<NodeId, Registration> registrations_;
  Registration latest_;  // With the highest epoch.
  Offset last_offset_ = -1;
  EventId last_event_;
};

}  // namespace

std::unique_ptr<Property> metadata_sanity() { return std::make_unique<MetadataSanity>(); }

}  // namespace brokersim::properties
