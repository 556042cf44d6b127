// A cluster whose topic is written to all the time, and members of a group that read it: what each
// of them was given, and what of it it has read.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/client/admin.h"
#include "core/client/group_consumer.h"
#include "core/client/producer.h"
#include "core/group/records.h"
#include "properties/trial.h"
#include "scenarios/cluster.h"

namespace brokersim::scenarios {

inline constexpr int partition_count = 4;
inline constexpr int record_count = 200;  // One every 100 ms.

// What a member has seen.
struct Reader {
  client::Partitions held;
  int rebalances = 0;
  client::Partitions ever_revoked;
  client::Partitions ever_lost;
  std::set<std::pair<TopicPartition, Offset>> read;
  std::size_t deliveries = 0;
  std::set<api::ErrorCode> problems;
};

class GroupsInCluster : public testing::Test {
 protected:
  GroupsInCluster() : GroupsInCluster(std::map<std::string, std::string>{}) {}
  // With settings besides those of all these tests.
  explicit GroupsInCluster(const std::map<std::string, std::string>& settings) {
    Plan plan;
    plan.cluster.settings = {{"offsets.topic.num.partitions", "3"},
                             {"broker.session.timeout.ms", "6000"},
                             {"group.consumer.min.session.timeout.ms", "6000"},
                             {"group.consumer.session.timeout.ms", "6000"},
                             {"group.consumer.min.heartbeat.interval.ms", "1000"},
                             {"group.consumer.heartbeat.interval.ms", "1000"}};
    plan.cluster.settings.insert(settings.begin(), settings.end());
    cluster_.emplace(plan, *node_configs(plan));
    cluster_->world().recorder().listen([this](const Event& event) {
      trial_.observe(event);
      commits_ += std::holds_alternative<OffsetCommitAnswered>(event.body);
    });
    cluster_->start_nodes();
    cluster_->start_client("producer-1", [this](Env& env) { produce(env); });
  }

  // A member from `at` to `until`, when it leaves.
  void member(const std::string& name, Duration at, Duration until,
              client::Assignor assignor = client::Assignor::range, bool is_static = false) {
    auto config = config_of(name, is_static);
    config.assignor = assignor;
    start(name, at, until, config);
  }
  // The same of a consumer group (KIP-848).
  void consumer(const std::string& name, Duration at, Duration until, bool is_static = false) {
    auto config = config_of(name, is_static);
    config.group_protocol = client::GroupProtocol::consumer;
    start(name, at, until, config);
  }

  // The topic gets more partitions, and producers go on to send to those they know.
  void add_partition_at(Duration at) {
    cluster_->start_client("admin-2", [at, this](Env& env) {
      env.sleep_until(Instant{at});
      client::Admin admin(client_config("admin-2"));
      const auto added = admin.create_partitions(env, "t", partition_count + 1, env.now() + 30s);
      EXPECT_TRUE(added.has_value());
    });
  }

  // What the group has committed of the topic's first partition.
  void ask_what_is_committed_at(Duration at) {
    cluster_->start_client("admin-3", [at, this](Env& env) {
      env.sleep_until(Instant{at});
      client::Admin admin(client_config("admin-3"));
      client::CoordinatorLink link(admin.cluster(), client::CoordinatorLink::Of::group, "g");
      api::OffsetFetchRequest request;
      request.groups.push_back({.group_id = "g"});
      request.groups[0].topics.emplace().push_back({.name = "t", .partition_indexes = {0}});
      const auto channel = link.channel(env, env.now() + 10s);
      ASSERT_NE(channel, nullptr);
      const auto answer = channel->call(env, request, 9, env.now() + 10s);
      ASSERT_TRUE(answer.has_value());
      const auto& partition = answer->groups.at(0).topics.at(0).partitions.at(0);
      committed_ = {partition.committed_offset, partition.committed_leader_epoch};
    });
  }

  void run_to(Duration time) { cluster_->world().run_until(Instant{time}); }
  sim::Machine& machine(const std::string& name) { return *cluster_->world().find(name); }
  sim::Machine& coordinator() {
    const auto* topic = cluster_->metadata().find_topic(group::offsets_topic);
    EXPECT_NE(topic, nullptr);
    const auto& partition = topic->partitions.at(group::partition_of("g", 3));
    return *cluster_->world().find(partition.leader);
  }
  std::set<std::pair<TopicPartition, Offset>> read_by_all() const {
    std::set<std::pair<TopicPartition, Offset>> all;
    for (const auto& [name, reader] : readers_) all.insert(reader.read.begin(), reader.read.end());
    return all;
  }
  void expect_well() {
    EXPECT_EQ(acknowledged_, record_count);
    // A producer that is not idempotent may have sent one twice.
    EXPECT_GE(read_by_all().size(), static_cast<std::size_t>(record_count));
    EXPECT_GT(commits_, 0);
    for (const auto& violation : trial_.violations()) ADD_FAILURE() << violation.message;
  }

