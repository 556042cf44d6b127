// What is counted: errors wherever they stand in a response, and what the controller decides.
#include "core/broker/metrics.h"

#include <gtest/gtest.h>

#include "core/api/all.h"

namespace brokersim::broker {
namespace {

using api::ErrorCode;

template <class Response>
std::vector<ErrorCode> errors_of(const Response& response) {
  return errors_in(*wire::info_of<Response>(), &response);
}

TEST(Metrics, find_each_error_of_a_response_once_at_any_depth) {
  api::ProduceResponse produced;
  auto& topic = produced.responses.emplace_back();
  for (const auto error : {ErrorCode::not_leader_or_follower, ErrorCode::none,
                           ErrorCode::not_leader_or_follower, ErrorCode::unknown_server_error}) {
    topic.partition_responses.emplace_back().error_code = error;
  }
  EXPECT_EQ(errors_of(produced),
            (std::vector{ErrorCode::unknown_server_error, ErrorCode::not_leader_or_follower}));
  api::FetchResponse fetched;
  fetched.error_code = ErrorCode::corrupt_message;
  fetched.responses.emplace_back().partitions.emplace_back().error_code =
      ErrorCode::offset_out_of_range;
  EXPECT_EQ(errors_of(fetched),
            (std::vector{ErrorCode::offset_out_of_range, ErrorCode::corrupt_message}));
  EXPECT_TRUE(errors_of(api::MetadataResponse{}).empty());
}

TEST(Metrics, count_what_the_controller_decides) {
  NodeMetrics metrics;
  const NodeId one(1), two(2);
  metrics.decided(LeaderElected{.to = one});
  metrics.decided(LeaderElected{.to = two, .is_clean = false});
  metrics.decided(IsrChanged{.before = {one, two}, .after = {one}});
  metrics.decided(IsrChanged{.before = {one}, .after = {one, two}});
  metrics.decided(IsrChanged{.before = {one, two}, .after = {two}});
  metrics.decided(BrokerFenced{.broker = one});
  EXPECT_EQ(metrics.elections, 2u);
  EXPECT_EQ(metrics.unclean_elections, 1u);
  EXPECT_EQ(metrics.isr_shrinks, 2u);
  EXPECT_EQ(metrics.isr_expansions, 1u);
  EXPECT_EQ(metrics.fencings, 1u);
}

TEST(LatencyHistogram, puts_a_time_into_the_first_bucket_that_holds_it) {
  LatencyHistogram histogram;
  histogram.add(100us);
  histogram.add(101us);
  histogram.add(3600s);
  EXPECT_EQ(histogram.in_bucket(0), 1u);
  EXPECT_EQ(histogram.in_bucket(1), 1u);
  EXPECT_EQ(histogram.in_bucket(LatencyHistogram::bounds.size()), 1u);
  EXPECT_EQ(histogram.count(), 3u);
  EXPECT_EQ(histogram.sum(), 3600s + 201us);
}

}  // namespace
}  // namespace brokersim::broker
