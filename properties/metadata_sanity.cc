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

// As every implementation gives them.
constexpr std::int64_t producer_ids_at_once = 1000;

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
           "among them only alone, from the change on that fences it, as each new registration "
           "does and the end of one; nor does one that is shutting down join them, or stay among "
           "them beside others when it begins to; nor does the controller, once a broker is "
           "registered anew, accept in-sync replicas that name it by the epoch of an earlier life. "
           "Each registration has a broker epoch of its own, above all earlier ones. No producer "
           "id "
           "is given to a broker twice. Metadata offsets only grow: what is committed does not "
           "change.";
  }
  Needs needs() const override { return Need::metadata; }
  Kinds listens_to() const override {
    return Kinds::of<PartitionCommitted, BrokerCommitted, TopicRemoved, ProducerIdsCommitted,
                     OldLifeAccepted>();
  }

  void observe(const Event& e, Judge& judge) override {
    check_leaving(e.at, judge);
    if (const auto* broker = std::get_if<BrokerCommitted>(&e.body)) {
      check_offset(e, broker->metadata_offset, std::nullopt, judge);
      check_broker_epoch(e, *broker, judge);
      take(e, *broker);
      return;
    }
    if (const auto* ids = std::get_if<ProducerIdsCommitted>(&e.body)) {
      check_offset(e, ids->metadata_offset, std::nullopt, judge);
      check_producer_ids(e, *ids, judge);
      return;
    }
    if (const auto* accepted = std::get_if<OldLifeAccepted>(&e.body)) {
      check_life(e, *accepted, judge);
      return;
    }
    if (const auto* removed = std::get_if<TopicRemoved>(&e.body)) {
      for (std::size_t number = 0; number < before_.size(); ++number)
        if (judge.ledger().partitions()[number].name.topic == removed->topic) before_[number] = {};
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
    before = {e.id, next.leader, next.leader_epoch, next.partition_epoch, next.isr, e.at};
  }

  void finish(Judge& judge) override { check_leaving(judge.now() + 1ns, judge); }

 private:
  struct Known {
    EventId event;
    NodeId leader = no_node;
    LeaderEpoch leader_epoch{-1};
    PartitionEpoch partition_epoch{-1};
    std::vector<NodeId> isr;
    Instant at;
  };
  struct Registration {
    EventId event;
    BrokerEpoch epoch = no_broker_epoch;
    Instant at;
  };
  struct BrokerState {
    BrokerEpoch epoch = no_broker_epoch;
    bool is_fenced = false;
    bool is_shutting_down = false;
  };
  // One that was fenced, or began to shut down, in a change of the metadata that has more to it.
  struct Leaving {
    NodeId broker;
    bool is_fenced = false;
    EventId event;
    Instant at;
  };

  // ---- Brokers that leave ----------------------------------------------------------------------

  void take(const Event& e, const BrokerCommitted& next) {
    BrokerState& known = brokers_[next.broker];
    const bool is_new = known.epoch != next.broker_epoch;
    const bool is_fenced_now = next.is_fenced && (is_new || !known.is_fenced);
    const bool shuts_down_now = next.is_shutting_down && (is_new || !known.is_shutting_down);
    if (!next.is_fenced)
      std::erase_if(leaving_, [&](const Leaving& one) { return one.broker == next.broker; });
    if (is_fenced_now || shuts_down_now)
      leaving_.push_back({next.broker, is_fenced_now, e.id, e.at});
    known = {next.broker_epoch, next.is_fenced, next.is_shutting_down};
  }

  // What is committed at one instant belongs together, in whatever order.
  void check_leaving(Instant now, Judge& judge) {
    for (const Leaving& one : leaving_) {
      if (one.at >= now) return;
      for (std::size_t number = 0; number < before_.size(); ++number)
        check_left(one, before_[number], judge.ledger().partitions()[number].name, judge);
    }
    leaving_.clear();
  }

  void check_left(const Leaving& one, const Known& known, const TopicPartition& partition,
                  Judge& judge) {
    const auto who = judge.ledger().name_of(one.broker);
    const std::string_view how = one.is_fenced ? "fenced" : "shutting down";
    if (one.is_fenced && known.leader == one.broker)
      report(one.event, "fenced_leads", known.event, partition,
             fmt::format("{} leads {} while fenced.", who, partition), judge);
    if (contains(known.isr, one.broker) && known.isr.size() > 1)
      report(one.event, one.is_fenced ? "fenced_stayed_in_isr" : "shutting_down_stayed_in_isr",
             known.event, partition,
             fmt::format("{} stayed among the in-sync replicas {} of {} when it was {}.", who,
                         text_of_nodes(known.isr), partition, how),
             judge);
  }

  // ---- Changes ---------------------------------------------------------------------------------

  void check_offset(const Event& e, Offset offset, const std::optional<TopicPartition>& partition,
                    Judge& judge) {
    if (offset < last_offset_) {
      report(e.id, "metadata_went_back", last_event_, partition,
             fmt::format("Metadata offset {} was committed after offset {}.", offset, last_offset_),
             judge);
    }
    last_offset_ = offset;
    last_event_ = e.id;
  }

  void check_sets(const Event& e, const PartitionCommitted& next, Judge& judge) {
    if (next.isr.empty() && next.elr.empty() && next.last_known_elr.empty())
      report(e.id, "isr_empty", {}, next.partition,
             fmt::format("{} has no in-sync replica, and nobody to ask for its records.",
                         next.partition),
             judge);
    check_elr(e, next, judge);
    for (const NodeId node : next.isr) {
      if (contains(next.replicas, node)) continue;
      report(e.id, "isr_not_replicas", {}, next.partition,
             fmt::format("The in-sync replicas {} of {} are not among its replicas {}.",
                         text_of_nodes(next.isr), next.partition, text_of_nodes(next.replicas)),
             judge);
      break;
    }
    if (next.leader.is_set() && !contains(next.isr, next.leader))
      report(
          e.id, "leader_not_in_sync", {}, next.partition,
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
      report(e.id, "elr_not_out_of_sync", {}, next.partition,
             fmt::format("The eligible leader replicas {} of {} are not its replicas {} without "
                         "those in sync {}.",
                         text_of_nodes(next.elr), next.partition, text_of_nodes(next.replicas),
                         text_of_nodes(next.isr)),
             judge);
    const auto& partition = *judge.ledger().find(next.partition);
    const auto needed = judge.ledger().min_insync(partition);
    if (static_cast<std::int32_t>(next.isr.size()) >= needed)
      report(e.id, "elr_beside_enough_in_sync", {}, next.partition,
             fmt::format("{} has eligible leader replicas {} though {} are in sync, of {} needed.",
                         next.partition, text_of_nodes(next.elr), next.isr.size(), needed),
             judge);
  }

  void check_step(const Event& e, const Known& before, const PartitionCommitted& next,
                  Judge& judge) {
    if (next.partition_epoch != before.partition_epoch.next())
      report(e.id, "partition_epoch_step", before.event, next.partition,
             fmt::format("The partition epoch of {} went from {} to {} in one change.",
                         next.partition, before.partition_epoch, next.partition_epoch),
             judge);
    const bool is_raised = next.leader_epoch == before.leader_epoch.next();
    if (!is_raised && next.leader_epoch != before.leader_epoch)
      report(e.id, "leader_epoch_step", before.event, next.partition,
             fmt::format("The leader epoch of {} went from {} to {} in one change.", next.partition,
                         before.leader_epoch, next.leader_epoch),
             judge);
    if (!is_raised && next.leader != before.leader)
      report(e.id, "leader_changed_within_epoch", before.event, next.partition,
             fmt::format("The leader of {} changed from {} to {} within leader epoch {}.",
                         next.partition, before.leader, next.leader, next.leader_epoch),
             judge);
  }

  // KIP-841. Who was the last one in sync stays so when it goes.
  void check_members(const Event& e, const Known& before, const PartitionCommitted& next,
                     Judge& judge) {
    for (const NodeId node : next.isr) {
      const bool has_joined = !contains(before.isr, node);
      if (has_joined && !is_fenced(node, judge) && brokers_[node].is_shutting_down)
        report(e.id, "shutting_down_joined_isr", before.event, next.partition,
               fmt::format("{} joined the in-sync replicas of {} while shutting down.",
                           judge.ledger().name_of(node), next.partition),
               judge);
      if (!is_fenced(node, judge)) continue;
      if (!has_joined && next.isr.size() == 1) continue;
      report(e.id, has_joined ? "fenced_joined_isr" : "fenced_stayed_in_isr", before.event,
             next.partition,
             fmt::format("{} {} the in-sync replicas of {} while fenced.",
                         judge.ledger().name_of(node), has_joined ? "joined" : "stayed among",
                         next.partition),
             judge);
    }
  }

  // KIP-903. Who appended the change to the metadata log had what was committed before it.
  void check_life(const Event& e, const OldLifeAccepted& accepted, Judge& judge) {
    const auto number = judge.ledger().index_of(accepted.partition);
    const auto registered = registrations_.find(accepted.broker);
    if (!number || *number >= before_.size() || registered == registrations_.end()) return;
    const Known& change = before_[*number];
    const Registration& life = registered->second;
    const bool is_it =
        change.partition_epoch == accepted.partition_epoch && contains(change.isr, accepted.broker);
    if (!is_it || accepted.broker_epoch >= life.epoch || life.at >= change.at) return;
    report(
        e.id, "earlier_life_in_isr", life.event, accepted.partition,
        fmt::format("{} is among the in-sync replicas {} of {} by its broker epoch {}, though it "
                    "had been registered with {} before.",
                    judge.ledger().name_of(accepted.broker), text_of_nodes(change.isr),
                    accepted.partition, accepted.broker_epoch, life.epoch),
        judge);
  }

  void check_leader(const Event& e, const PartitionCommitted& next, Judge& judge) {
    if (!next.leader.is_set() || !is_fenced(next.leader, judge)) return;
    report(e.id, "fenced_leads", judge.ledger().node(next.leader).fenced_by, next.partition,
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
      report(e.id, "broker_epoch_reused", latest_.event, std::nullopt,
             fmt::format("{} was registered with broker epoch {}, when {} had been given before.",
                         judge.ledger().name_of(next.broker), next.broker_epoch, latest_.epoch),
             judge);
    }
    known = {e.id, next.broker_epoch, e.at};
    if (known.epoch > latest_.epoch) latest_ = known;
  }

  // A record says where its block ends: it begins that much before.
  void check_producer_ids(const Event& e, const ProducerIdsCommitted& next, Judge& judge) {
    if (next.next_producer_id < next_producer_id_ + producer_ids_at_once)
      report(e.id, "producer_ids_overlap", producer_ids_given_, std::nullopt,
             fmt::format("Producer ids from {} to {} were given to a broker, when those before {} "
                         "had been given.",
                         next.next_producer_id - producer_ids_at_once, next.next_producer_id - 1,
                         next_producer_id_),
             judge);
    next_producer_id_ = std::max(next_producer_id_, next.next_producer_id);
    producer_ids_given_ = e.id;
  }

  void report(EventId one, std::string kind, EventId other,
              const std::optional<TopicPartition>& partition, std::string message, Judge& judge) {
    judge.report({std::string(id()),
                  std::move(kind),
                  std::move(message),
                  {std::min(one, other), std::max(one, other)},
                  {},
                  partition});
  }

  std::vector<Known> before_;  // By the ledger's number of the partition.
  std::map<NodeId, BrokerState> brokers_;
  std::vector<Leaving> leaving_;  // In order.
  std::map<NodeId, Registration> registrations_;
  Registration latest_;  // With the highest epoch.
  std::int64_t next_producer_id_ = 0;
  EventId producer_ids_given_;
  Offset last_offset_ = -1;
  EventId last_event_;
};

}  // namespace

std::unique_ptr<Property> metadata_sanity() { return std::make_unique<MetadataSanity>(); }

}  // namespace brokersim::properties
