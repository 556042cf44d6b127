// Until when a replica had all that its leader had: known to the fetch before, and never earlier.
#include <algorithm>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/raft/roles.h"

namespace brokersim::raft {
namespace {

TEST(CaughtUpReplica, is_so_at_the_end_of_the_log_and_when_it_reaches_what_was_the_end) {
  CaughtUp replica;
  replica.fetched(Instant{1s}, 0, 5);
  EXPECT_FALSE(replica.last.has_value());
  // The end of a second ago is reached now: that is how far back it lags.
  replica.fetched(Instant{2s}, 5, 9);
  EXPECT_EQ(replica.last, Instant{1s});
  replica.fetched(Instant{3s}, 7, 12);
  EXPECT_EQ(replica.last, Instant{1s});
  replica.fetched(Instant{4s}, 12, 12);
  EXPECT_EQ(replica.last, Instant{4s});
  replica.fetched(Instant{5s}, 12, 20);
  EXPECT_EQ(replica.last, Instant{4s});
}

// A leader's log that grows, a replica that copies, lags, and may lose what it had.
RC_GTEST_PROP(CaughtUpReplica, had_all_that_there_was_at_the_time_it_is_said_to, ()) {
  struct Fetch {
    Instant at;
    Offset leader_end = 0;
  };
  std::vector<Fetch> fetches;
  CaughtUp replica;
  Instant now{1s};
  Offset leader_end = 0;
  Offset most_fetched = 0;
  const int count = *rc::gen::inRange(1, 40);
  for (int i = 0; i < count; ++i) {
    now += Duration(1ms) * *rc::gen::inRange(1, 100);
    leader_end += *rc::gen::inRange(0, 4);
    const Offset lag =
        *rc::gen::weightedOneOf<int>({{3, rc::gen::inRange(0, 4)}, {1, rc::gen::inRange(0, 100)}});
    const Offset offset = std::max<Offset>(0, leader_end - lag);
    const auto before = replica.last;
    replica.fetched(now, offset, leader_end);
    most_fetched = std::max(most_fetched, offset);
    const auto had_all_of = [&](const Fetch& fetch) { return most_fetched >= fetch.leader_end; };

    RC_ASSERT(!before || replica.last >= before);
    if (offset == leader_end) RC_ASSERT(replica.last == now);
    if (!fetches.empty() && offset >= fetches.back().leader_end) {
      RC_ASSERT(replica.last >= fetches.back().at);
    }
    fetches.push_back({now, leader_end});
    if (!replica.last) continue;
    const auto claimed = std::find_if(fetches.begin(), fetches.end(), [&](const Fetch& fetch) {
      return fetch.at == *replica.last;
    });
    RC_ASSERT(claimed != fetches.end());
    RC_ASSERT(had_all_of(*claimed));
  }
}

}  // namespace
}  // namespace brokersim::raft
