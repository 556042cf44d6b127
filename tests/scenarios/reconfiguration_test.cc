// Voters that are added, removed and described anew in a running cluster, by the protocol's
// requests (KIP-853): through brokers, and at the controllers themselves.
#include "core/log/checkpoint.h"
#include "tests/scenarios/by_hand.h"

namespace brokersim::scenarios {
namespace {

using api::ErrorCode;

constexpr NodeId newcomer{104};

class ReconfigurableQuorum : public ByHand {
 protected:
  ReconfigurableQuorum() {
    made_of_.controllers = 4;
    made_of_.voters = 3;
  }
  void with_changing_voters(const std::function<void(Env&)>& script) {
    with_cluster(script, {{"kraft.version", "1"}});
  }
  // Each controller asks for a vote itself.
  void with_joining_voters(const std::function<void(Env&)>& script) {
    with_cluster(script, {{"kraft.version", "1"}, {"controller.quorum.auto.join.enable", "true"}});
  }
  // The machine starts again with a disk of its own kind that is new, formatted as told.
  void replace_disk(NodeId node, const Uuid& directory) {
    auto& machine = *cluster_->world().find(node);
    cluster_->world().crash(machine);
    auto& disk = machine.disk();
    for (const auto& path : disk.all_files()) ASSERT_TRUE(disk.remove(path));
    const auto file = disk.open(log::meta_properties_file, OpenMode::create);
    ASSERT_TRUE(file);
    const auto text = log::encode_meta_properties({"brokersim-cluster-0000", node, directory});
    ASSERT_TRUE((*file)->append(Rope(Slice(bytes_of(text)))));
    cluster_->world().restart(machine);
  }

