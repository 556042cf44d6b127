// Shows that no producer id is given twice, whoever asks and whichever controller answers (C12).
#include "core/controller/producer_ids.h"

#include <limits>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/core/controller/cluster.h"

namespace brokersim::controller {

TEST(ProducerIds, come_in_blocks_of_a_thousand_one_after_the_other) {
  Cluster c(2);
  const auto block = c.allocate_producer_ids(1);
  EXPECT_EQ(block.error_code, ErrorCode::none);
  EXPECT_EQ(block.producer_id_start, 0);
  EXPECT_EQ(block.producer_id_len, 1000);
  EXPECT_EQ(c.allocate_producer_ids(2).producer_id_start, 1000);
  EXPECT_EQ(c.allocate_producer_ids(1).producer_id_start, 2000);
  const auto& record = std::get<ProducerIdsRecord>(c.log.back());
  EXPECT_EQ(record.broker_id, NodeId{1});
  EXPECT_EQ(record.broker_epoch, c.epoch_of(1));
  EXPECT_EQ(record.next_producer_id, 3000);
}

TEST(ProducerIds, are_for_registered_brokers_of_this_incarnation) {
  Cluster c(1);
  EXPECT_EQ(c.allocate_producer_ids(2).error_code, ErrorCode::stale_broker_epoch);
  const api::AllocateProducerIdsRequest old{.broker_id = NodeId{1},
                                            .broker_epoch = BrokerEpoch{c.epoch_of(1).value - 1}};
  EXPECT_EQ(c.keep(c.controller.allocate_producer_ids(old)).response.error_code,
            ErrorCode::stale_broker_epoch);
  EXPECT_EQ(c.controller.image().next_producer_id(), 0);
}

TEST(ProducerIds, end_before_the_integers_do) {
  constexpr auto last = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(next_producer_ids(last - 1000)->end(), last);
  EXPECT_FALSE(next_producer_ids(last - 999));
}

RC_GTEST_PROP(ProducerIds, of_no_two_blocks_overlap_through_any_change_of_controllers, ()) {
  Cluster c(3);
  std::set<std::int64_t> starts;
  const auto steps = *rc::gen::inRange(1, 40);
  for (int i = 0; i < steps; ++i) {
    if (*rc::gen::inRange(0, 4) == 0) {
      // The next controller knows what was committed: here all of the log.
      Image image("cluster");
      for (std::size_t at = 0; at < c.log.size(); ++at) {
        RC_ASSERT(image.apply(c.log[at], static_cast<Offset>(at)).has_value());
      }
      c.controller = Controller(image, static_cast<Offset>(c.log.size()), c.now, {}, {});
    }
    const auto block = c.allocate_producer_ids(*rc::gen::inRange(1, 4));
    RC_ASSERT(block.error_code == ErrorCode::none);
    RC_ASSERT(block.producer_id_start % producer_id_block_size == 0);
    RC_ASSERT(starts.insert(block.producer_id_start).second);
  }
}

}  // namespace brokersim::controller
