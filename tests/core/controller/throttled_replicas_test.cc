// Lists of throttled replicas as topics are configured with them (KIP-73): what Kafka takes for
// one.
#include "core/controller/throttled_replicas.h"

#include <regex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace brokersim::controller {
namespace {

TEST(ThrottledReplicas, are_pairs_of_partition_and_broker) {
  const auto some = ThrottledReplicas::parse("0:1, 0:2 ,12:101");
  ASSERT_TRUE(some);
  EXPECT_TRUE(some->has(0, NodeId(1)));
  EXPECT_TRUE(some->has(0, NodeId(2)));
  EXPECT_TRUE(some->has(12, NodeId(101)));
  EXPECT_FALSE(some->has(1, NodeId(1)));
  EXPECT_FALSE(some->has(12, NodeId(1)));
  EXPECT_FALSE(some->empty());
}

TEST(ThrottledReplicas, are_all_of_a_topic_or_none) {
  for (const auto* all : {"*", " * "}) {
    const auto parsed = ThrottledReplicas::parse(all);
    ASSERT_TRUE(parsed) << all;
    EXPECT_TRUE(parsed->has(7, NodeId(8)));
    EXPECT_FALSE(parsed->empty());
  }
  for (const auto* none : {"", " ", ",", ", "}) {
    const auto parsed = ThrottledReplicas::parse(none);
    ASSERT_TRUE(parsed) << none;
    EXPECT_TRUE(parsed->empty()) << none;
  }
}

TEST(ThrottledReplicas, are_nothing_else) {
  for (const auto* text : {"0", "0:", ":1", "0:1:2", "-1:1", "0:-1", "0:one", "0 1", "none",
                           "*,0:1", "0:1,*", "**", "0:1,,1:2", ",0:1", "0:2147483648", "0: 1"}) {
    EXPECT_FALSE(ThrottledReplicas::parse(text)) << text;
  }
  EXPECT_TRUE(ThrottledReplicas::parse("0:1,"));
}

std::string any_blanks() {
  return std::string(static_cast<std::size_t>(*rc::gen::inRange(0, 3)), ' ');
}

RC_GTEST_PROP(ThrottledReplicas, are_those_that_were_written_and_no_others, ()) {
  std::set<std::pair<std::int32_t, NodeId>> written;
  std::string text;
  const int count = *rc::gen::inRange(0, 8);
  for (int i = 0; i < count; ++i) {
    const std::int32_t partition = *rc::gen::inRange(0, 12);
    const std::int32_t broker = *rc::gen::inRange(0, 12);
    written.emplace(partition, NodeId(broker));
    if (i > 0) text += ',';
    text += any_blanks();
    text += std::to_string(partition) + ':' + std::to_string(broker);
    text += any_blanks();
  }
  const int commas = *rc::gen::inRange(0, 3);
  for (int i = 0; i < commas; ++i) {
    text += ',';
    text += any_blanks();
  }
  const auto parsed = ThrottledReplicas::parse(text);
  RC_ASSERT(parsed.has_value());
  RC_ASSERT(parsed->empty() == written.empty());
  for (std::int32_t partition = 0; partition < 13; ++partition) {
    for (std::int32_t broker = 0; broker < 13; ++broker) {
      const bool was_written = written.contains({partition, NodeId(broker)});
      RC_ASSERT(parsed->has(partition, NodeId(broker)) == was_written);
    }
  }
}

RC_GTEST_PROP(ThrottledReplicas, are_a_list_exactly_where_its_grammar_says_so, ()) {
  static const std::regex grammar(" *\\* *| *([0-9]+:[0-9]+ *(, *[0-9]+:[0-9]+ *)*)?(, *)*",
                                  std::regex::ECMAScript);
  const auto parts = *rc::gen::resize(
      8, rc::gen::container<std::vector<std::string>>(
             rc::gen::element<std::string>("0:1", "2:3", "1", ":", ",", ",", " ", "*", "-")));
  std::string text;
  for (const auto& part : parts) text += part;
  RC_ASSERT(ThrottledReplicas::parse(text).has_value() == std::regex_match(text, grammar));
}

}  // namespace
}  // namespace brokersim::controller
