// The only member of a group, classic or not, against a scripted coordinator: what it makes of
// being put out, of being refused, and of what it is told.
#include "core/client/group_consumer.h"

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "core/api/consumer_protocol.h"
#include "tests/sim/scripted_brokers.h"

namespace brokersim::client {
namespace {

class GroupConsumerTest : public ScriptedBrokers {
 protected:
  GroupConsumerTest() {
    script_.otherwise = [this](const broker::RequestContext& context, const Slice& body) {
      switch (context.header.api_key) {
        case api::FindCoordinatorRequest::description.key:
          return reply<api::FindCoordinatorRequest>(context, body);
        case api::JoinGroupRequest::description.key:
          return reply<api::JoinGroupRequest>(context, body);
        case api::SyncGroupRequest::description.key:
          return reply<api::SyncGroupRequest>(context, body);
        case api::HeartbeatRequest::description.key:
          return reply<api::HeartbeatRequest>(context, body);
        case api::ConsumerGroupHeartbeatRequest::description.key:
          return reply<api::ConsumerGroupHeartbeatRequest>(context, body);
        case api::OffsetFetchRequest::description.key:
          return reply<api::OffsetFetchRequest>(context, body);
        case api::OffsetCommitRequest::description.key:
          return reply<api::OffsetCommitRequest>(context, body);
        default: return broker::Reply{.kind = broker::Reply::Kind::close};
      }
    };
  }

  std::shared_ptr<GroupConsumer> member() {
    auto config = grouped();
    config.assignor = Assignor::cooperative_sticky;
    return subscribed(config, {.assigned = tell("assigned"), .lost = tell("lost")});
  }
  // Which commits what it has read every 100 ms.
  std::shared_ptr<GroupConsumer> committing_member(
      Assignor assignor = Assignor::range, GroupProtocol protocol = GroupProtocol::classic) {
    auto config = grouped();
    config.assignor = assignor;
    config.group_protocol = protocol;
    config.enable_auto_commit = true;
    config.auto_commit_interval = 100ms;
    return subscribed(config, {.assigned = tell("assigned"), .revoked = tell("revoked")});
  }
  // Which leads for longer than its session.
  std::shared_ptr<GroupConsumer> lasting_member() {
    auto config = grouped();
    config.assignor = Assignor::cooperative_sticky;
    config.session_timeout = 2s;
    return subscribed(config, {});
  }
  // Of a group of the other kind (KIP-848).
  std::shared_ptr<GroupConsumer> consumer_member(RebalanceListener listener) {
    auto config = grouped();
    config.consumer.max_poll_records = 1;
    config.group_protocol = GroupProtocol::consumer;
    return subscribed(config, std::move(listener));
  }
  // The first four commits are to be tried again, so that the fifth comes a while later.
  void accept_the_fifth_commit(std::function<void()> then = [] {}) {
    commit_ = [this, then = std::move(then)](auto) {
      if (++commits_ < 5) return ErrorCode::coordinator_load_in_progress;
      then();
      return ErrorCode::none;
    };
  }
  // A commit is under way by then.
  void end_the_first_generation_with_a_commit() {
    heartbeat_ = [this](std::int32_t generation) {
      const bool is_over = generation == 1 && commits_ > 0;
      return is_over ? ErrorCode::rebalance_in_progress : ErrorCode::none;
    };
  }
  std::function<void(Env&, const Partitions&)> tell(const char* how) {
    return [this, how](Env&, const Partitions& those) {
      if (!those.empty()) told_.push_back(fmt::format("{} {}", how, those.size()));
    };
  }
  // Polls until the listener was told so often, or for so long.
  void poll(Env& env, GroupConsumer& member, std::size_t told) {
    const Instant deadline = env.now() + 20s;
    while (told_.size() < told && env.now() < deadline) {
      for (const auto& problem : member.poll(env, env.now() + 100ms).problems) {
        problems_.push_back(problem.error);
      }
    }
  }

