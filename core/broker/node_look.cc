#include "core/broker/node_look.h"

#include <map>
#include <string>

#include "core/controller/topic_config.h"

namespace brokersim::broker {
namespace {

ReplicaLook look_at_replica(const Replica& replica, std::int32_t min_in_sync) {
  ReplicaLook look{.partition = replica.partition(),
                   .is_leader = replica.is_leader(),
                   .start_offset = replica.log().start_offset(),
                   .end_offset = replica.log().end_offset(),
                   .high_watermark = replica.high_watermark(),
                   .size = replica.log().size()};
  look.replicas = static_cast<std::int32_t>(replica.state().replicas.size());
  look.in_sync = static_cast<std::int32_t>(replica.state().isr.size());
  look.min_in_sync = min_in_sync;
  return look;
}

BrokerLook look_at_broker(const Broker& broker) {
  BrokerLook look;
  look.is_fenced = !broker.image().is_active(broker.config().node_id);
  look.applied_metadata_offset = broker.image().last_offset();
  look.throttled_bytes_out = broker.quotas().as_leader.recorded();
  look.throttled_bytes_in = broker.quotas().as_follower.recorded();
  std::string topic;  // Partitions come ordered by it.
  std::int32_t min_in_sync = 1;
  for (const auto& [partition, replica] : broker.replicas().all()) {
    if (partition.topic != topic) {
      topic = partition.topic;
      const controller::TopicConfigs configs(broker.image(), topic, broker.topic_defaults());
      min_in_sync = static_cast<std::int32_t>(configs.number("min.insync.replicas"));
    }
    look.replicas.push_back(look_at_replica(*replica, min_in_sync));
  }
  return look;
}

ControllerLook look_at_controller(const ControllerNode& controller,
                                  const controller::Image& image) {
  ControllerLook look{.is_active = controller.is_active()};
  for (const auto& [name, topic] : image.topics()) {
    ++look.topics;
    for (const auto& [index, partition] : topic.partitions) {
      ++look.partitions;
      if (!partition.has_leader()) ++look.offline_partitions;
    }
  }
  for (const auto& [id, broker] : image.brokers()) {
    ++(broker.is_fenced ? look.fenced_brokers : look.active_brokers);
  }
  return look;
}

}  // namespace

NodeLook look_at(NodeMetrics& metrics, const QuorumNode& quorum, const MetadataLoader& metadata,
                 const Broker* broker, const ControllerNode* controller) {
  // Topics come and go; what is counted of those that are gone goes with them.
  if (broker) {
    std::erase_if(metrics.topics,
                  [&](const auto& counted) { return !broker->image().find_topic(counted.first); });
  }
  NodeLook look{.metrics = metrics,
                .quorum_leader = quorum.leader(),
                .quorum_epoch = quorum.epoch(),
                .metadata_end_offset = quorum.end_offset(),
                .metadata_high_watermark = quorum.high_watermark(),
                .loaded_metadata_offset = metadata.next_offset() - 1};
  if (broker) look.broker = look_at_broker(*broker);
  if (controller) look.controller = look_at_controller(*controller, metadata.image());
  return look;
}

}  // namespace brokersim::broker
