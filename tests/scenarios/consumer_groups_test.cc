// Consumer groups (KIP-848) in whole clusters: as classic ones, but nobody waits for anybody who
// does not have what it wants.
#include "core/client/stream_task.h"
#include "tests/scenarios/groups_in_cluster.h"

namespace brokersim::scenarios {
namespace {

class ConsumerGroups : public GroupsInCluster {
 protected:
  ConsumerGroups() { allows_consumer_groups_ = true; }
};

class DisallowedConsumerGroups : public GroupsInCluster {};

TEST_F(DisallowedConsumerGroups, are_not_there_until_the_cluster_agrees_on_them) {
  consumer("reader-1", 3s, 30s);
  run_to(15s);
  EXPECT_TRUE(readers_["reader-1"].held.empty());
  EXPECT_EQ(readers_["reader-1"].rebalances, 0);
}

TEST_F(ConsumerGroups, members_share_partitions_and_who_stays_gets_what_others_leave) {
  consumer("reader-1", 3s, 100s);
  consumer("reader-2", 3s, 30s);
  run_to(25s);
  EXPECT_EQ(readers_["reader-1"].held.size(), 2u);
  EXPECT_EQ(readers_["reader-2"].held.size(), 2u);
  run_to(60s);
  EXPECT_EQ(readers_["reader-1"].held.size(), 4u);
  EXPECT_TRUE(readers_["reader-2"].held.empty());
  expect_well();
  // Who leaves, or gives something up, commits first: nothing is read twice.
  std::size_t reads = 0;
  for (const auto& [name, reader] : readers_) reads += reader.read.size();
  EXPECT_EQ(reads, static_cast<std::size_t>(record_count));
}

TEST_F(ConsumerGroups, who_is_there_keeps_what_does_not_change_hands) {
  consumer("reader-1", 3s, 100s);
  run_to(15s);
  EXPECT_EQ(readers_["reader-1"].held.size(), 4u);
  consumer("reader-2", 16s, 100s);
  run_to(50s);
  EXPECT_EQ(readers_["reader-1"].held.size(), 2u);
  EXPECT_EQ(readers_["reader-1"].ever_revoked, readers_["reader-2"].held);
  expect_well();
}

TEST_F(ConsumerGroups, a_member_that_was_paused_is_fenced_and_comes_back) {
  consumer("reader-1", 3s, 100s);
  consumer("reader-2", 3s, 100s);
  run_to(15s);
  const auto held = readers_["reader-2"].held;
  cluster_->world().pause(machine("reader-2"));
  run_to(30s);
  EXPECT_EQ(readers_["reader-1"].held.size(), 4u);
  cluster_->world().resume(machine("reader-2"));
  run_to(80s);
  EXPECT_EQ(readers_["reader-2"].ever_lost, held);
  EXPECT_EQ(readers_["reader-1"].held.size(), 2u);
  EXPECT_EQ(readers_["reader-2"].held.size(), 2u);
  expect_well();
}

TEST_F(ConsumerGroups, go_on_where_they_were_when_their_coordinator_crashes) {
  consumer("reader-1", 3s, 100s);
  consumer("reader-2", 3s, 100s);
  run_to(15s);
  const auto rebalances = readers_["reader-1"].rebalances;
  auto& lost = coordinator();
  cluster_->world().crash(lost);
  run_to(50s);
  EXPECT_NE(&coordinator(), &lost);
  EXPECT_EQ(readers_["reader-1"].held.size(), 2u);
  EXPECT_EQ(readers_["reader-2"].held.size(), 2u);
  // The members are those of before: nobody had to join anew.
  EXPECT_EQ(readers_["reader-1"].rebalances, rebalances);
  EXPECT_TRUE(readers_["reader-1"].ever_lost.empty());
  cluster_->world().restart(lost);
  run_to(80s);
  expect_well();
}

// ---- Members that heartbeat and do not poll (KIP-62) ----

// Sessions are of 6 s, max.poll.interval.ms is 20 s.
TEST_F(ConsumerGroups, a_member_that_is_alive_and_does_not_poll_leaves_its_group) {
  slow_["reader-2"] = {15s, 45s};
  consumer("reader-1", 3s, 100s);
  consumer("reader-2", 3s, 100s);
  run_to(14s);
  const auto held = readers_["reader-2"].held;
  EXPECT_EQ(held.size(), 2u);
  run_to(33s);
  EXPECT_EQ(readers_["reader-1"].held.size(), 2u);
  run_to(42s);
  EXPECT_EQ(readers_["reader-1"].held.size(), 4u);
  // Nobody was there to be told.
  EXPECT_TRUE(readers_["reader-2"].ever_lost.empty());
  run_to(80s);
  EXPECT_EQ(readers_["reader-2"].ever_lost, held);
  EXPECT_EQ(readers_["reader-1"].held.size(), 2u);
  EXPECT_EQ(readers_["reader-2"].held.size(), 2u);
  EXPECT_TRUE(readers_["reader-2"].problems.empty());
  expect_well();
}

TEST_F(ConsumerGroups, a_member_that_is_slow_for_less_than_it_may_be_stays) {
  slow_["reader-2"] = {15s, 33s};
  consumer("reader-1", 3s, 100s);
  consumer("reader-2", 3s, 100s);
  run_to(14s);
  const auto held = readers_["reader-2"].held;
  run_to(60s);
  EXPECT_EQ(readers_["reader-2"].held, held);
  EXPECT_TRUE(readers_["reader-2"].ever_lost.empty());
  EXPECT_EQ(readers_["reader-1"].held.size(), 2u);
  expect_well();
}

// It says that it will be back (KIP-345), and is back before its session is over.
TEST_F(ConsumerGroups, a_static_member_that_does_not_poll_keeps_its_place_for_its_session) {
  slow_["reader-2"] = {15s, 38s};
  consumer("reader-1", 3s, 100s, true);
  consumer("reader-2", 3s, 100s, true);
  run_to(14s);
  const auto held = readers_["reader-2"].held;
  EXPECT_EQ(held.size(), 2u);
  const auto rebalances = readers_["reader-1"].rebalances;
  run_to(60s);
  EXPECT_EQ(readers_["reader-2"].ever_lost, held);
  EXPECT_EQ(readers_["reader-2"].held, held);
  EXPECT_EQ(readers_["reader-1"].rebalances, rebalances);
  expect_well();
}

TEST_F(ConsumerGroups, a_static_member_that_does_not_poll_has_lost_its_place_after_its_session) {
  slow_["reader-2"] = {15s, 52s};
  consumer("reader-1", 3s, 100s, true);
  consumer("reader-2", 3s, 100s, true);
  run_to(14s);
  EXPECT_EQ(readers_["reader-2"].held.size(), 2u);
  run_to(50s);
  EXPECT_EQ(readers_["reader-1"].held.size(), 4u);
  run_to(80s);
  EXPECT_EQ(readers_["reader-1"].held.size(), 2u);
  EXPECT_EQ(readers_["reader-2"].held.size(), 2u);
  expect_well();
}

// Makes nothing of what it reads.
class SilentApplication final : public client::StreamApplication {
 public:
  explicit SilentApplication(Reader& reader) : reader_(reader) {}

