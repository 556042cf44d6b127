// Shows what a leader decides about a producer's batch, as a table and against a model that knows
// nothing but the batches in the log; and what a snapshot keeps of it, byte for byte.
#include "core/log/producer_state.h"

#include <algorithm>
#include <limits>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace brokersim::log {

namespace {

using api::ErrorCode;
using wire::sequence_after;

constexpr std::int32_t last_of_all = std::numeric_limits<std::int32_t>::max();

wire::BatchHeader produced(std::int64_t id, int epoch, std::int32_t sequence, int records,
                           Offset base = 0, std::int64_t timestamp = 1000) {
  wire::BatchHeader header;
  header.base_offset = base;
  header.last_offset_delta = records - 1;
  header.record_count = records;
  header.max_timestamp = timestamp;
  header.producer_id = id;
  header.producer_epoch = static_cast<std::int16_t>(epoch);
  header.base_sequence = sequence;
  return header;
}

// A log that holds what was accepted, one after the other.
class AcceptingLog {
 public:
  // "append", "offset 7" for what repeats a batch, or the error.
  std::string check(const wire::BatchHeader& batch) const {
    const auto verdict = state.check(batch, {.rules = rules});
    if (!verdict) return std::string(name_of(verdict.error()));
    return *verdict ? fmt::format("offset {}", (*verdict)->first_offset()) : "append";
  }
  std::string produce(std::int64_t id, int epoch, std::int32_t sequence, int records = 1) {
    auto batch = produced(id, epoch, sequence, records, end);
    const auto verdict = check(batch);
    if (verdict == "append") {
      state.apply(indexed(batch, 0, 0));
      end += records;
    }
    return verdict;
  }

  ProducerState state;
  Offset end = 0;
  AppendRules rules;
};

const std::string out_of_order = std::string(name_of(ErrorCode::out_of_order_sequence_number));
const std::string fenced = std::string(name_of(ErrorCode::invalid_producer_epoch));

}  // namespace

TEST(ProducerState, what_follows_is_appended_and_what_repeats_is_answered_as_before) {
  AcceptingLog leader;
  EXPECT_EQ(leader.produce(7, 0, 0, 3), "append");
  EXPECT_EQ(leader.produce(8, 0, 0, 2), "append");
  EXPECT_EQ(leader.produce(7, 0, 3, 1), "append");
  EXPECT_EQ(leader.produce(7, 0, 0, 3), "offset 0");
  EXPECT_EQ(leader.produce(7, 0, 3, 1), "offset 5");
  EXPECT_EQ(leader.produce(8, 0, 0, 2), "offset 3");
  EXPECT_EQ(leader.end, 6);
  const auto repeated = *leader.state.check(produced(7, 0, 0, 3));
  EXPECT_EQ(*repeated, (ProducedBatch{2, 2, 2, 1000}));
}

TEST(ProducerState, a_gap_or_a_step_back_is_out_of_order) {
  AcceptingLog leader;
  leader.produce(7, 0, 0, 3);
  EXPECT_EQ(leader.produce(7, 0, 4), out_of_order);
  EXPECT_EQ(leader.produce(7, 0, 2), out_of_order);
  EXPECT_EQ(leader.produce(7, 0, 0, 2), out_of_order);  // Only part of what was sent before.
  EXPECT_EQ(leader.produce(7, 0, 3), "append");
}

TEST(ProducerState, what_repeats_was_stored_again_once_or_refused) {
  const auto again = [](AppendRules::Repeat repeat) {
    AcceptingLog leader;
    leader.rules.repeat = repeat;  // Redpanda's #3039
    leader.produce(7, 0, 0, 3);
    leader.produce(7, 0, 3);
    return leader.produce(7, 0, 0, 3);
  };
  EXPECT_EQ(again(AppendRules::Repeat::answered), "offset 0");
  EXPECT_EQ(again(AppendRules::Repeat::stored), "append");
  EXPECT_EQ(again(AppendRules::Repeat::refused), out_of_order);
}

TEST(ProducerState, only_the_last_five_batches_are_known_again) {
  AcceptingLog leader;
  for (int i = 0; i < 6; ++i) leader.produce(7, 0, i);
  EXPECT_EQ(leader.produce(7, 0, 0), out_of_order);
  for (int i = 1; i < 6; ++i) EXPECT_EQ(leader.produce(7, 0, i), fmt::format("offset {}", i));
}

TEST(ProducerState, an_unknown_producer_may_begin_with_any_sequence) {
  AcceptingLog leader;
  EXPECT_EQ(leader.produce(7, 3, 4711), "append");
  EXPECT_EQ(leader.produce(7, 3, 4712), "append");
}

