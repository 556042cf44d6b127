// A shard with a log in memory: appends are committed at once, or when the test says so, or
// refused.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/api/consumer_protocol.h"
#include "core/group/shard.h"

namespace brokersim::group {

using api::ErrorCode;

// What a consumer that wants one topic says of itself.
inline Bytes subscription_to(const std::string& topic) {
  api::ConsumerProtocolSubscription subscription;
  subscription.topics = {topic};
  return api::encode_versioned(subscription, 1);
}

struct Joining {
  std::string member = {};
  std::optional<std::string> instance = {};
  std::vector<std::string> protocols = {"range"};
  std::string metadata = "orders";  // The topic subscribed to.
  std::int16_t version = 9;
  std::int32_t session_ms = 10'000;
  std::int32_t rebalance_ms = 60'000;
  std::string type = "consumer";
};

class Coordinated {
 public:
  explicit Coordinated(GroupConfig settings = {}, TransactionRules switched = {},
                       GroupRules of_groups = {})
      : config(std::move(settings)), rules(switched), group_rules(of_groups) {
    shard.emplace(config, rules, group_rules);
    take(shard->loaded(now, 0));
  }
  Coordinated(const Coordinated&) = delete;

  // What a record of the log is to a transaction.
  struct InTransaction {
    std::int64_t producer = -1;
    bool is_marker = false;
    bool is_commit = false;
  };

  GroupConfig config;
  TransactionRules rules;
  GroupRules group_rules;
  std::optional<Shard> shard;
  Now now{Instant{} + 1s, WallTime{1'000'000}};
  std::vector<wire::Record> log;
  std::vector<InTransaction> entries;  // Beside the records of the log.
  bool commits_at_once = true;
  std::optional<ErrorCode> refuses;  // Every append, while set.
  std::map<RequestId, Response> answers;
  std::vector<RequestId> requests;
  std::vector<RequestId> answered;  // In this order.
  std::vector<GroupStateChanged> states;
  std::shared_ptr<const KnownTopics> known_topics = std::make_shared<KnownTopics>();

  // ---- Requests ----

