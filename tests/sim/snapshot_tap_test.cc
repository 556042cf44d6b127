// The snapshot tap reads what a snapshot on a disk really holds, and says where it is not what the
// committed log gives.
#include "sim/snapshot_tap.h"

#include <gtest/gtest.h>

#include "core/controller/image_records.h"
#include "core/raft/snapshot_store.h"
#include "sim/world.h"

namespace brokersim::sim {
namespace {

constexpr NodeId controller_1{1};
constexpr LeaderEpoch fourth{4};
const std::string metadata_log = "__cluster_metadata-0";

controller::MetadataRecord topic_named(const std::string& name, std::uint8_t id) {
  controller::TopicRecord topic;
  topic.name = name;
  topic.topic_id = {id};
  return topic;
}

raft::Snapshot snapshot_of(const std::vector<controller::MetadataRecord>& records) {
  raft::Snapshot snapshot;
  for (const auto& record : records) snapshot.records.push_back(controller::encode_record(record));
  return snapshot;
}

// A controller whose committed log is: 0..1 topics a and b in one batch, 2 topic c.
class SnapshotScene {
 public:
  SnapshotScene() {
    world_.recorder().listen([this](const Event& event) {
      if (const auto* stored = std::get_if<SnapshotStored>(&event.body)) {
        differences.push_back(stored->difference);
      }
      removed += std::holds_alternative<SnapshotRemoved>(event.body);
    });
    machine_.disk().observe(tap_);
    commit(0, {topic_named("a", 1), topic_named("b", 2)});
    commit(2, {topic_named("c", 3)});
  }

  void commit(Offset base, const std::vector<controller::MetadataRecord>& records) {
    wire::BatchBuilder builder;
    for (const auto& record : records) {
      builder.add({.timestamp = 1, .value = controller::encode_record(record)});
    }
    wire::Batch batch = builder.finish();
    batch.header.base_offset = base;
    batch.header.leader_epoch = fourth;
    metadata_.on_batch(controller_1, batch);
    metadata_.on_synced(controller_1, batch.header.next_offset());
  }

  // What the tap says of a snapshot with this name and content.
  std::string judged(raft::SnapshotId id, const std::vector<controller::MetadataRecord>& records) {
    run([&](Env& env, raft::SnapshotStore& store) {
      EXPECT_TRUE(store.write(env, id, snapshot_of(records)));
    });
    return differences.back();
  }
  void run(const std::function<void(Env&, raft::SnapshotStore&)>& program) {
    world_.start(machine_, [&program](Env& env) {
      EXPECT_TRUE(env.files().make_directory(metadata_log).has_value());
      raft::SnapshotStore store(metadata_log);
      program(env, store);
    });
    world_.run_until([this] { return !machine_.is_up(); }, world_.now() + 60s);
  }
  void lose_power() { machine_.disk().power_loss(); }

  std::vector<std::string> differences;
  int removed = 0;

 private:
  World world_{1};
  Machine& machine_ = world_.add_machine("controller-1", controller_1);
  MetadataTap metadata_{world_.recorder(), {controller_1}};
  SnapshotTap tap_{world_.recorder(), metadata_};
};

TEST(SnapshotTap, finds_nothing_in_a_snapshot_that_is_what_the_log_gives) {
  SnapshotScene scene;
  EXPECT_EQ(scene.judged({2, fourth}, {topic_named("a", 1), topic_named("b", 2)}), "");
  EXPECT_EQ(
      scene.judged({3, fourth}, {topic_named("c", 3), topic_named("a", 1), topic_named("b", 2)}),
      "");
}

TEST(SnapshotTap, says_what_is_wrong_with_content_and_name) {
  SnapshotScene scene;
  const auto a = topic_named("a", 1);
  const auto b = topic_named("b", 2);
  EXPECT_EQ(scene.judged({2, fourth}, {a}), "its topics are not those of the log");
  EXPECT_EQ(scene.judged({2, fourth}, {a, topic_named("b", 9)}),
            "its topics are not those of the log");
  EXPECT_EQ(scene.judged({1, fourth}, {a}), "it ends inside a batch");
  EXPECT_EQ(scene.judged({4, fourth}, {a, b}), "only what is before 3 is committed");
  EXPECT_EQ(scene.judged({2, LeaderEpoch(3)}, {a, b}), "its last record is of epoch 4");
  EXPECT_EQ(scene.judged({2, fourth}, {a, a}),
            "a record cannot be applied: creates a topic that "
            "exists");
}

TEST(SnapshotTap, tells_which_are_gone_and_which_a_loss_of_power_brings_back) {
  SnapshotScene scene;
  const auto records = {topic_named("a", 1), topic_named("b", 2)};
  scene.judged({2, fourth}, records);
  scene.lose_power();
  EXPECT_EQ(scene.removed, 0);
  EXPECT_EQ(scene.differences.size(), 1u);
  scene.run([](Env& env, raft::SnapshotStore& store) {
    ASSERT_TRUE(store.open(env));
    ASSERT_TRUE(store.remove_before(env, {3, fourth}));
  });
  EXPECT_EQ(scene.removed, 1);
  scene.lose_power();
  EXPECT_EQ(scene.removed, 1);
  EXPECT_EQ(scene.differences.size(), 1u);
}

}  // namespace
}  // namespace brokersim::sim
