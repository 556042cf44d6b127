// The list of APIs, and the error codes.
#include "core/api/all.h"

#include <gtest/gtest.h>

namespace brokersim::api {
namespace {

TEST(AllApis, are_found_by_key) {
  for (const auto& api : all_apis()) {
    EXPECT_EQ(find_api(static_cast<std::int16_t>(api.key)), &api);
  }
  EXPECT_EQ(find_api(4), nullptr);  // LeaderAndIsr: of ZooKeeper's time.
  EXPECT_EQ(find_api(-1), nullptr);
  EXPECT_EQ(find_api(1000), nullptr);
}

TEST(AllApis, have_table_and_types_of_the_same_length) {
  std::size_t types = 0;
  for_each_request([&]<class Request>() {
    EXPECT_EQ(static_cast<std::int16_t>(all_apis()[types++].key), Request::description.key);
  });
  EXPECT_EQ(types, all_apis().size());
}

TEST(AllApis, are_named_as_in_the_protocol) {
  EXPECT_EQ(name_of(ApiKey::fetch), "Fetch");
  EXPECT_EQ(name_of(ApiKey::begin_quorum_epoch), "BeginQuorumEpoch");
  EXPECT_EQ(name_of(ApiKey{1000}), "UnknownApi");
}

TEST(AllApis, advertise_the_versions_that_clients_depend_on) {
  const ApiKey keys[] = {ApiKey::fetch, ApiKey::produce};
  const auto ranges = version_ranges(keys);
  ASSERT_EQ(ranges.size(), 2u);
  // librdkafka compresses only if Produce 0 is offered.
  EXPECT_EQ(ranges[0], (ApiVersionsResponse::ApiVersion{0, 0, 11}));
  EXPECT_EQ(ranges[1], (ApiVersionsResponse::ApiVersion{1, 4, 17}));
}

TEST(AllApis, are_flexible_from_their_version_on) {
  EXPECT_FALSE(is_flexible(1, 11));
  EXPECT_TRUE(is_flexible(1, 12));
  EXPECT_FALSE(is_flexible(1000, 12));
}

TEST(ErrorCodes, have_the_names_and_numbers_of_the_protocol) {
  EXPECT_EQ(static_cast<int>(ErrorCode::not_leader_or_follower), 6);
  EXPECT_EQ(name_of(ErrorCode::not_leader_or_follower), "NOT_LEADER_OR_FOLLOWER");
  EXPECT_EQ(static_cast<int>(ErrorCode::unknown_server_error), -1);
  EXPECT_EQ(static_cast<int>(ErrorCode::fenced_leader_epoch), 74);
  EXPECT_EQ(name_of(ErrorCode{12345}), "UNKNOWN_ERROR_CODE");
  EXPECT_EQ(fmt::format("{}", ErrorCode::none), "NONE");
}

TEST(ErrorCodes, say_whether_to_try_again) {
  EXPECT_TRUE(is_retriable(ErrorCode::not_enough_replicas));
  EXPECT_TRUE(is_retriable(ErrorCode::request_timed_out));
  EXPECT_FALSE(is_retriable(ErrorCode::none));
  EXPECT_FALSE(is_retriable(ErrorCode::message_too_large));
  EXPECT_FALSE(is_retriable(ErrorCode::producer_fenced));
}

}  // namespace
}  // namespace brokersim::api