  RequestId join(const Joining& how, const std::string& group = "g") {
    api::JoinGroupRequest asked;
    asked.group_id = group;
    asked.session_timeout_ms = how.session_ms;
    asked.rebalance_timeout_ms = how.rebalance_ms;
    asked.member_id = how.member;
    asked.group_instance_id = how.instance;
    asked.protocol_type = how.type;
    for (const auto& name : how.protocols) {
      asked.protocols.push_back({name, subscription_to(how.metadata)});
    }
    return join(asked, how.version);
  }
  RequestId join(const api::JoinGroupRequest& asked, std::int16_t version) {
    Uuid fresh{};
    fresh[15] = static_cast<std::uint8_t>(++ids_);
    fresh[14] = static_cast<std::uint8_t>(ids_ >> 8);
    const JoinContext context{
        .client_id = "c", .client_host = "/h", .version = version, .fresh = fresh};
    const auto id = next();
    take(shard->join(now, id, context, asked));
    return id;
  }
  // The two steps of a dynamic member since KIP-394; gives its id and its second request.
  std::pair<std::string, RequestId> enter(Joining how = {}) {
    how.member = joined(join(how)).member_id;
    return {how.member, join(how)};
  }
  RequestId sync(const std::string& member, std::int32_t generation,
                 const std::map<std::string, std::string>& assignments = {},
                 const std::optional<std::string>& instance = {}) {
    api::SyncGroupRequest asked;
    asked.group_id = "g";
    asked.generation_id = generation;
    asked.member_id = member;
    asked.group_instance_id = instance;
    for (const auto& [to, what] : assignments) asked.assignments.push_back({to, bytes_of(what)});
    return sync(asked);
  }
  RequestId sync(const api::SyncGroupRequest& asked) {
    const auto id = next();
    take(shard->sync(now, id, asked));
    return id;
  }
  ErrorCode heartbeat(const std::string& member, std::int32_t generation,
                      const std::optional<std::string>& instance = {}) {
    api::HeartbeatRequest asked;
    asked.group_id = "g";
    asked.generation_id = generation;
    asked.member_id = member;
    asked.group_instance_id = instance;
    return shard->heartbeat(now, asked);
  }
  RequestId leave(const std::string& member, const std::optional<std::string>& instance = {}) {
    api::LeaveGroupRequest asked;
    asked.group_id = "g";
    asked.members.push_back({.member_id = member, .group_instance_id = instance});
    const auto id = next();
    take(shard->leave(now, id, asked));
    return id;
  }
  RequestId commit(Offset offset, const std::string& member = {}, std::int32_t generation = -1,
                   const std::string& topic = "orders", const std::string& metadata = {},
                   std::int64_t retention_ms = -1) {
    api::OffsetCommitRequest asked;
    asked.group_id = "g";
    asked.generation_id_or_member_epoch = generation;
    asked.member_id = member;
    asked.retention_time_ms = retention_ms;
    auto& partitions = asked.topics.emplace_back();
    partitions.name = topic;
    partitions.partitions.push_back({.committed_offset = offset, .committed_metadata = metadata});
    const auto id = next();
    take(shard->commit_offsets(now, id, asked));
    return id;
  }
  RequestId commit_pending(Offset offset, std::int64_t producer, const std::string& member = {},
                           std::int32_t generation = -1) {
    api::TxnOffsetCommitRequest asked;
    asked.transactional_id = "a";
    asked.group_id = "g";
    asked.producer_id = producer;
    asked.producer_epoch = 0;
    asked.generation_id = generation;
    asked.member_id = member;
    auto& partitions = asked.topics.emplace_back();
    partitions.name = "orders";
    partitions.partitions.push_back({.committed_offset = offset});
    const auto id = next();
    take(shard->commit_pending(now, id, asked));
    return id;
  }
  // The marker is in the log.
  void end_transaction(std::int64_t producer, bool is_commit) {
    shard->transaction_ended(static_cast<Offset>(log.size()), producer, is_commit);
    log.emplace_back();
    entries.push_back({.producer = producer, .is_marker = true, .is_commit = is_commit});
    if (commits_at_once) commit_log();
  }
  ErrorCode stability(const std::string& topic = "orders") const {
    api::OffsetFetchRequest::OffsetFetchRequestGroup asked;
    asked.group_id = "g";
    asked.topics.emplace().push_back({.name = topic, .partition_indexes = {0}});
    return shard->fetch_offsets(asked, true).topics.at(0).partitions.at(0).error_code;
  }
  Offset fetch(const std::string& topic = "orders") const {
    api::OffsetFetchRequest::OffsetFetchRequestGroup asked;
    asked.group_id = "g";
    asked.topics.emplace().push_back({.name = topic, .partition_indexes = {0}});
    return shard->fetch_offsets(asked, false).topics.at(0).partitions.at(0).committed_offset;
  }
  RequestId delete_group() {
    const auto id = next();
    take(shard->delete_group(now, id, "g"));
    return id;
  }
  RequestId delete_offsets(const std::string& topic) {
    api::OffsetDeleteRequest asked;
    asked.group_id = "g";
    auto& partitions = asked.topics.emplace_back();
    partitions.name = topic;
    partitions.partitions.emplace_back();
    const auto id = next();
    take(shard->delete_offsets(now, id, asked));
    return id;
  }
  void forget_topic(const std::string& topic) { take(shard->forget_topics(now, {topic})); }

  // Of a member of a consumer group.
  RequestId beat(const api::ConsumerGroupHeartbeatRequest& asked, std::int16_t version = 1) {
    const HeartbeatContext context{.client_id = "c",
                                   .client_host = "/h",
                                   .version = version,
                                   .fresh_id = "fresh-" + std::to_string(++ids_)};
    const auto id = next();
    take(shard->consumer_heartbeat(now, id, context, asked));
    return id;
  }
  void learn(const KnownTopics& topics) {
    known_topics = std::make_shared<KnownTopics>(topics);
    shard->learn(known_topics);
  }

  // ---- Answers ----

  bool is_parked(RequestId request) const { return !answers.contains(request); }
  template <class T>
  const T& answer(RequestId request) const {
    const auto found = answers.find(request);
    EXPECT_NE(found, answers.end()) << "request " << request.value << " is parked";
    static const T none{};
    return found == answers.end() ? none : std::get<T>(found->second);
  }
  const api::JoinGroupResponse& joined(RequestId r) const {
    return answer<api::JoinGroupResponse>(r);
  }
  const api::SyncGroupResponse& synced(RequestId r) const {
    return answer<api::SyncGroupResponse>(r);
  }
  const api::ConsumerGroupHeartbeatResponse& beaten(RequestId r) const {
    return answer<api::ConsumerGroupHeartbeatResponse>(r);
  }
  ErrorCode left(RequestId r) const {
    const auto& response = answer<api::LeaveGroupResponse>(r);
    if (response.error_code != ErrorCode::none) return response.error_code;
    return response.members.at(0).error_code;
  }
  ErrorCode committed(RequestId r) const {
    return answer<api::OffsetCommitResponse>(r).topics.at(0).partitions.at(0).error_code;
  }
  ErrorCode pending(RequestId r) const {
    return answer<api::TxnOffsetCommitResponse>(r).topics.at(0).partitions.at(0).error_code;
  }
  ErrorCode deleted(RequestId r) const {
    return answer<api::DeleteGroupsResponse>(r).results.at(0).error_code;
  }

