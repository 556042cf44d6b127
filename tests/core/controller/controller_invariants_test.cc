// Random lives of a cluster: brokers start, fall silent, return as new incarnations, shut down;
// ISRs and leaders change, topics come and go, grow and move, min.insync.replicas is set anew,
// controllers are replaced, with eligible leader replicas (KIP-966) and without. After every
// decision the state is sane and epochs have only grown (guarantees L3, C10), and replaying all
// records gives it again.
#include <algorithm>
#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/controller/controller.h"
#include "core/controller/image_records.h"
#include "core/controller/topic_config.h"
#include "tests/core/controller/cluster.h"

namespace brokersim::controller {
namespace {

constexpr std::int32_t broker_count = 4;

struct Step {
  int kind = 0;
  std::int32_t broker = 1;
  int choice = 0;
};

void showValue(const Step& step, std::ostream& out) {
  out << "{" << step.kind << "," << step.broker << "," << step.choice << "}";
}

rc::Gen<Step> any_step() {
  return rc::gen::build<Step>(rc::gen::set(&Step::kind, rc::gen::inRange(0, 16)),
                              rc::gen::set(&Step::broker, rc::gen::inRange(1, broker_count + 1)),
                              rc::gen::set(&Step::choice, rc::gen::inRange(0, 256)));
}

bool contains(const std::vector<NodeId>& nodes, NodeId node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

class Life {
 public:
  explicit Life(bool has_elr) : has_elr_(has_elr) {
    if (has_elr) c_.keep(c_.controller.bootstrap({{"eligible.leader.replicas.version", 1}}));
  }

  void take(const Step& step) {
    act(step);
    check();
  }

 private:
  std::string topic_of(int choice) const { return choice % 2 == 0 ? "a" : "b"; }

  void act(const Step& step) {
    const auto topic = topic_of(step.choice);
    switch (step.kind) {
      case 0: restart(step.broker, step.choice); break;
      case 1:
      case 2:
      case 3: c_.heartbeat(step.broker); break;
      case 4: c_.heartbeat(step.broker, {.want_fence = true}); break;
      case 5: c_.heartbeat(step.broker, {.want_shut_down = true}); break;
      case 6: pass_time(step.choice); break;
      case 7: create(topic, step.choice); break;
      case 8: alter(topic, step.choice); break;
      case 9: alter("a", 255); break;
      case 10: elect(topic, step.choice); break;
      case 11: reassign(topic, step.broker, step.choice); break;
      case 12: alter(topic, 255); break;  // What completes a reassignment.
      case 13: grow(topic, step.choice); break;
      case 14: configure(topic, step.choice); break;
      default: replace_or_delete(topic, step.choice); break;
    }
  }

  void restart(std::int32_t id, int choice) {
    const bool was_clean = choice % 2 == 0;
    c_.register_broker(id, ++incarnations_, was_clean ? c_.epoch_of(id) : no_broker_epoch);
  }

  void pass_time(int choice) {
    c_.now += 100ms * choice;
    while (c_.controller.next_tick() <= c_.now) {
      c_.tick();
      check();
    }
  }

  void create(const std::string& topic, int choice) {
    api::CreateTopicsRequest request;
    auto& asked = request.topics.emplace_back();
    asked.name = topic;
    asked.num_partitions = 2;
    asked.replication_factor = static_cast<std::int16_t>(1 + choice % 3);
    if (choice % 5 == 0) asked.configs.push_back({"unclean.leader.election.enable", "true"});
    if (choice % 3 != 0) asked.configs.push_back({"min.insync.replicas", "2"});
    c_.keep(c_.controller.create_topics(request, c_.log.size()));
  }

  // The leader proposes some subset of the replicas; not all of them are eligible.
  void alter(const std::string& topic, int members) {
    const auto* partition = c_.controller.image().find_partition({topic, 0});
    if (!partition || !partition->has_leader()) return;
    auto request = c_.alteration(topic, {});
    auto& isr = request.topics.front().partitions.front().new_isr_with_epochs;
    for (const auto id : partition->replicas) {
      if ((members >> id.value) & 1) isr.push_back({id, c_.epoch_of(id.value)});
    }
    c_.alter(request);
  }

  void elect(const std::string& topic, int choice) {
    c_.elect(topic, static_cast<std::int8_t>((choice / 2) % 2));
  }

  // To a row of brokers that begins anywhere, or back.
  void reassign(const std::string& topic, std::int32_t first, int choice) {
    api::AlterPartitionReassignmentsRequest request;
    auto& asked = request.topics.emplace_back();
    asked.name = topic;
    auto& partition = asked.partitions.emplace_back();
    if (choice % 4 != 0) {
      auto& replicas = partition.replicas.emplace();
      for (std::int32_t i = 0; i < 1 + choice % 3; ++i) {
        replicas.push_back(NodeId{1 + (first + i) % broker_count});
      }
    }
    c_.keep(c_.controller.alter_partition_reassignments(request));
  }

  void grow(const std::string& topic, int choice) {
    if (choice % 8 == 0) {
      c_.keep(c_.controller.unregister_broker({.broker_id = NodeId{1 + choice / 64}}));
      return;
    }
    api::CreatePartitionsRequest request;
    auto& asked = request.topics.emplace_back();
    asked.name = topic;
    asked.count = 1 + choice % 4;
    c_.keep(c_.controller.create_partitions(request, c_.log.size()));
  }

  // min.insync.replicas of the topic or of all brokers; or the topic has no value of its own again.
  void configure(const std::string& topic, int choice) {
    constexpr std::int8_t set_it = 0;
    constexpr std::int8_t take_away = 1;
    const bool is_of_brokers = choice % 8 >= 6;
    const bool is_removed = choice % 8 < 2;
    api::IncrementalAlterConfigsRequest request;
    auto& resource = request.resources.emplace_back();
    resource.resource_type = static_cast<std::int8_t>(is_of_brokers ? ConfigResource::Type::broker
                                                                    : ConfigResource::Type::topic);
    if (!is_of_brokers) resource.resource_name = topic;
    auto& config = resource.configs.emplace_back();
    config.name = "min.insync.replicas";
    config.config_operation = is_removed ? take_away : set_it;
    if (!is_removed) config.value = std::to_string(1 + choice / 8 % 3);
    c_.keep(c_.controller.incremental_alter_configs(request));
  }

  void replace_or_delete(const std::string& topic, int choice) {
    if (choice % 4 != 0) {
      c_.controller =
          Controller(c_.controller.image(), c_.controller.next_offset(), c_.now, {}, {});
      return;
    }
    api::DeleteTopicsRequest request;
    request.topic_names = {topic};
    c_.keep(c_.controller.delete_topics(request, 6));
  }

  void check() {
    const auto& image = c_.controller.image();
    for (const auto& [name, topic] : image.topics()) {
      const TopicConfigs configs(image, name, defaults_);
      const auto min_insync = static_cast<std::size_t>(configs.number("min.insync.replicas"));
      for (const auto& [id, partition] : topic.partitions) {
        check_sane(image, partition);
        check_eligible(partition, min_insync);
      }
    }
    replay();
    RC_ASSERT(replayed_ == image);
    check_snapshot();
  }

  // All records and those of a snapshot give the same image, where offsets do not tell them apart.
  void check_snapshot() {
    const auto at = static_cast<Offset>(c_.log.size());
    Image replayed("cluster");
    for (const auto& record : c_.log) (void)replayed.apply(record, at);
    Image loaded("cluster");
    for (const auto& record : records_of(replayed)) RC_ASSERT(loaded.apply(record, at).has_value());
    RC_ASSERT(loaded == replayed);
    RC_ASSERT(difference(loaded, replayed).empty());
  }

  void check_sane(const Image& image, const Partition& partition) const {
    const auto& isr = partition.isr;
    if (!has_elr_) RC_ASSERT(!isr.empty());
    for (const auto id : partition.adding_replicas) RC_ASSERT(contains(partition.replicas, id));
    for (const auto id : partition.removing_replicas) RC_ASSERT(contains(partition.replicas, id));
    RC_ASSERT(!isr.empty() || !partition.elr.empty() || partition.last_known_elr.size() == 1U);
    for (const auto id : partition.elr) {
      RC_ASSERT(contains(partition.replicas, id));
      RC_ASSERT(!contains(isr, id));
    }
    if (partition.has_leader()) RC_ASSERT(partition.last_known_elr.empty());
    RC_ASSERT((std::set(isr.begin(), isr.end()).size() == isr.size()));
    for (const auto member : isr) {
      RC_ASSERT(contains(partition.replicas, member));
      if (image.is_active(member)) continue;
      RC_ASSERT(!has_elr_);
      RC_ASSERT(isr.size() == 1U);
    }
    if (!partition.has_leader()) return;
    RC_ASSERT(contains(isr, partition.leader));
    RC_ASSERT(image.is_active(partition.leader));
  }

  // With as many in sync as it takes to commit, whoever is not may lack what is committed.
  void check_eligible(const Partition& partition, std::size_t min_insync) const {
    const bool can_commit = partition.isr.size() >= std::min(min_insync, partition.replicas.size());
    if (can_commit || !has_elr_) RC_ASSERT(partition.elr.empty());
  }

  // Brings the second image up to date, record by record as a broker would.
  void replay() {
    for (; replayed_offset_ < c_.log.size(); ++replayed_offset_) {
      const auto before = replayed_;
      const auto offset = static_cast<Offset>(replayed_offset_);
      RC_ASSERT(replayed_.apply(c_.log[replayed_offset_], offset).has_value());
      for (const auto& [name, topic] : replayed_.topics()) {
        for (const auto& [id, partition] : topic.partitions) {
          const auto* earlier = before.find_partition({name, id});
          if (earlier && before.find_topic(name)->id == topic.id) check_step(*earlier, partition);
        }
      }
      for (const auto& [id, broker] : replayed_.brokers()) {
        const auto* earlier = before.find_broker(id);
        if (earlier) RC_ASSERT(broker.epoch >= earlier->epoch);
      }
    }
  }

  static void check_step(const Partition& before, const Partition& after) {
    if (before == after) return;
    RC_ASSERT(after.partition_epoch == before.partition_epoch.next());
    const bool leader_changed = after.leader != before.leader;
    const auto is_still_there = [&](NodeId id) { return contains(after.replicas, id); };
    const bool lost_replicas =
        !std::all_of(before.replicas.begin(), before.replicas.end(), is_still_there);
    RC_ASSERT(after.leader_epoch ==
              (leader_changed || lost_replicas ? before.leader_epoch.next() : before.leader_epoch));
  }

  bool has_elr_;
  const TopicDefaults defaults_{};
  Cluster c_{broker_count};
  std::uint8_t incarnations_ = 1;
  Image replayed_{"cluster"};
  std::size_t replayed_offset_ = 0;
};

RC_GTEST_PROP(ControllerInvariants, hold_through_any_life_of_a_cluster, ()) {
  const auto steps = *rc::gen::container<std::vector<Step>>(any_step());
  Life life(*rc::gen::arbitrary<bool>());
  for (const auto& step : steps) life.take(step);
}

}  // namespace
}  // namespace brokersim::controller
