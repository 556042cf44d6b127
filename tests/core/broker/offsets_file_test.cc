// Shows what a checkpoint of offsets keeps: those of partitions that are not opened yet, and those
// of a node that is stopped before it has read them.
#include "core/broker/offsets_file.h"

#include <gtest/gtest.h>

#include "tests/core/log/memory_env.h"

namespace brokersim::broker {
namespace {

const TopicPartition opened{"orders", 0};
const TopicPartition unopened{"orders", 1};

}  // namespace

TEST(OffsetsFile, keeps_what_is_told_of_partitions_that_nobody_has_opened) {
  log::MemoryEnv env;
  OffsetsFile before(log::recovery_point_file);
  before.load(env);
  ASSERT_TRUE(before.rewrite(env, [](auto& offsets) {
    offsets[opened] = 5;
    offsets[unopened] = 7;
  }));
  OffsetsFile after(log::recovery_point_file);
  after.load(env);
  ASSERT_TRUE(after.rewrite(env, [](auto& offsets) { offsets[opened] = 9; }));
  OffsetsFile again(log::recovery_point_file);
  again.load(env);
  EXPECT_EQ(again.of(opened), 9);
  EXPECT_EQ(again.of(unopened), 7);
}

TEST(OffsetsFile, is_left_as_it_is_by_who_has_not_read_it) {
  log::MemoryEnv env;
  OffsetsFile before(log::recovery_point_file);
  before.load(env);
  ASSERT_TRUE(before.rewrite(env, [](auto& offsets) { offsets[opened] = 5; }));
  OffsetsFile stopped(log::recovery_point_file);
  EXPECT_TRUE(stopped.rewrite(env, [](auto&) {}));
  OffsetsFile after(log::recovery_point_file);
  after.load(env);
  EXPECT_EQ(after.of(opened), 5);
}

TEST(OffsetsFile, of_which_nothing_can_be_made_tells_nothing_and_is_written_anew) {
  log::MemoryEnv env;
  ASSERT_TRUE(log::replace_file(env, log::recovery_point_file, "0\n1\norders 0\n"));
  OffsetsFile malformed(log::recovery_point_file);
  EXPECT_TRUE(malformed.load(env));
  EXPECT_EQ(malformed.of(opened), 0);
  ASSERT_TRUE(malformed.rewrite(env, [](auto& offsets) { offsets[opened] = 5; }));
  OffsetsFile after(log::recovery_point_file);
  EXPECT_TRUE(after.load(env));
  EXPECT_EQ(after.of(opened), 5);
}

// Else a log would be taken for one of which nothing had been synced, and its checkpoint be written
// anew.
TEST(OffsetsFile, that_the_disk_does_not_give_is_not_taken_for_an_empty_one) {
  log::MemoryEnv env;
  OffsetsFile before(log::recovery_point_file);
  EXPECT_TRUE(before.load(env));
  ASSERT_TRUE(before.rewrite(env, [](auto& offsets) { offsets[opened] = 5; }));
  env.disk.reads_fail = true;
  OffsetsFile failing(log::recovery_point_file);
  EXPECT_FALSE(failing.load(env));
  EXPECT_TRUE(failing.rewrite(env, [](auto& offsets) { offsets[opened] = 1; }));
  env.disk.reads_fail = false;
  OffsetsFile after(log::recovery_point_file);
  EXPECT_TRUE(after.load(env));
  EXPECT_EQ(after.of(opened), 5);
}

}  // namespace brokersim::broker
