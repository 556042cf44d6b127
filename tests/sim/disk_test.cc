// A machine's disk as programs see it: what takes time, what fails under faults, and what is there
// after crashes and power loss.
#include "sim/disk.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "sim/world.h"
#include "tests/sim/text_rope.h"

namespace brokersim::sim {
namespace {

class DiskTest : public ::testing::Test {
 protected:
  // Runs `program` on the machine until it is done.
  void run(const Machine::Program& program) {
    ASSERT_TRUE(world_.start(machine_, program));
    ASSERT_TRUE(world_.run_until([&] { return !machine_.is_up(); }, world_.now() + 60s));
  }
  void write_synced(const std::string& path, std::string_view text) {
    run([&](Env& env) {
      const auto file = *env.files().open(path, OpenMode::create);
      EXPECT_TRUE(file->append(rope(text)).has_value());
      EXPECT_TRUE(file->sync(env).has_value());
      EXPECT_TRUE(env.files().sync_directory(env, "").has_value());
    });
  }

  World world_{7};
  Machine& machine_ = world_.add_machine("broker-1", NodeId(1));
  Disk& disk_ = machine_.disk();
};

TEST_F(DiskTest, a_sync_takes_time_and_appending_takes_none) {
  run([&](Env& env) {
    const auto file = *env.files().open("log", OpenMode::create_new);
    const Instant begun = world_.scheduler().now();
    EXPECT_EQ(*file->append(rope("abc")), 0u);
    EXPECT_EQ(*file->append(rope("def")), 3u);
    EXPECT_EQ(world_.scheduler().now(), begun);
    EXPECT_TRUE(file->sync(env).has_value());
    EXPECT_GE(world_.scheduler().now() - begun, 100us);
    EXPECT_TRUE(file->sync(env).has_value());  // Nothing to do.
  });
  EXPECT_EQ(disk_.counters().syncs, 1u);
}

TEST_F(DiskTest, a_process_crash_keeps_what_was_never_synced) {
  world_.start(machine_, [](Env& env) {
    const auto file = *env.files().open("log", OpenMode::create);
    EXPECT_TRUE(file->append(rope("unsynced")).has_value());
    env.sleep_until(never);
  });
  world_.run_until(Instant{1s});
  ASSERT_TRUE(world_.crash(machine_));
  EXPECT_EQ(as_text(disk_.content_of("log").flat()), "unsynced");
}

TEST_F(DiskTest, what_was_synced_with_its_name_survives_power_loss_and_is_read_from_the_device) {
  write_synced("log", "synced");
  EXPECT_EQ(disk_.durable_size("log"), 6u);
  disk_.power_loss();
  run([&](Env& env) {
    const auto file = *env.files().open("log", OpenMode::existing);
    EXPECT_FALSE(file->cached(0, 6).has_value());
    const Instant begun = world_.scheduler().now();
    EXPECT_EQ(as_text(file->read(env, 0, 6)->flat()), "synced");
    EXPECT_GE(world_.scheduler().now() - begun, 50us);
    EXPECT_TRUE(file->cached(0, 6).has_value());
  });
}

TEST_F(DiskTest, power_loss_during_a_sync_may_leave_it_done_or_not) {
  write_synced("log", "1");
  int kept = 0;
  for (int i = 0; i < 40; ++i) {
    const auto before = disk_.size_of("log");
    world_.start(machine_, [](Env& env) {
      const auto file = *env.files().open("log", OpenMode::existing);
      EXPECT_TRUE(file->append(rope("2")).has_value());
      EXPECT_TRUE(file->sync(env).has_value());
      ADD_FAILURE() << "the sync was to be interrupted";
    });
    world_.run_until(world_.now() + 50us);
    ASSERT_TRUE(world_.power_off(machine_));
    if (disk_.size_of("log") > before) ++kept;
  }
  EXPECT_GT(kept, 3);
  EXPECT_LT(kept, 37);
}

TEST_F(DiskTest, a_slow_disk_takes_longer_and_is_as_before_once_the_fault_is_gone) {
  const auto fault = disk_.add({.kind = DiskFault::Kind::slow, .factor = 1, .extra = 2s});
  Instant begun = world_.now();
  write_synced("log", "a");
  EXPECT_GE(world_.now() - begun, 2s);
  disk_.remove_fault(fault);
  EXPECT_EQ(disk_.effects(fault), 2);  // The file and its directory.
  begun = world_.now();
  write_synced("log", "b");
  EXPECT_LT(world_.now() - begun, 1s);
}

TEST_F(DiskTest, what_one_fault_adds_to_a_slow_disk_no_other_multiplies) {
  disk_.add({.kind = DiskFault::Kind::slow, .factor = 1, .extra = 1s});
  disk_.add({.kind = DiskFault::Kind::slow, .factor = 50, .extra = 1s});
  const Instant begun = world_.now();
  write_synced("log", "a");  // The file and its directory.
  EXPECT_GE(world_.now() - begun, 4s);
  EXPECT_LT(world_.now() - begun, 5s);
}

// As Linux does: the pages are clean, the next sync has nothing to write and says yes.
TEST_F(DiskTest, what_a_failed_sync_was_to_write_no_later_one_makes_durable) {
  disk_.add({.kind = DiskFault::Kind::sync_fails, .times = 1});
  run([&](Env& env) {
    const auto file = *env.files().open("log", OpenMode::create);
    EXPECT_TRUE(file->append(rope("abc")).has_value());
    const auto first = file->sync(env);
    ASSERT_FALSE(first.has_value());
    EXPECT_EQ(first.error(), IoError::failed);
    EXPECT_TRUE(env.files().sync_directory(env, "").has_value());
    EXPECT_EQ(disk_.durable_size("log"), 0u);
    EXPECT_TRUE(file->sync(env).has_value());
    EXPECT_EQ(disk_.durable_size("log"), 0u);
    EXPECT_TRUE(file->append(rope("def")).has_value());
    EXPECT_TRUE(file->sync(env).has_value());
    EXPECT_EQ(disk_.durable_size("log"), 0u);
    EXPECT_EQ(as_text(disk_.content_of("log").flat()), "abcdef");
    EXPECT_TRUE(disk_.has_unwritten());
    EXPECT_TRUE(file->truncate(0).has_value());
    EXPECT_TRUE(file->append(rope("written again")).has_value());
    EXPECT_TRUE(file->sync(env).has_value());
    EXPECT_EQ(disk_.durable_size("log"), 13u);
    EXPECT_FALSE(disk_.has_unwritten());
  });
}

TEST_F(DiskTest, a_machine_that_could_not_sync_something_is_booted_anew) {
  const auto fail_once = [this] {
    disk_.add({.kind = DiskFault::Kind::sync_fails, .times = 1});
    run([](Env& env) {
      const auto file = *env.files().open("log", OpenMode::create);
      EXPECT_TRUE(file->append(rope("abc")).has_value());
      EXPECT_FALSE(file->sync(env).has_value());
    });
  };
  write_synced("log", "synced");
  fail_once();
  EXPECT_EQ(disk_.counters().power_losses, 0u);
  run([](Env&) {});
  EXPECT_EQ(disk_.counters().power_losses, 1u);
  EXPECT_TRUE(as_text(disk_.content_of("log").flat()).starts_with("synced"));
  run([](Env&) {});
  EXPECT_EQ(disk_.counters().power_losses, 1u);
}

TEST_F(DiskTest, a_failed_append_leaves_nothing_or_the_beginning_of_it) {
  std::set<std::size_t> left;
  run([&](Env& env) {
    const auto file = *env.files().open("log", OpenMode::create);
    for (int i = 0; i < 20; ++i) {
      disk_.add({.kind = DiskFault::Kind::append_fails, .times = 1, .tears = i % 2 == 1});
      const auto before = file->size();
      EXPECT_EQ(file->append(rope("abcdefgh")).error(), IoError::failed);
      const auto torn = disk_.content_of("log").flat();
      const std::string rest(as_text(torn).substr(before));
      EXPECT_TRUE(std::string_view("abcdefgh").starts_with(rest)) << rest;
      if (i % 2 == 0) {
        EXPECT_EQ(rest, "");
      } else {
        left.insert(rest.size());
      }
      EXPECT_TRUE(file->append(rope("x")).has_value());
    }
  });
  EXPECT_GT(left.size(), 2u);
}

TEST_F(DiskTest, a_full_disk_refuses_and_keeps_what_it_has) {
  write_synced("log", "kept");
  const auto fault = disk_.add({.kind = DiskFault::Kind::full});
  run([&](Env& env) {
    const auto file = *env.files().open("log", OpenMode::existing);
    EXPECT_EQ(file->append(rope("more")).error(), IoError::full);
    EXPECT_EQ(env.files().open("other", OpenMode::create).error(), IoError::full);
    EXPECT_EQ(env.files().make_directory("folder").error(), IoError::full);
  });
  EXPECT_EQ(disk_.space()->usable, 0u);
  disk_.remove_fault(fault);
  EXPECT_EQ(as_text(disk_.content_of("log").flat()), "kept");
}

TEST_F(DiskTest, says_how_much_it_could_hold) {
  const auto empty = *disk_.space();
  EXPECT_EQ(empty.usable, empty.total);
  write_synced("log", "kept");
  EXPECT_EQ(disk_.space()->usable, empty.total - 4);
  EXPECT_TRUE(disk_.remove("log").has_value());
  EXPECT_EQ(disk_.space()->usable, empty.total);
}

TEST_F(DiskTest, a_cancelled_sync_ends_at_once) {
  IoResult<Done> result = Done{};
  world_.start(machine_, [&](Env& env) {
    const auto file = *env.files().open("log", OpenMode::create);
    EXPECT_TRUE(file->append(rope("abc")).has_value());
    result = file->sync(env);
  });
  world_.run_until(world_.now() + 20us);
  ASSERT_TRUE(world_.stop(machine_));
  world_.run_until(world_.now() + 20us);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error(), IoError::cancelled);
}

TEST_F(DiskTest, names_behave_as_in_a_file_system) {
  EXPECT_EQ(disk_.open("no/such", OpenMode::create).error(), IoError::not_found);
  EXPECT_EQ(disk_.open("missing", OpenMode::existing).error(), IoError::not_found);
  EXPECT_TRUE(disk_.make_directory("d").has_value());
  EXPECT_TRUE(disk_.make_directory("d").has_value());
  EXPECT_TRUE(disk_.open("d/b", OpenMode::create_new).has_value());
  EXPECT_TRUE(disk_.open("d/a", OpenMode::create_new).has_value());
  EXPECT_EQ(disk_.open("d/a", OpenMode::create_new).error(), IoError::exists);
  EXPECT_EQ(*disk_.list("d"), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(disk_.rename("d/a", "d/b").has_value());
  EXPECT_EQ(*disk_.list("d"), (std::vector<std::string>{"b"}));
  EXPECT_TRUE(disk_.remove("d").has_value());
  EXPECT_FALSE(disk_.exists("d/b"));
  EXPECT_EQ(disk_.remove("d").error(), IoError::not_found);
}

}  // namespace
}  // namespace brokersim::sim
