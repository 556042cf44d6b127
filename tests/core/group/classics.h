// Consumers that speak the classic protocol as they behave: a cooperative one says with each
// JoinGroup what it has, and gives up what its share leaves out before it joins again; an eager one
// gives up everything first.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/group/embedded_protocol.h"
#include "tests/core/group/consumers.h"

namespace brokersim::group {

inline Bytes subscription_of(const std::vector<std::string>& topics, const PartitionSet& owned,
                             std::int32_t generation, const KnownTopics& known,
                             std::int16_t version = 3) {
  api::ConsumerProtocolSubscription subscription;
  subscription.topics = topics;
  subscription.generation_id = generation;
  for (const auto& [name, topic] : known) {
    const auto found = owned.find(topic.id);
    if (found == owned.end()) continue;
    subscription.owned_partitions.push_back(
        {.topic = name, .partitions = {found->second.begin(), found->second.end()}});
  }
  return api::encode_versioned(subscription, version);
}

class TestClassic {
 public:
  explicit TestClassic(Coordinated& c, std::optional<std::string> in_instance = {})
      : instance(std::move(in_instance)), c_(&c) {}

  std::string id;
  std::optional<std::string> instance;
  std::vector<std::string> topics = {"orders"};
  std::vector<std::string> protocols = {"cooperative-sticky"};
  bool is_eager = false;
  std::int16_t version = 9;
  std::int16_t speaks = 3;  // The version of what it says of itself.
  std::int32_t session_ms = 30'000;
  std::int32_t rebalance_ms = 60'000;
  std::int32_t generation = -1;
  std::int32_t held_since = -1;
  PartitionSet owned;

  // ---- One request each ----

  RequestId join() {
    if (is_eager) owned.clear();
    api::JoinGroupRequest asked;
    asked.group_id = "g";
    asked.session_timeout_ms = session_ms;
    asked.rebalance_timeout_ms = rebalance_ms;
    asked.member_id = id;
    asked.group_instance_id = instance;
    asked.protocol_type = "consumer";
    for (const auto& name : protocols) {
      asked.protocols.push_back(
          {name, subscription_of(topics, owned, held_since, *c_->known_topics, speaks)});
    }
    return c_->join(asked, version);
  }
  // Of a new member the id, of others the generation as well.
  ErrorCode hear_joined(RequestId request) {
    const auto& joined = c_->joined(request);
    const bool is_told_id =
        joined.error_code == ErrorCode::none || joined.error_code == ErrorCode::member_id_required;
    if (is_told_id) id = joined.member_id;
    if (joined.error_code == ErrorCode::none) generation = joined.generation_id;
    return joined.error_code;
  }
  // As the leader, with what the others get.
  RequestId sync(const std::map<std::string, PartitionSet>& shares = {}) {
    api::SyncGroupRequest asked;
    asked.group_id = "g";
    asked.generation_id = generation;
    asked.member_id = id;
    asked.group_instance_id = instance;
    asked.protocol_type = "consumer";
    asked.protocol_name = protocols.front();
    for (const auto& [to, share] : shares) {
      asked.assignments.push_back({to, write_assignment(share, 1, *c_->known_topics)});
    }
    return c_->sync(asked);
  }
  ErrorCode hear_synced(RequestId request) {
    const auto& synced = c_->synced(request);
    if (synced.error_code == ErrorCode::none) {
      owned = read_assignment(synced.assignment, *c_->known_topics).value();
      held_since = generation;
    }
    return synced.error_code;
  }
  ErrorCode beat() { return c_->heartbeat(id, generation, instance); }

  // ---- In a consumer group, where nobody waits for others ----

  ErrorCode enter() {
    auto error = hear_joined(join());
    if (error == ErrorCode::member_id_required) error = hear_joined(join());
    return error == ErrorCode::none ? hear_synced(sync()) : error;
  }
  // Until it is not told to join again any more.
  void settle() {
    for (int i = 0; i < 5; ++i) {
      if (beat() == ErrorCode::rebalance_in_progress) enter();
    }
  }

 private:
  Coordinated* c_;
};

// All of them join a classic group, the first time or again, and get these shares.
inline void assign_as_leader(Coordinated& c,
                             const std::vector<std::pair<TestClassic*, PartitionSet>>& shares) {
  std::vector<RequestId> joins;
  for (const auto& [member, share] : shares) {
    auto request = member->join();
    if (!c.is_parked(request) && c.joined(request).error_code == ErrorCode::member_id_required) {
      member->hear_joined(request);
      request = member->join();
    }
    joins.push_back(request);
  }
  c.pass(c.config.initial_rebalance_delay * 3);
  std::map<std::string, PartitionSet> by_id;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    ASSERT_EQ(shares[i].first->hear_joined(joins[i]), ErrorCode::none);
    by_id[shares[i].first->id] = shares[i].second;
  }
  const auto leader = c.joined(joins.front()).leader;
  std::vector<RequestId> syncs;
  for (const auto& [member, share] : shares) {
    syncs.push_back(member->sync(member->id == leader ? by_id : decltype(by_id)()));
  }
  for (std::size_t i = 0; i < shares.size(); ++i) {
    ASSERT_EQ(shares[i].first->hear_synced(syncs[i]), ErrorCode::none);
  }
}

}  // namespace brokersim::group
