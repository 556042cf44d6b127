// For tests of what the nodes of a running cluster answer: three brokers, a topic `t` with one
// partition on all of them, and a client that speaks the protocol by hand.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/api/all.h"
#include "core/client/admin.h"
#include "core/wire/channel.h"
#include "scenarios/cluster.h"

namespace brokersim::scenarios {

// A cluster and a client in it that speaks the protocol by hand.
class ByHand : public testing::Test {
 protected:
  static constexpr std::int16_t produce_version = 9;
  static constexpr std::int16_t fetch_version = 11;
  inline static const TopicPartition t0{"t", 0};

  static wire::Records batch_of(std::string_view value, bool is_damaged = false) {
    wire::BatchBuilder builder;
    const auto bytes = as_bytes(value);
    builder.add({.value = Bytes(bytes.begin(), bytes.end())});
    Bytes image = builder.finish().bytes().flat();
    if (is_damaged) image.back() ^= 1;
    return wire::Records{Slice(std::move(image))};
  }
  static api::ProduceRequest produce_of(const std::string& topic, std::int32_t partition,
                                        std::int16_t acks, wire::Records records) {
    api::ProduceRequest request{.acks = acks, .timeout_ms = 3000};
    request.topic_data.push_back({.name = topic});
    request.topic_data[0].partition_data.push_back(
        {.index = partition, .records = std::move(records)});
    return request;
  }

  // A topic whose partitions are on these brokers, of whom the first leads.
  static api::CreateTopicsRequest::CreatableTopic placed(const std::string& name,
                                                         const std::vector<NodeId>& brokers,
                                                         std::int32_t partitions = 1) {
    api::CreateTopicsRequest::CreatableTopic topic;
    topic.name = name;
    topic.num_partitions = -1;
    topic.replication_factor = -1;
    for (std::int32_t i = 0; i < partitions; ++i) {
      topic.assignments.push_back({.partition_index = i, .broker_ids = brokers});
    }
    return topic;
  }
  static Address address_of(NodeId node) {
    if (node.value < first_controller) return {fmt::format("broker-{}", node), 9092};
    return {fmt::format("controller-{}", node.value - first_controller + 1), 9093};
  }

  // Runs `script` on a machine of its own once `t` is there; fails if it does not end.
  void with_cluster(const std::function<void(Env&)>& script,
                    std::map<std::string, std::string> settings = {},
                    const std::map<std::string, std::string>& topic_configs = {}) {
    Plan plan;
    plan.cluster = made_of_;
    plan.cluster.settings = std::move(settings);
    plan.bugs = bugs_;
    cluster_.emplace(plan, *node_configs(plan));
    cluster_->world().recorder().listen([this](const Event& event) {
      if (const auto* note = std::get_if<Note>(&event.body)) notes_.push_back(note->text);
      const auto* refused = std::get_if<ConnectionRefused>(&event.body);
      if (refused != nullptr) notes_.push_back(refused->detail);
    });
    if (on_message_) cluster_->watch_messages(on_message_);
    cluster_->start_nodes();
    bool is_done = false;
    cluster_->start_client("by-hand", [&](Env& env) {
      client::Admin admin({.bootstrap_servers = cluster_->brokers(), .client_id = "by-hand"});
      const client::NewTopic topic{
          .name = "t", .partitions = 1, .replication_factor = 3, .configs = topic_configs};
      const auto created = admin.create_topics(env, {topic}, env.now() + 60s);
      ASSERT_TRUE(created.has_value());
      script(env);
      is_done = true;
    });
    EXPECT_TRUE(cluster_->world().run_until([&] { return is_done; }, Instant{120s}));
  }

