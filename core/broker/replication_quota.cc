#include "core/broker/replication_quota.h"

#include <string_view>
#include <utility>

#include "core/controller/broker_config.h"

namespace brokersim::broker {
namespace {

using controller::ConfigResource;
using controller::ThrottledReplicas;

fetch::RateWindow::Shape window_of(const NodeConfig& config) {
  return {.samples = config.replication_quota_window_num,
          .sample = config.replication_quota_window_size};
}

ThrottledReplicas throttled_replicas(const controller::Image& image, const std::string& topic,
                                     std::string_view name) {
  const controller::TopicDefaults none;  // No broker has any for these.
  const controller::TopicConfigs configs(image, topic, none);
  return ThrottledReplicas::parse(configs.get(name).text).value_or(ThrottledReplicas());
}

}  // namespace

void ReplicationQuota::throttle(const std::string& topic, ThrottledReplicas replicas) {
  if (replicas.empty()) {
    throttled_.erase(topic);
  } else {
    throttled_.insert_or_assign(topic, std::move(replicas));
  }
}

bool ReplicationQuota::is_throttled(const TopicPartition& partition) const {
  const auto topic = throttled_.find(partition.topic);
  return topic != throttled_.end() && topic->second.has(partition.partition, self_);
}

bool ReplicationQuota::holds_back(Instant now, const TopicPartition& partition,
                                  bool is_in_sync) const {
  return !is_in_sync && is_throttled(partition) && window_.exceeds(now, bytes_per_second_);
}

void ReplicationQuota::record(Instant now, std::int64_t bytes) {
  window_.record(now, bytes);
  recorded_ += static_cast<std::uint64_t>(bytes);
}

ReplicationQuotas::ReplicationQuotas(const NodeConfig& config)
    : self(config.node_id),
      as_leader(config.node_id, window_of(config)),
      as_follower(config.node_id, window_of(config)) {}

void ReplicationQuotas::apply(const controller::Image& image, const controller::Delta& delta) {
  const auto apply_topic = [&](const std::string& topic) {
    as_leader.throttle(topic,
                       throttled_replicas(image, topic, "leader.replication.throttled.replicas"));
    as_follower.throttle(
        topic, throttled_replicas(image, topic, "follower.replication.throttled.replicas"));
  };
  for (const auto& topic : delta.removed_topics) apply_topic(topic.name);
  for (const auto& resource : delta.configs) {
    if (resource.type == ConfigResource::Type::topic) apply_topic(resource.name);
  }
  if (delta.configs.empty()) return;
  as_leader.set_rate(controller::broker_config(image, self, controller::leader_throttled_rate));
  as_follower.set_rate(controller::broker_config(image, self, controller::follower_throttled_rate));
}

}  // namespace brokersim::broker
