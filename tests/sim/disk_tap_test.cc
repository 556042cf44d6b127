// What the disk tap tells is what the disk holds: after writing, truncating, syncing and any power
// loss the events add up to the batches that a reader of the files would find.
#include "sim/disk_tap.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/log/checkpoint.h"
#include "sim/world.h"

namespace brokersim::sim {
namespace {

const TopicPartition orders_0{"orders_0", 0};
constexpr auto first_segment = "orders_0-0/00000000000000000000.log";

wire::Batch batch_at(Offset offset, std::size_t size = 100) {
  wire::BatchBuilder builder;
  builder.add({.timestamp = 1, .value = Bytes(size, static_cast<std::uint8_t>(offset))});
  wire::Batch batch = builder.finish();
  batch.header.base_offset = offset;
  batch.header.leader_epoch = LeaderEpoch(3);
  return batch;
}

// The log as the events describe it.
struct SeenLog {
  std::vector<BatchRef> batches;
  Offset synced = 0;
  bool was_power_loss = false;
  std::vector<SegmentDeleted> deleted;

  void on(const Event& event) {
    if (const auto* stored = std::get_if<BatchStored>(&event.body)) {
      EXPECT_EQ(stored->partition, orders_0);
      batches.push_back(stored->batch);
    } else if (const auto* cut = std::get_if<LogCut>(&event.body)) {
      was_power_loss = cut->by_power_loss;
      while (!batches.empty() && batches.back().last_offset >= cut->end_offset) batches.pop_back();
      synced = std::min(synced, cut->end_offset);
    } else if (const auto* sync = std::get_if<LogSynced>(&event.body)) {
      synced = sync->end_offset;
    } else if (const auto* gone = std::get_if<SegmentDeleted>(&event.body)) {
      deleted.push_back(*gone);
    }
  }
  Offset end() const { return batches.empty() ? 0 : batches.back().last_offset + 1; }
};

class Scene {
 public:
  explicit Scene(std::uint64_t seed) : world_(seed) {
    world_.recorder().listen([this](const Event& event) { seen_.on(event); });
    machine_.disk().observe(tap_);
  }
  void run(const std::function<void(Env&, File&)>& program) {
    world_.start(machine_, [&program](Env& env) {
      EXPECT_TRUE(env.files().make_directory("orders_0-0").has_value());
      const auto file = *env.files().open(first_segment, OpenMode::create);
      program(env, *file);
    });
    world_.run_until([this] { return !machine_.is_up(); }, world_.now() + 60s);
  }
  static void sync_all(Env& env, File& file) {
    EXPECT_TRUE(file.sync(env).has_value());
    EXPECT_TRUE(env.files().sync_directory(env, "orders_0-0").has_value());
    EXPECT_TRUE(env.files().sync_directory(env, "").has_value());
  }
  // What a reader finds.
  std::vector<BatchRef> on_disk() const {
    std::vector<BatchRef> refs;
    Slice rest = machine_.disk().content_of(first_segment).joined();
    while (const auto batch = wire::parse_batch(rest)) {
      if (!batch->crc_is_valid()) break;
      refs.push_back(batch->ref());
      rest = rest.from(batch->size());
    }
    return refs;
  }
  std::uint64_t valid_size() const {
    Slice rest = machine_.disk().content_of(first_segment).joined();
    const auto size = rest.size();
    for (std::size_t i = on_disk().size(); i > 0; --i) {
      rest = rest.from(wire::parse_batch(rest)->size());
    }
    return size - rest.size();
  }
  SeenLog& seen() { return seen_; }
  Disk& disk() { return machine_.disk(); }

