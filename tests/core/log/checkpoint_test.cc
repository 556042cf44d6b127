// Shows that the text files of a data directory are Kafka's, that malformed ones are refused, and
// that replacing one leaves the old or the new content, whatever fails.
#include "core/log/checkpoint.h"

#include <gtest/gtest.h>

#include "core/base/uuid_text.h"
#include "tests/core/log/memory_env.h"

namespace brokersim::log {

namespace {
constexpr Uuid some_id{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255};
const auto keep_nothing = [](std::size_t) -> std::size_t { return 0; };
}  // namespace

TEST(Checkpoints, offsets_are_written_as_kafka_does) {
  const PartitionOffsets offsets{{{"orders", 0}, 12}, {{"orders", 10}, 0}};
  EXPECT_EQ(encode_offsets(offsets), "0\n2\norders 0 12\norders 10 0\n");
  EXPECT_EQ(decode_offsets("0\n2\norders 0 12\norders 10 0\n"), offsets);
}

TEST(Checkpoints, malformed_offsets_are_refused) {
  for (const auto* text : {"", "0\n1\n", "1\n1\na 0 1\n", "0\n1\na 0\n", "0\n1\na 0 1 2\n",
                           "0\n1\na -1 1\n", "0\n1\na 0 -1\n", "0\n2\na 0 1\n"}) {
    EXPECT_EQ(decode_offsets(text), std::nullopt) << text;
  }
}

TEST(Checkpoints, uuids_are_url_safe_base64) {
  EXPECT_EQ(uuid_text(no_uuid), "AAAAAAAAAAAAAAAAAAAAAA");
  EXPECT_EQ(uuid_text(some_id), "AAECAwQFBgcICQoLDA0O_w");
  EXPECT_EQ(parse_uuid("AAECAwQFBgcICQoLDA0O_w"), some_id);
  EXPECT_EQ(parse_uuid("AAECAwQFBgcICQoLDA0O_"), std::nullopt);
  EXPECT_EQ(parse_uuid("AAECAwQFBgcICQoLDA0O/w"), std::nullopt);
  // Java's decoder ignores the bits that are too many.
  EXPECT_EQ(parse_uuid("AAECAwQFBgcICQoLDA0O_x"), some_id);
  EXPECT_TRUE(parse_uuid("MkU3OEVBNTcwNTJENDM2Qk").has_value());
}

TEST(Checkpoints, meta_properties_survive_a_round_trip_and_comments) {
  const MetaProperties properties{"MkU3OEVBNTcwNTJENDM2Qg", NodeId(3), some_id};
  EXPECT_EQ(decode_meta_properties("#\n#Mon\n" + encode_meta_properties(properties)), properties);
  EXPECT_EQ(decode_meta_properties("version=0\nbroker.id=1\n"), std::nullopt);
}

TEST(Checkpoints, partition_metadata_names_the_topic) {
  EXPECT_EQ(encode_partition_metadata(some_id), "version: 0\ntopic_id: AAECAwQFBgcICQoLDA0O_w\n");
  EXPECT_EQ(decode_partition_metadata(encode_partition_metadata(some_id)), some_id);
  EXPECT_EQ(decode_partition_metadata("version: 0\n"), std::nullopt);
}

TEST(Checkpoints, a_replaced_file_survives_power_loss) {
  MemoryEnv env;
  EXPECT_TRUE(replace_file(env, "a", "old").has_value());
  EXPECT_TRUE(replace_file(env, "a", "new").has_value());
  env.disk.lose_power(keep_nothing, false);
  EXPECT_EQ(*read_file(env, "a"), "new");
}

TEST(Checkpoints, a_failed_replacement_leaves_the_old_content) {
  MemoryEnv env;
  EXPECT_TRUE(replace_file(env, "a", "old").has_value());
  env.disk.syncs_fail = true;
  EXPECT_FALSE(replace_file(env, "a", "new").has_value());
  EXPECT_EQ(*read_file(env, "a"), "old");
}

TEST(Checkpoints, power_loss_while_replacing_leaves_the_old_content) {
  MemoryEnv env;
  EXPECT_TRUE(replace_file(env, "a", "old").has_value());
  bool is_lost = false;
  env.disk.during_wait = [&] {
    if (!std::exchange(is_lost, true)) env.disk.lose_power(keep_nothing, false);
  };
  EXPECT_FALSE(replace_file(env, "a", "new").has_value());
  EXPECT_EQ(*read_file(env, "a"), "old");
}

TEST(Checkpoints, a_clean_shutdown_is_taken_once_and_for_good) {
  MemoryEnv env;
  EXPECT_EQ(*take_clean_shutdown(env, "data"), std::nullopt);
  EXPECT_TRUE(leave_clean_shutdown(env, "data", BrokerEpoch(42)).has_value());
  EXPECT_EQ(*take_clean_shutdown(env, "data"), BrokerEpoch(42));
  env.disk.lose_power(keep_nothing, false);
  EXPECT_EQ(*take_clean_shutdown(env, "data"), std::nullopt);
}

// As the directory of a log: it is made once, and who finds it does not sync it again.
TEST(Checkpoints, what_a_process_left_unsynced_the_next_one_syncs_when_it_starts) {
  MemoryEnv env;
  ASSERT_TRUE(env.files().open("data/left", OpenMode::create).has_value());
  EXPECT_EQ(*take_clean_shutdown(env, "data"), std::nullopt);
  env.disk.lose_power(keep_nothing, false);
  EXPECT_TRUE(env.files().exists("data/left"));
}

TEST(Checkpoints, an_empty_clean_shutdown_marker_counts) {
  MemoryEnv env;
  EXPECT_TRUE(replace_file(env, "data/.kafka_cleanshutdown", "").has_value());
  EXPECT_EQ(*take_clean_shutdown(env, "data"), no_broker_epoch);
}

}  // namespace brokersim::log