  wire::Channel& to(NodeId node) {
    auto& channel = channels_[node];
    if (!channel) channel = std::make_unique<wire::Channel>(address_of(node), "by-hand");
    return *channel;
  }
  template <class Request>
  wire::CallResult<typename Request::Response> ask(Env& env, NodeId node, const Request& request,
                                                   std::int16_t version) {
    return to(node).call(env, request, version, env.now() + 10s);
  }
  // Waits until brokers know of them.
  void create(Env& env, std::vector<api::CreateTopicsRequest::CreatableTopic> topics) {
    const api::CreateTopicsRequest request{.topics = std::move(topics)};
    const auto created = ask(env, leader(), request, 7);
    ASSERT_TRUE(created.has_value()) << name_of(created.error());
    for (const auto& topic : created->topics) EXPECT_EQ(topic.error_code, api::ErrorCode::none);
    env.sleep(2s);
  }
  api::ProduceResponse::PartitionProduceResponse produced(Env& env, NodeId node,
                                                          const api::ProduceRequest& request,
                                                          std::int16_t version = produce_version) {
    const auto answer = ask(env, node, request, version);
    EXPECT_TRUE(answer.has_value()) << name_of(answer.error());
    return answer->responses[0].partition_responses[0];
  }
  api::ErrorCode produce(Env& env, NodeId node, const api::ProduceRequest& request) {
    return produced(env, node, request).error_code;
  }
  api::FetchResponse::PartitionData fetch(Env& env, NodeId node,
                                          api::FetchRequest::FetchPartition asked,
                                          const std::string& topic = "t",
                                          std::int16_t version = fetch_version) {
    api::FetchRequest request{.max_wait_ms = 100, .min_bytes = 1};
    asked.partition_max_bytes = 1 << 20;
    request.topics.push_back({.topic = topic, .partitions = {asked}});
    const auto answer = ask(env, node, request, version);
    EXPECT_TRUE(answer.has_value()) << name_of(answer.error());
    return answer->responses[0].partitions[0];
  }
  api::ListOffsetsResponse::ListOffsetsPartitionResponse list_offset(Env& env, NodeId node,
                                                                     std::int64_t timestamp,
                                                                     std::int16_t version = 7) {
    api::ListOffsetsRequest request{.replica_id = no_node};
    request.topics.push_back({.name = "t"});
    request.topics[0].partitions.push_back({.partition_index = 0, .timestamp = timestamp});
    return ask(env, node, request, version)->topics[0].partitions[0];
  }
  api::MetadataResponse metadata(Env& env, NodeId node, const std::string& topic, bool may_create) {
    api::MetadataRequest request{.allow_auto_topic_creation = may_create};
    request.topics.emplace().push_back({.name = topic});
    return *ask(env, node, request, 9);
  }

  // Once it is there, and has loaded what there is of groups.
  NodeId coordinator_of_group(Env& env, const std::string& group) {
    const api::FindCoordinatorRequest request{.coordinator_keys = {group}};
    while (true) {
      const auto found = ask(env, NodeId(1), request, 4);
      EXPECT_TRUE(found.has_value());
      env.sleep(3s);
      if (found && found->coordinators[0].node_id.is_set()) return found->coordinators[0].node_id;
    }
  }

  // What the node says first of all; until it says anything it is asked again.
  api::MetadataResponse first_metadata(Env& env, NodeId node, const std::string& topic) {
    api::MetadataRequest request;
    request.topics.emplace().push_back({.name = topic});
    while (true) {
      auto answer = to(node).call(env, request, 9, env.now() + 30s);
      if (answer) return *std::move(answer);
      env.sleep(1ms);
    }
  }

  const controller::Partition& state() { return *cluster_->metadata().find_partition(t0); }
  Uuid topic_id() { return cluster_->metadata().find_topic(t0.topic)->id; }
  NodeId leader() { return state().leader; }
  NodeId follower() { return leader() == NodeId(1) ? NodeId(2) : NodeId(1); }
  // In a note, or as why a connection was ended.
  bool has_noted(std::string_view text) const {
    return std::any_of(notes_.begin(), notes_.end(),
                       [&](const auto& note) { return note.find(text) != std::string::npos; });
  }

  Cluster made_of_;                       // But for its settings.
  std::vector<std::string> bugs_;         // By name.
  sim::MessageTap::Listener on_message_;  // If anybody wants to hear.
  std::optional<SimulatedCluster> cluster_;
  std::map<NodeId, std::unique_ptr<wire::Channel>> channels_;
  std::vector<std::string> notes_;
};

}  // namespace brokersim::scenarios
