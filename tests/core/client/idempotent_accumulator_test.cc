// An idempotent producer's batches: which numbers they get, in which order they go again, and that
// what may be in a log under some numbers never goes there under others.
#include <limits>
#include <map>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/client/accumulator.h"
#include "core/log/producer_state.h"
#include "tests/core/client/no_host.h"

namespace brokersim::client {
namespace {

using api::ErrorCode;

const NodeId leader_node{1};
const TopicPartition numbered_partition{"orders", 0};
constexpr Attempt lost_answer{.error = ErrorCode::network_exception};
constexpr Attempt refused{.error = ErrorCode::not_enough_replicas};
constexpr Attempt out_of_order{.error = ErrorCode::out_of_order_sequence_number};

// Each record is a batch of its own, named by a letter.
class IdempotentProducer {
 public:
  explicit IdempotentProducer(Rules rules = {}) {
    config.batch_size = 1;
    config.enable_idempotence = true;
    config.rules = rules;
    api::MetadataResponse metadata;
    metadata.brokers.push_back({.node_id = leader_node, .host = "b", .port = 9092});
    metadata.topics.push_back({.name = "orders"});
    metadata.topics[0].partitions.push_back({.leader_id = leader_node});
    view.apply(metadata);
    accumulator.set_producer_id(7);
  }

  void add(const std::string& names) {
    for (const char name : names) {
      const wire::Record record{.value = Bytes{static_cast<std::uint8_t>(name)}};
      accumulator.add(now, numbered_partition, record,
                      [this, name](Host&, const SendResult& result) { results[name] = result; });
    }
  }
  // The next batch, some time later: whatever waited for its back-off is due.
  BatchPtr take() {
    now += 2s;
    auto taken = accumulator.take(now, view, leader_node);
    return taken.empty() ? nullptr : std::move(taken.front());
  }
  void settle(BatchPtr batch, const Attempt& attempt) {
    accumulator.settle(host, now, std::move(batch), attempt);
  }
  void expire() {
    now += config.delivery_timeout;
    accumulator.expire(host, now);
  }
  // "b 7/0:1": record b of producer 7, epoch 0, sequence 1; "-" for nothing.
  static std::string text_of(const BatchPtr& batch) {
    if (!batch) return "-";
    const auto& header = batch->finished->header;
    EXPECT_TRUE(batch->finished->crc_is_valid());
    const auto records = wire::records_of(*batch->finished);
    return fmt::format("{} {}/{}:{}", static_cast<char>(records->front().record.value->front()),
                       header.producer_id, header.producer_epoch, header.base_sequence);
  }
  Outcome outcome_of(char name) { return results.at(name).outcome; }
  // Makes the leader know us: from then on several are in flight.
  void begin() {
    add("a");
    settle(take(), {.base_offset = 0});
  }

