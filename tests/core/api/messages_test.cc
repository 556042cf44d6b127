// All messages in random versions with random contents: what is encoded decodes to the same, and
// no damage to the bytes does more than an error.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/api/all.h"
#include "core/api/quorum_records.h"
#include "tests/core/api/random_message.h"

namespace brokersim::api {
namespace {

// Calls `f.template operator()<T>()` for each request and response.
template <class F>
void for_each_message(F&& f) {
  for_each_request([&]<class Request>() {
    f.template operator()<Request>();
    f.template operator()<typename Request::Response>();
  });
}

// The same for one of them.
template <class F>
void for_some_message(Draws& draws, F&& f) {
  const auto chosen = draws.below(2 * all_apis().size());
  std::uint64_t index = 0;
  for_each_message([&]<class T>() {
    if (index++ == chosen) f.template operator()<T>();
  });
}

TEST(Messages, are_described_without_mistakes) {
  for_each_message([]<class T>() { EXPECT_EQ(wire::check_description<T>(), ""); });
  EXPECT_EQ(wire::check_description<LeaderChangeMessage>(), "");
  EXPECT_EQ(wire::check_description<QuorumStateData>(), "");
  EXPECT_EQ(wire::check_description<VotersRecord>(), "");
}

// KIP-1099.
TEST(Messages, of_consumer_groups_say_from_version_1_on_what_each_member_speaks) {
  using Response = ConsumerGroupDescribeResponse;
  Response response;
  response.groups.emplace_back().members.emplace_back().member_type = Response::classic_member;
  const auto before = wire::encode(response, 0);
  auto expected = before;
  // What comes behind it: the member's tags, the group's operations and tags, the response's tags.
  constexpr std::ptrdiff_t behind = 1 + 4 + 1 + 1;
  expected.insert(expected.end() - behind, std::uint8_t{0});
  EXPECT_EQ(wire::encode(response, 1), expected);
  const auto decoded = wire::decode<Response>(Slice(before), 0);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->groups.at(0).members.at(0).member_type, Response::unknown_member);
}

RC_GTEST_PROP(Messages, decode_to_what_was_encoded, (std::uint64_t seed)) {
  Draws draws(seed);
  for_each_message([&]<class T>() {
    const auto version = random_version<T>(draws);
    const auto message = random_message<T>(version, draws);
    const auto bytes = wire::encode(message, version);
    RC_ASSERT(wire::encoded_size(message, version) == bytes.size());
    RC_ASSERT(wire::encode_rope(message, version).flat() == bytes);
    const auto back = wire::decode<T>(Slice(bytes), version);
    RC_ASSERT(back.has_value());
    RC_ASSERT(*back == message);
  });
}

RC_GTEST_PROP(Messages, cut_anywhere_are_refused, (std::uint64_t seed)) {
  Draws draws(seed);
  for_some_message(draws, [&]<class T>() {
    const auto version = random_version<T>(draws);
    const Slice bytes(wire::encode(random_message<T>(version, draws), version));
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      RC_ASSERT(!wire::decode<T>(bytes.sub(0, size), version));
    }
  });
}

RC_GTEST_PROP(Messages, are_read_up_to_their_last_field_whatever_follows, (std::uint64_t seed)) {
  Draws draws(seed);
  for_some_message(draws, [&]<class T>() {
    const auto version = random_version<T>(draws);
    const auto message = random_message<T>(version, draws);
    auto bytes = wire::encode(message, version);
    for (auto more = draws.below(20); more > 0; --more) {
      bytes.push_back(static_cast<std::uint8_t>(draws.next()));
    }
    const auto back = wire::decode<T>(Slice(bytes), version);
    RC_ASSERT(back.has_value());
    RC_ASSERT(*back == message);
  });
}

TEST(Messages, with_any_negative_length_where_null_may_be_are_null) {
  for (const auto low_byte : std::array<std::uint8_t, 2>{0xff, 0xfe}) {  // -1 and -2.
    const Bytes no_topics{0xff, 0xff, 0xff, low_byte};
    const auto request = wire::decode<MetadataRequest>(Slice(no_topics), 1);
    ASSERT_TRUE(request);
    EXPECT_FALSE(request->topics);
  }
}

RC_GTEST_PROP(Messages, damaged_anywhere_are_refused_or_other_messages, (std::uint64_t seed)) {
  Draws draws(seed);
  for_some_message(draws, [&]<class T>() {
    const auto version = random_version<T>(draws);
    const auto bytes = wire::encode(random_message<T>(version, draws), version);
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      auto damaged = bytes;
      damaged[at] = static_cast<std::uint8_t>(draws.next());
      const auto message = wire::decode<T>(Slice(damaged), version);
      if (!message) continue;
      const auto again = wire::decode<T>(Slice(wire::encode(*message, version)), version);
      RC_ASSERT(again.has_value());
      RC_ASSERT(*again == *message);
    }
  });
}

}  // namespace
}  // namespace brokersim::api
