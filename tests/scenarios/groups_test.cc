// Consumer groups in whole clusters: members come, leave, crash and fall silent, coordinators
// crash; every record is read, and all properties hold.
#include <algorithm>

#include "tests/scenarios/groups_in_cluster.h"

namespace brokersim::scenarios {
namespace {

using Groups = GroupsInCluster;

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

// The next automatic commit is an hour away.
TEST_F(Groups, what_was_read_is_committed_before_it_is_given_up) {
  auto_commit_interval_ = 1h;
  member("reader-1", 2s, 100s);
  member("reader-2", 12s, 100s);
  run_to(60s);
  EXPECT_EQ(readers_["reader-2"].held.size(), 2u);
  expect_well();
  EXPECT_EQ(readers_["reader-1"].deliveries + readers_["reader-2"].deliveries,
            static_cast<std::size_t>(record_count));
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

// Who gives up everything before it joins, and whose first member goes: shared out afresh, the rest
// would move up.
TEST_F(Groups, who_shares_stickily_keeps_what_it_had_when_another_leaves) {
  member("reader-1", 2s, 30s, client::Assignor::sticky);
  member("reader-2", 2s, 100s, client::Assignor::sticky);
  member("reader-3", 2s, 100s, client::Assignor::sticky);
  run_to(25s);
  std::map<std::string, client::Partitions> before;
  for (const auto& [name, reader] : readers_) {
    EXPECT_FALSE(reader.held.empty()) << name;
    if (name != "reader-1") before[name] = reader.held;
  }
  run_to(60s);
  EXPECT_TRUE(readers_["reader-1"].held.empty());
  for (const auto& [name, held] : before) {
    const auto& after = readers_[name].held;
    EXPECT_EQ(after.size(), 2u) << name;
    EXPECT_TRUE(std::includes(after.begin(), after.end(), held.begin(), held.end())) << name;
  }
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

// KIP-320: by then it has led in two epochs.
TEST_F(Groups, commit_the_epoch_of_the_record_before) {
  member("reader-1", 2s, 100s);
  run_to(10s);
  const auto& partition = cluster_->metadata().find_topic("t")->partitions.at(0);
  auto& lost = *cluster_->world().find(partition.leader);
  cluster_->world().crash(lost);
  run_to(25s);
  cluster_->world().restart(lost);
  ask_what_is_committed_at(50s);
  run_to(60s);
  ASSERT_TRUE(committed_.has_value());
  EXPECT_EQ(committed_->offset, record_count / partition_count);
  EXPECT_EQ(committed_->epoch, LeaderEpoch(1));
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

// The generations in which it was told of what it was given, and of what was taken from it.
TEST_F(Groups, who_is_cooperative_gives_up_before_it_joins_what_it_no_longer_wants) {
  std::vector<std::int32_t> generations;
  cluster_->start_client("changing-1", [this, &generations](Env& env) {
    if (!env.sleep_until(Instant{5s})) return;
    client::GroupConsumerConfig config;
    config.consumer.client = {.bootstrap_servers = cluster_->brokers(), .client_id = "changing-1"};
    config.group_id = "changing";
    config.assignor = client::Assignor::cooperative_sticky;
    const client::GroupConsumer* self = nullptr;
    const auto note = [&self, &generations](Env&, const client::Partitions& those) {
      if (!those.empty()) generations.push_back(self->membership().generation());
    };
    const auto consumer = client::GroupConsumer::make(config, {.assigned = note, .revoked = note});
    self = consumer.get();
    consumer->subscribe({"t"});
    while (consumer->assignment().empty() && !env.is_cancelled()) {
      (void)consumer->poll(env, env.now() + 1s);
    }
    consumer->subscribe({"u"});
    (void)consumer->poll(env, env.now() + 1s);
    consumer->close(env, env.now() + 5s);
  });
  run_to(60s);
  ASSERT_GE(generations.size(), 2u);
  EXPECT_EQ(generations[1], generations[0]);
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

// KIP-814: what it is told is to share nothing out, and it is the leader all the same.
TEST_F(Groups, a_static_leader_that_has_restarted_shares_new_partitions) {
  member("reader-1", 2s, 400s, client::Assignor::range, true);
  run_to(15s);
  cluster_->world().crash(machine("reader-1"));
  run_to(17s);
  cluster_->world().restart(machine("reader-1"));
  add_partition_at(30s);
  // Its metadata is five minutes old at most.
  run_to(350s);
  EXPECT_EQ(readers_["reader-1"].held.size(), 5u);
  expect_well();
}

TEST_F(Groups, a_leader_shares_anew_once_a_topic_is_gone) {
  std::size_t held = 0;
  client::Partitions left;
  std::int32_t generations = 0;  // In the ten seconds after that.
  cluster_->start_client("wide-1", [&, this](Env& env) {
    client::GroupConsumerConfig config;
    config.consumer.client = {.bootstrap_servers = cluster_->brokers(), .client_id = "wide-1"};
    config.group_id = "wide";
    config.enable_auto_commit = false;
    client::Admin admin(config.consumer.client);
    const client::NewTopic topic{.name = "u", .partitions = 2, .replication_factor = 3};
    while (!admin.create_topics(env, {topic}, env.now() + 30s)) env.sleep(1s);
    const auto consumer = client::GroupConsumer::make(config);
    consumer->subscribe({"t", "u"});
    const auto poll_while = [&](const auto& is_due) {
      while (is_due() && env.now() < Instant{100s}) (void)consumer->poll(env, env.now() + 1s);
    };
    poll_while([&] { return consumer->assignment().size() < partition_count + 2; });
    held = consumer->assignment().size();
    const api::DeleteTopicsRequest deletion{.topics = {{.name = "u"}}, .timeout_ms = 5000};
    const auto channel = admin.cluster().channel_to(admin.cluster().view().controller());
    const auto deleted = channel->call(env, deletion, 6, env.now() + 10s);
    ASSERT_TRUE(deleted.has_value());
    EXPECT_EQ(deleted->responses.at(0).error_code, api::ErrorCode::none);
    poll_while([&] { return consumer->assignment().size() > partition_count; });
    left = consumer->assignment();
    generations = -consumer->membership().generation();
    const Instant end = env.now() + 10s;
    while (env.now() < end) (void)consumer->poll(env, env.now() + 1s);
    generations += consumer->membership().generation();
    consumer->close(env, env.now() + 5s);
  });
  run_to(120s);
  EXPECT_EQ(held, partition_count + 2u);
  EXPECT_EQ(left, (client::Partitions{{"t", 0}, {"t", 1}, {"t", 2}, {"t", 3}}));
  EXPECT_EQ(generations, 0);
}

// A static member that is not polled for longer than max.poll.interval.ms, though not for longer
// than its session: who it was before and after, and what its listener was told.
struct Silence {
  std::vector<std::string> ids;
  std::vector<std::string> told;
};
Silence around_silence(SimulatedCluster& cluster, const GroupRules& rules,
                       client::Assignor assignor = client::Assignor::range) {
  Silence seen;
  const auto tell = [&seen](const char* how) {
    return [&seen, how](Env&, const client::Partitions& those) {
      if (!those.empty()) seen.told.push_back(fmt::format("{} {}", how, those.size()));
    };
  };
  cluster.start_client("silent-1", [&, rules, assignor](Env& env) {
    client::GroupConsumerConfig config;
    config.consumer.client = {.bootstrap_servers = cluster.brokers(), .client_id = "silent-1"};
    config.group_id = "silent";
    config.group_instance_id = "silent-1";
    config.assignor = assignor;
    config.session_timeout = 40s;
    config.max_poll_interval = 10s;
    config.rules = rules;
    const auto consumer = client::GroupConsumer::make(
        config, {.assigned = tell("assigned"), .revoked = tell("revoked"), .lost = tell("lost")});
    consumer->subscribe({"t"});
    for (const Duration silence : {5s, 15s}) {
      env.sleep(silence);
      (void)consumer->poll(env, env.now() + 10s);
      seen.ids.push_back(consumer->membership().member_id());
    }
    consumer->close(env, env.now() + 5s);
  });
  cluster.world().run_until(Instant{60s});
  return seen;
}

TEST_F(Groups, a_static_member_that_fell_silent_is_still_who_it_was) {
  const auto seen = around_silence(*cluster_, {});
  ASSERT_EQ(seen.ids.size(), 2u);
  EXPECT_EQ(seen.ids[1], seen.ids[0]);
}

TEST_F(Groups, a_static_member_that_fell_silent_was_somebody_new_once) {
  GroupRules rules;
  rules.static_members_keep_their_id = false;  // KAFKA-20985
  const auto seen = around_silence(*cluster_, rules);
  ASSERT_EQ(seen.ids.size(), 2u);
  EXPECT_NE(seen.ids[1], seen.ids[0]);
}

// As Kafka's, which leaves the generation without a word to anybody: another may have the
// partitions by the time it is polled, so it neither commits what it held nor claims to have it.
TEST_F(Groups, a_static_member_that_fell_silent_has_lost_what_it_held) {
  const auto seen = around_silence(*cluster_, {}, client::Assignor::cooperative_sticky);
  EXPECT_EQ(seen.told,
            (std::vector<std::string>{"assigned 4", "lost 4", "assigned 4", "revoked 4"}));
}

// Sessions are of 6 s, max.poll.interval.ms is 20 s: it is missed when that is over, and not before
// (KIP-62).
TEST_F(Groups, a_member_that_is_alive_and_does_not_poll_leaves_its_group) {
  slow_["reader-2"] = {15s, 45s};
  member("reader-1", 2s, 100s);
  member("reader-2", 2s, 100s);
  run_to(14s);
  const auto held = readers_["reader-2"].held;
  EXPECT_EQ(held.size(), 2u);
  run_to(33s);
  EXPECT_EQ(readers_["reader-1"].held.size(), 2u);
  run_to(42s);
  EXPECT_EQ(readers_["reader-1"].held.size(), 4u);
  run_to(80s);
  EXPECT_EQ(readers_["reader-2"].ever_lost, held);
  EXPECT_EQ(readers_["reader-1"].held.size(), 2u);
  EXPECT_EQ(readers_["reader-2"].held.size(), 2u);
  expect_well();
}

// A member pauses all that it has, and another one comes and goes: what was taken from it
// meanwhile, and what it is handed after that.
struct Pausing {
  client::Partitions paused;
  client::Partitions revoked;
  client::Partitions read;
};
Pausing around_pause(SimulatedCluster& cluster, client::Assignor assignor) {
  Pausing seen;
  const auto config_of = [&cluster, assignor](const std::string& name) {
    client::GroupConsumerConfig config;
    config.consumer.client = {.bootstrap_servers = cluster.brokers(), .client_id = name};
    config.consumer.auto_offset_reset = client::OffsetReset::earliest;
    config.group_id = "pausing";
    config.assignor = assignor;
    config.heartbeat_interval = 500ms;
    config.auto_commit_interval = 500ms;
    return config;
  };
  cluster.start_client("pausing-1", [&seen, config_of](Env& env) {
    if (!env.sleep_until(Instant{3s})) return;
    const auto revoked = [&seen](Env&, const client::Partitions& those) {
      seen.revoked.insert(those.begin(), those.end());
    };
    const auto consumer = client::GroupConsumer::make(config_of("pausing-1"), {.revoked = revoked});
    consumer->subscribe({"t"});
    while (env.now() < Instant{12s} && !env.is_cancelled()) {
      (void)consumer->poll(env, env.now() + 500ms);
    }
    seen.paused = consumer->assignment();
    for (const auto& partition : seen.paused) consumer->pause(partition);
    while (env.now() < Instant{40s} && !env.is_cancelled()) {
      const auto polled = consumer->poll(env, env.now() + 500ms);
      for (const auto& delivered : polled.records) seen.read.insert(delivered.partition);
    }
    consumer->abandon(env);
  });
  cluster.start_client("pausing-2", [config_of](Env& env) {
    if (!env.sleep_until(Instant{13s})) return;
    const auto consumer = client::GroupConsumer::make(config_of("pausing-2"));
    consumer->subscribe({"t"});
    while (env.now() < Instant{17s} && !env.is_cancelled()) {
      (void)consumer->poll(env, env.now() + 500ms);
    }
    consumer->close(env, env.now() + 5s);
  });
  cluster.world().run_until(Instant{45s});
  return seen;
}

TEST_F(Groups, a_pause_ends_with_each_rebalance_that_revokes_everything) {
  const auto seen = around_pause(*cluster_, client::Assignor::range);
  EXPECT_EQ(seen.paused.size(), 4u);
  EXPECT_EQ(seen.revoked, seen.paused);
  EXPECT_EQ(seen.read, seen.paused);
}

TEST_F(Groups, a_pause_lasts_through_a_rebalance_that_leaves_the_partition_where_it_is) {
  const auto seen = around_pause(*cluster_, client::Assignor::cooperative_sticky);
  EXPECT_EQ(seen.paused.size(), 4u);
  EXPECT_EQ(seen.revoked.size(), 2u);
  EXPECT_EQ(seen.read, seen.revoked);
}

// Nothing is committed, and no policy says where to begin: the application is asked, and asked
// again when it goes back to where it began.
TEST_F(Groups, ask_where_to_begin_if_nothing_says) {
  std::vector<std::size_t> asked;  // Of so many partitions.
  std::set<TopicPartition> read;
  cluster_->start_client("asking-1", [this, &asked, &read](Env& env) {
    if (!env.sleep_until(Instant{5s})) return;
    client::GroupConsumerConfig config;
    config.consumer.client = {.bootstrap_servers = cluster_->brokers(), .client_id = "asking-1"};
    config.consumer.auto_offset_reset = client::OffsetReset::none;
    config.group_id = "asking";
    config.enable_auto_commit = false;
    const auto consumer = client::GroupConsumer::make(config);
    consumer->subscribe({"t"});
    const auto poll = [&] {
      std::set<TopicPartition> those;
      const Instant end = env.now() + 15s;
      while (env.now() < end && !env.is_cancelled()) {
        const auto polled = consumer->poll(env, env.now() + 1s);
        for (const auto& delivered : polled.records) read.insert(delivered.partition);
        for (const auto& problem : polled.problems) {
          EXPECT_EQ(problem.error, api::ErrorCode::offset_out_of_range);
          EXPECT_TRUE(those.insert(problem.partition).second);
          consumer->seek_by(env, problem.partition, client::OffsetReset::earliest);
        }
      }
      asked.push_back(those.size());
    };
    poll();
    EXPECT_TRUE(consumer->rewind(env, env.now() + 10s).has_value());
    poll();
    consumer->close(env, env.now() + 5s);
  });
  run_to(60s);
  EXPECT_EQ(asked, (std::vector<std::size_t>{4, 4}));
  EXPECT_EQ(read.size(), 4u);
}

class FullGroup : public GroupsInCluster {
 protected:
  FullGroup() : GroupsInCluster({{"group.max.size", "1"}}) {}
};

TEST_F(FullGroup, says_so_to_who_comes_too_late) {
  member("reader-1", 2s, 100s);
  member("reader-2", 8s, 100s);
  run_to(40s);
  EXPECT_EQ(readers_["reader-1"].held.size(), 4u);
  EXPECT_EQ(readers_["reader-2"].problems, std::set{api::ErrorCode::group_max_size_reached});
}

}  // namespace
}  // namespace brokersim::scenarios
