#include "core/broker/group_coordinators.h"

#include <set>
#include <string>

#include "core/controller/features.h"

namespace brokersim::broker {

GroupCoordinators::GroupCoordinators(const NodeConfig& config, Replicas& replicas,
                                     FiberGroup& fibers)
    : Coordinators(config, replicas, fibers, group::offsets_topic, "coordinator", [this, &config] {
        group::Shard shard(config.group, config.rules.transactions, config.rules.group);
        shard.learn(topics_);
        return shard;
      }) {}

void GroupCoordinators::apply(Host& host, const controller::Image& image,
                              const controller::Delta& delta) {
  const auto level = image.features().find(std::string(controller::group_version));
  group_version_ = level == image.features().end() ? std::int16_t{0} : level->second;
  learn_topics(image, delta);
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

// Made anew only if topics or their numbers of partitions are others.
void GroupCoordinators::learn_topics(const controller::Image& image,
                                     const controller::Delta& delta) {
  std::map<std::string, std::optional<group::KnownTopic>> changed;
  for (const auto& topic : delta.removed_topics) changed[topic.name];
  for (const auto& partition : delta.partitions) changed[partition.topic];
  for (auto& [name, topic] : changed) {
    const auto* present = image.find_topic(name);
    if (!present) continue;
    topic = {present->id, static_cast<std::int32_t>(present->partitions.size())};
  }
  std::erase_if(changed, [this](const auto& one) {
    const auto known = topics_->find(one.first);
    return known == topics_->end() ? !one.second : known->second == one.second;
  });
  if (changed.empty()) return;
  auto topics = std::make_shared<group::KnownTopics>(*topics_);
  for (const auto& [name, topic] : changed) {
    if (topic) {
      (*topics)[name] = *topic;
    } else {
      topics->erase(name);
    }
  }
  topics_ = std::move(topics);
  for (const auto& [index, coordinator] : all()) coordinator->shard().learn(topics_);
}

auto GroupCoordinators::find_named(const std::string& group) const -> Found {
  if (group.empty()) return Unexpected(api::ErrorCode::invalid_group_id);
  return find(group);
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
