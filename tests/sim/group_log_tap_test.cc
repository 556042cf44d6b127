// The tap of __consumer_offsets tells what each record says of its group, of each member by itself,
// once, however many logs hold it; and nothing of offsets.
#include "sim/group_log_tap.h"

#include <gtest/gtest.h>

#include "core/api/consumer_protocol.h"
#include "core/group/records.h"

namespace brokersim::sim {
namespace {

const TopicPartition offsets_0{"__consumer_offsets", 0};
constexpr Uuid known_topic{1};

class GroupLogScene {
 public:
  GroupLogScene() {
    recorder_.listen([this](const Event& event) {
      const auto* state = std::get_if<GroupStateStored>(&event.body);
      if (state == nullptr) return;
      told.push_back(*state);
      tellers.push_back(event.node);
    });
  }

  void stored(int node, Offset offset, int epoch, const std::vector<group::Entry>& entries) {
    wire::BatchBuilder builder;
    for (const auto& entry : entries) builder.add(group::encode_entry(entry, 2));
    wire::Batch batch = builder.finish();
    batch.header.base_offset = offset;
    batch.header.leader_epoch = LeaderEpoch{epoch};
    tap_.on_batch(NodeId{node}, offsets_0, batch);
  }

  std::vector<GroupStateStored> told;
  std::vector<NodeId> tellers;

 private:
  Recorder recorder_;
  GroupLogTap tap_{recorder_,
                   [](const Uuid& id) { return std::string(id == known_topic ? "a" : ""); }};
};

group::Entry epoch_entry(std::int32_t epoch) {
  return group::ConsumerGroupMetadataEntry{{"g"}, {{epoch}}};
}

group::Entry member_entry(const std::string& member) {
  group::ConsumerGroupCurrentMemberAssignmentValue value{.member_epoch = 5};
  value.assigned_partitions.push_back({known_topic, {0, 2}});
  value.assigned_partitions.push_back({Uuid{9}, {0}});  // Of a topic that is gone.
  value.partitions_pending_revocation.push_back({known_topic, {1}});
  return group::ConsumerGroupCurrentMemberAssignmentEntry{{"g", member}, value};
}

TEST(GroupLogTap, tells_what_a_member_of_a_consumer_group_has) {
  GroupLogScene scene;
  scene.stored(1, 5, 4, {member_entry("m")});
  ASSERT_EQ(scene.told.size(), 1U);
  const auto& told = scene.told[0];
  EXPECT_EQ(told.partition, offsets_0);
  EXPECT_EQ(told.offset, 5);
  EXPECT_EQ(told.leader_epoch, LeaderEpoch{4});
  EXPECT_EQ(told.group, "g");
  EXPECT_EQ(told.what, GroupStateStored::of_member);
  EXPECT_EQ(told.member, "m");
  EXPECT_EQ(told.epoch, 5);
  EXPECT_EQ(told.assigned, (std::vector<TopicPartition>{{"a", 0}, {"a", 2}}));
  EXPECT_EQ(told.pending, (std::vector<TopicPartition>{{"a", 1}}));
}

TEST(GroupLogTap, calls_a_static_member_by_its_instance) {
  GroupLogScene scene;
  group::ConsumerGroupMemberMetadataValue metadata;
  metadata.instance_id = "i";
  scene.stored(1, 0, 0,
               {group::ConsumerGroupMemberMetadataEntry{{"g", "m"}, metadata}, member_entry("m")});
  ASSERT_EQ(scene.told.size(), 1U);
  EXPECT_EQ(scene.told[0].member, "i");
  EXPECT_EQ(scene.told[0].offset, 1);
}

TEST(GroupLogTap, tells_of_each_member_of_a_classic_group) {
  GroupLogScene scene;
  api::ConsumerProtocolAssignment assignment;
  assignment.assigned_partitions.push_back({"orders", {3}});
  group::GroupMetadataValue value{.protocol_type = "consumer", .generation = 7};
  value.members.resize(2);
  value.members[0].member_id = "m";
  value.members[0].assignment = api::encode_versioned(assignment, 1);
  value.members[1].member_id = "n";
  value.members[1].group_instance_id = "i";
  scene.stored(1, 0, 0, {group::GroupMetadataEntry{{"g"}, value}});
  ASSERT_EQ(scene.told.size(), 2U);
  EXPECT_EQ(scene.told[0].what, GroupStateStored::of_generation);
  EXPECT_EQ(scene.told[0].epoch, 7);
  EXPECT_EQ(scene.told[0].assigned, (std::vector<TopicPartition>{{"orders", 3}}));
  EXPECT_EQ(scene.told[1].member, "i");
  EXPECT_TRUE(scene.told[1].assigned.empty());
}

TEST(GroupLogTap, tells_of_a_group_that_nobody_is_in_and_of_tombstones) {
  GroupLogScene scene;
  group::GroupMetadataValue empty{.generation = 8};
  scene.stored(
      1, 0, 0,
      {group::GroupMetadataEntry{{"g"}, empty}, group::GroupMetadataEntry{{"g"}, std::nullopt},
       epoch_entry(9), group::ConsumerGroupMetadataEntry{{"g"}, std::nullopt}});
  std::vector<std::int32_t> epochs;
  for (const auto& told : scene.told) {
    EXPECT_EQ(told.member, "");
    epochs.push_back(told.epoch);
  }
  EXPECT_EQ(epochs,
            (std::vector<std::int32_t>{8, GroupStateStored::gone, 9, GroupStateStored::gone}));
}

TEST(GroupLogTap, tells_of_each_once_where_it_is_stored_first_and_of_no_offsets) {
  GroupLogScene scene;
  scene.stored(2, 0, 0, {epoch_entry(1)});
  scene.stored(1, 0, 0, {epoch_entry(1)});
  scene.stored(1, 0, 1, {epoch_entry(1)});  // Of another epoch: another record.
  scene.stored(1, 1, 1, {group::OffsetCommitEntry{{"g", "orders", 0}, std::nullopt}});
  EXPECT_EQ(scene.tellers, (std::vector{NodeId{2}, NodeId{1}}));
}

}  // namespace
}  // namespace brokersim::sim
