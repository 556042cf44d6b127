#include "core/controller/new_partitions.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/controller/placement.h"

namespace brokersim::controller {

namespace {

// Brokers on their way out take no new replicas.
std::vector<UsableBroker> usable_brokers(const Image& image) {
  std::vector<UsableBroker> usable;
  for (const auto& [id, broker] : image.brokers()) {
    if (broker.is_in_controlled_shutdown) continue;
    usable.push_back({id, broker.is_fenced, broker.rack.value_or("")});
  }
  return usable;
}

Unexpected<Refusal> invalid_assignment(std::string why) {
  return refuse(api::ErrorCode::invalid_replica_assignment, std::move(why));
}

}  // namespace

OrRefusal<Done> check_assignment(const Image& image, const std::vector<NodeId>& brokers,
                                 std::size_t replication_factor) {
  if (brokers.empty()) return invalid_assignment("An assignment names no brokers.");
  for (const auto broker : brokers) {
    if (!image.find_broker(broker)) {
      return invalid_assignment(
          fmt::format("An assignment names broker {}, which is unknown.", broker));
    }
  }
  if (std::set(brokers.begin(), brokers.end()).size() != brokers.size()) {
    return invalid_assignment("An assignment names a broker twice.");
  }
  if (brokers.size() != replication_factor) {
    return invalid_assignment(fmt::format("An assignment has {} replicas where others have {}.",
                                          brokers.size(), replication_factor));
  }
  return Done{};
}

OrRefusal<Done> check_new_assignment(const Image& image, const std::vector<NodeId>& brokers,
                                     std::size_t replication_factor) {
  TRY([[maybe_unused]] const Done possible, check_assignment(image, brokers, replication_factor));
  if (std::none_of(brokers.begin(), brokers.end(), [&](auto b) { return image.is_active(b); })) {
    return invalid_assignment("All brokers of an assignment are fenced or in controlled shutdown.");
  }
  return Done{};
}

OrRefusal<Placed> place(const Image& image, std::int32_t partitions,
                        std::int16_t replication_factor, std::uint64_t random) {
  const auto brokers = usable_brokers(image);
  if (static_cast<std::size_t>(replication_factor) > brokers.size()) {
    return refuse(api::ErrorCode::invalid_replication_factor,
                  fmt::format("The replication factor of {} is beyond the {} usable brokers.",
                              replication_factor, brokers.size()));
  }
  if (std::all_of(brokers.begin(), brokers.end(), [](auto& b) { return b.is_fenced; })) {
    return refuse(api::ErrorCode::invalid_replication_factor, "All brokers are fenced.");
  }
  if (partitions > max_partitions_per_request) {
    return refuse(api::ErrorCode::policy_violation, "Too many partitions in one request.");
  }
  return place_replicas(brokers, partitions, replication_factor, random);
}

PartitionRecord new_partition(const Image& image, const Uuid& topic_id, std::int32_t partition,
                              const std::vector<NodeId>& replicas) {
  PartitionRecord record{
      .partition_id = partition,
      .topic_id = topic_id,
      .replicas = replicas,
      .leader_epoch = LeaderEpoch{0},
      .partition_epoch = PartitionEpoch{0},
  };
  std::copy_if(replicas.begin(), replicas.end(), std::back_inserter(record.isr),
               [&](NodeId replica) { return image.is_active(replica); });
  ASSERT(!record.isr.empty());
  record.leader = record.isr.front();
  return record;
}

}  // namespace brokersim::controller
