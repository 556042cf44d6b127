#include "core/controller/explain.h"

#include <string>

namespace brokersim::controller {

namespace {

struct Explainer {
  const Image& before;
  std::string_view why;
  std::vector<EventBody> events{};

  void operator()(const RegisterBrokerRecord& record) {
    const auto* broker = before.find_broker(record.broker_id);
    if (broker && !broker->is_fenced && record.fenced) {
      events.push_back(BrokerFenced{record.broker_id, std::string(why)});
    }
    events.push_back(BrokerRegistered{record.broker_id, record.broker_epoch});
  }

  void operator()(const UnregisterBrokerRecord& record) {
    const auto* broker = before.find_broker(record.broker_id);
    if (broker && !broker->is_fenced) {
      events.push_back(BrokerFenced{record.broker_id, std::string(why)});
    }
  }

  void operator()(const BrokerRegistrationChangeRecord& record) {
    if (record.fenced > 0) events.push_back(BrokerFenced{record.broker_id, std::string(why)});
    if (record.fenced < 0) events.push_back(BrokerUnfenced{record.broker_id});
  }

  void operator()(const PartitionRecord& record) {
    const auto* topic = before.find_topic(record.topic_id);
    if (!topic) return;
    events.push_back(LeaderElected{
        .partition = {topic->name, record.partition_id},
        .to = record.leader,
        .leader_epoch = record.leader_epoch,
        .why = std::string(why),
        .isr_after = record.isr,
    });
  }

  void operator()(const PartitionChangeRecord& record) {
    const auto* topic = before.find_topic(record.topic_id);
    if (!topic) return;
    const TopicPartition id{topic->name, record.partition_id};
    const auto* partition = before.find_partition(id);
    if (!partition) return;
    const auto& isr_after = record.isr ? *record.isr : partition->isr;
    if (record.leader != leader_unchanged) {
      events.push_back(election_of(id, *partition, record.leader, isr_after));
      // The last step of a move: who leads then may have joined with it.
      if (record.replicas) std::get<LeaderElected>(events.back()).is_clean = true;
    }
    if (record.isr) {
      events.push_back(IsrChanged{id, partition->isr, isr_after, partition->partition_epoch.next(),
                                  std::string(why)});
    }
  }

  LeaderElected election_of(const TopicPartition& id, const Partition& partition, NodeId leader,
                            const std::vector<NodeId>& isr_after) const {
    const auto& isr = partition.isr;
    const bool is_electable = contains(isr, leader) || contains(partition.elr, leader);
    return {
        .partition = id,
        .from = partition.leader,
        .to = leader,
        .leader_epoch = partition.leader_epoch.next(),
        .why = std::string(why),
        .is_clean = leader == no_node || is_electable,
        .isr_before = isr,
        .isr_after = isr_after,
    };
  }

  template <class Record>
  void operator()(const Record&) {}
};

}  // namespace

std::vector<EventBody> explain(const Image& before, const MetadataRecord& record,
                               std::string_view why) {
  Explainer explainer{before, why};
  std::visit(explainer, record);
  return std::move(explainer.events);
}

}  // namespace brokersim::controller
