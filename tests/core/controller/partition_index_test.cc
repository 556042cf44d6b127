// After any records the index says what looking at every partition would, and what it calls settled
// no election changes.
#include "core/controller/partition_index.h"

#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/controller/election.h"
#include "tests/core/controller/cluster.h"

namespace brokersim::controller {
namespace {

constexpr int most_brokers = 4;

std::set<TopicPartition> named_by(const PartitionIndex::Partitions& partitions) {
  std::set<TopicPartition> named;
  for (const auto& [topic, ids] : partitions) {
    for (const auto id : ids) named.insert({topic, id});
  }
  return named;
}

template <class Fits>
std::set<TopicPartition> those_of(const Image& image, const Fits& fits) {
  std::set<TopicPartition> found;
  for (const auto& [name, topic] : image.topics()) {
    for (const auto& [id, partition] : topic.partitions) {
      if (fits(partition)) found.insert({name, id});
    }
  }
  return found;
}

bool may_need_an_election(const Partition& p) {
  return p.leader == no_node || p.leader != p.replicas.at(0) || !p.elr.empty() ||
         !p.last_known_elr.empty() || !p.adding_replicas.empty() || !p.removing_replicas.empty() ||
         p.leader_recovery_state == LeaderRecoveryState::recovering;
}

void check(const PartitionIndex& index, const Image& image) {
  for (int id = 1; id <= most_brokers; ++id) {
    const NodeId broker(id);
    const auto holds = [&](const Partition& p) {
      return contains(p.isr, broker) || contains(p.elr, broker);
    };
    const auto leads = [&](const Partition& p) { return p.leader == broker; };
    RC_ASSERT(named_by(index.held_by(broker)) == those_of(image, holds));
    RC_ASSERT(index.leads_anything(broker) == !those_of(image, leads).empty());
  }
  const auto is_leaderless = [](const Partition& p) { return p.leader == no_node; };
  RC_ASSERT(named_by(index.leaderless()) == those_of(image, is_leaderless));
  RC_ASSERT(named_by(index.unsettled()) == those_of(image, may_need_an_election));
  // And nothing is kept of what is gone.
  RC_ASSERT(index == PartitionIndex(image));
}

int below(int count) { return *rc::gen::inRange(0, count); }

std::vector<NodeId> some_brokers() {
  const int chosen = below(1 << most_brokers);
  std::vector<NodeId> brokers;
  for (int id = 1; id <= most_brokers; ++id) {
    if ((chosen >> (id - 1)) & 1) brokers.push_back(NodeId(id));
  }
  return brokers;
}

std::vector<NodeId> seldom_some_brokers() {
  return below(3) == 0 ? some_brokers() : std::vector<NodeId>();
}

std::optional<std::vector<NodeId>> changed_to(std::vector<NodeId> brokers) {
  return below(2) == 0 ? std::optional(std::move(brokers)) : std::nullopt;
}

// A partition always has replicas.
std::vector<NodeId> any_replicas() {
  auto replicas = some_brokers();
  replicas.push_back(NodeId(1 + below(most_brokers)));
  return replicas;
}

NodeId any_leader() { return below(4) == 0 ? no_node : NodeId(1 + below(most_brokers)); }

MetadataRecord any_record_of_partitions() {
  const Uuid topic{static_cast<std::uint8_t>(1 + below(3))};
  const std::int32_t id = below(3);
  switch (below(9)) {
    case 0:
    case 1: return TopicRecord{.name = "topic-" + std::to_string(below(3)), .topic_id = topic};
    case 2: return RemoveTopicRecord{topic};
    case 3: return NoOpRecord{};
    case 4:
    case 5:
    case 6: {
      PartitionRecord record{.partition_id = id, .topic_id = topic};
      record.replicas = any_replicas();
      record.isr = some_brokers();
      record.leader = any_leader();
      record.adding_replicas = seldom_some_brokers();
      record.removing_replicas = seldom_some_brokers();
      record.leader_recovery_state = static_cast<std::int8_t>(below(4) == 0);
      record.eligible_leader_replicas = seldom_some_brokers();
      record.last_known_elr = seldom_some_brokers();
      return record;
    }
    default: {
      PartitionChangeRecord record{.partition_id = id, .topic_id = topic};
      record.replicas = changed_to(any_replicas());
      record.isr = changed_to(some_brokers());
      record.adding_replicas = changed_to(seldom_some_brokers());
      record.removing_replicas = changed_to(seldom_some_brokers());
      record.leader_recovery_state = static_cast<std::int8_t>(below(3) - 1);
      record.eligible_leader_replicas = changed_to(seldom_some_brokers());
      record.last_known_elr = changed_to(seldom_some_brokers());
      if (below(2) == 0) record.leader = any_leader();
      return record;
    }
  }
}

RC_GTEST_PROP(PartitionIndex, says_what_looking_at_every_partition_would, ()) {
  Image image("cluster");
  Image twin("cluster");
  PartitionIndex index;
  const int records = *rc::gen::inRange(0, 100);
  for (int offset = 0; offset < records; ++offset) {
    // What contradicts the image changes neither.
    const auto record = any_record_of_partitions();
    const bool is_applied = index.apply(record, offset, image).has_value();
    RC_ASSERT(twin.apply(record, offset).has_value() == is_applied);
    RC_ASSERT(image == twin);
    check(index, image);
  }
}

RC_GTEST_PROP(PartitionIndex, calls_settled_only_what_no_election_changes, ()) {
  auto in_sync = nodes({1});
  for (const int id : {2, 3}) {
    if (below(2) == 0) in_sync.push_back(NodeId(id));
  }
  const PartitionRecord record{
      .partition_id = 0, .replicas = nodes({1, 2, 3}), .isr = in_sync, .leader = NodeId(1)};
  Image image;
  RC_ASSERT(image.apply(TopicRecord{.name = "t"}, 0).has_value());
  RC_ASSERT(image.apply(record, 1).has_value());
  RC_ASSERT(PartitionIndex(image).unsettled().empty());

  const auto active = some_brokers();
  ElectionTerms terms;
  terms.is_active = [&](NodeId id) { return id == NodeId(1) || contains(active, id); };
  terms.may_elect_uncleanly = below(2) == 0;
  if (below(2) == 0) terms.min_insync_replicas = 1 + below(4);
  const auto election = *rc::gen::element(Election::online, Election::preferred, Election::unclean);
  const auto& partition = *image.find_partition({"t", 0});
  const PartitionChange wanted{.target_isr = partition.isr, .election = election};
  RC_ASSERT(change_partition(no_uuid, 0, partition, wanted, terms) == std::nullopt);
}

}  // namespace
}  // namespace brokersim::controller
