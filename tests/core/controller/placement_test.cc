// Placement: distinct replicas, an unfenced first one, and an even spread, whatever the draw.
#include "core/controller/placement.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace brokersim::controller {
namespace {

RC_GTEST_PROP(Placement, gives_distinct_replicas_and_an_unfenced_first_one,
              (std::uint64_t random)) {
  const auto unfenced = *rc::gen::inRange(1, 6);
  const auto fenced = *rc::gen::inRange(0, 4);
  const auto replicas = *rc::gen::inRange(1, unfenced + fenced + 1);
  std::vector<UsableBroker> brokers;
  for (int i = 0; i < unfenced + fenced; ++i) brokers.push_back({NodeId{i}, i >= unfenced});

  const auto placed = place_replicas(brokers, 12, static_cast<std::int16_t>(replicas), random);
  RC_ASSERT(placed.size() == 12U);
  for (const auto& partition : placed) {
    RC_ASSERT(partition.size() == static_cast<std::size_t>(replicas));
    RC_ASSERT((std::set(partition.begin(), partition.end()).size() == partition.size()));
    const auto first_fenced = std::find_if(partition.begin(), partition.end(),
                                           [&](NodeId id) { return id.value >= unfenced; });
    RC_ASSERT(first_fenced - partition.begin() == std::min(unfenced, replicas));
  }
}

RC_GTEST_PROP(Placement, spreads_leaders_and_replicas_evenly, (std::uint64_t random)) {
  const auto count = *rc::gen::inRange(1, 8);
  std::vector<UsableBroker> brokers;
  for (int i = 0; i < count; ++i) brokers.push_back({NodeId{i}});
  std::map<NodeId, int> leads;
  std::map<NodeId, int> holds;
  const auto replicas = static_cast<std::int16_t>((count + 1) / 2);
  for (const auto& partition : place_replicas(brokers, count * 3, replicas, random)) {
    ++leads[partition.front()];
    for (const auto id : partition) ++holds[id];
  }
  for (const auto& broker : brokers) {
    RC_ASSERT(leads[broker.id] == 3);
    RC_ASSERT(holds[broker.id] == 3 * replicas);
  }
}

// Racks of one size: as many replicas in each as go, and every broker leads as often.
RC_GTEST_PROP(Placement, takes_a_second_broker_of_no_rack_before_one_of_each,
              (std::uint64_t random)) {
  const auto racks = *rc::gen::inRange(1, 5);
  const auto per_rack = *rc::gen::inRange(1, 4);
  const auto replicas = *rc::gen::inRange(1, racks * per_rack + 1);
  std::vector<UsableBroker> brokers;
  for (int i = 0; i < racks * per_rack; ++i) {
    brokers.push_back({NodeId{i}, false, "rack-" + std::to_string(i % racks)});
  }
  std::map<NodeId, int> leads;
  const auto count = racks * per_rack * 2;
  for (const auto& partition :
       place_replicas(brokers, count, static_cast<std::int16_t>(replicas), random)) {
    ++leads[partition.front()];
    std::map<int, int> in_rack;
    for (const auto id : partition) ++in_rack[id.value % racks];
    for (const auto& [rack, held] : in_rack) RC_ASSERT(held <= (replicas + racks - 1) / racks);
    RC_ASSERT((std::set(partition.begin(), partition.end()).size() == partition.size()));
  }
  for (const auto& broker : brokers) RC_ASSERT(leads[broker.id] == 2);
}

TEST(Placement, leads_in_no_rack_whose_brokers_are_all_fenced) {
  const std::vector<UsableBroker> brokers{
      {NodeId{1}, true, "a"}, {NodeId{2}, false, "b"}, {NodeId{3}, false, "c"}};
  for (std::uint64_t random = 0; random < 20; ++random) {
    for (const auto& partition : place_replicas(brokers, 6, 3, random)) {
      EXPECT_NE(partition.front(), NodeId{1});
      EXPECT_EQ(std::set(partition.begin(), partition.end()).size(), 3U);
    }
  }
}

TEST(Placement, differs_with_the_random_number_and_only_with_it) {
  std::vector<UsableBroker> brokers;
  for (int i = 0; i < 6; ++i) brokers.push_back({NodeId{i}});
  EXPECT_EQ(place_replicas(brokers, 4, 3, 7), place_replicas(brokers, 4, 3, 7));
  EXPECT_NE(place_replicas(brokers, 4, 3, 7), place_replicas(brokers, 4, 3, 8));
}

}  // namespace
}  // namespace brokersim::controller
