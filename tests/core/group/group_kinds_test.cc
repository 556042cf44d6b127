// Groups of both kinds beside each other: what makes a group one of them, what each kind knows of
// the other, and what offsets are to both.
#include "tests/core/group/consumers.h"

namespace brokersim::group {
namespace {

struct GroupKinds : testing::Test {
  Coordinated c;
  TestConsumer m{c, "m"};
  GroupKinds() { c.learn(topics_with(4)); }
};

TEST_F(GroupKinds, are_what_their_members_are) {
  m.take(m.join());
  EXPECT_EQ(c.kind(), "consumer Stable");
  EXPECT_EQ(c.shard->list().at(0).protocol_type, "consumer");
  EXPECT_EQ(c.joined(c.join({.type = "connect"})).error_code,
            ErrorCode::inconsistent_group_protocol);
  EXPECT_EQ(c.heartbeat("m", 1), ErrorCode::unknown_member_id);
  EXPECT_EQ(c.state(), "Dead");
}

TEST_F(GroupKinds, classic_ones_have_no_consumers_unless_they_may_become_a_group_of_those) {
  c.config.consumer_migration_policy = MigrationPolicy::disabled;
  c.stable({{}});
  EXPECT_EQ(m.take(m.join()), ErrorCode::group_id_not_found);
  EXPECT_EQ(c.kind(), "classic Stable");
  EXPECT_EQ(c.shard->describe_consumers("g").error_code, ErrorCode::group_id_not_found);
}

TEST_F(GroupKinds, change_with_who_comes_to_an_empty_one) {
  const auto ids = c.stable({{}});
  c.commit(3, ids[0], c.stable_generation);
  c.leave(ids[0]);
  EXPECT_EQ(m.take(m.join()), ErrorCode::none);
  EXPECT_EQ(c.kind(), "consumer Stable");
  EXPECT_EQ(c.fetch(), 3);
  c.fail_over();
  EXPECT_EQ(c.kind(), "consumer Stable");
  EXPECT_EQ(m.take(m.leave()), ErrorCode::none);
  c.enter();
  EXPECT_EQ(c.kind(), "classic PreparingRebalance");
  EXPECT_EQ(c.fetch(), 3);
  c.fail_over();
  EXPECT_EQ(c.kind(), "classic Empty") << "who joined was not written down yet";
}

TEST_F(GroupKinds, of_an_empty_one_that_could_not_be_deleted_are_what_the_log_says) {
  m.take(m.join());
  m.leave();
  c.refuses = ErrorCode::not_enough_replicas;
  c.join({});
  c.refuses.reset();
  EXPECT_EQ(c.kind(), "classic Empty") << "somebody is about to come";
  c.pass(20s);
  EXPECT_EQ(c.kind(), "consumer Empty");
  c.fail_over();
  EXPECT_EQ(c.kind(), "consumer Empty");
  c.refuses = ErrorCode::not_enough_replicas;
  c.join({.version = 3});
  c.refuses.reset();
  EXPECT_EQ(c.kind(), "classic PreparingRebalance");
}

TEST_F(GroupKinds, of_consumers_forget_who_was_about_to_come_to_a_classic_one) {
  c.join({});
  EXPECT_EQ(c.kind(), "classic Empty");
  m.take(m.join());
  EXPECT_EQ(c.kind(), "consumer Stable");
}

TEST_F(GroupKinds, offsets_are_committed_by_members_in_their_present_epoch) {
  m.take(m.join());
  EXPECT_EQ(c.committed(c.commit(3, "m", 1)), ErrorCode::none);
  EXPECT_EQ(c.committed(c.commit(4, "m", 2)), ErrorCode::stale_member_epoch);
  EXPECT_EQ(c.committed(c.commit(4, "m", 0)), ErrorCode::stale_member_epoch);
  EXPECT_EQ(c.committed(c.commit(4, "ghost", 1)), ErrorCode::unknown_member_id);
  EXPECT_EQ(c.committed(c.commit(4)), ErrorCode::unknown_member_id);
  EXPECT_EQ(c.fetch(), 3);
  m.leave();
  EXPECT_EQ(c.committed(c.commit(5)), ErrorCode::none);
}

TEST_F(GroupKinds, offsets_of_consumers_need_a_request_that_knows_epochs) {
  m.take(m.join());
  api::OffsetCommitRequest asked;
  asked.group_id = "g";
  asked.member_id = "m";
  asked.generation_id_or_member_epoch = 1;
  asked.topics.push_back({.name = "orders", .partitions = {{.committed_offset = 1}}});
  const auto out = c.shard->commit_offsets(c.now, {99}, asked, 8);
  const auto& response = std::get<api::OffsetCommitResponse>(out.answers.at(0).response);
  EXPECT_EQ(response.topics[0].partitions[0].error_code, ErrorCode::unsupported_version);
}

TEST_F(GroupKinds, offsets_in_transactions_are_of_the_present_epoch_or_of_nobody) {
  m.take(m.join());
  EXPECT_EQ(c.pending(c.commit_pending(3, 7, "m", 1)), ErrorCode::none);
  EXPECT_EQ(c.pending(c.commit_pending(3, 7, "m", 0)), ErrorCode::illegal_generation);
  EXPECT_EQ(c.pending(c.commit_pending(3, 7)), ErrorCode::none);
}

TEST_F(GroupKinds, offsets_are_told_to_members_in_their_present_epoch) {
  m.take(m.join());
  c.commit(3, "m", 1);
  const auto error = [&](const std::optional<std::string>& member, std::int32_t epoch) {
    return c.shard
        ->fetch_offsets({.group_id = "g", .member_id = member, .member_epoch = epoch}, false)
        .error_code;
  };
  EXPECT_EQ(error(std::nullopt, -1), ErrorCode::none);
  EXPECT_EQ(error("m", 1), ErrorCode::none);
  EXPECT_EQ(error("m", 2), ErrorCode::stale_member_epoch);
  EXPECT_EQ(error("ghost", 1), ErrorCode::unknown_member_id);
}

TEST_F(GroupKinds, consumer_groups_are_deleted_once_they_are_empty) {
  m.take(m.join());
  c.commit(3, "m", 1);
  EXPECT_EQ(c.deleted(c.delete_group()), ErrorCode::non_empty_group);
  m.leave();
  EXPECT_EQ(c.deleted(c.delete_group()), ErrorCode::none);
  EXPECT_EQ(c.kind(), "");
  c.fail_over();
  EXPECT_EQ(c.kind(), "");
  EXPECT_EQ(c.fetch(), -1);
}

TEST_F(GroupKinds, offsets_of_consumers_are_deleted_for_topics_that_nobody_wants) {
  m.take(m.join());
  c.commit(3, "m", 1);
  const auto deleted = [&](const std::string& topic) {
    const auto& response = c.answer<api::OffsetDeleteResponse>(c.delete_offsets(topic));
    return response.topics.at(0).partitions.at(0).error_code;
  };
  EXPECT_EQ(deleted("orders"), ErrorCode::group_subscribed_to_topic);
  EXPECT_EQ(deleted("items"), ErrorCode::none);
}

TEST_F(GroupKinds, offsets_of_consumers_expire_after_the_commit_unless_they_are_wanted) {
  m.take(m.join());
  c.commit(3, "m", 1, "orders");
  c.commit(4, "m", 1, "items");
  for (int day = 0; day < 8 * 24; ++day) {
    for (int i = 0; i < 90; ++i) {
      c.pass(40s);
      m.take(m.beat());
    }
  }
  EXPECT_EQ(c.fetch("orders"), 3);
  EXPECT_EQ(c.fetch("items"), -1);
  m.leave();
  c.pass(8 * 24h);
  EXPECT_EQ(c.kind(), "") << "nothing is left of it";
}

}  // namespace
}  // namespace brokersim::group