// Its epoch is new, so that what came before cannot have been forgotten here: it was lost.
TEST(ProducerState, an_unknown_producer_begins_a_transaction_of_its_own_epoch_at_zero) {
  const ProducerState leader;
  for (const bool begins : {false, true}) {
    const auto check = [&](std::int32_t sequence) {
      return leader.check(produced(7, 3, sequence, 1), {.begins_transaction = begins});
    };
    EXPECT_TRUE(check(0).has_value());
    EXPECT_EQ(check(1).has_value(), !begins);
  }
  AppendTerms as_it_was{.begins_transaction = true};
  as_it_was.rules.keeps_order_through_verification = false;
  EXPECT_TRUE(leader.check(produced(7, 3, 1, 1), as_it_was).has_value());
}

TEST(ProducerState, a_new_epoch_begins_at_zero_and_fences_the_old_one) {
  AcceptingLog leader;
  leader.produce(7, 0, 0);
  EXPECT_EQ(leader.produce(7, 1, 1), out_of_order);
  EXPECT_EQ(leader.produce(7, 1, 0), "append");
  EXPECT_EQ(leader.produce(7, 0, 0), fenced);  // No duplicate either: its epoch is over.
  EXPECT_EQ(leader.produce(7, 0, 1), fenced);
  EXPECT_EQ(leader.produce(7, 1, 0), "offset 1");
}

TEST(ProducerState, after_the_last_sequence_comes_zero) {
  EXPECT_EQ(sequence_after(last_of_all, 1), 0);
  EXPECT_EQ(sequence_after(0, -1), last_of_all);
  EXPECT_EQ(sequence_after(last_of_all - 1, 5), 3);
  AcceptingLog leader;
  EXPECT_EQ(leader.produce(7, 0, last_of_all - 1, 2), "append");
  EXPECT_EQ(leader.produce(7, 0, 0, 1), "append");
  EXPECT_EQ(leader.produce(7, 0, last_of_all - 1, 2), "offset 0");
  EXPECT_EQ(leader.produce(7, 0, 0, 1), "offset 2");
  AcceptingLog across;
  EXPECT_EQ(across.produce(7, 0, last_of_all, 3), "append");
  EXPECT_EQ(across.produce(7, 0, last_of_all, 3), "offset 0");
  EXPECT_EQ(across.produce(7, 0, 2), "append");
}

TEST(ProducerState, after_the_last_sequence_nothing_came_once) {
  AcceptingLog leader;
  leader.rules.sequences_go_round = false;  // KAFKA-7692
  EXPECT_EQ(leader.produce(7, 0, last_of_all - 2, 2), "append");
  EXPECT_EQ(leader.produce(7, 0, last_of_all, 1), "append");
  EXPECT_EQ(leader.produce(7, 0, 0, 1), out_of_order);
}

TEST(ProducerState, without_producer_id_nothing_is_checked_or_remembered) {
  AcceptingLog leader;
  EXPECT_EQ(leader.produce(-1, -1, -1), "append");
  EXPECT_EQ(leader.produce(-1, -1, -1), "append");
  EXPECT_TRUE(leader.state.empty());
}

TEST(ProducerState, who_was_silent_for_too_long_is_forgotten_and_may_repeat_itself) {
  AcceptingLog leader;
  leader.produce(7, 0, 0);  // At 1000 ms.
  leader.state.expire(WallTime{1999}, 1000ms);
  EXPECT_EQ(leader.produce(7, 0, 0), "offset 0");
  leader.state.expire(WallTime{2000}, 1000ms);
  EXPECT_TRUE(leader.state.empty());
  EXPECT_EQ(leader.produce(7, 0, 0), "append");
}

// ---- The snapshot ------------------------------------------------------------------------------

TEST(ProducerSnapshot, its_bytes_are_those_of_kafka) {
  AcceptingLog leader;
  leader.end = 40;
  leader.produce(258, 3, 10, 2);
  leader.produce(258, 3, 12, 3);
  const Bytes expected{
      0,    1,                                          // Version.
      0x34, 0x60, 0x3c, 0x3b,                           // CRC-32C of what follows.
      0,    0,    0,    1,                              // Entries.
      0,    0,    0,    0,    0,    0,    1,    2,      // Producer id.
      0,    3,                                          // Epoch.
      0,    0,    0,    14,                             // Last sequence.
      0,    0,    0,    0,    0,    0,    0,    44,     // Last offset.
      0,    0,    0,    2,                              // Offset delta.
      0,    0,    0,    0,    0,    0,    0x03, 0xe8,   // Timestamp.
      0xff, 0xff, 0xff, 0xff,                           // Coordinator epoch.
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};  // First offset of a transaction.
  EXPECT_EQ(leader.state.encode(), expected);
}

