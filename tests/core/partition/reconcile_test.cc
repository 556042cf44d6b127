// Leaders and followers of several epochs together, on logs that are lists of (epoch, record):
// however leadership wandered and whatever was never copied, a follower whose fetch the leader
// answers with records holds exactly the leader's records before them.
#include <array>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/partition/fetch_check.h"
#include "core/partition/follower.h"

namespace brokersim::partition {
namespace {

struct Entry {
  LeaderEpoch epoch;
  int record = 0;
  friend bool operator==(const Entry&, const Entry&) = default;
};

struct Replica {
  std::vector<Entry> log;
  log::LeaderEpochs epochs;
  Offset high_watermark = 0;

  Offset end() const { return static_cast<Offset>(log.size()); }
  LogEnd log_end() const { return {end(), epochs.latest_epoch()}; }
  void append(Entry entry) {
    if (entry.epoch != epochs.latest_epoch()) epochs.assign(entry.epoch, end());
    log.push_back(entry);
  }
  void truncate(Offset to) {
    if (to < end()) log.resize(static_cast<std::size_t>(to));
    epochs.truncate_from_end(to);
  }
};

bool holds_the_same(const Replica& follower, const Replica& leader) {
  if (follower.end() > leader.end()) return false;
  return std::equal(follower.log.begin(), follower.log.end(), leader.log.begin());
}

class History {
 public:
  explicit History(Rules rules = {}) : rules_(rules) {}

  void elect(std::size_t leader) {
    leader_ = leader;
    epoch_ = epoch_.next();
    replicas_[leader].epochs.assign(epoch_, replicas_[leader].end());
  }
  void append() { leader().append({epoch_, ++records_}); }

  // Lets a follower of the present epoch fetch until it has up to `limit` records more. Returns
  // false if it got records although the logs before them differ.
  bool follow(std::size_t id, int limit) {
    Replica& log = replicas_[id];
    Follower follower({.leader_epoch = epoch_,
                       .log = log.log_end(),
                       .high_watermark = log.high_watermark,
                       .rules = rules_});
    apply(follower, follower.start(), log);
    for (int rounds = 0; rounds < 100; ++rounds) {
      const auto position = follower.next_fetch({});
      const auto verdict = check_position(*position, {0, leader().end()}, leader().epochs, rules_);
      const bool has_records = verdict.may_read() && log.end() < leader().end();
      if (has_records && !holds_the_same(log, leader())) return false;
      if (verdict.may_read() && (!has_records || limit-- == 0))
        return holds_the_same(log, leader());
      FetchAnswer answer{.error = verdict.error, .diverging = verdict.diverging};
      if (has_records) answer.first_offset = log.end();
      auto step = follower.fetched({}, *position, answer, log.epochs);
      if (step.must_ask_leader_offsets)
        step = follower.leader_offsets(*position, {0, leader().end()});
      apply(follower, step, log);
    }
    return false;  // It never gets anywhere.
  }

  const Replica& replica(std::size_t id) const { return replicas_[id]; }

 private:
  Replica& leader() { return replicas_[leader_]; }

  void apply(Follower& follower, const FollowerStep& step, Replica& log) {
    if (step.truncate_to) log.truncate(*step.truncate_to);
    if (step.append) log.append(leader().log[log.log.size()]);
    follower.applied(log.log_end());
    log.high_watermark = follower.high_watermark();
  }

  Rules rules_;
  std::array<Replica, 3> replicas_;
  std::size_t leader_ = 0;
  LeaderEpoch epoch_{0};
  int records_ = 0;
};

RC_GTEST_PROP(Reconcile, who_gets_records_holds_what_the_leader_holds_before_them, ()) {
  History history;
  std::size_t leader = 0;
  history.elect(leader);
  for (int i = 0; i < 60; ++i) {
    switch (*rc::gen::inRange(0, 4)) {
      case 0:
        leader = *rc::gen::inRange<std::size_t>(0, 3);  // Also who lacks records: uncleanly.
        history.elect(leader);
        break;
      case 1:
        for (int n = *rc::gen::inRange(1, 4); n > 0; --n) history.append();
        break;
      default:
        const auto id = (leader + *rc::gen::inRange<std::size_t>(1, 3)) % 3;
        RC_ASSERT(history.follow(id, *rc::gen::inRange(0, 6)));
    }
  }
}

// A leads e1 [m0, x1]; B, with m0 only, leads e2 and appends y1; A leads e3 and appends z2 before
// either has fetched: B's y1 is not in A's log.
bool fast_fail_over(Rules rules) {
  History history(rules);
  history.elect(0);
  history.append();
  EXPECT_TRUE(history.follow(1, 1));
  history.append();
  history.elect(1);
  history.append();
  history.elect(0);
  history.append();
  return history.follow(1, 10);
}

TEST(Reconcile, fast_fail_over_leaves_no_record_the_leader_never_had) {
  EXPECT_TRUE(fast_fail_over({}));
}

TEST(Reconcile, fast_fail_over_diverges_without_the_found_epoch) {  // REP-03
  EXPECT_FALSE(fast_fail_over({.epoch_end = Rules::EpochEnd::offset_only}));
}

// The follower holds m1, which is committed, but has not heard so; then the epoch changes.
Offset end_after_new_epoch(Rules rules) {
  History history(rules);
  history.elect(0);
  history.append();
  history.append();
  EXPECT_TRUE(history.follow(1, 2));
  history.elect(0);
  EXPECT_TRUE(history.follow(1, 0));
  return history.replica(1).end();
}

TEST(Reconcile, a_new_epoch_takes_nothing_from_a_follower_that_agrees) {
  EXPECT_EQ(end_after_new_epoch({}), 2);
}

TEST(Reconcile, a_new_epoch_takes_committed_records_when_truncating_by_high_watermark) {  // REP-01
  EXPECT_EQ(end_after_new_epoch({.truncate_by = Rules::TruncateBy::high_watermark}), 0);
}

// Two epochs without records leave a last epoch the leader never had (KAFKA-10706).
TEST(Reconcile, epochs_without_records_do_not_keep_a_follower_from_fetching) {
  History history;
  history.elect(0);
  history.append();
  EXPECT_TRUE(history.follow(1, 5));
  history.elect(0);
  history.elect(1);
  EXPECT_TRUE(history.follow(0, 5));
  history.append();
  EXPECT_TRUE(history.follow(0, 5));
  EXPECT_EQ(history.replica(0).end(), 2);
}

}  // namespace
}  // namespace brokersim::partition
