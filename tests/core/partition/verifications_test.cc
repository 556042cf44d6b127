// Shows for how long a verification speaks of the transaction that was meant, and which batch may
// come first when several wait for it: story by story, and against a list of what waits.
#include "core/partition/verifications.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace brokersim::partition {

namespace {
constexpr std::int64_t producer = 7;
}

TEST(Verifications, are_shared_by_the_batches_of_a_producer) {
  Verifications leader;
  const auto first = leader.begin(WallTime{}, producer, 0, 5);
  EXPECT_EQ(leader.begin(WallTime{}, producer, 0, 6), first);
  EXPECT_NE(leader.begin(WallTime{}, producer + 1, 0, 0), first);
  EXPECT_TRUE(leader.is_valid(producer, first));
  EXPECT_FALSE(leader.is_valid(producer + 1, first));
  EXPECT_FALSE(leader.is_valid(producer, {}));
}

// KAFKA-14884: verified, then aborted, then a transaction that does not know this partition.
TEST(Verifications, begun_before_a_marker_are_void_after_it) {
  Verifications leader;
  const auto late = leader.begin(WallTime{}, producer, 0, 0);
  leader.settled(producer);
  EXPECT_FALSE(leader.is_valid(producer, late));
  const auto present = leader.begin(WallTime{}, producer, 0, 0);
  EXPECT_FALSE(leader.is_valid(producer, late));
  EXPECT_TRUE(leader.is_valid(producer, present));
  const AppendRules any_will_do{.verifies_one_transaction = false};
  EXPECT_TRUE(leader.is_valid(producer, late, any_will_do));
}

TEST(Verifications, add_a_partition_until_something_begins_or_ends) {
  Verifications leader;
  EXPECT_FALSE(leader.adds(producer));
  leader.begin(WallTime{}, producer, 1, 0, true);
  EXPECT_TRUE(leader.adds(producer));
  leader.settled(producer);
  EXPECT_FALSE(leader.adds(producer));
  leader.begin(WallTime{}, producer, 1, 0, false);
  EXPECT_FALSE(leader.adds(producer));
}

// KAFKA-14920
TEST(Verifications, know_the_lowest_sequence_that_waits) {
  Verifications leader;
  EXPECT_EQ(leader.lowest_sequence(producer), std::nullopt);
  leader.begin(WallTime{}, producer, 0, 6);
  leader.begin(WallTime{}, producer, 0, 5);
  leader.begin(WallTime{}, producer, 0, 7);
  EXPECT_EQ(leader.lowest_sequence(producer), 5);
  leader.begin(WallTime{}, producer, 1, 9);  // A later epoch has sequences of its own.
  EXPECT_EQ(leader.lowest_sequence(producer), 9);
  leader.settled(producer);
  EXPECT_EQ(leader.lowest_sequence(producer), std::nullopt);
}

TEST(Verifications, of_batches_that_never_come_back_are_forgotten) {
  Verifications leader;
  leader.begin(WallTime{1000}, producer, 0, 0);
  leader.begin(WallTime{2000}, producer + 1, 0, 0);
  leader.expire(WallTime{1500}, 500ms);
  EXPECT_EQ(leader.lowest_sequence(producer), std::nullopt);
  EXPECT_EQ(leader.lowest_sequence(producer + 1), 0);
}

// ---- Against a list ----------------------------------------------------------------------------

namespace {

struct WaitingBatch {
  std::int64_t producer_id = -1;
  std::int16_t epoch = 0;
  std::int32_t sequence = 0;
  WallTime begun;
  bool adds = false;
  VerificationTicket ticket;
};

// The model: whatever has begun and neither settled nor expired, in the order in which it came.
struct WaitingBatches {
  std::vector<WaitingBatch> all;