  std::map<std::string, Reader> readers_;
  std::optional<SimulatedCluster> cluster_;
  std::optional<client::Position> committed_;
  bool allows_consumer_groups_ = false;  // To be set before anything runs.
  Duration auto_commit_interval_ = 1s;   // Likewise.
  // From when until when members are not polled, though their heartbeats go on. Likewise.
  std::map<std::string, std::pair<Duration, Duration>> slow_;

 private:
  client::GroupConsumerConfig config_of(const std::string& name, bool is_static) const {
    client::GroupConsumerConfig config;
    config.consumer.client = client_config(name);
    config.consumer.auto_offset_reset = client::OffsetReset::earliest;
    config.group_id = "g";
    if (is_static) config.group_instance_id = name;
    config.session_timeout = 6s;
    config.heartbeat_interval = 1s;
    config.max_poll_interval = 20s;
    config.auto_commit_interval = auto_commit_interval_;
    return config;
  }
  void start(const std::string& name, Duration at, Duration until,
             const client::GroupConsumerConfig& config) {
    cluster_->start_client(name, [=, this](Env& env) {
      if (!env.sleep_until(std::max(env.now(), Instant{at}))) return;
      auto& reader = readers_[name];
      bool is_well = false;
      std::shared_ptr<client::GroupConsumer> consumer;
      while (env.now() < Instant{until} && !env.is_cancelled()) {
        if (!is_well) {
          consumer = client::GroupConsumer::make(config, listener_of(reader));
          consumer->subscribe({"t"});
        }
        const auto polled = consumer->poll(env, env.now() + 500ms);
        for (const auto& delivered : polled.records) {
          reader.read.insert({delivered.partition, delivered.at.offset});
          ++reader.deliveries;
        }
        for (const auto& problem : polled.problems) reader.problems.insert(problem.error);
        is_well = polled.problems.empty();
        const auto slow = slow_.find(name);
        const bool is_slow = slow != slow_.end() && env.now() >= Instant{slow->second.first};
        if (is_slow) env.sleep_until(Instant{slow->second.second});
        if (is_well) continue;
        consumer->close(env, env.now() + 5s);
        env.sleep(500ms);
      }
      if (is_well) consumer->close(env, env.now() + 5s);
    });
  }
  client::ClientConfig client_config(const std::string& name) const {
    return {.bootstrap_servers = cluster_->brokers(), .client_id = name};
  }
  static client::RebalanceListener listener_of(Reader& reader) {
    const auto gone = [&reader](Env&, const client::Partitions& partitions) {
      for (const auto& partition : partitions) reader.held.erase(partition);
      reader.ever_revoked.insert(partitions.begin(), partitions.end());
    };
    const auto lost = [gone, &reader](Env& env, const client::Partitions& partitions) {
      gone(env, partitions);
      reader.ever_lost.insert(partitions.begin(), partitions.end());
    };
    return {.assigned =
                [&reader](Env&, const client::Partitions& partitions) {
                  reader.held.insert(partitions.begin(), partitions.end());
                  ++reader.rebalances;
                },
            .revoked = gone,
            .lost = lost};
  }
  void produce(Env& env) {
    client::Admin admin(client_config("admin"));
    while (allows_consumer_groups_ &&
           !admin.update_features(env, {{"group.version", 1}}, env.now() + 30s)) {
      if (!env.sleep(1s)) return;
    }
    while (!admin.create_topics(
        env, {{.name = "t", .partitions = partition_count, .replication_factor = 3}},
        env.now() + 30s)) {
      if (!env.sleep(1s)) return;
    }
    const auto producer = client::Producer::start(env, {.client = client_config("producer-1")});
    for (int i = 0; i < record_count; ++i) {
      if (!env.sleep(100ms)) return;
      producer->send(env, {"t", i % partition_count}, {.value = bytes_of(std::to_string(i))},
                     [this](Host&, const client::SendResult& result) {
                       acknowledged_ += result.outcome == Outcome::ok;
                     });
    }
    while (!env.is_cancelled()) env.park(never);
  }

  properties::Trial trial_;
  int acknowledged_ = 0;
  int commits_ = 0;
};

}  // namespace brokersim::scenarios