  static api::AddRaftVoterRequest to_add(NodeId voter) {
    const auto key = replica_of(voter);
    api::AddRaftVoterRequest request{
        .timeout_ms = 5000, .voter_id = key.id, .voter_directory_id = key.directory};
    request.listeners.push_back(
        {"CONTROLLER", fmt::format("controller-{}", voter.value - 100), 9093});
    return request;
  }
  static api::RemoveRaftVoterRequest to_remove(NodeId voter) {
    const auto key = replica_of(voter);
    return {.voter_id = key.id, .voter_directory_id = key.directory};
  }
  ErrorCode add(Env& env, NodeId at, const api::AddRaftVoterRequest& request) {
    const auto answer = ask(env, at, request, 0);
    EXPECT_TRUE(answer.has_value()) << name_of(answer.error());
    return answer ? answer->error_code : ErrorCode::unknown_server_error;
  }
  ErrorCode remove(Env& env, NodeId at, const api::RemoveRaftVoterRequest& request) {
    const auto answer = ask(env, at, request, 0);
    EXPECT_TRUE(answer.has_value()) << name_of(answer.error());
    return answer ? answer->error_code : ErrorCode::unknown_server_error;
  }
  api::DescribeQuorumResponse describe(Env& env) {
    api::DescribeQuorumRequest request;
    request.topics.push_back({.topic_name = "__cluster_metadata", .partitions = {{}}});
    return *ask(env, NodeId(1), request, 2);
  }
  NodeId active(Env& env) { return describe(env).topics.at(0).partitions.at(0).leader_id; }
  std::vector<NodeId> voters(Env& env) {
    std::vector<NodeId> ids;
    const auto described = describe(env);
    for (const auto& voter : described.topics.at(0).partitions.at(0).current_voters) {
      EXPECT_EQ(voter.replica_directory_id, replica_of(voter.replica_id).directory);
      ids.push_back(voter.replica_id);
    }
    return ids;
  }
  static std::vector<NodeId> ids(std::initializer_list<int> numbers) {
    std::vector<NodeId> ids;
    for (const int number : numbers) ids.push_back(NodeId(number));
    return ids;
  }
};

TEST_F(ReconfigurableQuorum, is_told_of_by_its_nodes) {
  with_changing_voters([&](Env& env) {
    for (const NodeId node : {NodeId(1), NodeId(101)}) {
      const api::ApiVersionsRequest request{.client_software_name = "by-hand",
                                            .client_software_version = "1"};
      const auto answer = ask(env, node, request, 4);
      ASSERT_TRUE(answer.has_value());
      const auto is_it = [](const auto& feature) { return feature.name == "kraft.version"; };
      const auto supported =
          std::find_if(answer->supported_features.begin(), answer->supported_features.end(), is_it);
      ASSERT_NE(supported, answer->supported_features.end());
      EXPECT_EQ(supported->min_version, 0);
      EXPECT_EQ(supported->max_version, 1);
      const auto finalized =
          std::find_if(answer->finalized_features.begin(), answer->finalized_features.end(), is_it);
      ASSERT_NE(finalized, answer->finalized_features.end());
      EXPECT_EQ(finalized->max_version_level, 1);
    }
  });
}

TEST_F(ReconfigurableQuorum, gives_votes_and_takes_them_also_from_its_leader) {
  with_changing_voters([&](Env& env) {
    EXPECT_EQ(voters(env), ids({101, 102, 103}));
    EXPECT_EQ(add(env, NodeId(1), to_add(newcomer)), ErrorCode::none);
    EXPECT_EQ(voters(env), ids({101, 102, 103, 104}));
    const NodeId leader = active(env);
    EXPECT_EQ(remove(env, NodeId(2), to_remove(leader)), ErrorCode::none);
    const auto left = voters(env);
    EXPECT_EQ(left.size(), 3u);
    EXPECT_EQ(std::count(left.begin(), left.end(), leader), 0);
    EXPECT_NE(active(env), leader);
  });
}

TEST_F(ReconfigurableQuorum, says_why_it_does_not_change) {
  with_changing_voters([&](Env& env) {
    const NodeId leader = active(env);
    const NodeId other = leader == NodeId(101) ? NodeId(102) : NodeId(101);
    EXPECT_EQ(add(env, other, to_add(newcomer)), ErrorCode::not_leader_or_follower);
    EXPECT_EQ(remove(env, other, to_remove(other)), ErrorCode::not_leader_or_follower);
    EXPECT_EQ(add(env, leader, to_add(other)), ErrorCode::duplicate_voter);
    EXPECT_EQ(remove(env, leader, to_remove(newcomer)), ErrorCode::voter_not_found);

    auto elsewhere = to_add(newcomer);
    elsewhere.cluster_id = "another";
    EXPECT_EQ(add(env, leader, elsewhere), ErrorCode::inconsistent_cluster_id);
    auto nowhere = to_add(newcomer);
    nowhere.listeners[0].name = "PLAINTEXT";
    EXPECT_EQ(add(env, leader, nowhere), ErrorCode::invalid_request);
    auto nobody = to_add(newcomer);
    nobody.voter_directory_id = no_uuid;
    EXPECT_EQ(add(env, leader, nobody), ErrorCode::invalid_request);
    auto silent = to_add(newcomer);
    silent.listeners[0].port = 1;
    EXPECT_EQ(add(env, leader, silent), ErrorCode::request_timed_out);
    auto other_disk = to_remove(other);
    other_disk.voter_directory_id[0] ^= 1;
    EXPECT_EQ(remove(env, leader, other_disk), ErrorCode::voter_not_found);
    EXPECT_EQ(voters(env), ids({101, 102, 103}));
  });
}

// What somebody else says of a voter does not last: it says itself where it is.
TEST_F(ReconfigurableQuorum, learns_where_a_voter_has_moved) {
  with_changing_voters([&](Env& env) {
    const auto described = describe(env).topics.at(0).partitions.at(0);
    const NodeId other = described.leader_id == NodeId(101) ? NodeId(102) : NodeId(101);
    const auto key = replica_of(other);
    api::UpdateRaftVoterRequest request{.current_leader_epoch = described.leader_epoch,
                                        .voter_id = key.id,
                                        .voter_directory_id = key.directory};
    request.listeners.push_back({"CONTROLLER", "somewhere", 9});
    request.kraft_version_feature = {0, 1};
    const auto port_of = [&] {
      const auto answer = describe(env);
      for (const auto& node : answer.nodes) {
        if (node.node_id == other) return node.listeners.at(0).port;
      }
      return std::uint16_t{0};
    };
    request.current_leader_epoch = LeaderEpoch(described.leader_epoch.value - 1);
    EXPECT_EQ(ask(env, described.leader_id, request, 0)->error_code,
              ErrorCode::fenced_leader_epoch);
    request.current_leader_epoch = described.leader_epoch;
    EXPECT_EQ(ask(env, described.leader_id, request, 0)->error_code, ErrorCode::none);
    EXPECT_EQ(port_of(), 9);
    env.sleep(10s);
    EXPECT_EQ(port_of(), 9093);
  });
}

// Configured voters, with disks that tell them apart, become voters of the log.
TEST_F(ReconfigurableQuorum, is_what_configured_voters_become_by_a_feature) {
  made_of_.features = {{"kraft.version", 1}};
  with_cluster([&](Env& env) {
    const auto raise_to = [&](std::int16_t level, bool validates_only = false) {
      api::UpdateFeaturesRequest request{.validate_only = validates_only};
      request.feature_updates.push_back({.feature = "kraft.version", .max_version_level = level});
      return ask(env, NodeId(1), request, 2)->error_code;
    };
    const NodeId leader = active(env);
    EXPECT_EQ(raise_to(2), ErrorCode::invalid_update_version);
    EXPECT_EQ(raise_to(0), ErrorCode::none);
    env.sleep(5s);
    EXPECT_EQ(raise_to(1, true), ErrorCode::none);
    EXPECT_EQ(remove(env, leader, to_remove(newcomer)), ErrorCode::unsupported_version);
    EXPECT_EQ(raise_to(1), ErrorCode::none);
    EXPECT_EQ(raise_to(1), ErrorCode::none);
    EXPECT_EQ(raise_to(0), ErrorCode::invalid_update_version);
    EXPECT_EQ(voters(env), ids({101, 102, 103, 104}));
    EXPECT_EQ(remove(env, leader, to_remove(leader)), ErrorCode::none);
    env.sleep(5s);
    // Who starts again finds them in its log, whatever it is configured with.
    for (const int node : {101, 102, 103, 104, 2}) {
      auto& machine = *cluster_->world().find(NodeId(node));
      cluster_->world().crash(machine);
      cluster_->world().restart(machine);
    }
    env.sleep(20s);
    EXPECT_EQ(voters(env).size(), 3u);
    EXPECT_NE(active(env), leader);
  });
}

TEST_F(ReconfigurableQuorum, stays_configured_where_disks_cannot_be_told_apart) {
  with_cluster([&](Env& env) {
    env.sleep(5s);
    api::UpdateFeaturesRequest request;
    request.feature_updates.push_back({.feature = "kraft.version", .max_version_level = 1});
    request.feature_updates.push_back({.feature = "group.version", .max_version_level = 1});
    const auto answer = ask(env, NodeId(1), request, 2);
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->error_code, ErrorCode::invalid_update_version);
    EXPECT_FALSE(cluster_->metadata().features().contains("group.version")) << "all or nothing";
  });
}

TEST_F(ReconfigurableQuorum, has_the_votes_of_those_that_join_by_themselves) {
  with_joining_voters([&](Env& env) {
    env.sleep(10s);
    EXPECT_EQ(voters(env), ids({101, 102, 103, 104}));
    // Who joins by itself is not removed for long.
    EXPECT_EQ(remove(env, NodeId(1), to_remove(newcomer)), ErrorCode::none);
    EXPECT_EQ(voters(env), ids({101, 102, 103}));
    env.sleep(10s);
    EXPECT_EQ(voters(env), ids({101, 102, 103, 104}));
  });
}

TEST_F(ReconfigurableQuorum, has_one_vote_for_who_comes_back_with_a_new_disk) {
  with_joining_voters([&](Env& env) {
    env.sleep(10s);
    const NodeId other = active(env) == NodeId(101) ? NodeId(102) : NodeId(101);
    auto directory = replica_of(other).directory;
    directory[0] ^= 1;
    replace_disk(other, directory);
    env.sleep(20s);
    const auto quorum = describe(env).topics.at(0).partitions.at(0);
    EXPECT_EQ(quorum.current_voters.size(), 4u);
    for (const auto& voter : quorum.current_voters) {
      const bool is_new = voter.replica_id == other;
      EXPECT_EQ(voter.replica_directory_id,
                is_new ? directory : replica_of(voter.replica_id).directory)
          << voter.replica_id.value;
    }
  });
}

TEST_F(ReconfigurableQuorum, is_joined_by_nobody_who_is_not_told_to) {
  with_changing_voters([&](Env& env) {
    env.sleep(10s);
    EXPECT_EQ(voters(env), ids({101, 102, 103}));
  });
}

TEST_F(ReconfigurableQuorum, is_not_what_configured_voters_are) {
  with_cluster([&](Env& env) {
    const NodeId leader = active(env);
    EXPECT_EQ(add(env, leader, to_add(newcomer)), ErrorCode::unsupported_version);
    EXPECT_EQ(remove(env, leader, to_remove(leader)), ErrorCode::unsupported_version);
    EXPECT_EQ(describe(env).topics.at(0).partitions.at(0).current_voters.size(), 4u);
  });
}

}  // namespace
}  // namespace brokersim::scenarios
