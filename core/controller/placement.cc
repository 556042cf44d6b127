#include "core/controller/placement.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"
#include "core/controller/draws.h"

namespace brokersim::controller {

namespace {

// A ring of brokers whose start moves on by one with each partition.
class Ring {
 public:
  Ring(std::vector<NodeId> brokers, Draws& draws) : brokers_(std::move(brokers)) {
    for (std::size_t i = brokers_.size(); i > 1; --i) {
      std::swap(brokers_[i - 1], brokers_[draws.below(i)]);
    }
    if (!brokers_.empty()) start_ = draws.below(brokers_.size());
  }

  // Appends up to `wanted` different brokers, and moves on.
  void take(std::size_t wanted, std::vector<NodeId>& out) {
    const auto count = std::min(wanted, brokers_.size());
    for (std::size_t i = 0; i < count; ++i) {
      out.push_back(brokers_[(start_ + i) % brokers_.size()]);
    }
    if (!brokers_.empty()) start_ = (start_ + 1) % brokers_.size();
  }

 private:
  std::vector<NodeId> brokers_;
  std::size_t start_ = 0;
};

std::vector<NodeId> ids_of(const std::vector<UsableBroker>& brokers, bool is_fenced) {
  std::vector<NodeId> ids;
  for (const auto& broker : brokers) {
    if (broker.is_fenced == is_fenced) ids.push_back(broker.id);
  }
  return ids;
}

}  // namespace

std::vector<std::vector<NodeId>> place_replicas(const std::vector<UsableBroker>& brokers,
                                                std::int32_t partitions,
                                                std::int16_t replication_factor,
                                                std::uint64_t random) {
  REQUIRE(replication_factor > 0, replication_factor);
  const auto wanted = static_cast<std::size_t>(replication_factor);
  REQUIRE(wanted <= brokers.size(), wanted, brokers.size());
  auto unfenced_ids = ids_of(brokers, false);
  REQUIRE(!unfenced_ids.empty());

  Draws draws(random);
  Ring unfenced(std::move(unfenced_ids), draws);
  Ring fenced(ids_of(brokers, true), draws);
  std::vector<std::vector<NodeId>> placed;
  for (std::int32_t partition = 0; partition < partitions; ++partition) {
    auto& replicas = placed.emplace_back();
    unfenced.take(wanted, replicas);
    fenced.take(wanted - replicas.size(), replicas);
  }
  return placed;
}

}  // namespace brokersim::controller
