#include "core/broker/group_coordinators.h"

#include <set>
#include <string>

namespace brokersim::broker {

GroupCoordinators::GroupCoordinators(const NodeConfig& config, Replicas& replicas,
                                     FiberGroup& fibers)
    : Coordinators(config, replicas, fibers, group::offsets_topic, "coordinator", [&config] {
        return group::Shard(config.group, config.rules.transactions, config.rules.group);
      }) {}

void GroupCoordinators::apply(Host& host, const controller::Image& image,
                              const controller::Delta& delta) {
  Coordinators::apply(host, image, delta);
  if (delta.removed_topics.empty()) return;
  std::set<std::string> removed;
  for (const auto& one : delta.removed_topics) removed.insert(one.name);
  for (const auto& [index, coordinator] : std::map(all())) {
    if (coordinator->availability() != api::ErrorCode::none) continue;
    coordinator->carry_out(host,
                           coordinator->shard().forget_topics(coordinator->now(host), removed));
  }
}

// One half differs from those of earlier lives of this broker, the other from those of this one.
Uuid GroupCoordinators::fresh_uuid(Host& host) {
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
