// Consumer groups in whole clusters: members come, leave, crash and fall silent, coordinators
// crash; every record is read, and all properties hold.
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
namespace {

constexpr int partition_count = 4;
constexpr int record_count = 200;  // One every 100 ms.

// What a member has seen.
struct Reader {
  client::Partitions held;
  int rebalances = 0;
  client::Partitions ever_revoked;
  client::Partitions ever_lost;
  std::set<std::pair<TopicPartition, Offset>> read;
};

class Groups : public testing::Test {
 protected:
  Groups() {
    Plan plan;
    plan.cluster.settings = {{"offsets.topic.num.partitions", "3"},
                             {"broker.session.timeout.ms", "6000"}};
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
    cluster_->start_client(name, [=, this](Env& env) {
      if (!env.sleep_until(std::max(env.now(), Instant{at}))) return;
      client::GroupConsumerConfig config;
      config.consumer.client = client_config(name);
      config.consumer.auto_offset_reset = client::OffsetReset::earliest;
      config.group_id = "g";
      if (is_static) config.group_instance_id = name;
      config.assignor = assignor;
      config.session_timeout = 6s;
      config.heartbeat_interval = 1s;
      config.max_poll_interval = 20s;
      config.auto_commit_interval = 1s;
      auto& reader = readers_[name];
      const auto consumer = client::GroupConsumer::make(config, listener_of(reader));
      consumer->subscribe({"t"});
      while (env.now() < Instant{until} && !env.is_cancelled()) {
        const auto polled = consumer->poll(env, env.now() + 500ms);
        for (const auto& delivered : polled.records) {
          reader.read.insert({delivered.partition, delivered.at.offset});
        }
      }
      consumer->close(env, env.now() + 5s);
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

 private:
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

TEST_F(Groups, members_share_partitions_and_who_stays_gets_what_others_leave) {
  member("reader-1", 2s, 100s);
  member("reader-2", 2s, 30s);
  run_to(25s);
  EXPECT_EQ(readers_["reader-1"].held.size(), 2u);
  EXPECT_EQ(readers_["reader-2"].held.size(), 2u);
  run_to(60s);
  EXPECT_EQ(readers_["reader-1"].held.size(), 4u);
  EXPECT_TRUE(readers_["reader-2"].held.empty());
  expect_well();
  // Who leaves commits first: nothing is read twice.
  std::size_t reads = 0;
  for (const auto& [name, reader] : readers_) reads += reader.read.size();
  EXPECT_EQ(reads, static_cast<std::size_t>(record_count));
}

TEST_F(Groups, a_member_that_crashes_is_replaced_once_its_session_is_over) {
  member("reader-1", 2s, 100s, client::Assignor::roundrobin);
  member("reader-2", 2s, 100s, client::Assignor::roundrobin);
  run_to(15s);
  EXPECT_EQ(readers_["reader-1"].held.size(), 2u);
  cluster_->world().crash(machine("reader-2"));
  run_to(60s);
  EXPECT_EQ(readers_["reader-1"].held.size(), 4u);
  expect_well();
}

TEST_F(Groups, a_member_that_was_paused_finds_itself_expelled_and_comes_back) {
  member("reader-1", 2s, 100s, client::Assignor::sticky);
  member("reader-2", 2s, 100s, client::Assignor::sticky);
  run_to(15s);
  cluster_->world().pause(machine("reader-2"));
  run_to(30s);
  EXPECT_EQ(readers_["reader-1"].held.size(), 4u);
  cluster_->world().resume(machine("reader-2"));
  run_to(80s);
  EXPECT_EQ(readers_["reader-1"].held.size(), 2u);
  EXPECT_EQ(readers_["reader-2"].held.size(), 2u);
  expect_well();
}

TEST_F(Groups, go_on_where_they_were_when_their_coordinator_crashes) {
  member("reader-1", 2s, 100s);
  member("reader-2", 2s, 100s);
  run_to(15s);
  auto& lost = coordinator();
  cluster_->world().crash(lost);
  run_to(50s);
  EXPECT_NE(&coordinator(), &lost);
  EXPECT_EQ(readers_["reader-1"].held.size(), 2u);
  EXPECT_EQ(readers_["reader-2"].held.size(), 2u);
  // The members are those of before: nobody had to join anew.
  EXPECT_EQ(readers_["reader-1"].rebalances, 1);
  cluster_->world().restart(lost);
  run_to(80s);
  expect_well();
}

TEST_F(Groups, a_rebalance_that_is_cooperative_takes_only_what_changes_hands) {
  member("reader-1", 2s, 100s, client::Assignor::cooperative_sticky);
  run_to(15s);
  EXPECT_EQ(readers_["reader-1"].held.size(), 4u);
  member("reader-2", 16s, 100s, client::Assignor::cooperative_sticky);
  run_to(50s);
  EXPECT_EQ(readers_["reader-1"].held.size(), 2u);
  EXPECT_EQ(readers_["reader-2"].held.size(), 2u);
  EXPECT_EQ(readers_["reader-1"].ever_revoked, readers_["reader-2"].held);
  expect_well();
}

// The second is silent, so that the first one's JoinGroup waits; then the first is, for longer than
// its session after the generation has begun.
TEST_F(Groups, who_is_expelled_while_it_joins_has_lost_what_it_held) {
  for (const auto* name : {"reader-1", "reader-2"}) {
    member(name, 2s, 100s, client::Assignor::cooperative_sticky);
  }
  run_to(15s);
  const auto held = readers_["reader-1"].held;
  EXPECT_EQ(held.size(), 2u);
  cluster_->world().pause(machine("reader-2"));
  member("reader-3", 16s, 100s, client::Assignor::cooperative_sticky);
  run_to(19s);
  cluster_->world().pause(machine("reader-1"));
  run_to(45s);
  EXPECT_EQ(readers_["reader-3"].held.size(), 4u);
  cluster_->world().resume(machine("reader-1"));
  cluster_->world().resume(machine("reader-2"));
  run_to(90s);
  EXPECT_EQ(readers_["reader-1"].ever_lost, held);
  expect_well();
}

TEST_F(Groups, a_static_member_restarts_without_a_rebalance) {
  member("reader-1", 2s, 100s, client::Assignor::range, true);
  member("reader-2", 2s, 100s, client::Assignor::range, true);
  run_to(15s);
  const auto held = readers_["reader-2"].held;
  cluster_->world().crash(machine("reader-2"));
  run_to(17s);
  cluster_->world().restart(machine("reader-2"));
  run_to(60s);
  EXPECT_EQ(readers_["reader-2"].held, held);
  EXPECT_EQ(readers_["reader-1"].rebalances, 1);
  expect_well();
}

}  // namespace
}  // namespace brokersim::scenarios