  std::vector<wire::Record> process(Host&, const client::Delivered& delivered) override {
    reader_.read.insert({delivered.partition, delivered.at.offset});
    return {};
  }
  void on_ownership(Host&, std::string_view how, const client::Partitions& those) override {
    for (const auto& partition : those) {
      if (how == "assigned") reader_.held.insert(partition);
      if (how != "assigned") reader_.held.erase(partition);
      if (how == "lost") reader_.ever_lost.insert(partition);
    }
  }

 private:
  Reader& reader_;
};

void run_silent_task(SimulatedCluster& cluster, const std::string& name, Reader& reader) {
  cluster.start_client(name, [&cluster, name, &reader](Env& env) {
    if (!env.sleep_until(Instant{3s})) return;
    client::StreamTaskConfig config{.input = "t",
                                    .output = "nothing",
                                    .processing_guarantee = ProcessingGuarantee::at_least_once,
                                    .commit_interval = 20s};
    auto& member = config.consumer;
    member.consumer.client = {.bootstrap_servers = cluster.brokers(), .client_id = name};
    member.consumer.auto_offset_reset = client::OffsetReset::earliest;
    member.group_id = "g";
    member.group_protocol = client::GroupProtocol::consumer;
    member.heartbeat_interval = 1s;
    config.producer.client = member.consumer.client;
    SilentApplication application(reader);
    client::StreamTask(config, application).run(env);
  });
}

// Its first commit is due by then, and refused: it has to go back, and is nobody who might ask
// where to.
TEST_F(ConsumerGroups, a_task_that_was_paused_with_work_open_is_fenced_and_comes_back) {
  auto& reader = readers_["task-1"];
  run_silent_task(*cluster_, "task-1", reader);
  run_to(15s);
  const auto held = reader.held;
  EXPECT_EQ(held.size(), 4u);
  cluster_->world().pause(machine("task-1"));
  run_to(40s);
  cluster_->world().resume(machine("task-1"));
  run_to(90s);
  EXPECT_EQ(reader.ever_lost, held);
  EXPECT_EQ(reader.held.size(), 4u);
  expect_well();
}

// It never took leave, so that its place is free only when its session is over.
TEST_F(ConsumerGroups, a_static_member_that_crashed_comes_back_after_its_session) {
  consumer("reader-1", 3s, 100s, true);
  consumer("reader-2", 3s, 100s, true);
  run_to(15s);
  cluster_->world().crash(machine("reader-2"));
  run_to(16s);
  readers_["reader-2"].held.clear();
  cluster_->world().restart(machine("reader-2"));
  run_to(18s);
  EXPECT_TRUE(readers_["reader-2"].held.empty());
  run_to(60s);
  EXPECT_EQ(readers_["reader-1"].held.size(), 2u);
  EXPECT_EQ(readers_["reader-2"].held.size(), 2u);
  expect_well();
}

}  // namespace
}  // namespace brokersim::scenarios
