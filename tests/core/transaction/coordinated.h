// A shard with a log in memory: appends are committed at once, or when the test says so, or
// refused. Markers are written when the test says so.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/transaction/shard.h"

namespace brokersim::transaction {

using api::ErrorCode;

inline const TopicPartition p0{"t", 0};
inline const TopicPartition p1{"t", 1};

class Coordinated {
 public:
  explicit Coordinated(TransactionRules switched = {}) : rules(switched) {
    shard.emplace(config, rules);
    take(shard->loaded(now, 0));
  }
  Coordinated(const Coordinated&) = delete;

  TransactionConfig config;
  TransactionRules rules;
  std::optional<Shard> shard;
  std::int16_t level = 1;  // Of transaction.version.
  Now now{Instant{} + 1s, WallTime{1'000'000}};
  std::vector<wire::Record> log;
  bool commits_at_once = true;
  std::optional<ErrorCode> refuses;  // Every append, while set.
  bool has_producer_ids = true;
  std::map<RequestId, Response> answers;
  std::vector<RequestId> requests;

  // ---- Requests ----

  RequestId init(const std::optional<ProducerAndEpoch>& expected = {},
                 std::int32_t timeout = 60'000, const std::string& id = "a") {
    api::InitProducerIdRequest asked;
    asked.transactional_id = id;
    asked.transaction_timeout_ms = timeout;
    if (expected) {
      asked.producer_id = expected->id;
      asked.producer_epoch = expected->epoch;
    }
    stock();
    const auto request = next();
    take(shard->init_producer(now, request, asked));
    return request;
  }
  RequestId add(const ProducerAndEpoch& producer, const std::set<TopicPartition>& partitions,
                const std::string& id = "a") {
    const auto request = next();
    const std::int16_t version = level >= epoch_per_transaction ? level : std::int16_t{0};
    take(shard->add_partitions(now, request, id, producer, partitions, version));
    return request;
  }
  RequestId end(const ProducerAndEpoch& producer, bool is_commit, std::int16_t version = 1,
                const std::string& id = "a") {
    stock();
    const auto request = next();
    take(shard->end(now, request,
                    {.transactional_id = id,
                     .producer_id = producer.id,
                     .producer_epoch = producer.epoch,
                     .committed = is_commit},
                    version));
    return request;
  }
  ErrorCode verify(const ProducerAndEpoch& producer, const TopicPartition& partition) const {
    return shard->verify("a", producer, {partition}).at(partition);
  }

  // ---- Answers ----

  bool is_waiting(RequestId request) const { return !answers.contains(request); }
  ErrorCode error(RequestId request) const {
    const auto found = answers.find(request);
    EXPECT_NE(found, answers.end()) << "request " << request.value << " waits";
    if (found == answers.end()) return ErrorCode::unknown_server_error;
    if (const auto* plain = std::get_if<ErrorCode>(&found->second)) return *plain;
    if (const auto* init = std::get_if<api::InitProducerIdResponse>(&found->second)) {
      return init->error_code;
    }
    return std::get<api::EndTxnResponse>(found->second).error_code;
  }
  ProducerAndEpoch producer(RequestId request) const {
    EXPECT_EQ(error(request), ErrorCode::none);
    if (const auto* init = std::get_if<api::InitProducerIdResponse>(&answers.at(request))) {
      return {init->producer_id, init->producer_epoch};
    }
    const auto& ended = std::get<api::EndTxnResponse>(answers.at(request));
    return {ended.producer_id, ended.producer_epoch};
  }

  // ---- Shortcuts ----

  ProducerAndEpoch begin() { return producer(init()); }
  // With an ongoing transaction.
  ProducerAndEpoch begin_with(const std::set<TopicPartition>& partitions) {
    const auto got = begin();
    EXPECT_EQ(error(add(got, partitions)), ErrorCode::none);
    return got;
  }
  // As the last of its epochs, without going through all before.
  void exhaust(const ProducerAndEpoch& producer, State state = State::empty) {
    Standing standing{.state = state,
                      .producer_id = producer.id,
                      .epoch = last_epoch_of_producers,
                      .timeout_ms = 60'000,
                      .started_at = now.wall.ms,
                      .updated_at = now.wall.ms};
    if (state == State::ongoing) standing.partitions = {p0};
    log.push_back(encode_entry({.transactional_id = "a", .standing = standing}, 1, now.wall.ms));
    fail_over();
  }
  // Leaders write what is due.
  void mark_all(ErrorCode error = ErrorCode::none) {
    for (const auto& one : shard->unmarked()) {
      for (const auto& partition : one.partitions) {
        take(shard->marked(now, one.round, partition, error));
      }
    }
  }
  void mark(std::uint64_t round, const TopicPartition& partition,
            ErrorCode error = ErrorCode::none) {
    take(shard->marked(now, round, partition, error));
  }
  std::string state() const { return shard->describe("a").transaction_state; }
  ProducerAndEpoch present() const {
    const auto row = shard->describe("a");
    return {row.producer_id, row.producer_epoch};
  }

  // ---- The world ----

  void pass(Duration time) {
    const Instant end = now.at + time;
    while (true) {
      const auto due = shard->next_deadline();
      if (due > end) break;
      move_to(std::max(due, now.at));
      stock();
      take(shard->tick(now));
    }
    move_to(end);
  }
  void commit_log() { take(shard->committed(now, static_cast<Offset>(log.size()))); }
  // Another broker takes over: all it has is the log.
  void fail_over() {
    take(shard->abandon(now));
    shard.emplace(config, rules);
    for (std::size_t i = 0; i < log.size(); ++i) {
      ASSERT_TRUE(shard->replay(static_cast<Offset>(i), log[i]));
    }
    stock();
    take(shard->loaded(now, static_cast<Offset>(log.size())));
  }

 private:
  RequestId next() {
    requests.push_back({requests.size() + 1});
    return requests.back();
  }
  void move_to(Instant at) {
    now.wall.ms += milliseconds(at - now.at);
    now.at = at;
  }
  void stock() {
    shard->use_transaction_version(level);
    if (has_producer_ids && shard->lacks_producer_id()) shard->stock_producer_id(++producer_ids_);
  }
  void take(Output out) {
    for (auto& answer : out.answers) {
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
    }
    if (commits_at_once && !out.writes.empty()) commit_log();
  }

  std::int64_t producer_ids_ = 0;
};

}  // namespace brokersim::transaction
