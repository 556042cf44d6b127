// BS-R05: who may be elected keeps what was shown to be committed.
#include <gtest/gtest.h>

#include "tests/properties/history.h"

namespace brokersim::properties {
namespace {

// Broker 1 leads, 1 and 2 are in sync, 2 has three records of which two were shown to be committed.
struct Electable : History {
  explicit Electable(std::vector<int> isr = {1, 2}, std::vector<int> elr = {}) {
    topic(2);
    partition(1, 0, std::move(isr), std::move(elr));
    for (Offset offset = 0; offset < 3; ++offset) replicated(1, offset, 0, 1);
    fetched(1, -1, 0, 2);
  }
  bool is_violated() { return has(fired(), "BS-R05/cut_what_was_shown"); }
};

TEST(ElectableLogs, keep_what_was_shown_to_be_committed) {
  for (const Offset end : {3, 2, 1}) {
    Electable h;
    h.cut(2, end);
    EXPECT_EQ(h.is_violated(), end < 2) << end;
  }
}

TEST(ElectableLogs, are_those_of_eligible_replicas_too_and_of_no_others) {
  Electable eligible({1}, {2});
  eligible.cut(2, 1);
  EXPECT_TRUE(eligible.is_violated());
  Electable out_of_sync;
  out_of_sync.cut(3, 1);
  EXPECT_FALSE(out_of_sync.is_violated());
}

TEST(ElectableLogs, may_give_up_what_was_not_shown_or_is_another_record) {
  Electable h;
  h.stored(1, 3, 0, 1);
  h.stored(2, 3, 1, 2);
  h.cut(2, 3);
  EXPECT_FALSE(h.is_violated());
}

TEST(ElectableLogs, of_a_partition_that_power_loss_has_struck_are_not_judged) {
  Electable h;
  h.power_cycled(1, 2);
  h.cut(2, 1);
  EXPECT_FALSE(h.is_violated());
}

TEST(ElectableLogs, of_a_partition_with_an_unclean_election_are_not_judged) {
  Electable h;
  h.partition(3, 1, {3});
  h.partition(3, 1, {2, 3});
  h.cut(2, 1);
  EXPECT_FALSE(h.is_violated());
}

TEST(ElectableLogs, of_disks_that_failed_and_what_goes_as_a_whole_are_not_judged) {
  Electable failed;
  failed.add(-1, FaultBegan{1, "write_error", "broker-1", History::nodes({1}), {}});
  failed.cut(2, 1);
  EXPECT_FALSE(failed.is_violated());
  Electable whole;
  whole.cut(2, 0);
  EXPECT_FALSE(whole.is_violated());
}

}  // namespace
}  // namespace brokersim::properties
