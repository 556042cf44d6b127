// Shows for how long a verification speaks of the transaction that was meant, and which batch may
// come first when several wait for it.
#include "core/partition/verifications.h"

#include <gtest/gtest.h>

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

}  // namespace brokersim::partition
