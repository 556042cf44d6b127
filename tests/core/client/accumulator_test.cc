// Batches from their first record to their result: when they are due, what retries keep in order,
// and what a client may say about records whose fate it does not know.
#include "core/client/accumulator.h"

#include <gtest/gtest.h>

#include "tests/core/client/no_host.h"

namespace brokersim::client {
namespace {

using api::ErrorCode;

const TopicPartition p0{"orders", 0};
const TopicPartition p1{"orders", 1};
const NodeId b1{1};

Instant at(Duration d) { return Instant{d}; }

class AccumulatorTest : public ::testing::Test {
 protected:
  AccumulatorTest() {
    api::MetadataResponse metadata;
    metadata.brokers.push_back({.node_id = b1, .host = "b", .port = 9092});
    metadata.topics.push_back({.name = "orders"});
    for (const std::int32_t index : {0, 1}) {
      metadata.topics[0].partitions.push_back(
          {.partition_index = index, .leader_id = b1, .leader_epoch = LeaderEpoch(1)});
    }
    view_.apply(metadata);
  }

  // Adds a record whose result lands in results_ under `name`.
  void add(const std::string& name, Duration now = 0s, const TopicPartition& partition = p0) {
    const wire::Record record{.value = Bytes(100, 7)};
    accumulator_.add(at(now), partition, record,
                     [this, name](Host&, const SendResult& result) { results_[name] = result; });
  }
  std::vector<BatchPtr> take(Duration now) { return accumulator_.take(at(now), view_, b1); }
  void settle(BatchPtr batch, const Attempt& attempt, Duration now = 1s) {
    accumulator_.settle(host_, at(now), std::move(batch), attempt);
  }

  ProducerConfig config_{.batch_size = 400, .linger = 10ms};
  Accumulator accumulator_{config_};
  ClusterView view_;
  NoHost host_;
  std::map<std::string, SendResult> results_;
};

TEST_F(AccumulatorTest, a_batch_is_due_after_lingering_or_as_soon_as_another_follows) {
  add("a");
  EXPECT_TRUE(take(9ms).empty());
  EXPECT_EQ(accumulator_.next_due(view_, b1), at(10ms));
  add("b", 1ms);
  add("c", 2ms);  // Opens a second batch.
  const auto taken = take(2ms);
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken[0]->on_sent.size(), 2u);
  EXPECT_EQ(accumulator_.next_due(view_, b1), at(12ms));
}

TEST_F(AccumulatorTest, flushing_ends_the_lingering_of_what_was_there) {
  add("a");
  const auto mark = accumulator_.flush();
  auto taken = take(0s);
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_FALSE(accumulator_.is_settled(mark));
  settle(std::move(taken[0]), {.base_offset = 0});
  EXPECT_TRUE(accumulator_.is_settled(mark));
  add("b", 1s);
  EXPECT_TRUE(take(1s).empty());
}

TEST_F(AccumulatorTest, records_get_their_own_offsets) {
  add("a");
  add("b");
  settle(std::move(take(10ms)[0]), {.base_offset = 41});
  EXPECT_EQ(results_["a"].offset, 41);
  EXPECT_EQ(results_["b"].offset, 42);
  EXPECT_EQ(results_["b"].outcome, Outcome::ok);
}

// compression.type. How full a batch is counts uncompressed.
TEST_F(AccumulatorTest, batches_are_compressed_when_they_go) {
  config_.compression_type = wire::Codec::gzip;
  add("a");
  add("b");
  add("c");
  const auto taken = take(0s);
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken[0]->finished->header.codec(), wire::Codec::gzip);
  EXPECT_LT(taken[0]->finished->size(), 150u);
  EXPECT_EQ(wire::records_of(*taken[0]->finished)->size(), 2u);
}

TEST_F(AccumulatorTest, one_request_takes_one_batch_of_each_partition) {
  add("a", 0s, p0);
  add("b", 0s, p1);
  const auto taken = take(10ms);
  ASSERT_EQ(taken.size(), 2u);
  EXPECT_EQ(taken[0]->partition, p0);
  EXPECT_EQ(taken[1]->partition, p1);
  EXPECT_TRUE(accumulator_.take(at(10ms), view_, NodeId(2)).empty());
}

// Else those that come first by name could fill every request.
TEST_F(AccumulatorTest, who_found_no_room_in_a_request_comes_first_in_the_next) {
  config_.max_request_size = 200;
  add("a", 0s, p0);
  add("b", 0s, p1);
  ASSERT_EQ(take(10ms).at(0)->partition, p0);
  add("c", 0s, p0);
  const auto next = take(20ms);
  ASSERT_EQ(next.size(), 1u);
  EXPECT_EQ(next[0]->partition, p1);
  EXPECT_EQ(take(20ms).at(0)->partition, p0);
}

TEST_F(AccumulatorTest, a_failed_batch_comes_again_before_later_ones_and_after_a_back_off) {
  for (const auto* name : {"a", "b", "c", "d", "e"}) add(name);
  auto first = std::move(take(10ms)[0]);
  auto second = std::move(take(10ms)[0]);
  const auto number = first->number;
  settle(std::move(second), {.error = ErrorCode::not_enough_replicas});
  settle(std::move(first), {.error = ErrorCode::not_enough_replicas});
  EXPECT_TRUE(take(1079ms).empty());
  const auto again = take(1080ms);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0]->number, number);
  EXPECT_TRUE(results_.empty());
}

