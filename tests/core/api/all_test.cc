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

// Clients choose from these ranges, and some refuse to work without an old version in them:
// librdkafka compresses only where Produce 0 is offered.
TEST(AllApis, advertise_the_versions_that_clients_depend_on) {
  const std::vector<ApiVersionsResponse::ApiVersion> expected = {
      {0, 0, 12}, {1, 4, 17}, {2, 1, 9},  {3, 0, 12}, {18, 0, 4}, {19, 2, 7}, {20, 1, 6},
      {21, 0, 2}, {22, 0, 5}, {23, 2, 4}, {32, 0, 4}, {33, 0, 2}, {35, 1, 4}, {37, 0, 3},
      {43, 0, 2}, {44, 0, 1}, {45, 0, 0}, {46, 0, 0}, {55, 0, 2}, {57, 0, 2}, {60, 0, 1},
      {61, 0, 0}, {64, 0, 0}, {69, 0, 1}, {75, 0, 0}, {80, 0, 0}, {81, 0, 0}, {82, 0, 0},
  };
  std::vector<ApiKey> keys;
  for (const auto& range : expected) keys.push_back(ApiKey{range.api_key});
  EXPECT_EQ(version_ranges(keys), expected);
}

// Of groups, transactions, the quorum and its brokers.
TEST(AllApis, have_the_versions_that_others_depend_on) {
  const std::vector<ApiVersionsResponse::ApiVersion> expected = {
      {8, 2, 9},  {9, 1, 9},  {10, 0, 6}, {11, 0, 9}, {12, 0, 4}, {13, 0, 5}, {14, 0, 5},
      {15, 0, 5}, {16, 0, 5}, {24, 0, 5}, {25, 0, 4}, {26, 0, 5}, {27, 1, 2}, {28, 0, 5},
      {42, 0, 2}, {47, 0, 0}, {52, 0, 2}, {53, 0, 1}, {54, 0, 1}, {56, 2, 3}, {58, 0, 0},
      {59, 0, 1}, {62, 0, 4}, {63, 0, 1}, {65, 0, 0}, {66, 0, 1}, {67, 0, 0}, {68, 0, 1},
  };
  std::vector<ApiKey> keys;
  for (const auto& range : expected) keys.push_back(ApiKey{range.api_key});
  EXPECT_EQ(version_ranges(keys), expected);
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