  std::vector<WaitingBatch> of(std::int64_t id) const {
    std::vector<WaitingBatch> some;
    for (const auto& batch : all) {
      if (batch.producer_id == id) some.push_back(batch);
    }
    return some;
  }
  void drop(std::int64_t id) {
    std::erase_if(all, [=](const auto& batch) { return batch.producer_id == id; });
  }
  void drop_silent_since(WallTime limit) {
    for (std::int64_t id = 0; id < 3; ++id) {
      const auto batches = of(id);
      if (!batches.empty() && batches.back().begun <= limit) drop(id);
    }
  }
  bool has(std::int64_t id, VerificationTicket ticket) const {
    return std::any_of(all.begin(), all.end(), [=](const auto& batch) {
      return batch.producer_id == id && batch.ticket == ticket;
    });
  }
  std::int16_t latest_epoch(std::int64_t id) const {
    std::int16_t latest = 0;
    for (const auto& batch : of(id)) latest = std::max(latest, batch.epoch);
    return latest;
  }
  std::optional<std::int32_t> lowest_sequence(std::int64_t id) const {
    std::optional<std::int32_t> lowest;
    for (const auto& batch : of(id)) {
      if (batch.epoch != latest_epoch(id)) continue;
      lowest = std::min(lowest.value_or(batch.sequence), batch.sequence);
    }
    return lowest;
  }
};

// Batches of three producers come, are settled, or never come back.
class VerifiedLeader {
 public:
  void step() {
    const auto id = *rc::gen::element<std::int64_t>(0, 1, 2);
    switch (*rc::gen::element(0, 0, 0, 1, 2, 3)) {
      case 0: return begin(id);
      case 1: leader_.settled(id); return waiting_.drop(id);
      case 2: now_.ms += *rc::gen::element(1, 2); return;
      default: {
        const int expiration = *rc::gen::element(0, 1, 2, 3);
        leader_.expire(now_, expiration * 1ms);
        return waiting_.drop_silent_since({now_.ms - expiration});
      }
    }
  }

  void check() const {
    for (std::int64_t id = 0; id < 3; ++id) {
      const auto batches = waiting_.of(id);
      RC_ASSERT(leader_.lowest_sequence(id) == waiting_.lowest_sequence(id));
      RC_ASSERT(leader_.adds(id) == (!batches.empty() && batches.back().adds));
      RC_ASSERT(!leader_.is_valid(id, {}));
      for (const auto ticket : given_) {
        RC_ASSERT(leader_.is_valid(id, ticket) == waiting_.has(id, ticket));
        RC_ASSERT(leader_.is_valid(id, ticket, {.verifies_one_transaction = false}));
      }
    }
  }

 private:
  void begin(std::int64_t id) {
    const auto epoch = *rc::gen::element<std::int16_t>(0, 1, 2);
    WaitingBatch batch{.producer_id = id, .epoch = epoch, .begun = now_};
    batch.sequence = *rc::gen::element(0, 1, 2, 3);
    batch.adds = *rc::gen::arbitrary<bool>();
    batch.ticket = leader_.begin(now_, id, batch.epoch, batch.sequence, batch.adds);
    const auto others = waiting_.of(id);
    const bool is_known = std::find(given_.begin(), given_.end(), batch.ticket) != given_.end();
    RC_ASSERT(batch.ticket != VerificationTicket{});
    if (others.empty()) RC_ASSERT(!is_known);
    if (!others.empty()) RC_ASSERT(others.back().ticket == batch.ticket);
    given_.push_back(batch.ticket);
    waiting_.all.push_back(batch);
  }

  Verifications leader_;
  WaitingBatches waiting_;
  std::vector<VerificationTicket> given_;
  WallTime now_{1000};
};

}  // namespace

RC_GTEST_PROP(Verifications, are_those_of_the_batches_that_wait, ()) {
  VerifiedLeader leader;
  const int steps = *rc::gen::resize(100, rc::gen::inRange(1, 40));
  for (int i = 0; i < steps; ++i) {
    leader.step();
    leader.check();
  }
}

}  // namespace brokersim::partition
