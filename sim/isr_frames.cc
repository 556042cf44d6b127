#include "sim/isr_frames.h"

#include <algorithm>

namespace brokersim::sim {
namespace {

using Members = std::vector<api::AlterPartitionRequest::BrokerState>;

// As they were asked for; none if they were not, or by a version that knows no epochs.
Members members_asked(const api::AlterPartitionRequest& asked, const Uuid& topic_id,
                      std::int32_t index) {
  for (const auto& topic : asked.topics) {
    if (topic.topic_id != topic_id) continue;
    for (const auto& partition : topic.partitions) {
      if (partition.partition_index == index) return partition.new_isr_with_epochs;
    }
  }
  return {};
}

}  // namespace

std::vector<OldLifeAccepted> old_lives_accepted(const api::AlterPartitionRequest& asked,
                                                const api::AlterPartitionResponse& answered,
                                                const controller::Image& committed) {
  std::vector<OldLifeAccepted> accepted;
  if (answered.error_code != api::ErrorCode::none) return accepted;
  for (const auto& each : answered.topics) {
    const auto* topic = committed.find_topic(each.topic_id);
    if (topic == nullptr) continue;
    for (const auto& partition : each.partitions) {
      const auto state = topic->partitions.find(partition.partition_index);
      const bool is_present = partition.error_code == api::ErrorCode::none &&
                              state != topic->partitions.end() &&
                              state->second.partition_epoch == partition.partition_epoch;
      if (!is_present) continue;
      for (const auto& member : members_asked(asked, each.topic_id, partition.partition_index)) {
        const auto& isr = state->second.isr;
        // What ends a reassignment drops members at once: they are free to come back.
        if (std::find(isr.begin(), isr.end(), member.broker_id) == isr.end()) continue;
        const auto* broker = committed.find_broker(member.broker_id);
        const bool is_of_old_life = broker != nullptr && member.broker_epoch.is_set() &&
                                    member.broker_epoch < broker->epoch;
        if (!is_of_old_life) continue;
        accepted.push_back({{topic->name, partition.partition_index},
                            partition.partition_epoch,
                            member.broker_id,
                            member.broker_epoch});
      }
    }
  }
  return accepted;
}

}  // namespace brokersim::sim
