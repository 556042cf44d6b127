// What a new coordinator answers of what earlier ones have committed: before it knows that all it
// has read is, and from a log that was compacted.
#include <string>
#include <vector>

#include "core/group/records.h"
#include "tests/scenarios/by_hand.h"

namespace brokersim::scenarios {
namespace {

using api::ErrorCode;

class NewCoordinators : public ByHand {
 protected:
  inline static const TopicPartition offsets_{std::string(group::offsets_topic), 0};

  // What is said of the commits of 10, which was answered, and of 20, which was not.
  struct Said {
    ErrorCode error = ErrorCode::none;
    Offset committed = -1;
    friend bool operator==(const Said&, const Said&) = default;
  };

  const controller::Partition& offsets() { return *cluster_->metadata().find_partition(offsets_); }
  void find_coordinator(Env& env) {
    const api::FindCoordinatorRequest request{.coordinator_keys = {"g"}};
    while (cluster_->metadata().find_partition(offsets_) == nullptr) {
      ASSERT_TRUE(ask(env, NodeId(1), request, 4).has_value());
      env.sleep(3s);  // It is made, and loaded.
    }
  }
  ErrorCode commit(Env& env, Offset offset) {
    api::OffsetCommitRequest request{.group_id = "g"};
    request.topics.push_back({.name = "t"});
    request.topics[0].partitions.push_back({.partition_index = 0, .committed_offset = offset});
    const auto answer = ask(env, offsets().leader, request, 8);
    EXPECT_TRUE(answer.has_value());
    return answer->topics[0].partitions[0].error_code;
  }
  Said said(Env& env) {
    api::OffsetFetchRequest request;
    request.groups.push_back({.group_id = "g"});
    request.groups[0].topics.emplace().push_back({.name = "t", .partition_indexes = {0}});
    const auto answer = ask(env, offsets().leader, request, 8);
    EXPECT_TRUE(answer.has_value());
    const auto& told = answer->groups[0];
    if (told.error_code != ErrorCode::none) return {told.error_code};
    return {ErrorCode::none, told.topics[0].partitions[0].committed_offset};
  }

  std::int64_t bytes_of_log(Env& env) {
    const auto answer = ask(env, offsets().leader, api::DescribeLogDirsRequest{}, 4);
    for (const auto& topic : answer->results.at(0).topics) {
      if (topic.name == offsets_.topic) return topic.partitions.at(0).partition_size;
    }
    return -1;
  }
  void replace_coordinator(Env& env) {
    const auto first = offsets().leader;
    ASSERT_TRUE(cluster_->world().crash(*cluster_->world().find(first)));
    while (offsets().leader == first || !offsets().leader.is_set()) env.sleep(100ms);
  }

  // By the next coordinator, at once and when all is committed. One follower stays in the in-sync
  // set and gets nothing, so that this lasts.
  std::vector<Said> of_the_next() {
    std::vector<Said> all;
    with_cluster(
        [&](Env& env) {
          find_coordinator(env);
          EXPECT_EQ(commit(env, 10), ErrorCode::none);
          auto& world = cluster_->world();
          const auto host = [&](NodeId broker) { return world.find(broker)->host(); };
          const auto replicas = offsets().replicas;
          const auto first = offsets().leader;
          const auto late = replicas.back() == first ? replicas.front() : replicas.back();
          sim::LinkFault stall{.kind = sim::LinkFault::Kind::stall, .from = {host(late)}};
          for (const auto broker : replicas) {
            if (broker != late) stall.to.push_back(host(broker));
          }
          const auto fault = world.network().add(stall);
          EXPECT_NE(commit(env, 20), ErrorCode::none);  // In time.
          replace_coordinator(env);
          ASSERT_NE(offsets().leader, late);
          env.sleep(500ms);
          all.push_back(said(env));
          world.network().remove_fault(fault);
          env.sleep(3s);
          all.push_back(said(env));
        },
        {{"offsets.topic.num.partitions", "1"}, {"offsets.commit.timeout.ms", "1000"}});
    return all;
  }
};

TEST_F(NewCoordinators, say_nothing_before_all_that_they_read_is_committed) {
  const std::vector<Said> expected{{ErrorCode::coordinator_load_in_progress},
                                   {ErrorCode::none, 20}};
  EXPECT_EQ(of_the_next(), expected);
}

// Redpanda's #5025.
TEST_F(NewCoordinators, once_spoke_before_they_knew) {
  bugs_ = {"RPK-05"};
  const std::vector<Said> expected{{ErrorCode::none, 10}, {ErrorCode::none, 20}};
  EXPECT_EQ(of_the_next(), expected);
}

TEST_F(NewCoordinators, find_the_last_commit_in_a_log_that_was_compacted) {
  with_cluster(
      [&](Env& env) {
        find_coordinator(env);
        // Each takes a hundred bytes.
        for (Offset offset = 1; offset <= 50; ++offset) {
          EXPECT_EQ(commit(env, offset), ErrorCode::none);
        }
        env.sleep(5s);
        EXPECT_LT(bytes_of_log(env), 2000);
        replace_coordinator(env);
        env.sleep(3s);
        EXPECT_EQ(said(env), (Said{ErrorCode::none, 50}));
      },
      {{"offsets.topic.num.partitions", "1"},
       {"offsets.topic.segment.bytes", "300"},
       {"log.cleaner.backoff.ms", "200"}});
}

}  // namespace
}  // namespace brokersim::scenarios
