// BS-S01: snapshots are what the log says, and a log begins at one.

#include <gtest/gtest.h>

#include "tests/properties/history.h"

namespace brokersim::properties {

constexpr LeaderEpoch third{3};

TEST(Snapshots, that_are_not_what_the_log_says_are_a_violation) {
  History h;
  h.add(1, SnapshotStored{250, third, ""});
  h.add(2, SnapshotStored{250, third, "its topics are not those of the log"});
  EXPECT_EQ(h.fired(), Fired{"BS-S01/content_differs"});
}

TEST(Snapshots, a_log_that_begins_behind_the_latest_one_is_a_violation) {
  History h;
  h.add(1, SnapshotStored{250, third, ""});
  h.add(1, LogBegun{metadata_partition(), 251, no_epoch});
  EXPECT_EQ(h.fired(), Fired{"BS-S01/log_without_snapshot"});
}

TEST(Snapshots, that_are_missing_are_contradicted_by_what_the_log_held) {
  History h;
  const auto stored =
      h.add(1, BatchStored{metadata_partition(), {.base_offset = 90, .last_offset = 99}});
  h.add(1, BatchStored{metadata_partition(), {.base_offset = 100, .last_offset = 101}});
  const auto begun = h.add(1, LogBegun{metadata_partition(), 100, no_epoch});
  for (const auto& violation : h.verdict().violations) {
    if (violation.id == "BS-S01") {
      EXPECT_EQ(violation.facts, (std::array{stored, begun}));
    }
  }
  EXPECT_TRUE(std::ranges::count(h.fired(), "BS-S01/log_without_snapshot"));
}

TEST(Snapshots, of_another_node_do_not_help) {
  History h;
  h.add(2, SnapshotStored{250, third, ""});
  h.add(1, LogBegun{metadata_partition(), 100, no_epoch});
  EXPECT_EQ(h.fired(), Fired{"BS-S01/log_without_snapshot"});
}

TEST(Snapshots, the_last_one_must_not_go_while_the_log_begins_there) {
  History h;
  h.add(1, SnapshotStored{250, third, ""});
  h.add(1, LogBegun{metadata_partition(), 250, third});
  h.add(1, SnapshotRemoved{250, third});
  EXPECT_EQ(h.fired(), Fired{"BS-S01/log_without_snapshot"});
}

TEST(Snapshots, may_be_replaced_by_later_ones_before_the_log_begins_there) {
  History h;
  h.add(1, SnapshotStored{250, third, ""});
  h.add(1, LogBegun{metadata_partition(), 200, no_epoch});
  h.add(1, SnapshotStored{400, third, ""});
  h.add(1, SnapshotRemoved{250, third});
  h.add(1, LogBegun{metadata_partition(), 400, third});
  h.add(1, LogBegun{orders, 7, no_epoch});
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(Snapshots, a_log_that_begins_at_one_has_the_past_that_its_name_stands_for) {
  History h;
  const auto stored = [&](int node, Offset offset, int epoch, std::uint64_t digest) {
    h.add(node, BatchStored{metadata_partition(), {offset, offset, LeaderEpoch{epoch}, digest}});
  };
  for (const int node : {1, 2}) {
    stored(node, 0, 1, 10);
    stored(node, 1, 3, 11);
  }
  h.add(3, SnapshotStored{2, third, ""});
  h.add(3, LogBegun{metadata_partition(), 2, third});
  for (const int node : {1, 2, 3}) stored(node, 2, 3, 12);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(Snapshots, a_log_that_begins_at_one_of_another_past_does_not_fit_the_others) {
  History h;
  h.add(1, BatchStored{metadata_partition(), {0, 1, third, 10}});
  h.add(3, LogBegun{metadata_partition(), 1, third});  // Inside the batch.
  h.add(3, BatchStored{metadata_partition(), {1, 1, third, 12}});
  EXPECT_TRUE(has(h.fired(), "BS-O01/offsets_not_dense"));
}

}  // namespace brokersim::properties
