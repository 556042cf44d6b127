// The coordinators of a broker: one for each partition of a coordinators' topic that it leads. Of
// groups and of transactions alike, but for what each does besides.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string_view>

#include "core/broker/coordinator.h"
#include "core/broker/fiber_group.h"
#include "core/broker/replicas.h"
#include "core/controller/image.h"

namespace brokersim::broker {

template <class Shard>
class Coordinators {
 public:
  using Found = Expected<std::shared_ptr<Coordinator<Shard>>, api::ErrorCode>;

  // Its fibers are of `fibers`, and named by `fiber_name`.
  Coordinators(const NodeConfig& config, Replicas& replicas, FiberGroup& fibers,
               std::string_view topic, std::string_view fiber_name,
               std::function<Shard()> make_shard)
      : config_(config),
        replicas_(replicas),
        fibers_(fibers),
        topic_(topic),
        fiber_name_(fiber_name),
        make_shard_(std::move(make_shard)) {}

  // The replicas are in line with `image`, of which `delta` is what changed: where we lead now, a
  // coordinator starts; where we did, it ends by itself.
  void apply(Host& host, const controller::Image& image, const controller::Delta& delta);

  // The coordinator of a group or transactional id, ready to be asked; otherwise what to answer a
  // client.
  Found find(std::string_view key) const;
  const std::map<std::int32_t, std::shared_ptr<Coordinator<Shard>>>& all() const {
    return coordinators_;
  }
  // Notified whenever one of the shards may have changed.
  Signal& moved() { return moved_; }

 private:
  void start(Host& host, std::int32_t partition, std::shared_ptr<Replica> replica,
             std::size_t max_batch_bytes);

  const NodeConfig& config_;
  Replicas& replicas_;
  FiberGroup& fibers_;
  const std::string_view topic_;
  const std::string_view fiber_name_;
  const std::function<Shard()> make_shard_;
  std::int32_t partitions_ = 0;  // Of the topic; 0 while there is none.
  std::map<std::int32_t, std::shared_ptr<Coordinator<Shard>>> coordinators_;
  Signal moved_;
};

extern template class Coordinators<group::Shard>;
extern template class Coordinators<transaction::Shard>;

}  // namespace brokersim::broker