TEST_F(AccumulatorTest, with_one_in_flight_nothing_of_the_partition_overtakes) {
  config_.max_in_flight = 1;
  for (const auto* name : {"a", "b", "c"}) add(name);
  auto first = take(10ms);
  ASSERT_EQ(first.size(), 1u);
  EXPECT_TRUE(take(20ms).empty());
  EXPECT_EQ(accumulator_.next_due(view_, b1), never);
  settle(std::move(first[0]), {.base_offset = 0});
  EXPECT_EQ(take(20ms).size(), 1u);
}

// ---- What is said of the result ----------------------------------------------------------------

TEST_F(AccumulatorTest, a_definite_refusal_is_a_failure) {
  add("a");
  settle(std::move(take(10ms)[0]), {.error = ErrorCode::invalid_required_acks});
  EXPECT_EQ(results_["a"].outcome, Outcome::failed);
  EXPECT_EQ(results_["a"].error, ErrorCode::invalid_required_acks);
}

TEST_F(AccumulatorTest, an_error_after_which_it_may_be_stored_is_unknown) {
  add("a");
  settle(std::move(take(10ms)[0]), {.error = ErrorCode::unknown_server_error});
  EXPECT_EQ(results_["a"].outcome, Outcome::unknown);
}

TEST_F(AccumulatorTest, one_attempt_without_definite_answer_makes_the_whole_unknown) {
  for (const auto doubtful :
       {ErrorCode::not_leader_or_follower, ErrorCode::request_timed_out,
        ErrorCode::not_enough_replicas_after_append, ErrorCode::network_exception}) {
    results_.clear();
    add("a");
    settle(std::move(take(10s)[0]), {.error = doubtful}, 10s);
    EXPECT_TRUE(results_.empty());
    settle(std::move(take(20s)[0]), {.error = ErrorCode::message_too_large}, 20s);
    EXPECT_EQ(results_["a"].outcome, Outcome::unknown) << static_cast<int>(doubtful);
  }
}

TEST_F(AccumulatorTest, what_never_left_fails_for_certain_at_the_delivery_timeout) {
  add("a");
  settle(std::move(take(10ms)[0]), {.error = ErrorCode::network_exception, .was_sent = false});
  EXPECT_EQ(accumulator_.next_expiry(at(1s)), at(120s));
  accumulator_.expire(host_, at(120s - 1ns));
  EXPECT_TRUE(results_.empty());
  accumulator_.expire(host_, at(120s));
  EXPECT_EQ(results_["a"].outcome, Outcome::failed);
  EXPECT_EQ(results_["a"].error, ErrorCode::request_timed_out);
}

// Whoever waits for the next expiry does not hear of a batch that comes back.
TEST_F(AccumulatorTest, what_is_in_flight_expires_in_time_should_it_come_back) {
  add("a");
  auto taken = take(10ms);
  EXPECT_EQ(accumulator_.next_expiry(at(10ms)), at(120s));
  EXPECT_EQ(accumulator_.next_expiry(at(120s)), never);  // Its attempt settles it.
  settle(std::move(taken[0]), {.error = ErrorCode::not_enough_replicas}, 30s);
  EXPECT_EQ(accumulator_.next_expiry(at(30s)), at(120s));
}

TEST_F(AccumulatorTest, an_attempt_that_ends_after_the_delivery_timeout_is_the_last) {
  add("a");
  settle(std::move(take(10ms)[0]), {.error = ErrorCode::request_timed_out}, 120s);
  EXPECT_EQ(results_["a"].outcome, Outcome::unknown);
}

TEST_F(AccumulatorTest, success_counts_whatever_earlier_attempts_did) {
  add("a");
  settle(std::move(take(10ms)[0]), {.error = ErrorCode::request_timed_out});
  settle(std::move(take(10s)[0]), {.base_offset = 3});
  EXPECT_EQ(results_["a"].outcome, Outcome::ok);
}

TEST_F(AccumulatorTest, abandoning_settles_everything) {
  for (const auto* name : {"a", "b", "c"}) add(name);
  auto flying = take(10ms);
  accumulator_.abandon(host_);
  EXPECT_EQ(results_["c"].outcome, Outcome::failed);
  settle(std::move(flying[0]), {.error = ErrorCode::network_exception});
  EXPECT_EQ(results_["a"].outcome, Outcome::unknown);
}

TEST_F(AccumulatorTest, memory_is_free_again_when_a_batch_is_settled) {
  config_.buffer_memory = 300;
  const wire::Record record{.value = Bytes(100, 7)};
  add("a");
  EXPECT_TRUE(accumulator_.has_room_for(record));
  add("b");
  EXPECT_FALSE(accumulator_.has_room_for(record));
  settle(std::move(take(10ms)[0]), {.base_offset = 0});
  EXPECT_TRUE(accumulator_.has_room_for(record));
}

TEST_F(AccumulatorTest, tells_when_records_wait_for_a_leader) {
  EXPECT_FALSE(accumulator_.lacks_leader(view_));
  add("a", 0s, {"unheard of", 0});
  EXPECT_TRUE(accumulator_.lacks_leader(view_));
}

}  // namespace
}  // namespace brokersim::client
