// The records of __consumer_offsets, byte by byte, and which partition a group's are in.
#include "core/group/records.h"

#include "tests/core/api/definition_check.h"

namespace brokersim::group {
namespace {

Bytes hex(const std::string& text) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(text.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

TEST(GroupRecords, agree_with_their_definitions) {
  const auto root = api::shared_folder("kafka-messages");
  if (root.empty()) GTEST_SKIP() << "no protocol definitions next to the sources";
  const auto folder = root + "group-coordinator/";
  api::expect_defined_like<OffsetCommitKey>(folder + "OffsetCommitKey.json");
  api::expect_defined_like<OffsetCommitValue>(folder + "OffsetCommitValue.json");
  api::expect_defined_like<GroupMetadataKey>(folder + "GroupMetadataKey.json");
  api::expect_defined_like<GroupMetadataValue>(folder + "GroupMetadataValue.json");
  const auto of_consumers = folder + "ConsumerGroup";
  api::expect_defined_like<ConsumerGroupMetadataKey>(of_consumers + "MetadataKey.json");
  api::expect_defined_like<ConsumerGroupMetadataValue>(of_consumers + "MetadataValue.json");
  api::expect_defined_like<ConsumerGroupPartitionMetadataKey>(of_consumers +
                                                              "PartitionMetadataKey.json");
  api::expect_defined_like<ConsumerGroupPartitionMetadataValue>(of_consumers +
                                                                "PartitionMetadataValue.json");
  api::expect_defined_like<ConsumerGroupMemberMetadataKey>(of_consumers + "MemberMetadataKey.json");
  api::expect_defined_like<ConsumerGroupMemberMetadataValue>(of_consumers +
                                                             "MemberMetadataValue.json");
  api::expect_defined_like<ConsumerGroupTargetAssignmentMetadataKey>(
      of_consumers + "TargetAssignmentMetadataKey.json");
  api::expect_defined_like<ConsumerGroupTargetAssignmentMetadataValue>(
      of_consumers + "TargetAssignmentMetadataValue.json");
  api::expect_defined_like<ConsumerGroupTargetAssignmentMemberKey>(
      of_consumers + "TargetAssignmentMemberKey.json");
  api::expect_defined_like<ConsumerGroupTargetAssignmentMemberValue>(
      of_consumers + "TargetAssignmentMemberValue.json");
  api::expect_defined_like<ConsumerGroupCurrentMemberAssignmentKey>(
      of_consumers + "CurrentMemberAssignmentKey.json");
  api::expect_defined_like<ConsumerGroupCurrentMemberAssignmentValue>(
      of_consumers + "CurrentMemberAssignmentValue.json");
}

TEST(GroupRecords, of_a_consumer_group_are_written_as_kafka_does) {
  ConsumerGroupCurrentMemberAssignmentValue value{
      .member_epoch = 3, .previous_member_epoch = 2, .state = 1};
  value.assigned_partitions.push_back({.topic_id = {1}, .partitions = {4}});
  const auto record = encode_entry(ConsumerGroupCurrentMemberAssignmentEntry{{"g", "m"}, value}, 1);
  EXPECT_EQ(record.key, hex("0008"
                            "0001"
                            "67"
                            "0001"
                            "6d"));
  EXPECT_EQ(record.value, hex("0000"
                              "00000003"
                              "00000002"
                              "01"
                              "02"
                              "01000000000000000000000000000000"
                              "02"
                              "00000004"
                              "00"
                              "01"
                              "00"));
  const auto read = decode_entry(record);
  ASSERT_TRUE(read);
  EXPECT_EQ(std::get<ConsumerGroupCurrentMemberAssignmentEntry>(*read).value, value);
}

TEST(GroupRecords, of_a_consumer_group_may_delete) {
  const auto read =
      decode_entry(encode_entry(ConsumerGroupMemberMetadataEntry{{"g", "m"}, std::nullopt}, 1));
  ASSERT_TRUE(read);
  const auto& entry = std::get<ConsumerGroupMemberMetadataEntry>(*read);
  EXPECT_EQ(entry.key.member_id, "m");
  EXPECT_FALSE(entry.value);
}

TEST(GroupRecords, a_commit_is_written_as_kafka_does) {
  const auto record =
      encode_entry(OffsetCommitEntry{{"g", "t", 2},
                                     OffsetCommitValue{.offset = 5,
                                                       .leader_epoch = LeaderEpoch(7),
                                                       .metadata = "m",
                                                       .commit_timestamp = 256}},
                   256);
  EXPECT_EQ(record.key, hex("0001"
                            "0001"
                            "67"
                            "0001"
                            "74"
                            "00000002"));
  EXPECT_EQ(record.value, hex("0003"
                              "0000000000000005"
                              "00000007"
                              "0001"
                              "6d"
                              "0000000000000100"));
}

TEST(GroupRecords, a_commit_with_its_own_expiry_is_written_in_the_version_that_has_one) {
  const auto record = encode_entry(
      OffsetCommitEntry{
          {"g", "t", 2},
          OffsetCommitValue{.offset = 5, .commit_timestamp = 256, .expire_timestamp = 512}},
      256);
  EXPECT_EQ(record.value, hex("0001"
                              "0000000000000005"
                              "0000"
                              "0000000000000100"
                              "0000000000000200"));
}

TEST(GroupRecords, an_empty_group_and_a_tombstone_are_written_as_kafka_does) {
  const auto empty =
      encode_entry(GroupMetadataEntry{{"g"},
                                      GroupMetadataValue{.protocol_type = "consumer",
                                                         .generation = 3,
                                                         .current_state_timestamp = 256}},
                   256);
  EXPECT_EQ(empty.key, hex("0002"
                           "0001"
                           "67"));
  EXPECT_EQ(empty.value, hex("0003"
                             "0008"
                             "636f6e73756d6572"
                             "00000003"
                             "ffff"
                             "ffff"
                             "0000000000000100"
                             "00000000"));
  const auto tombstone = encode_entry(GroupMetadataEntry{{"g"}, std::nullopt}, 256);
  EXPECT_EQ(tombstone.key, empty.key);
  EXPECT_FALSE(tombstone.value);
}

TEST(GroupRecords, older_versions_are_read_and_an_absent_expiry_is_none) {
  const wire::Record record{.key = hex("0000"
                                       "0001"
                                       "67"
                                       "0001"
                                       "74"
                                       "00000002"),
                            .value = hex("0000"
                                         "0000000000000005"
                                         "0000"
                                         "0000000000000100")};
  const auto entry = decode_entry(record);
  ASSERT_TRUE(entry);
  const auto& commit = std::get<OffsetCommitEntry>(*entry);
  EXPECT_EQ(commit.key.partition, 2);
  EXPECT_EQ(commit.value->offset, 5);
  EXPECT_EQ(commit.value->expire_timestamp, -1);  // KAFKA-8069: not 0.
}

// Values of Java's String.hashCode.
TEST(GroupPartition, is_that_of_javas_hash) {
  EXPECT_EQ(partition_of("", 50), 0);
  EXPECT_EQ(partition_of("a", 50), 97 % 50);
  EXPECT_EQ(partition_of("my-group", 50), 12);
  EXPECT_EQ(partition_of("polygenelubricants", 50), 0);           // Its hash is the least integer.
  EXPECT_EQ(partition_of("\xc3\xa4", 50), 0xe4 % 50);             // ä is one unit, not two bytes.
  EXPECT_EQ(partition_of("\xf0\x9f\x98\x80", 50), 1772899 % 50);  // Two units.
}

}  // namespace
}  // namespace brokersim::group
