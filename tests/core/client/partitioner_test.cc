// The hash by which all Kafka clients agree on a key's partition: values of Kafka's own UtilsTest.
#include "core/client/partitioner.h"

#include <gtest/gtest.h>

namespace brokersim::client {
namespace {

TEST(Partitioner, murmur2_gives_what_kafkas_gives) {
  EXPECT_EQ(murmur2(as_bytes("21")), -973932308);
  EXPECT_EQ(murmur2(as_bytes("foobar")), -790332482);
  EXPECT_EQ(murmur2(as_bytes("a-little-bit-long-string")), -985981536);
  EXPECT_EQ(murmur2(as_bytes("a-little-bit-longer-string")), -1486304829);
  EXPECT_EQ(murmur2(as_bytes("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8")), -58897971);
  EXPECT_EQ(murmur2(as_bytes("abc")), 479470107);
}

TEST(Partitioner, a_negative_hash_still_names_a_partition) {
  EXPECT_EQ(partition_of_key(as_bytes("21"), 7), (-973932308 & 0x7fffffff) % 7);
  for (const auto* key : {"21", "foobar", "abc", ""}) {
    const auto partition = partition_of_key(as_bytes(key), 3);
    EXPECT_TRUE(partition >= 0 && partition < 3) << key;
  }
}

}  // namespace
}  // namespace brokersim::client
