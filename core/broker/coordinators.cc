#include "core/broker/coordinators.h"

#include <utility>

#include <fmt/format.h>

#include "core/coordination/partition_of.h"

namespace brokersim::broker {

using api::ErrorCode;

template <class Shard>
void Coordinators<Shard>::apply(Host& host, const controller::Image& image,
                                const controller::Delta& delta) {
  const auto* topic = image.find_topic(topic_);
  partitions_ = topic ? static_cast<std::int32_t>(topic->partitions.size()) : 0;
  const auto topic_defaults = topic_defaults_of(config_);
  const controller::TopicConfigs configs(image, topic_, topic_defaults);
  const auto max_batch_bytes = static_cast<std::size_t>(configs.number("max.message.bytes"));
  // The topic's own, or what a topic has that does not say.
  if (!delta.configs.empty()) {
    for (const auto& [index, coordinator] : coordinators_) {
      coordinator->limit_batches(max_batch_bytes);
    }
  }
  for (const auto& partition : delta.partitions) {
    if (partition.topic != topic_) continue;
    const auto replica = replicas_.find(partition);
    if (!replica || !replica->is_leader()) continue;
    start(host, partition.partition, replica, max_batch_bytes);
  }
}

template <class Shard>
void Coordinators<Shard>::start(Host& host, std::int32_t partition,
                                std::shared_ptr<Replica> replica, std::size_t max_batch_bytes) {
  const auto known = coordinators_.find(partition);
  if (known != coordinators_.end() && known->second->is_of(*replica)) return;
  const auto name = fmt::format("{}-{}-{}", fiber_name_, partition, replica->state().leader_epoch);
  auto coordinator = std::make_shared<Coordinator<Shard>>(config_, std::move(replica),
                                                          max_batch_bytes, make_shard_(), moved_);
  coordinators_[partition] = coordinator;
  fibers_.spawn(host, name, [this, partition, coordinator](Env& fiber) {
    coordinator->run(fiber);
    const auto present = coordinators_.find(partition);
    const bool is_present = present != coordinators_.end() && present->second == coordinator;
    if (is_present) coordinators_.erase(present);
  });
}

template <class Shard>
auto Coordinators<Shard>::find(std::string_view key) const -> Found {
  if (partitions_ == 0) return Unexpected(ErrorCode::not_coordinator);
  const auto found = coordinators_.find(coordination::partition_of(key, partitions_));
  if (found == coordinators_.end()) return Unexpected(ErrorCode::not_coordinator);
  const auto error = found->second->availability();
  if (error != ErrorCode::none) return Unexpected(error);
  return found->second;
}

template class Coordinators<group::Shard>;
template class Coordinators<transaction::Shard>;

}  // namespace brokersim::broker
