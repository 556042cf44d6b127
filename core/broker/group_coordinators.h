// The group coordinators of a broker: one for each partition of __consumer_offsets that it leads.
#pragma once

#include "core/broker/coordinators.h"

namespace brokersim::broker {

using GroupCoordinator = Coordinator<group::Shard>;

class GroupCoordinators : public Coordinators<group::Shard> {
 public:
  GroupCoordinators(const NodeConfig& config, Replicas& replicas, FiberGroup& fibers);

  // Offsets of removed topics are deleted besides, and consumer groups learn of their topics.
  void apply(Host& host, const controller::Image& image, const controller::Delta& delta);
  // As find(), of what needs a group with a name: offsets may be committed without one.
  Found find_named(const std::string& group) const;
  // Of the id of a new member: not the same as any before, by whichever broker, now or earlier.
  Uuid fresh_uuid(Host& host);
  // The cluster has agreed on having consumer groups (KIP-848).
  bool has_consumer_groups() const { return group_version_ >= 1; }

 private:
  void learn_topics(const controller::Image& image, const controller::Delta& delta);

  std::shared_ptr<const group::KnownTopics> topics_ = std::make_shared<group::KnownTopics>();
  std::int16_t group_version_ = 0;
  std::uint64_t uuids_ = 0;
};

}  // namespace brokersim::broker