  using Texts = std::vector<std::string>;
  Texts told_;
  std::vector<ErrorCode> problems_;
  // Of the coordinator: answered in turn, and once there are no more all is well.
  std::deque<ErrorCode> joins_;
  std::deque<ErrorCode> syncs_;
  std::function<ErrorCode(std::int32_t generation)> heartbeat_ = [](auto) {
    return ErrorCode::none;
  };
  std::function<ErrorCode(std::int32_t generation)> commit_ = [](auto) { return ErrorCode::none; };
  int commits_ = 0;  // That were asked for, where they are counted.
  std::int32_t generation_ = 0;
  // Of a consumer group, to its only member: an epoch, or what is wrong, and what it is to have.
  using Beat = api::ConsumerGroupHeartbeatRequest;
  std::function<api::ConsumerGroupHeartbeatResponse(const Beat&)> consumer_heartbeat_;
  std::vector<api::ConsumerProtocolSubscription> subscriptions_;  // As each JoinGroup says it.
  std::vector<std::int32_t> held_by_other_;  // Partitions of a second member that never speaks.
  Offset committed_ = -1;

 private:
  GroupConsumerConfig grouped() const {
    GroupConsumerConfig config;
    config.consumer = consuming();
    config.group_id = "g";
    config.heartbeat_interval = 20ms;  // Several while it waits to try again.
    config.enable_auto_commit = false;
    return config;
  }
  static std::shared_ptr<GroupConsumer> subscribed(const GroupConsumerConfig& config,
                                                   RebalanceListener listener) {
    auto member = GroupConsumer::make(config, std::move(listener));
    member->subscribe({p0.topic});
    return member;
  }

  static ErrorCode next_of(std::deque<ErrorCode>& errors) {
    if (errors.empty()) return ErrorCode::none;
    const auto error = errors.front();
    errors.pop_front();
    return error;
  }

  template <class Request>
  broker::Reply reply(const broker::RequestContext& context, const Slice& body) {
    return answered<Request>(context, body, [this](const Request& asked) { return serve(asked); });
  }

  api::FindCoordinatorResponse serve(const api::FindCoordinatorRequest& request) {
    api::FindCoordinatorResponse out;
    for (const auto& key : request.coordinator_keys) {
      out.coordinators.push_back(
          {.key = key, .node_id = NodeId(1), .host = "broker-1", .port = 9092});
    }
    return out;
  }

  api::JoinGroupResponse serve(const api::JoinGroupRequest& request) {
    const auto& protocol = request.protocols.at(0);
    subscriptions_.push_back(
        *api::decode_versioned<api::ConsumerProtocolSubscription>(protocol.metadata));
    api::JoinGroupResponse out;
    out.error_code = next_of(joins_);
    if (out.error_code != ErrorCode::none) return out;
    out.generation_id = ++generation_;
    out.protocol_type = request.protocol_type;
    out.protocol_name = protocol.name;
    out.leader = out.member_id = "member";
    out.members.push_back({.member_id = "member", .metadata = protocol.metadata});
    if (!held_by_other_.empty()) {
      auto other = subscriptions_.back();
      other.owned_partitions = {{.topic = p0.topic, .partitions = held_by_other_}};
      out.members.push_back({.member_id = "other", .metadata = api::encode_versioned(other, 3)});
    }
    return out;
  }

  api::SyncGroupResponse serve(const api::SyncGroupRequest& request) {
    api::SyncGroupResponse out;
    out.error_code = next_of(syncs_);
    if (out.error_code != ErrorCode::none) return out;
    out.assignment = request.assignments.at(0).assignment;
    return out;
  }

  api::HeartbeatResponse serve(const api::HeartbeatRequest& request) {
    api::HeartbeatResponse out;
    out.error_code = heartbeat_(request.generation_id);
    return out;
  }

  api::ConsumerGroupHeartbeatResponse serve(const Beat& request) {
    auto out = consumer_heartbeat_(request);
    out.heartbeat_interval_ms = 20;
    return out;
  }

  api::OffsetCommitResponse serve(const api::OffsetCommitRequest& request) {
    const auto error = commit_(request.generation_id_or_member_epoch);
    api::OffsetCommitResponse out;
    for (const auto& topic : request.topics) {
      auto& answer = out.topics.emplace_back();
      answer.name = topic.name;
      for (const auto& partition : topic.partitions) {
        answer.partitions.push_back(
            {.partition_index = partition.partition_index, .error_code = error});
      }
    }
    return out;
  }

