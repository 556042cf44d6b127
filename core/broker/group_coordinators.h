// The group coordinators of a broker: one for each partition of __consumer_offsets that it leads.
#pragma once

#include "core/broker/coordinators.h"

namespace brokersim::broker {

using GroupCoordinator = Coordinator<group::Shard>;

class GroupCoordinators : public Coordinators<group::Shard> {
 public:
  GroupCoordinators(const NodeConfig& config, Replicas& replicas, FiberGroup& fibers);

  // Offsets of removed topics are deleted besides.
  void apply(Host& host, const controller::Image& image, const controller::Delta& delta);
  // Of the id of a new member: not the same as any before, by whichever broker, now or earlier.
  Uuid fresh_uuid(Host& host);

 private:
  std::uint64_t uuids_ = 0;
};

}  // namespace brokersim::broker