  ProducerConfig config;
  Accumulator accumulator{config};
  ClusterView view;
  NoHost host;
  Instant now{};
  std::map<char, SendResult> results;
};

std::string text(const BatchPtr& batch) { return IdempotentProducer::text_of(batch); }

}  // namespace

TEST(IdempotentAccumulator, nothing_goes_without_a_producer_id) {
  IdempotentProducer p;
  Accumulator waiting{p.config};
  EXPECT_TRUE(waiting.needs_producer_id());
  waiting.add(p.now, numbered_partition, {.value = Bytes{1}}, {});
  EXPECT_TRUE(waiting.take(p.now, p.view, leader_node).empty());
  EXPECT_EQ(waiting.next_due(p.view, leader_node), never);
  waiting.set_producer_id(3);
  EXPECT_FALSE(waiting.needs_producer_id());
  EXPECT_EQ(waiting.take(p.now, p.view, leader_node).size(), 1u);
}

TEST(IdempotentAccumulator, until_a_leader_knows_the_producer_one_batch_is_in_flight_then_five) {
  IdempotentProducer p;
  p.add("abcdefg");
  auto first = p.take();
  EXPECT_EQ(text(first), "a 7/0:0");
  EXPECT_EQ(text(p.take()), "-");
  p.settle(std::move(first), {.base_offset = 0});
  std::vector<BatchPtr> flying;
  for (const auto* expected : {"b 7/0:1", "c 7/0:2", "d 7/0:3", "e 7/0:4", "f 7/0:5"}) {
    flying.push_back(p.take());
    EXPECT_EQ(text(flying.back()), expected);
  }
  EXPECT_EQ(text(p.take()), "-");
}

TEST(IdempotentAccumulator, where_leaders_keep_the_order_five_are_in_flight_from_the_first_on) {
  IdempotentProducer p;
  p.accumulator.rely_on_leaders_order(true);
  p.add("abcdefg");
  std::vector<BatchPtr> flying;
  for (const auto* expected : {"a 7/0:0", "b 7/0:1", "c 7/0:2", "d 7/0:3", "e 7/0:4"}) {
    flying.push_back(p.take());
    EXPECT_EQ(text(flying.back()), expected);
  }
  EXPECT_EQ(text(p.take()), "-");
  p.settle(std::move(flying[0]), refused);
  p.settle(std::move(flying[1]), out_of_order);
  auto again = p.take();
  EXPECT_EQ(text(again), "a 7/0:0");
  EXPECT_EQ(text(p.take()), "-");  // Not before a, which is to be the first.
}

TEST(IdempotentAccumulator, what_goes_again_keeps_its_numbers_and_its_order) {
  IdempotentProducer p;
  p.begin();
  p.add("bcd");
  auto b = p.take();
  auto c = p.take();
  p.settle(std::move(c), lost_answer);
  EXPECT_EQ(text(p.take()), "-");  // Not before b, and nothing new before c.
  p.settle(std::move(b), lost_answer);
  b = p.take();
  EXPECT_EQ(text(b), "b 7/0:1");
  EXPECT_EQ(text(p.take()), "-");
  p.settle(std::move(b), {.base_offset = 1});
  EXPECT_EQ(text(p.take()), "c 7/0:2");
  EXPECT_EQ(text(p.take()), "d 7/0:3");
}

TEST(IdempotentAccumulator, what_came_too_early_goes_again_once_its_predecessor_has_ended) {
  IdempotentProducer p;
  p.begin();
  p.add("bc");
  auto b = p.take();
  p.settle(p.take(), out_of_order);
  p.settle(std::move(b), {.base_offset = 1});
  EXPECT_EQ(text(p.take()), "c 7/0:2");
  EXPECT_TRUE(p.results.size() == 2u);
}

TEST(IdempotentAccumulator, behind_a_failed_batch_the_next_epoch_begins_when_the_last_has_landed) {
  IdempotentProducer p;
  p.begin();
  p.add("bcde");
  auto b = p.take();
  auto c = p.take();
  auto d = p.take();
  p.settle(std::move(b), {.error = ErrorCode::message_too_large});
  EXPECT_EQ(p.outcome_of('b'), Outcome::failed);
  EXPECT_EQ(text(p.take()), "-");  // No new numbers while the fate of old ones is open.
  p.settle(std::move(c), out_of_order);
  EXPECT_EQ(text(p.take()), "-");
  p.settle(std::move(d), out_of_order);
  c = p.take();
  EXPECT_EQ(text(c), "c 7/1:0");
  EXPECT_EQ(text(p.take()), "-");
  p.settle(std::move(c), {.base_offset = 1});
  EXPECT_EQ(text(p.take()), "d 7/1:1");
  EXPECT_EQ(text(p.take()), "e 7/1:2");
}

// KAFKA-14034.
TEST(IdempotentAccumulator, what_may_be_in_a_log_never_gets_other_numbers) {
  IdempotentProducer p;
  p.begin();
  p.add("bcd");
  auto b = p.take();
  auto c = p.take();
  p.settle(std::move(c), lost_answer);
  p.settle(std::move(b), {.error = ErrorCode::message_too_large});
  c = p.take();
  EXPECT_EQ(text(c), "c 7/0:2");
  EXPECT_EQ(text(p.take()), "-");
  p.settle(std::move(c), out_of_order);
  EXPECT_EQ(p.outcome_of('c'), Outcome::unknown);
  EXPECT_EQ(text(p.take()), "d 7/1:0");
}

TEST(IdempotentAccumulator, as_it_once_was_what_may_be_in_a_log_goes_again_as_something_new) {
  IdempotentProducer p({.renumber = Rules::Renumber::unacknowledged});
  p.begin();
  p.add("bc");
  auto b = p.take();
  p.settle(p.take(), lost_answer);
  p.settle(std::move(b), {.error = ErrorCode::message_too_large});
  EXPECT_EQ(text(p.take()), "c 7/1:0");
}

// KAFKA-5494: its number may be taken or not.
TEST(IdempotentAccumulator, after_a_batch_that_expired_the_next_epoch_begins) {
  IdempotentProducer p;
  p.begin();
  p.add("b");
  p.settle(p.take(), lost_answer);
  p.expire();
  EXPECT_EQ(p.outcome_of('b'), Outcome::unknown);
  p.add("c");
  EXPECT_EQ(text(p.take()), "c 7/1:0");
}

// UNKNOWN_PRODUCER_ID is how older brokers put it.
TEST(IdempotentAccumulator, a_leader_that_has_forgotten_the_producer_is_told_of_a_new_epoch) {
  for (const auto error :
       {ErrorCode::out_of_order_sequence_number, ErrorCode::unknown_producer_id}) {
    IdempotentProducer p;
    p.begin();
    p.add("b");
    p.settle(p.take(), {.error = error});
    EXPECT_EQ(text(p.take()), "b 7/1:0");
    EXPECT_FALSE(p.results.contains('b'));
  }
}

// Its numbers are for the next epoch, and that comes once the transaction is given up.
TEST(IdempotentAccumulator, in_a_transaction_what_a_leader_will_never_take_fails_at_once) {
  IdempotentProducer p;
  p.config.transactional_id = "shop";
  p.begin();
  p.add("b");
  p.settle(p.take(), out_of_order);
  EXPECT_EQ(p.outcome_of('b'), Outcome::failed);
  EXPECT_TRUE(p.accumulator.has_gap());
}

TEST(IdempotentAccumulator, after_the_last_epoch_another_producer_id_is_needed) {
  IdempotentProducer p;
  p.begin();
  for (int epoch = 0; epoch <= 32766; ++epoch) {
    ASSERT_FALSE(p.accumulator.needs_producer_id());
    p.add("b");
    auto batch = p.take();
    ASSERT_EQ(batch->finished->header.producer_epoch, epoch);
    p.settle(std::move(batch), {.error = ErrorCode::message_too_large});
  }
  EXPECT_TRUE(p.accumulator.needs_producer_id());
  p.add("c");
  EXPECT_EQ(text(p.take()), "-");
  p.accumulator.set_producer_id(8);
  EXPECT_EQ(text(p.take()), "c 8/0:0");
}

TEST(IdempotentAccumulator, as_it_once_was_the_epoch_after_the_last_is_the_least) {
  Rules rules;
  rules.last_epoch_ends_id = false;  // librdkafka's #3720
  IdempotentProducer p(rules);
  p.begin();
  for (int epoch = 0; epoch <= 32767; ++epoch) {
    p.add("b");
    p.settle(p.take(), {.error = ErrorCode::message_too_large});
  }
  EXPECT_FALSE(p.accumulator.needs_producer_id());
  p.add("c");
  EXPECT_EQ(text(p.take()), "c 7/-32768:0");
}

TEST(IdempotentAccumulator, epochs_may_end_sooner_than_16_bits_do) {
  for (const bool ends_id : {true, false}) {
    Rules rules;
    rules.transactions.last_epoch = 1;
    rules.last_epoch_ends_id = ends_id;
    IdempotentProducer p(rules);
    p.begin();
    std::string numbers;
    for (int i = 0; i < 4 && !p.accumulator.needs_producer_id(); ++i) {
      p.add("b");
      auto batch = p.take();
      numbers += text(batch) + ' ';
      p.settle(std::move(batch), {.error = ErrorCode::message_too_large});
    }
    EXPECT_EQ(numbers, ends_id ? "b 7/0:1 b 7/1:0 " : "b 7/0:1 b 7/1:0 b 7/2:0 b 7/-32768:0 ");
  }
}

TEST(IdempotentAccumulator, after_the_largest_sequence_comes_0) {
  IdempotentProducer p;
  p.config.first_sequence = std::numeric_limits<std::int32_t>::max() - 1;
  p.begin();
  p.add("bc");
  EXPECT_EQ(text(p.take()), "b 7/0:2147483647");
  EXPECT_EQ(text(p.take()), "c 7/0:0");
}

// Another epoch begins with 0, whatever the first one began with; another id does not.
TEST(IdempotentAccumulator, the_first_sequence_is_one_of_a_producer_id) {
  IdempotentProducer p;
  p.config.rules.transactions.last_epoch = 1;
  p.config.first_sequence = 9;
  for (const auto* expected : {"a 7/0:9", "b 7/1:0"}) {
    p.add(std::string(1, expected[0]));
    auto batch = p.take();
    EXPECT_EQ(text(batch), expected);
    p.settle(std::move(batch), {.error = ErrorCode::message_too_large});
  }
  p.accumulator.set_producer_id(8);
  p.add("c");
  EXPECT_EQ(text(p.take()), "c 8/0:9");
}

TEST(IdempotentAccumulator, of_transactions_begin_each_epoch_with_0) {
  IdempotentProducer p;
  p.config.transactional_id = "shop";
  p.config.first_sequence = 9;
  p.add("a");
  EXPECT_EQ(text(p.take()), "a 7/0:0");
}

TEST(IdempotentAccumulator, without_idempotence_batches_carry_no_numbers) {
  IdempotentProducer p;
  p.config.enable_idempotence = false;
  p.add("a");
  EXPECT_EQ(text(p.take()), "a -1/-1:-1");
}

// ---- The model ---------------------------------------------------------------------------------

// A leader that keeps what it appends, over a network that loses requests and answers, and delivers
// some requests late: after others, or after the producer has given up on them.
class LossyLeader {
 public:
  Attempt deliver(const wire::Batch& batch) {
    const auto verdict = state_.check(batch.header);
    if (!verdict) return {.error = verdict.error()};
    if (const auto& known = *verdict) return {.base_offset = known->first_offset()};
    auto placed = batch.header;
    placed.base_offset = static_cast<Offset>(log.size());
    state_.apply(log::indexed(placed, 0, 0));
    const auto records = wire::records_of(batch);
    log += static_cast<char>(records->front().record.value->front());
    return {.base_offset = placed.base_offset};
  }