  api::OffsetFetchResponse serve(const api::OffsetFetchRequest& request) {
    api::OffsetFetchResponse out;
    for (const auto& group : request.groups) {
      auto& answer = out.groups.emplace_back();
      answer.group_id = group.group_id;
      for (const auto& topic : *group.topics) {
        answer.topics.push_back({.name = topic.name});
        for (const auto index : topic.partition_indexes) {
          answer.topics.back().partitions.push_back(
              {.partition_index = index, .committed_offset = committed_});
        }
      }
    }
    return out;
  }
};

// The group rebalances, its coordinator moves before the member knows its share, and then a
// heartbeat is told that the generation is none any more: nothing says so again.
TEST_F(GroupConsumerTest, who_is_put_out_while_it_waits_to_join_again_gives_up_what_it_held) {
  run([&](Env& env) {
    const auto consumer = member();
    poll(env, *consumer, 1);
    EXPECT_EQ(told_, (Texts{"assigned 2"}));
    joins_ = {ErrorCode::none, ErrorCode::not_coordinator};
    syncs_ = {ErrorCode::not_coordinator};
    heartbeat_ = [this](std::int32_t generation) {
      if (generation == 1) return ErrorCode::rebalance_in_progress;
      const bool is_gone = generation == 2 && syncs_.empty();
      return is_gone ? ErrorCode::illegal_generation : ErrorCode::none;
    };
    poll(env, *consumer, 3);
    EXPECT_TRUE(consumer->is_settled());
    consumer->close(env, env.now() + 1s);
  });
  EXPECT_EQ(told_, (Texts{"assigned 2", "lost 2", "assigned 2"}));
  EXPECT_EQ(problems_, std::vector<ErrorCode>{});
  // With what it held once, refused with nothing, and once more.
  ASSERT_EQ(subscriptions_.size(), 4u);
  EXPECT_FALSE(subscriptions_[1].owned_partitions.empty());
  EXPECT_TRUE(subscriptions_[2].owned_partitions.empty());
  EXPECT_TRUE(subscriptions_[3].owned_partitions.empty());
}

TEST_F(GroupConsumerTest, no_poll_waits_for_a_commit_in_passing) {
  accept_the_fifth_commit();
  run([&](Env& env) {
    const auto consumer = committing_member();
    poll(env, *consumer, 1);
    const Instant end = env.now() + 10s;
    while (commits_ < 5 && env.now() < end) {
      const Instant deadline = env.now() + 10ms;
      (void)consumer->poll(env, deadline);
      EXPECT_LE(env.now(), deadline + 5ms);
    }
    consumer->close(env, env.now() + 1s);
  });
  EXPECT_GE(commits_, 5);
}

// It would be late, and count as what is committed last.
TEST_F(GroupConsumerTest, a_commit_in_passing_has_ended_before_anything_is_given_up) {
  accept_the_fifth_commit([this] { told_.push_back("committed"); });
  end_the_first_generation_with_a_commit();
  run([&](Env& env) {
    const auto consumer = committing_member();
    poll(env, *consumer, 5);
    consumer->close(env, env.now() + 1s);
  });
  ASSERT_GE(told_.size(), 5u);
  told_.resize(5);
  EXPECT_EQ(told_, (Texts{"assigned 2", "committed", "committed", "revoked 2", "assigned 2"}));
}

// KIP-429: by then somebody else may have it, whose commit this one would set back.
TEST_F(GroupConsumerTest, what_a_new_generation_takes_away_was_committed_in_the_one_before) {
  commit_ = [&](std::int32_t generation) {
    told_.push_back(fmt::format("committed in {}", generation));
    return ErrorCode::none;
  };
  heartbeat_ = [&](std::int32_t generation) {
    const bool is_over = generation == 1 && told_.size() > 1;
    if (is_over) held_by_other_ = {1};
    return is_over ? ErrorCode::rebalance_in_progress : ErrorCode::none;
  };
  run([&](Env& env) {
    const auto consumer = committing_member(Assignor::cooperative_sticky);
    const auto is_told = [&](const char* what) {
      return std::find(told_.begin(), told_.end(), what) != told_.end();
    };
    const Instant end = env.now() + 20s;
    while (!is_told("revoked 1") && env.now() < end) {
      (void)consumer->poll(env, env.now() + 100ms);
    }
    EXPECT_TRUE(is_told("revoked 1"));
    EXPECT_EQ(*std::prev(std::find(told_.begin(), told_.end(), "revoked 1")), "committed in 1");
    consumer->close(env, env.now() + 1s);
  });
}

// KIP-429: the other has to let go of one, and was restarted instead, which nobody is told of.
TEST_F(GroupConsumerTest, who_left_something_to_nobody_shares_again_after_the_time_of_a_session) {
  run([&](Env& env) {
    held_by_other_ = {0, 1};
    const auto consumer = lasting_member();
    const auto joins_by = [&](Duration time) {
      const Instant end = env.now() + time;
      while (env.now() < end) (void)consumer->poll(env, std::min(end, env.now() + 100ms));
      return subscriptions_.size();
    };
    EXPECT_EQ(joins_by(1s), 1u);
    EXPECT_TRUE(consumer->assignment().empty());
    held_by_other_ = {1};
    EXPECT_EQ(joins_by(2s), 2u);
    EXPECT_EQ(consumer->assignment(), Partitions{p0});
    EXPECT_EQ(joins_by(4s), 2u);
    consumer->close(env, env.now() + 1s);
  });
}

TEST_F(GroupConsumerTest, a_commit_in_passing_has_ended_before_who_keeps_what_it_has_joins_again) {
  std::size_t joins = 0;
  accept_the_fifth_commit([&] {
    if (commits_ == 5) joins = subscriptions_.size();
  });
  end_the_first_generation_with_a_commit();
  run([&](Env& env) {
    const auto consumer = committing_member(Assignor::cooperative_sticky);
    const Instant end = env.now() + 20s;
    while (env.now() < end && subscriptions_.size() < 2) {
      (void)consumer->poll(env, env.now() + 100ms);
    }
    consumer->close(env, env.now() + 1s);
  });
  EXPECT_GE(commits_, 5);
  EXPECT_EQ(joins, 1u);
  EXPECT_EQ(subscriptions_.size(), 2u);
}

// KIP-848
TEST_F(GroupConsumerTest, a_commit_in_passing_has_ended_before_a_partition_is_given_up) {
  accept_the_fifth_commit([this] { told_.push_back("committed"); });
  consumer_heartbeat_ = [&](const Beat& beat) {
    api::ConsumerGroupHeartbeatResponse out{.member_epoch = 1};
    if (beat.member_epoch == 0) out.assignment.emplace().topic_partitions = {{.partitions = {0}}};
    if (commits_ > 0) out.assignment.emplace();
    return out;
  };
  run([&](Env& env) {
    const auto consumer = committing_member(Assignor::range, GroupProtocol::consumer);
    poll(env, *consumer, 4);
    consumer->close(env, env.now() + 1s);
  });
  ASSERT_GE(told_.size(), 4u);
  told_.resize(4);
  EXPECT_EQ(told_, (Texts{"assigned 1", "committed", "committed", "revoked 1"}));
}

// The heartbeat was on its way when the JoinGroup left, which says what it held.
TEST_F(GroupConsumerTest, who_is_put_out_while_it_joins_again_gives_up_what_it_held) {
  bool is_told = false;
  int beats = 0;
  heartbeat_ = [&](std::int32_t generation) {
    is_told = generation == 1 && ++beats == 2;
    return is_told ? ErrorCode::illegal_generation : ErrorCode::none;
  };
  run([&](Env& env) {
    const auto consumer = member();
    poll(env, *consumer, 1);
    const Instant end = env.now() + 1s;
    while (!is_told && env.now() < end) env.sleep(10us);
    consumer->subscribe({p0.topic});
    poll(env, *consumer, 3);
    consumer->close(env, env.now() + 1s);
  });
  EXPECT_EQ(told_, (Texts{"assigned 2", "lost 2", "assigned 2"}));
}

// A coordinator that was deposed and does not know it tells of what was committed before.
TEST_F(GroupConsumerTest, nobody_goes_back_behind_what_it_knows_to_be_committed) {
  run([&](Env& env) {
    committed_ = 4;
    const auto consumer = member();
    poll(env, *consumer, 1);
    const auto rewound = [&](Offset told) {
      committed_ = told;
      EXPECT_TRUE(consumer->rewind(env, env.now() + 1s).has_value());
      return *consumer->position(p0);
    };
    EXPECT_EQ(rewound(2), 4);
    consumer->note_committed({{p0, {.offset = 18}}});
    EXPECT_EQ(rewound(4), 18);
    EXPECT_EQ(rewound(20), 20);
    EXPECT_EQ(rewound(4), 18);
    consumer->close(env, env.now() + 1s);
  });
}

// KIP-848: it gives up its only partition, and while its application does what it has to do first,
// a heartbeat is told that nobody knows it.
TEST_F(GroupConsumerTest, who_is_put_out_while_it_gives_up_all_it_has_reads_nothing_of_it) {
  bool is_giving_up = false;
  int beats = 0;
  consumer_heartbeat_ = [&](const Beat& beat) {
    api::ConsumerGroupHeartbeatResponse out{.member_epoch = beat.member_epoch};
    if (is_giving_up && beat.member_epoch > 0) {
      out.error_code = ErrorCode::unknown_member_id;
    } else if (beat.member_epoch == 0) {
      out.member_epoch = 1;
      auto& assigned = out.assignment.emplace().topic_partitions;
      if (!is_giving_up) assigned.push_back({.partitions = {0}});
    } else if (++beats == 5) {
      out.assignment.emplace();
    }
    return out;
  };
  std::size_t read_before = 0, read_after = 0;
  run([&](Env& env) {
    const auto producer = Producer::start(env, producing());
    send_all(env, *producer, std::vector<std::string>(30, "a"));
    producer->close(env);
    const auto consumer = consumer_member({.revoked = [&](Env& fiber, const auto&) {
      is_giving_up = true;
      fiber.sleep(200ms);
    }});
    const Instant end = env.now() + 2s;
    while (env.now() < end) {
      const auto read = consumer->poll(env, env.now() + 10ms).records.size();
      (is_giving_up ? read_after : read_before) += read;
      env.sleep(20ms);
    }
    EXPECT_TRUE(is_giving_up);
    EXPECT_TRUE(consumer->assignment().empty());
    consumer->close(env, env.now() + 1s);
  });
  EXPECT_GE(read_before, 1u);
  EXPECT_EQ(read_after, 0u);
}

// KIP-848: nobody can say what topic that is, and its new owner waits for the other partition.
TEST_F(GroupConsumerTest, who_is_to_have_what_has_no_name_gives_up_the_rest_all_the_same) {
  int beats = 0;
  consumer_heartbeat_ = [&](const Beat&) {
    api::ConsumerGroupHeartbeatResponse out{.member_epoch = 1};
    ++beats;
    if (beats == 1) out.assignment.emplace().topic_partitions = {{.partitions = {0}}};
    const Uuid nobody_knows{1, 2};
    if (beats == 5) {
      out.assignment.emplace().topic_partitions = {{.topic_id = nobody_knows, .partitions = {0}}};
    }
    return out;
  };
  run([&](Env& env) {
    const auto consumer =
        consumer_member({.assigned = tell("assigned"), .revoked = tell("revoked")});
    poll(env, *consumer, 2);
    EXPECT_TRUE(consumer->assignment().empty());
    consumer->abandon(env);
  });
  ASSERT_GE(told_.size(), 2u);
  EXPECT_EQ(told_[0], "assigned 1");
  EXPECT_EQ(told_[1], "revoked 1");
}

TEST_F(GroupConsumerTest, who_is_told_what_it_does_not_know_to_end_says_so) {
  consumer_heartbeat_ = [](const Beat&) {
    return api::ConsumerGroupHeartbeatResponse{.error_code = ErrorCode::unknown_server_error};
  };
  run([&](Env& env) {
    const auto consumer = consumer_member({});
    (void)consumer->poll(env, env.now() + 1s);
    const auto problems = consumer->poll(env, env.now() + 1s).problems;
    ASSERT_EQ(problems.size(), 1u);
    EXPECT_EQ(problems[0].error, ErrorCode::unknown_server_error);
    consumer->close(env, env.now() + 1s);
  });
}

// As Kafka's consumers: the application is told each time that it polls.
TEST_F(GroupConsumerTest, who_is_refused_asks_again_with_the_next_poll) {
  joins_ = {ErrorCode::group_max_size_reached, ErrorCode::group_max_size_reached};
  run([&](Env& env) {
    const auto consumer = member();
    poll(env, *consumer, 1);
    consumer->close(env, env.now() + 1s);
  });
  EXPECT_EQ(problems_, (std::vector<ErrorCode>(2, ErrorCode::group_max_size_reached)));
  EXPECT_EQ(told_, (Texts{"assigned 2"}));
  EXPECT_EQ(subscriptions_.size(), 3u);
}

}  // namespace
}  // namespace brokersim::client