TEST(ProducerSnapshot, it_keeps_the_last_batch_of_each_producer) {
  AcceptingLog leader;
  for (int i = 0; i < 4; ++i) leader.produce(7, 0, i);
  leader.produce(8, 2, 0, 3);
  AcceptingLog other{*ProducerState::decode(leader.state.encode()), leader.end};
  EXPECT_EQ(other.state, leader.state.condensed());
  EXPECT_EQ(other.produce(7, 0, 2), out_of_order);
  EXPECT_EQ(other.produce(7, 0, 3), "offset 3");
  EXPECT_EQ(other.produce(8, 2, 0, 3), "offset 4");
  EXPECT_EQ(other.produce(7, 0, 4), "append");
}

// Kafka leaves out who has expired meanwhile.
TEST(ProducerSnapshot, who_has_expired_is_there_until_the_next_check) {
  AcceptingLog leader;
  leader.produce(7, 0, 0);  // At 1000 ms.
  auto loaded = *ProducerState::decode(leader.state.encode());
  EXPECT_NE(loaded.find(7), nullptr);
  loaded.expire(WallTime{2000}, 1000ms);
  EXPECT_EQ(loaded.find(7), nullptr);
}

TEST(ProducerSnapshot, what_is_torn_or_changed_anywhere_is_not_believed) {
  AcceptingLog leader;
  leader.produce(7, 0, 0);
  leader.produce(8, 0, 0);
  const Bytes whole = leader.state.encode();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(ProducerState::decode(ByteView(whole).first(size))) << size;
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    Bytes changed = whole;
    changed[at] ^= 0x10;
    EXPECT_FALSE(ProducerState::decode(changed)) << at;
  }
  Bytes longer = whole;
  longer.push_back(0);
  EXPECT_FALSE(ProducerState::decode(longer));
}

// ---- The model ---------------------------------------------------------------------------------

namespace {

// P5: the state is what the log's batches say, and nothing else. The model looks at all of them.
class BatchesAlone {
 public:
  std::string check(const wire::BatchHeader& batch) const {
    const auto own = of(batch.producer_id);
    if (own.empty()) return "append";
    const auto& last = own.back();
    std::string first;
    for (std::size_t i = own.size(); i > 0 && own.size() - i < 5; --i) {
      const auto& other = own[i - 1];
      if (other.producer_epoch != last.producer_epoch) break;
      const bool is_same = other.producer_epoch == batch.producer_epoch &&
                           other.base_sequence == batch.base_sequence &&
                           other.last_offset_delta == batch.last_offset_delta;
      if (is_same) first = fmt::format("offset {}", other.base_offset);
    }
    if (!first.empty()) return first;
    if (batch.producer_epoch < last.producer_epoch) return fenced;
    const std::int64_t next =
        (std::int64_t{last.base_sequence} + last.last_offset_delta + 1) % (1LL << 31);
    const bool is_new = batch.producer_epoch != last.producer_epoch;
    return batch.base_sequence == (is_new ? 0 : next) ? "append" : out_of_order;
  }
  void expire(std::int64_t limit) {
    std::set<std::int64_t> ids;
    for (const auto& batch : log) ids.insert(batch.producer_id);
    for (const std::int64_t id : ids) {
      if (of(id).back().max_timestamp > limit) continue;
      std::erase_if(log, [id](const auto& batch) { return batch.producer_id == id; });
    }
  }

  std::vector<wire::BatchHeader> log;  // Of producers that have not expired.

 private:
  std::vector<wire::BatchHeader> of(std::int64_t id) const {
    std::vector<wire::BatchHeader> own;
    std::copy_if(log.begin(), log.end(), std::back_inserter(own),
                 [id](const auto& batch) { return batch.producer_id == id; });
    return own;
  }
};

}  // namespace

RC_GTEST_PROP(ProducerState, decides_as_the_batches_of_the_log_alone_would, ()) {
  AcceptingLog leader;
  BatchesAlone model;
  const auto steps = *rc::gen::inRange(1, 60);
  // Few values, near the end of the sequences, so that much repeats and much goes round.
  for (int i = 0; i < steps; ++i) {
    const auto sequence = sequence_after(last_of_all, *rc::gen::inRange(-6, 12));
    auto batch = produced(*rc::gen::inRange(1, 3), *rc::gen::inRange(0, 3), sequence,
                          *rc::gen::inRange(1, 4), leader.end, *rc::gen::inRange(0, 100));
    const auto verdict = leader.check(batch);
    RC_ASSERT(verdict == model.check(batch));
    if (*rc::gen::inRange(0, 10) == 0) {
      const auto limit = *rc::gen::inRange(0, 100);
      leader.state.expire(WallTime{limit + 50}, 50ms);
      model.expire(limit);
    } else if (verdict == "append" || *rc::gen::inRange(0, 10) == 0) {  // As a follower would.
      leader.state.apply(indexed(batch, 0, 0));
      model.log.push_back(batch);
      leader.end += batch.record_count;
    }
  }
}

}  // namespace brokersim::log
