// BS-R03: what a start keeps of logs; BS-R04: what lies beside them.
#include <gtest/gtest.h>

#include "tests/properties/history.h"

namespace brokersim::properties {
namespace {

using StoppedBy = NodeStopped::How;

// Broker 1 has five records, and has synced the first three.
struct Starts : History {
  Starts() {
    for (Offset offset = 0; offset < 5; ++offset) stored(1, offset, 0, 1);
    add(1, LogSynced{orders, 3});
  }
  void hit_by(const std::string& what) { add(-1, FaultBegan{1, what, "broker-1", nodes({1}), {}}); }
  void starts() { started(1, ++life_); }
  EventId recovered() { return add(1, LogRecovered{orders, 0, 0, false}); }
  // Ends, starts, and cuts its log to there.
  void restarts(StoppedBy how, Offset end) {
    stopped(1, how);
    starts();
    cut(1, end);
    recovered();
  }
  bool has_cut() { return has(fired(), "BS-R03/records_cut"); }
  bool has_cut_synced() { return has(fired(), "BS-R03/synced_records_cut"); }

 private:
  int life_ = 0;
};

TEST(RecoveredLogs, that_lack_what_the_page_cache_kept_are_violations) {
  for (const auto how : {StoppedBy::crash, StoppedBy::shutdown}) {
    Starts h;
    const auto stopped = h.stopped(1, how);
    h.starts();
    h.cut(1, 4);
    const auto recovered = h.recovered();
    ASSERT_TRUE(h.has_cut());
    for (const Violation& violation : h.verdict().violations) {
      if (violation.id == "BS-R03") {
        EXPECT_EQ(violation.facts, (std::array{stopped, recovered}));
      }
    }
  }
}

TEST(RecoveredLogs, that_are_whole_are_none_and_may_be_cut_later) {
  Starts h;
  h.stopped(1, StoppedBy::crash);
  h.starts();
  h.recovered();
  h.cut(1, 2);  // By what its leader tells it.
  h.recovered();
  EXPECT_FALSE(h.has_cut());
}

// What was lost is told once, and then the log is what it is.
TEST(RecoveredLogs, are_held_against_the_life_before) {
  Starts h;
  h.restarts(StoppedBy::crash, 4);
  h.restarts(StoppedBy::crash, 4);
  const auto verdict = h.verdict();
  EXPECT_TRUE(h.has_cut());
  for (const Violation& violation : verdict.violations) {
    if (violation.id == "BS-R03") {
      EXPECT_EQ(violation.count, 1);
    }
  }
}

TEST(RecoveredLogs, keep_of_what_power_loss_left_what_was_synced) {
  for (const Offset kept : {3, 2}) {
    Starts h;
    h.stopped(1, StoppedBy::power_loss);
    h.cut(1, 4, true);
    h.starts();
    h.cut(1, kept);
    h.recovered();
    EXPECT_FALSE(h.has_cut());
    EXPECT_EQ(h.has_cut_synced(), kept < 3);
  }
}

// The life that lost power has opened nothing, and the next one is killed.
TEST(RecoveredLogs, that_no_life_has_opened_since_are_held_against_the_least) {
  Starts h;
  h.stopped(1, StoppedBy::power_loss);
  h.starts();
  h.restarts(StoppedBy::crash, 3);
  EXPECT_FALSE(h.has_cut());
  EXPECT_FALSE(h.has_cut_synced());
}

TEST(RecoveredLogs, that_were_compacted_may_end_before_what_was_synced) {
  Starts h;
  h.add(1, LogCompacted{orders, 0, 3, {History::batch(0, 0, 1)}, {1, 2}, 4, ""});
  h.restarts(StoppedBy::power_loss, 1);
  EXPECT_FALSE(h.has_cut_synced());
}

TEST(RecoveredLogs, that_were_set_aside_or_begin_anew_further_on_have_lost_nothing) {
  Starts aside;
  aside.restarts(StoppedBy::crash, 0);
  EXPECT_FALSE(aside.has_cut());
  Starts anew;
  anew.stopped(1, StoppedBy::crash);
  anew.starts();
  anew.cut(1, 0);
  anew.add(1, LogBegun{orders, 9, no_epoch});
  anew.recovered();
  EXPECT_FALSE(anew.has_cut());
}

TEST(RecoveredLogs, of_disks_that_failed_are_not_judged) {
  for (const auto* what : {"disk_error", "write_error", "full_disk", "slow_disk"}) {
    Starts h;
    h.hit_by(what);
    h.restarts(StoppedBy::crash, 4);
    EXPECT_EQ(h.has_cut(), what == std::string("slow_disk")) << what;
  }
}

TEST(RecoveredLogs, of_topics_that_were_deleted_are_not_judged) {
  Starts h;
  h.topic(1);
  h.add(-1, TopicRemoved{"orders"});
  h.restarts(StoppedBy::crash, 4);
  EXPECT_FALSE(h.has_cut());
}

// ---- What lies beside them ---------------------------------------------------------------------

TEST(BesideLogs, files_that_contradict_the_batches_are_violations) {
  Starts h;
  h.add(1, LogContradicted{orders, "leader-epoch-checkpoint.tmp", "offset 1 is of epoch 0"});
  EXPECT_TRUE(has(h.fired(), "BS-R04/epochs_differ"));
  EXPECT_FALSE(has(h.fired(), "BS-R04/producers_differ"));
  h.add(1, LogContradicted{orders, "00000000000000000005.snapshot", "producer 7 is in epoch 1"});
  EXPECT_TRUE(has(h.fired(), "BS-R04/producers_differ"));
}

TEST(BesideLogs, of_disks_that_failed_are_not_judged) {
  Starts h;
  h.hit_by("write_error");
  h.add(1, LogContradicted{orders, "leader-epoch-checkpoint.tmp", "offset 1 is of epoch 0"});
  EXPECT_FALSE(has(h.fired(), "BS-R04/epochs_differ"));
}

}  // namespace
}  // namespace brokersim::properties
