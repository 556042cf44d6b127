// Until when a replica had all that its leader had: known to the fetch before, and never earlier.
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace brokersim::raft