  std::string log;

 private:
  log::ProducerState state_;
};

// Some batches are refused for good, some expire; in any case no record is stored twice, and what
// was stored is in order.
RC_GTEST_PROP(IdempotentAccumulator, stores_each_record_at_most_once_and_in_order, ()) {
  IdempotentProducer p;
  LossyLeader leader;
  std::vector<BatchPtr> flying;
  std::vector<wire::Batch> late;
  char next = '!';
  const auto steps = *rc::gen::inRange(1, 120);
  for (int i = 0; i < steps; ++i) {
    switch (*rc::gen::inRange(0, 5)) {
      case 0:
      case 1:
        if (next < '~') p.add(std::string(1, next++));
        if (auto batch = p.take()) flying.push_back(std::move(batch));
        break;
      case 2:
        if (*rc::gen::inRange(0, 10) == 0) p.expire();
        if (late.empty()) break;
        leader.deliver(late.back());
        late.pop_back();
        break;
      default: {
        if (flying.empty()) break;
        const auto at = *rc::gen::inRange<std::size_t>(0, flying.size());
        auto batch = std::move(flying[at]);
        flying.erase(flying.begin() + static_cast<std::ptrdiff_t>(at));
        const auto fate = *rc::gen::inRange(0, 7);
        Attempt attempt{.error = ErrorCode::network_exception};
        if (fate == 0) late.push_back(*batch->finished);
        if (fate == 1) attempt = {.error = ErrorCode::message_too_large};
        if (fate == 2) attempt = {.error = ErrorCode::not_enough_replicas};
        if (fate >= 3) attempt = leader.deliver(*batch->finished);
        if (fate == 3) attempt = {.error = ErrorCode::network_exception};
        p.settle(std::move(batch), attempt);
      }
    }
  }
  RC_ASSERT(std::is_sorted(leader.log.begin(), leader.log.end()));
  RC_ASSERT(std::adjacent_find(leader.log.begin(), leader.log.end()) == leader.log.end());
  for (const auto& [name, result] : p.results) {
    const bool is_stored = leader.log.find(name) != std::string::npos;
    if (result.outcome == Outcome::ok) {
      RC_ASSERT(is_stored);
      RC_ASSERT(leader.log.at(static_cast<std::size_t>(result.offset)) == name);
    }
    if (result.outcome == Outcome::failed) RC_ASSERT(!is_stored);
  }
}

}  // namespace brokersim::client
