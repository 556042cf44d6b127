// What power loss may leave of files and names: nothing synced is ever lost, nothing is there that
// was not written, and the whole range between is really visited.
#include "sim/file_image.h"

#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/file_tree.h"
#include "sim/random.h"
#include "tests/sim/text_rope.h"

namespace brokersim::sim {
namespace {

std::string text_of(const FileImage& file) {
  const Bytes bytes = file.read(0, static_cast<std::size_t>(file.size())).flat();
  return std::string(as_text(bytes));
}

// A file after some appends, truncations and syncs, with what must and may be there.
struct History {
  FileImage file;
  std::string content;
  std::vector<std::string> legal;  // After the last sync, and after each operation since.

  void append(std::string text) {
    file.append(rope(text));
    content += text;
    legal.push_back(content);
  }
  void truncate(std::size_t size) {
    file.truncate(size);
    content.resize(size);
    legal.push_back(content);
  }
  void sync() {
    file.sync(file.mark());
    legal = {content};
  }
};

History random_history(std::uint64_t seed, std::size_t steps) {
  const Random random(seed, "history");
  History history;
  history.sync();
  for (std::size_t step = 0; step < steps; ++step) {
    const auto what = uniform(random.draw("what", step), 0, 9);
    const auto size = history.content.size();
    if (what < 6) {
      const auto length = uniform(random.draw("length", step), std::size_t{1}, std::size_t{1500});
      history.append(std::string(length, static_cast<char>('a' + step % 26)));
    } else if (what < 8) {
      history.truncate(uniform(random.draw("size", step), std::size_t{0}, size));
    } else {
      history.sync();
    }
  }
  return history;
}

// Whether `after` is `before` and then something of the same length as `next` appended.
bool is_torn(const std::string& after, const std::string& before, const std::string& next) {
  return after.size() >= before.size() && after.size() <= next.size() &&
         after.starts_with(before) && next.starts_with(before);
}

RC_GTEST_PROP(FileImage, power_loss_leaves_a_state_between_the_last_sync_and_the_last_write,
              (std::uint64_t seed)) {
  History history = random_history(seed, 12);
  const auto durable = history.file.durable_size();
  const FileLoss loss = history.file.power_loss(mix(seed));
  const std::string after = text_of(history.file);

  bool is_legal = false;
  for (std::size_t i = 0; i < history.legal.size(); ++i) {
    if (after == history.legal[i]) is_legal = true;
    const bool may_tear = loss.was_torn && i + 1 < history.legal.size();
    if (may_tear && is_torn(after, history.legal[i], history.legal[i + 1])) is_legal = true;
  }
  RC_ASSERT(is_legal);
  RC_ASSERT(after.size() >= durable);
  RC_ASSERT(after.substr(0, durable) == history.content.substr(0, durable));
  RC_ASSERT(history.file.is_clean());
  if (!loss.changed()) RC_ASSERT(after == history.content);
}

TEST(FileImage, unsynced_bytes_are_kept_lost_and_torn_over_many_draws) {
  std::set<std::uint64_t> sizes;
  bool has_zeros = false;
  int torn = 0;
  for (std::uint64_t draw = 0; draw < 400; ++draw) {
    FileImage file;
    file.append(rope("synced"));
    file.sync(file.mark());
    file.append(rope(std::string(2000, 'x')));
    file.append(rope(std::string(2000, 'y')));
    if (file.power_loss(mix(draw)).was_torn) ++torn;
    sizes.insert(file.size());
    has_zeros |= text_of(file).find('\0') != std::string::npos;
    EXPECT_TRUE(text_of(file).starts_with("synced"));
  }
  EXPECT_TRUE(sizes.contains(6));
  EXPECT_TRUE(sizes.contains(2006));
  EXPECT_TRUE(sizes.contains(4006));
  EXPECT_GT(sizes.size(), 20u);
  EXPECT_TRUE(has_zeros);
  EXPECT_GT(torn, 40);
}

TEST(FileImage, a_truncation_that_was_not_synced_may_be_undone) {
  std::set<std::string> outcomes;
  for (std::uint64_t draw = 0; draw < 100; ++draw) {
    FileImage file;
    file.append(rope("abcdef"));
    file.sync(file.mark());
    file.truncate(2);
    EXPECT_EQ(file.durable_size(), 2u);
    file.power_loss(mix(draw));
    outcomes.insert(text_of(file));
  }
  EXPECT_EQ(outcomes, (std::set<std::string>{"ab", "abcdef"}));
}

TEST(FileImage, a_sync_covers_what_was_written_before_it_began) {
  FileImage file;
  file.append(rope("before"));
  const auto mark = file.mark();
  file.append(rope("after"));
  file.sync(mark);
  EXPECT_EQ(file.durable_size(), 6u);
  EXPECT_EQ(file.dirty_bytes(), 5u);
}

TEST(FileImage, what_a_failed_sync_was_to_write_is_there_as_long_as_there_is_power) {
  std::set<std::string> outcomes;
  std::set<std::string> outcomes_at_the_end;
  for (std::uint64_t draw = 0; draw < 100; ++draw) {
    FileImage file;
    file.append(rope("synced"));
    file.sync(file.mark());
    file.append(rope("lost"));
    file.fail_sync(file.mark());
    EXPECT_TRUE(file.is_clean());
    EXPECT_EQ(file.dirty_bytes(), 0u);
    FileImage longer = file;
    longer.append(rope("later"));
    longer.sync(longer.mark());
    EXPECT_EQ(text_of(longer), "syncedlostlater");
    EXPECT_EQ(longer.durable_size(), 6u);
    const bool has_lost = longer.power_loss(mix(draw)).changed();
    EXPECT_EQ(has_lost, text_of(longer) != "syncedlostlater");
    EXPECT_FALSE(longer.has_unwritten());
    outcomes.insert(text_of(longer));
    file.power_loss(mix(draw));
    outcomes_at_the_end.insert(text_of(file));
  }
  const std::string zeros(4, '\0');
  EXPECT_EQ(outcomes, (std::set<std::string>{"syncedlostlater", "synced" + zeros + "later"}));
  EXPECT_EQ(outcomes_at_the_end, (std::set<std::string>{"synced", "syncedlost", "synced" + zeros}));
}

TEST(FileImage, what_a_failed_sync_was_to_write_may_be_written_again) {
  FileImage file;
  file.append(rope("synced"));
  file.sync(file.mark());
  file.append(rope("lost"));
  file.fail_sync(file.mark());
  file.truncate(8);
  file.sync(file.mark());
  EXPECT_EQ(file.durable_size(), 6u);
  file.truncate(6);
  file.append(rope("again"));
  file.sync(file.mark());
  EXPECT_FALSE(file.has_unwritten());
  EXPECT_EQ(file.durable_size(), 11u);
  EXPECT_EQ(text_of(file), "syncedagain");
}

TEST(FileImage, a_sync_that_fails_after_a_later_one_was_done_takes_nothing) {
  FileImage file;
  file.append(rope("first"));
  const auto mark = file.mark();
  file.append(rope("second"));
  file.sync(file.mark());
  file.fail_sync(mark);
  EXPECT_EQ(file.durable_size(), 11u);
}

TEST(FileImage, only_what_was_written_or_read_since_boot_is_cached) {
  FileImage file;
  file.append(rope("0123456789"));
  file.sync(file.mark());
  EXPECT_TRUE(file.is_cached(0, 10));
  file.power_loss(1);
  EXPECT_FALSE(file.is_cached(0, 1));
  file.mark_cached(4, 2);
  EXPECT_TRUE(file.is_cached(4, 2));
  EXPECT_FALSE(file.is_cached(3, 2));
  EXPECT_FALSE(file.is_cached(5, 2));
  file.append(rope("new"));
  EXPECT_TRUE(file.is_cached(10, 100));
  EXPECT_FALSE(file.is_cached(9, 2));
  file.truncate(8);
  file.append(rope("xy"));
  EXPECT_TRUE(file.is_cached(8, 2));
}

TEST(FileImage, what_is_evicted_is_all_there_and_no_more_durable_than_before) {
  FileImage file;
  file.append(rope("synced"));
  file.sync(file.mark());
  file.append(rope("not"));
  file.evict();
  EXPECT_FALSE(file.is_cached(0, 1));
  EXPECT_FALSE(file.is_cached(8, 1));
  EXPECT_EQ(text_of(file), "syncednot");
  EXPECT_EQ(file.durable_size(), 6u);
  file.append(rope("new"));
  EXPECT_TRUE(file.is_cached(9, 3));
  file.truncate(7);
  file.append(rope("xy"));
  EXPECT_FALSE(file.is_cached(6, 1));
  EXPECT_TRUE(file.is_cached(7, 2));
}

TEST(FileImage, reads_hand_out_the_slices_that_were_written) {
  FileImage file;
  const Slice first = Slice::copy_of(as_bytes("hello "));
  file.append(Rope(first));
  file.append(rope("world"));
  const Rope read = file.read(2, 6);
  ASSERT_EQ(read.slices().size(), 2u);
  EXPECT_EQ(read.slices()[0].data(), first.data() + 2);
  EXPECT_EQ(as_text(read.flat()), "llo wo");
}

TEST(FileTree, a_name_that_was_never_synced_may_vanish_or_stay) {
  int kept = 0;
  for (std::uint64_t draw = 0; draw < 60; ++draw) {
    FileTree tree;
    ASSERT_TRUE(tree.create("file", false).has_value());
    EXPECT_FALSE(tree.is_name_durable("file"));
    tree.power_loss([draw](std::string_view) { return mix(draw); });
    if (tree.find("file")) ++kept;
  }
  EXPECT_GT(kept, 5);
  EXPECT_LT(kept, 55);
}

TEST(FileTree, a_rename_is_wholly_old_or_wholly_new) {
  int renamed = 0;
  for (std::uint64_t draw = 0; draw < 60; ++draw) {
    FileTree tree;
    const auto old_file = *tree.create("checkpoint", false);
    const auto new_file = *tree.create("checkpoint.tmp", false);
    auto root = tree.find("");
    root->sync_names(root->mark());
    ASSERT_TRUE(tree.rename("checkpoint.tmp", "checkpoint").has_value());
    tree.power_loss([draw](std::string_view) { return mix(draw); });
    const bool is_new = tree.find("checkpoint") == new_file;
    if (is_new) ++renamed;
    EXPECT_EQ(tree.find("checkpoint"), is_new ? new_file : old_file);
    EXPECT_EQ(tree.find("checkpoint.tmp"), is_new ? nullptr : new_file);
  }
  EXPECT_GT(renamed, 5);
  EXPECT_LT(renamed, 55);
}

TEST(FileTree, a_file_in_a_directory_that_vanished_is_gone_though_its_own_name_was_synced) {
  FileTree tree;
  const auto directory = *tree.create("dir", true);
  ASSERT_TRUE(tree.create("dir/file", false).has_value());
  directory->sync_names(directory->mark());
  EXPECT_FALSE(tree.is_name_durable("dir/file"));
  auto root = tree.find("");
  root->sync_names(root->mark());
  EXPECT_TRUE(tree.is_name_durable("dir/file"));
}

TEST(FileTree, renaming_a_directory_moves_what_is_below) {
  FileTree tree;
  ASSERT_TRUE(tree.create("a", true).has_value());
  const auto file = *tree.create("a/file", false);
  ASSERT_TRUE(tree.rename("a", "b").has_value());
  EXPECT_EQ(tree.find("b/file"), file);
  EXPECT_EQ(file->path, "b/file");
  EXPECT_EQ(tree.find("a"), nullptr);
}

}  // namespace
}  // namespace brokersim::sim