 private:
  World world_;
  Machine& machine_ = world_.add_machine("broker-1", NodeId(1));
  SeenLog seen_;
  DiskTap tap_{world_.recorder()};
};

TEST(DiskTap, appended_batches_are_stored_and_synced_only_with_their_names) {
  Scene scene(1);
  scene.run([&](Env& env, File& file) {
    for (Offset offset = 0; offset < 3; ++offset) (void)file.append(batch_at(offset).bytes());
    EXPECT_EQ(scene.seen().batches.size(), 3u);
    EXPECT_EQ(scene.seen().batches[2], batch_at(2).ref());
    EXPECT_TRUE(file.sync(env).has_value());
    EXPECT_EQ(scene.seen().synced, 0);
    Scene::sync_all(env, file);
    EXPECT_EQ(scene.seen().synced, 3);
    (void)file.append(batch_at(3).bytes());
    EXPECT_TRUE(file.sync(env).has_value());
    EXPECT_EQ(scene.seen().synced, 4);
  });
}

TEST(DiskTap, a_first_segment_that_goes_is_told_with_what_it_held) {
  for (const bool is_kept_for_a_while : {true, false}) {
    Scene scene(1);
    scene.run([&](Env& env, File& file) {
      for (Offset offset = 0; offset < 2; ++offset) (void)file.append(batch_at(offset).bytes());
      const std::string second = "orders_0-0/00000000000000000002.log";
      (void)(*env.files().open(second, OpenMode::create))->append(batch_at(2).bytes());
      const std::string path(first_segment);
      if (is_kept_for_a_while) {
        (void)env.files().rename(path, path + ".deleted");
      } else {
        (void)env.files().remove(path);
      }
      // The last one is no beginning that goes on.
      (void)env.files().remove(second);
    });
    ASSERT_EQ(scene.seen().deleted.size(), 1u);
    const auto& told = scene.seen().deleted[0];
    const auto size = static_cast<std::int64_t>(batch_at(0).size());
    EXPECT_EQ(told.start_offset, 0);
    EXPECT_EQ(told.end_offset, 2);
    EXPECT_EQ(told.bytes, 2 * size);
    EXPECT_EQ(told.bytes_left, size);
    EXPECT_EQ(told.newest_ms, 1);
  }
}

TEST(DiskTap, a_batch_split_over_appends_counts_once_it_is_whole) {
  Scene scene(1);
  scene.run([&](Env&, File& file) {
    const Rope bytes = batch_at(0).bytes();
    (void)file.append(bytes.sub(0, 70));
    EXPECT_TRUE(scene.seen().batches.empty());
    (void)file.append(bytes.sub(70, bytes.size() - 70));
    EXPECT_EQ(scene.seen().batches.size(), 1u);
  });
}

TEST(DiskTap, a_truncation_cuts_the_log_and_a_tail_that_was_no_batch_cuts_nothing) {
  Scene scene(1);
  scene.run([&](Env&, File& file) {
    for (Offset offset = 0; offset < 3; ++offset) (void)file.append(batch_at(offset).bytes());
    const auto size = batch_at(0).size();
    EXPECT_TRUE(file.truncate(size + 5).has_value());
    EXPECT_EQ(scene.seen().end(), 1);
    EXPECT_FALSE(scene.seen().was_power_loss);
    EXPECT_TRUE(file.truncate(size).has_value());
    EXPECT_EQ(scene.seen().end(), 1);
    (void)file.append(batch_at(1).bytes());
    EXPECT_EQ(scene.seen().end(), 2);
  });
}

TEST(DiskTap, removing_later_segments_cuts_and_removing_early_ones_does_not) {
  Scene scene(1);
  scene.run([&](Env& env, File& file) {
    (void)file.append(batch_at(0).bytes());
    constexpr auto second = "orders_0-0/00000000000000000001.log";
    const auto next = *env.files().open(second, OpenMode::create);
    (void)next->append(batch_at(1).bytes());
    EXPECT_TRUE(env.files().remove(first_segment).has_value());
    EXPECT_EQ(scene.seen().end(), 2);
    EXPECT_TRUE(env.files().remove(second).has_value());
    EXPECT_EQ(scene.seen().end(), 0);
  });
}

TEST(DiskTap, a_log_of_another_topic_by_that_name_is_told) {
  World world(1);
  auto& machine = world.add_machine("broker-1", NodeId(1));
  bool was_removed = false;
  DiskTap tap(world.recorder(), nullptr, {}, [&](const std::string&) { return was_removed; });
  machine.disk().observe(tap);
  std::vector<std::string> told;
  world.recorder().listen([&](const Event& event) {
    if (const auto* named = std::get_if<LogNamed>(&event.body)) {
      EXPECT_EQ(named->partition, orders_0);
      told.push_back(fmt::format("topic {}", named->topic_id[0]));
    } else if (const auto* cut = std::get_if<LogCut>(&event.body)) {
      told.push_back(fmt::format("cut to {}", cut->end_offset));
    }
  });
  const auto begin = [](Env& env, std::uint8_t id) {
    EXPECT_TRUE(env.files().make_directory("orders_0-0").has_value());
    (void)(*env.files().open(first_segment, OpenMode::create))->append(batch_at(0).bytes());
    const auto text = log::encode_partition_metadata(Uuid{id});
    EXPECT_TRUE(log::replace_file(env, "orders_0-0/partition.metadata", text).has_value());
  };
  world.start(machine, [&](Env& env) {
    begin(env, 1);
    EXPECT_TRUE(told.empty());  // There is no other.
    was_removed = true;
    EXPECT_TRUE(env.files().rename("orders_0-0", "orders_0-0.0123-delete").has_value());
    begin(env, 2);
  });
  world.run_until([&] { return !machine.is_up(); }, world.now() + 60s);
  EXPECT_EQ(told, (std::vector<std::string>{"cut to 0", "topic 2"}));
}

TEST(DiskTap, other_files_are_none_of_its_business) {
  Scene scene(1);
  scene.run([&](Env& env, File&) {
    for (const auto* path : {"orders_0-0/00000000000000000000.index", "meta.properties",
                             "orders_0-0/leader-epoch-checkpoint", "00000000000000000000.log"}) {
      (void)(*env.files().open(path, OpenMode::create))->append(batch_at(0).bytes());
    }
  });
  EXPECT_TRUE(scene.seen().batches.empty());
}

RC_GTEST_PROP(DiskTap, after_power_loss_the_events_add_up_to_what_is_on_the_disk,
              (std::uint64_t seed)) {
  Scene scene(seed);
  const Random random(seed, "steps");
  Offset synced = 0;
  scene.run([&](Env& env, File& file) {
    Scene::sync_all(env, file);
    for (int step = 0; step < 12; ++step) {
      const Offset end = scene.seen().end();
      const auto what = uniform(random.draw("what", step), 0, 9);
      if (what < 7) {
        const auto size = uniform(random.draw("size", step), std::size_t{1}, std::size_t{2000});
        (void)file.append(batch_at(end, size).bytes());
      } else if (what < 8) {
        const auto keep = uniform(random.draw("keep", step), std::uint64_t{0}, file.size());
        EXPECT_TRUE(file.truncate(keep).has_value());
        EXPECT_TRUE(file.truncate(file.size()).has_value());
      } else {
        EXPECT_TRUE(file.sync(env).has_value());
      }
      // Recovery would cut a torn tail before it appends again.
      EXPECT_TRUE(file.truncate(scene.valid_size()).has_value());
    }
    synced = scene.seen().synced;
  });
  RC_ASSERT(scene.seen().batches == scene.on_disk());
  scene.disk().power_loss();
  RC_ASSERT(scene.seen().batches == scene.on_disk());
  RC_ASSERT(scene.seen().end() >= synced);
  RC_ASSERT(scene.seen().synced == scene.seen().end());
}

// Where segment files of the metadata log were lost that a snapshot stands for, its node goes on
// behind the snapshot.
TEST(DiskTap, a_gap_before_the_oldest_snapshot_loses_nothing_behind_it) {
  constexpr Offset snapshot_end = 5;
  const std::string directory = "__cluster_metadata-0";
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    World world(seed);
    DiskTap tap(world.recorder());
    Machine& machine = world.add_machine("controller-1", NodeId(1));
    machine.disk().observe(tap);
    Offset end = 0;
    world.recorder().listen([&end](const Event& event) {
      if (const auto* stored = std::get_if<BatchStored>(&event.body)) {
        end = stored->batch.last_offset + 1;
      } else if (const auto* cut = std::get_if<LogCut>(&event.body)) {
        end = std::min(end, cut->end_offset);
      }
    });
    world.start(machine, [&directory](Env& env) {
      EXPECT_TRUE(env.files().make_directory(directory));
      const auto open = [&](const std::string& name) {
        return *env.files().open(directory + "/" + name, OpenMode::create);
      };
      const auto old = open("00000000000000000000.log");
      const auto active = open("00000000000000000005.log");
      const auto snapshot = open("00000000000000000005-0000000003.checkpoint");
      EXPECT_TRUE(snapshot->sync(env));
      EXPECT_TRUE(env.files().sync_directory(env, directory));
      EXPECT_TRUE(env.files().sync_directory(env, ""));
      for (Offset offset = 0; offset < snapshot_end; ++offset) {
        EXPECT_TRUE(old->append(batch_at(offset).bytes()));
      }
      EXPECT_TRUE(active->append(batch_at(snapshot_end).bytes()));
      EXPECT_TRUE(active->sync(env));
    });
    world.run_until([&machine] { return !machine.is_up(); }, world.now() + 60s);
    machine.disk().power_loss();
    EXPECT_EQ(end, snapshot_end + 1) << "seed " << seed;
  }
}

}  // namespace
}  // namespace brokersim::sim
