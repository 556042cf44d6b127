// A controller with brokers 1, 2, 3 …, and the short way to say what they ask of it.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "core/controller/controller.h"

namespace brokersim::controller {

using api::ErrorCode;

template <class T>
std::vector<T> of_kind(const std::vector<EventBody>& events) {
  std::vector<T> found;
  for (const auto& event : events) {
    if (const auto* body = std::get_if<T>(&event)) found.push_back(*body);
  }
  return found;
}

inline std::vector<NodeId> nodes(std::initializer_list<std::int32_t> ids) {
  std::vector<NodeId> out;
  for (const auto id : ids) out.push_back(NodeId{id});
  return out;
}

inline Uuid incarnation(std::uint8_t n) { return Uuid{n}; }

struct Cluster {
  explicit Cluster(std::int32_t brokers, ControllerConfig config = {}, Rules rules = {})
      : controller(Image("cluster"), 0, {}, std::move(config), rules) {
    for (std::int32_t id = 1; id <= brokers; ++id) start(id);
  }

  // `previous` is the broker epoch of a life that ended in order.
  Decision<api::BrokerRegistrationResponse> register_broker(
      std::int32_t id, std::uint8_t life, BrokerEpoch previous = no_broker_epoch) {
    api::BrokerRegistrationRequest request;
    request.broker_id = NodeId{id};
    request.cluster_id = "cluster";
    request.incarnation_id = incarnation(life);
    request.previous_broker_epoch = previous;
    for (const auto& feature : supported_features()) {
      request.features.push_back(
          {std::string(feature.name), feature.levels.min, feature.levels.max});
    }
    return keep(controller.register_broker(now, request));
  }

  struct Heartbeat {
    bool want_fence = false;
    bool want_shut_down = false;
    Offset metadata_offset = 1'000'000;
  };
  Decision<api::BrokerHeartbeatResponse> heartbeat(std::int32_t id, Heartbeat what) {
    api::BrokerHeartbeatRequest request;
    request.broker_id = NodeId{id};
    request.broker_epoch = epoch_of(id);
    request.current_metadata_offset = what.metadata_offset;
    request.want_fence = what.want_fence;
    request.want_shut_down = what.want_shut_down;
    return keep(controller.heartbeat(now, request));
  }
  Decision<api::BrokerHeartbeatResponse> heartbeat(std::int32_t id) { return heartbeat(id, {}); }

  void start(std::int32_t id, std::uint8_t life = 1) {
    register_broker(id, life);
    heartbeat(id);
  }
  void fence(std::int32_t id) { heartbeat(id, {.want_fence = true}); }

  api::AllocateProducerIdsResponse allocate_producer_ids(std::int32_t id) {
    const api::AllocateProducerIdsRequest request{.broker_id = NodeId{id},
                                                  .broker_epoch = epoch_of(id)};
    return keep(controller.allocate_producer_ids(request)).response;
  }

  // A topic with one partition on these brokers, in this order.
  api::CreateTopicsResponse::CreatableTopicResult create(
      const std::string& name, std::initializer_list<std::int32_t> replicas,
      std::vector<api::CreateTopicsRequest::CreatableTopicConfig> configs = {}) {
    api::CreateTopicsRequest request;
    auto& topic = request.topics.emplace_back();
    topic.name = name;
    topic.num_partitions = -1;
    topic.replication_factor = -1;
    topic.assignments.push_back({.partition_index = 0, .broker_ids = nodes(replicas)});
    topic.configs = std::move(configs);
    return keep(controller.create_topics(request, log.size())).response.topics.front();
  }

  // The leader's request as it would be right; tests then spoil it.
  api::AlterPartitionRequest alteration(const std::string& topic,
                                        std::initializer_list<std::int32_t> isr) const {
    const auto& state = partition(topic);
    api::AlterPartitionRequest request;
    request.broker_id = state.leader;
    request.broker_epoch = epoch_of(state.leader.value);
    auto& asked = request.topics.emplace_back();
    asked.topic_id = controller.image().find_topic(topic)->id;
    auto& p = asked.partitions.emplace_back();
    p.leader_epoch = state.leader_epoch;
    p.partition_epoch = state.partition_epoch;
    for (const auto id : isr) {
      p.new_isr_with_epochs.push_back({.broker_id = NodeId{id}, .broker_epoch = epoch_of(id)});
    }
    return request;
  }
  Decision<api::AlterPartitionResponse> alter(const api::AlterPartitionRequest& request) {
    return keep(controller.alter_partition(request));
  }

  Decision<api::ElectLeadersResponse> elect(const std::string& topic, std::int8_t type) {
    api::ElectLeadersRequest request;
    request.election_type = type;
    request.topic_partitions.emplace().push_back({.topic = topic, .partitions = {0}});
    return keep(controller.elect_leaders(request));
  }

  Decided tick() { return keep(controller.tick(now)); }

  const Partition& partition(const std::string& topic) const {
    return *controller.image().find_partition({topic, 0});
  }
  BrokerEpoch epoch_of(std::int32_t id) const {
    const auto* broker = controller.image().find_broker(NodeId{id});
    return broker ? broker->epoch : no_broker_epoch;
  }

  // Every decision passes here: `log` is what the quorum would have committed.
  template <class D>
  D keep(D decision) {
    EXPECT_EQ(decision.base_offset, static_cast<Offset>(log.size()));
    log.insert(log.end(), decision.records.begin(), decision.records.end());
    EXPECT_EQ(decision.end_offset(), controller.next_offset());
    return decision;
  }

  Controller controller;
  Instant now{};
  std::vector<MetadataRecord> log;
};

}  // namespace brokersim::controller
