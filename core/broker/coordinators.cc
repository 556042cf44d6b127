#include "core/broker/coordinators.h"

#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/group/records.h"

namespace brokersim::broker {

using api::ErrorCode;

void Coordinators::apply(Host& host, const controller::Image& image,
                         const controller::Delta& delta) {
  const auto* topic = image.find_topic(group::offsets_topic);
  partitions_ = topic ? static_cast<std::int32_t>(topic->partitions.size()) : 0;
  for (const auto& partition : delta.partitions) {
    if (partition.topic != group::offsets_topic) continue;
    const auto replica = replicas_.find(partition);
    if (replica && replica->is_leader()) start(host, partition.partition, replica);
  }
  if (delta.removed_topics.empty()) return;
  std::set<std::string> removed;
  for (const auto& one : delta.removed_topics) removed.insert(one.name);
  for (const auto& [index, coordinator] : std::map(coordinators_)) {
    if (coordinator->availability() != ErrorCode::none) continue;
    coordinator->carry_out(host,
                           coordinator->shard().forget_topics(coordinator->now(host), removed));
  }
}

void Coordinators::start(Host& host, std::int32_t partition, std::shared_ptr<Replica> replica) {
  const auto known = coordinators_.find(partition);
  if (known != coordinators_.end() && known->second->is_of(*replica)) return;
  const auto name = fmt::format("coordinator-{}-{}", partition, replica->state().leader_epoch);
  auto coordinator = std::make_shared<Coordinator>(config_, std::move(replica));
  coordinators_[partition] = coordinator;
  fibers_.spawn(host, name, [this, partition, coordinator](Env& fiber) {
    coordinator->run(fiber);
    const auto present = coordinators_.find(partition);
    const bool is_present = present != coordinators_.end() && present->second == coordinator;
    if (is_present) coordinators_.erase(present);
  });
}

Expected<std::shared_ptr<Coordinator>, ErrorCode> Coordinators::find(std::string_view group) const {
  if (partitions_ == 0) return Unexpected(ErrorCode::not_coordinator);
  const auto found = coordinators_.find(group::partition_of(group, partitions_));
  if (found == coordinators_.end()) return Unexpected(ErrorCode::not_coordinator);
  const auto error = found->second->availability();
  if (error != ErrorCode::none) return Unexpected(error);
  return found->second;
}

// One half differs from those of earlier lives of this broker, the other from those of this one.
Uuid Coordinators::fresh_uuid(Host& host) {
  const auto present = static_cast<std::uint64_t>(host.now().ns());
  const std::uint64_t halves[] = {host.random("member", present),
                                  host.random("member-number", ++uuids_)};
  Uuid id{};
  for (std::size_t i = 0; i < id.size(); ++i) {
    id[i] = static_cast<std::uint8_t>(halves[i / 8] >> (i % 8 * 8));
  }
  return id;
}

}  // namespace brokersim::broker
