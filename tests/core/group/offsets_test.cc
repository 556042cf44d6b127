// Offsets: who may commit, what a commit is worth before it is replicated, when offsets go.
#include <limits>

#include "tests/core/group/coordinated.h"

namespace brokersim::group {
namespace {

// ---- Committing --------------------------------------------------------------------------------

TEST(Committing, is_answered_and_seen_once_it_is_committed) {
  Coordinated c;
  c.commit(5);
  c.commits_at_once = false;
  const auto request = c.commit(7);
  EXPECT_TRUE(c.is_parked(request));
  EXPECT_EQ(c.fetch(), 5);
  c.commit_log();
  EXPECT_EQ(c.committed(request), ErrorCode::none);
  EXPECT_EQ(c.fetch(), 7);
}

TEST(Committing, what_could_not_be_appended_is_not_remembered) {
  Coordinated c;
  c.commit(5);
  c.refuses = ErrorCode::not_enough_replicas;
  EXPECT_EQ(c.committed(c.commit(7)), ErrorCode::coordinator_not_available);
  EXPECT_EQ(c.fetch(), 5);
}

TEST(Committing, nobody_waits_longer_than_its_timeout_and_it_may_stand_all_the_same) {
  Coordinated c;
  c.commits_at_once = false;
  const auto request = c.commit(7);
  c.pass(5s);
  EXPECT_EQ(c.committed(request), ErrorCode::coordinator_not_available);
  c.commit_log();
  EXPECT_EQ(c.fetch(), 7);
}

TEST(Committing, is_for_members_of_the_generation) {
  Coordinated c;
  EXPECT_EQ(c.committed(c.commit(1, "ghost", 3)), ErrorCode::group_id_not_found);
  const auto ids = c.stable({{}, {}});
  EXPECT_EQ(c.committed(c.commit(1, ids[0], c.stable_generation)), ErrorCode::none);
  EXPECT_EQ(c.committed(c.commit(2, ids[0], c.stable_generation - 1)),
            ErrorCode::illegal_generation);
  EXPECT_EQ(c.committed(c.commit(2, "ghost", c.stable_generation)), ErrorCode::unknown_member_id);
  EXPECT_EQ(c.committed(c.commit(2)), ErrorCode::unknown_member_id);  // From outside.
  EXPECT_EQ(c.fetch(), 1);
}

TEST(Committing, as_a_member_of_a_group_that_is_not_there_says_so_where_epochs_are_known) {
  Coordinated c;
  api::OffsetCommitRequest asked;
  asked.group_id = "g";
  asked.generation_id_or_member_epoch = 3;
  asked.topics.push_back({.name = "orders", .partitions = {{.committed_offset = 1}}});
  const auto error = [&](std::int16_t version) {
    const auto out = c.shard->commit_offsets(c.now, {99}, asked, version);
    const auto& response = std::get<api::OffsetCommitResponse>(out.answers.at(0).response);
    return response.topics.at(0).partitions.at(0).error_code;
  };
  EXPECT_EQ(error(8), ErrorCode::illegal_generation);
  EXPECT_EQ(error(9), ErrorCode::group_id_not_found);
}

TEST(Committing, during_a_rebalance_is_possible_until_the_next_generation_began) {
  Coordinated c;
  const auto ids = c.stable({{}});
  const auto added = c.enter().first;
  EXPECT_EQ(c.committed(c.commit(1, ids[0], c.stable_generation)), ErrorCode::none);
  c.join({.member = ids[0]});
  EXPECT_EQ(c.committed(c.commit(2, ids[0], c.stable_generation)), ErrorCode::illegal_generation);
  EXPECT_EQ(c.committed(c.commit(2, added, c.stable_generation + 1)),
            ErrorCode::rebalance_in_progress);
}

TEST(Committing, is_a_sign_of_life) {
  Coordinated c;
  const auto ids = c.stable({{}});
  for (int i = 0; i < 4; ++i) {
    c.pass(9s);
    EXPECT_EQ(c.committed(c.commit(i, ids[0], c.stable_generation)), ErrorCode::none);
  }
}

TEST(Committing, metadata_has_a_limit) {
  Coordinated c;
  EXPECT_EQ(c.committed(c.commit(1, "", -1, "orders", std::string(4097, 'x'))),
            ErrorCode::offset_metadata_too_large);
  EXPECT_EQ(c.fetch(), -1);
  EXPECT_EQ(c.committed(c.commit(1, "", -1, "orders", std::string(4096, 'x'))), ErrorCode::none);
}

// As Java counts them: in units of UTF-16, whatever the limit is called.
TEST(Committing, metadata_is_measured_in_characters) {
  const auto times = [](int count, const std::string& text) {
    std::string all;
    for (int i = 0; i < count; ++i) all += text;
    return all;
  };
  const std::vector<std::pair<std::string, int>> texts{
      {"\u00e9", 1}, {"\u6f22", 1}, {"\U0001f600", 2}};
  for (const auto& [text, units] : texts) {
    Coordinated c;
    const auto longest = times(4096 / units, text);
    EXPECT_EQ(c.committed(c.commit(1, "", -1, "orders", longest)), ErrorCode::none) << text;
    EXPECT_EQ(c.committed(c.commit(1, "", -1, "orders", longest + text)),
              ErrorCode::offset_metadata_too_large)
        << text;
  }
}

// Who was told the old one could commit over the new one.
TEST(Committing, what_is_appended_and_not_committed_is_not_stable) {
  Coordinated c;
  c.commit(50);
  c.commits_at_once = false;
  c.commit(100);
  EXPECT_EQ(c.fetch(), 50);
  EXPECT_EQ(c.stability(), ErrorCode::unstable_offset_commit);
  c.commit_log();
  EXPECT_EQ(c.fetch(), 100);
  EXPECT_EQ(c.stability(), ErrorCode::none);
}

// ---- Deleting ----------------------------------------------------------------------------------

TEST(Deleting, a_group_takes_its_offsets_with_it_and_needs_to_be_empty) {
  Coordinated c;
  EXPECT_EQ(c.deleted(c.delete_group()), ErrorCode::group_id_not_found);
  const auto ids = c.stable({{}});
  c.commit(3, ids[0], c.stable_generation);
  EXPECT_EQ(c.deleted(c.delete_group()), ErrorCode::non_empty_group);
  c.leave(ids[0]);
  EXPECT_EQ(c.deleted(c.delete_group()), ErrorCode::none);
  EXPECT_EQ(c.fetch(), -1);
  EXPECT_EQ(c.state(), "Dead");
  EXPECT_TRUE(c.shard->list().empty());
}

TEST(Deleting, offsets_only_of_topics_that_nobody_subscribes_to) {
  Coordinated c;
  const auto ids = c.stable({{.metadata = "orders"}});
  c.commit(3, ids[0], c.stable_generation, "orders");
  c.commit(4, ids[0], c.stable_generation, "old");
  const auto kept = c.delete_offsets("orders");
  const auto gone = c.delete_offsets("old");
  const auto error = [&](RequestId r) {
    return c.answer<api::OffsetDeleteResponse>(r).topics.at(0).partitions.at(0).error_code;
  };
  EXPECT_EQ(error(kept), ErrorCode::group_subscribed_to_topic);
  EXPECT_EQ(error(gone), ErrorCode::none);
  EXPECT_EQ(c.fetch("orders"), 3);
  EXPECT_EQ(c.fetch("old"), -1);
}

TEST(Deleting, many_topics_takes_what_was_committed_for_them_in_parts) {
  Coordinated c;
  std::set<std::string> topics;
  for (int i = 0; i < 1000; ++i) {
    topics.insert("topic-" + std::to_string(i));
    c.commit(3, "", -1, "topic-" + std::to_string(i));
  }
  const auto out = c.shard->forget_topics(c.now, topics);
  std::size_t tombstones = 0;
  for (const auto& write : out.writes) {
    EXPECT_LT(write.records.size(), 500u);
    tombstones += write.records.size();
  }
  EXPECT_EQ(tombstones, 1000u);
}

TEST(Deleting, a_topic_takes_what_was_committed_for_it) {
  Coordinated c;
  c.commit(3);
  c.commit(4, "", -1, "kept");
  const auto out = c.shard->forget_topics(c.now, {"orders"});
  ASSERT_EQ(out.writes.size(), 1u);
  c.shard->appended(c.now, out.writes[0].id, 2);
  c.shard->committed(c.now, 3);
  EXPECT_EQ(c.fetch(), -1);
  EXPECT_EQ(c.fetch("kept"), 4);
}

// ---- Expiring (KIP-211) ------------------------------------------------------------------------

constexpr Duration week = 7 * 24h;

TEST(Expiring, of_a_group_counts_from_when_it_became_empty) {
  Coordinated c;
  const auto ids = c.stable({{.session_ms = 1'800'000}});
  c.commit(3, ids[0], c.stable_generation);
  for (int i = 0; i < 24 * 7 * 4; ++i) {
    c.pass(900s);
    c.heartbeat(ids[0], c.stable_generation);
  }
  EXPECT_EQ(c.fetch(), 3);  // Older than a week, and wanted.
  c.leave(ids[0]);
  c.pass(week - 1h);
  EXPECT_EQ(c.fetch(), 3);
  c.pass(2h);
  EXPECT_EQ(c.fetch(), -1);
  EXPECT_EQ(c.state(), "Dead");
}

TEST(Expiring, was_for_all_that_nobody_had_committed_for_long_once) {
  GroupRules rules;
  rules.keeps_offsets_of_members = false;  // KAFKA-4682
  Coordinated c({}, {}, rules);
  const auto ids = c.stable({{.session_ms = 1'800'000}});
  c.commit(3, ids[0], c.stable_generation);
  for (int i = 0; i < 24 * 7 * 4 + 4; ++i) {
    c.pass(900s);
    c.heartbeat(ids[0], c.stable_generation);
  }
  EXPECT_EQ(c.state(), "Stable");
  EXPECT_EQ(c.fetch(), -1);
}

TEST(Expiring, in_a_group_at_work_is_for_topics_it_no_longer_wants) {
  Coordinated c;
  const auto ids = c.stable({{.metadata = "orders", .session_ms = 1'800'000}});
  c.commit(3, ids[0], c.stable_generation, "orders");
  c.commit(4, ids[0], c.stable_generation, "old");
  for (int i = 0; i < 24 * 7 * 4 + 4; ++i) {
    c.pass(900s);
    c.heartbeat(ids[0], c.stable_generation);
  }
  EXPECT_EQ(c.fetch("orders"), 3);
  EXPECT_EQ(c.fetch("old"), -1);
  EXPECT_EQ(c.state(), "Stable");
}

TEST(Expiring, of_a_simple_consumers_offsets_counts_from_each_commit) {
  Coordinated c;
  c.commit(3, "", -1, "orders");
  c.pass(week / 2);
  c.commit(4, "", -1, "later");
  c.pass(week / 2 + 1h);
  EXPECT_EQ(c.fetch("orders"), -1);
  EXPECT_EQ(c.fetch("later"), 4);
}

TEST(Expiring, happens_when_the_commit_itself_says_so) {
  Coordinated c;
  c.commit(3, "", -1, "orders", "", milliseconds(1h));
  c.pass(50 * 60s);
  EXPECT_EQ(c.fetch(), 3);
  c.pass(20 * 60s);
  EXPECT_EQ(c.fetch(), -1);
}

// Were it one batch, it might be one that the log never takes.
TEST(Expiring, of_many_offsets_is_done_in_parts_and_the_group_goes_with_the_last) {
  Coordinated c;
  for (int i = 0; i < 1000; ++i) c.commit(3, "", -1, "topic-" + std::to_string(i));
  c.now.at += week + 1h;
  c.now.wall.ms += milliseconds(week + 1h);
  const auto out = c.shard->tick(c.now);
  ASSERT_GT(out.writes.size(), 1u);
  auto end = static_cast<Offset>(c.log.size());
  for (const auto& write : out.writes) {
    EXPECT_LT(write.records.size(), 500u);
    const auto last = decode_entry(write.records.back());
    ASSERT_TRUE(last);
    EXPECT_EQ(std::holds_alternative<GroupMetadataEntry>(*last), &write == &out.writes.back());
    c.shard->appended(c.now, write.id, end);
    end += static_cast<Offset>(write.records.size());
  }
  EXPECT_EQ(end, 2001);
  c.shard->committed(c.now, end);
  EXPECT_TRUE(c.shard->list().empty());
}

TEST(Expiring, never_happens_when_the_commit_says_that_it_is_to_be_kept_for_ever) {
  Coordinated c;
  c.commit(5, "", -1, "orders", "", std::numeric_limits<std::int64_t>::max());
  c.pass(week + 24h);
  EXPECT_EQ(c.fetch(), 5);
}

}  // namespace
}  // namespace brokersim::group
