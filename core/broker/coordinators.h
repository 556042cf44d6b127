// The group coordinators of a broker: one for each partition of __consumer_offsets that it leads.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string_view>

#include "core/broker/coordinator.h"
#include "core/broker/fiber_group.h"
#include "core/broker/replicas.h"
#include "core/controller/image.h"

namespace brokersim::broker {

class Coordinators {
 public:
  // Its fibers are of `fibers`.
  Coordinators(const NodeConfig& config, Replicas& replicas, FiberGroup& fibers)
      : config_(config), replicas_(replicas), fibers_(fibers) {}

  // The replicas are in line with `image`, of which `delta` is what changed: where we lead now, a
  // coordinator starts; where we did, it ends by itself. Offsets of removed topics are deleted.
  void apply(Host& host, const controller::Image& image, const controller::Delta& delta);

  // The coordinator of a group, ready to be asked; otherwise what to answer a client.
  Expected<std::shared_ptr<Coordinator>, api::ErrorCode> find(std::string_view group) const;
  const std::map<std::int32_t, std::shared_ptr<Coordinator>>& all() const { return coordinators_; }
  // Of the id of a new member: not the same as any before, by whichever broker, now or earlier.
  Uuid fresh_uuid(Host& host);

 private:
  void start(Host& host, std::int32_t partition, std::shared_ptr<Replica> replica);

  const NodeConfig& config_;
  Replicas& replicas_;
  FiberGroup& fibers_;
  std::int32_t partitions_ = 0;  // Of the topic; 0 while there is none.
  std::map<std::int32_t, std::shared_ptr<Coordinator>> coordinators_;
  std::uint64_t uuids_ = 0;
};

}  // namespace brokersim::broker