  // ---- The world ----

  void pass(Duration time) {
    const Instant end = now.at + time;
    while (true) {
      const auto due = shard->next_deadline();
      if (due > end) break;
      move_to(std::max(due, now.at));
      take(shard->tick(now));
    }
    move_to(end);
  }
  void commit_log() { take(shard->committed(now, static_cast<Offset>(log.size()))); }
  // Another broker takes over: all it has is the log.
  void fail_over() {
    take(shard->abandon(now));
    shard.emplace(config, rules, group_rules);
    shard->learn(known_topics);
    for (std::size_t i = 0; i < log.size(); ++i) {
      const auto at = static_cast<Offset>(i);
      const auto& entry = entries[i];
      if (entry.is_marker) {
        shard->transaction_ended(at, entry.producer, entry.is_commit);
      } else if (entry.producer >= 0) {
        ASSERT_TRUE(shard->replay_pending(at, entry.producer, log[i]));
      } else {
        ASSERT_TRUE(shard->replay(at, log[i]));
      }
    }
    take(shard->loaded(now, static_cast<Offset>(log.size())));
  }
  api::ConsumerGroupDescribeResponse::DescribedGroup described() const {
    return shard->describe_consumers("g");
  }
  // "classic Stable"; empty if there is no group.
  std::string kind() const {
    const auto rows = shard->list();
    return rows.empty() ? "" : rows.at(0).group_type + " " + rows.at(0).group_state;
  }
  std::string state() const { return shard->describe("g").group_state; }
  std::size_t members() const { return shard->describe("g").members.size(); }

  // ---- Shortcuts ----

  // Members that have joined for the first time and been assigned "a0", "a1", …, in order.
  std::vector<std::string> stable(std::vector<Joining> who) {
    std::vector<std::string> ids;
    std::vector<RequestId> joins;
    for (const auto& how : who) {
      if (how.instance) {
        joins.push_back(join(how));
      } else {
        joins.push_back(enter(how).second);
      }
    }
    pass(config.initial_rebalance_delay * 3);
    std::map<std::string, std::string> assignments;
    for (const auto request : joins) {
      ids.push_back(joined(request).member_id);
      assignments[ids.back()] = "a" + std::to_string(ids.size() - 1);
    }
    stable_generation = joined(joins.front()).generation_id;
    const auto leader = joined(joins.front()).leader;
    sync(leader, stable_generation, assignments);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (ids[i] != leader) sync(ids[i], stable_generation, {}, who[i].instance);
    }
    return ids;
  }
  std::int32_t stable_generation = 0;  // As stable() made it.

 private:
  RequestId next() {
    requests.push_back({requests.size() + 1});
    return requests.back();
  }
  void move_to(Instant at) {
    now.wall.ms += milliseconds(at - now.at);
    now.at = at;
  }
  void take(Output out) {
    for (auto& event : out.events) {
      if (auto* state = std::get_if<GroupStateChanged>(&event)) states.push_back(std::move(*state));
    }
    for (auto& answer : out.answers) {
      answered.push_back(answer.request);
      EXPECT_TRUE(answers.emplace(answer.request, std::move(answer.response)).second)
          << "request " << answer.request.value << " is answered twice";
    }
    for (const auto& write : out.writes) {
      if (refuses) {
        take(shard->append_failed(now, write.id, *refuses));
        continue;
      }
      shard->appended(now, write.id, static_cast<Offset>(log.size()));
      log.insert(log.end(), write.records.begin(), write.records.end());
      entries.resize(log.size(), {.producer = write.producer ? write.producer->id : -1});
    }
    if (commits_at_once && !out.writes.empty()) commit_log();
  }

  int ids_ = 0;
};

}  // namespace brokersim::group
