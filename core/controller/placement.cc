#include "core/controller/placement.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "core/base/assert.h"
#include "core/controller/draws.h"

namespace brokersim::controller {

namespace {

template <class T>
void shuffle(std::vector<T>& items, Draws& draws) {
  for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[draws.below(i)]);
}

// Brokers in a ring, handed out once each per round; where a round begins moves on.
class Ring {
 public:
  Ring(std::vector<NodeId> brokers, Draws& draws) : brokers_(std::move(brokers)) {
    shuffle(brokers_, draws);
    if (!brokers_.empty()) start_ = draws.below(brokers_.size());
  }

  bool empty() const { return brokers_.empty(); }
  void begin_round() { handed_out_ = 0; }
  void move_on() {
    if (!brokers_.empty()) start_ = (start_ + 1) % brokers_.size();
  }
  std::optional<NodeId> next() {
    if (handed_out_ == brokers_.size()) return std::nullopt;
    return brokers_[(start_ + handed_out_++) % brokers_.size()];
  }

 private:
  std::vector<NodeId> brokers_;
  std::size_t start_ = 0;
  std::size_t handed_out_ = 0;
};

struct Rack {
  Ring unfenced;
  Ring fenced;

  void begin_partition() {
    unfenced.begin_round();
    fenced.begin_round();
  }
  void move_on() {
    unfenced.move_on();
    fenced.move_on();
  }
  std::optional<NodeId> next() {
    const auto broker = unfenced.next();
    return broker ? broker : fenced.next();
  }
};

std::vector<Rack> racks_of(const std::vector<UsableBroker>& brokers, Draws& draws) {
  std::map<std::string, std::pair<std::vector<NodeId>, std::vector<NodeId>>> by_name;
  for (const auto& broker : brokers) {
    auto& [unfenced, fenced] = by_name[broker.rack];
    (broker.is_fenced ? fenced : unfenced).push_back(broker.id);
  }
  std::vector<Rack> racks;
  for (auto& [name, ids] : by_name) {
    Ring unfenced(std::move(ids.first), draws);
    Ring fenced(std::move(ids.second), draws);
    racks.push_back({std::move(unfenced), std::move(fenced)});
  }
  shuffle(racks, draws);
  return racks;
}

// From the rack at `first` on, which is the one to lead unless it has nobody who could.
std::vector<NodeId> place_partition(std::vector<Rack>& racks, std::size_t first,
                                    std::size_t wanted) {
  for (auto& rack : racks) rack.begin_partition();
  while (racks[first % racks.size()].unfenced.empty()) ++first;
  std::vector<NodeId> replicas;
  for (std::size_t at = first; replicas.size() < wanted; ++at) {
    const auto broker = racks[at % racks.size()].next();
    if (broker) replicas.push_back(*broker);
  }
  racks[first % racks.size()].move_on();
  return replicas;
}

}  // namespace

std::vector<std::vector<NodeId>> place_replicas(const std::vector<UsableBroker>& brokers,
                                                std::int32_t partitions,
                                                std::int16_t replication_factor,
                                                std::uint64_t random) {
  REQUIRE(replication_factor > 0, replication_factor);
  const auto wanted = static_cast<std::size_t>(replication_factor);
  REQUIRE(wanted <= brokers.size(), wanted, brokers.size());
  REQUIRE(std::any_of(brokers.begin(), brokers.end(), [](auto& b) { return !b.is_fenced; }));

  Draws draws(random);
  auto racks = racks_of(brokers, draws);
  std::size_t first = draws.below(racks.size());
  std::vector<std::vector<NodeId>> placed;
  for (std::int32_t partition = 0; partition < partitions; ++partition) {
    placed.push_back(place_partition(racks, first, wanted));
    first = (first + 1) % racks.size();
  }
  return placed;
}

}  // namespace brokersim::controller
