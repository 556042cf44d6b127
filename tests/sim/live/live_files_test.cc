// The seam's files on a real file system: in a folder of the test's own.
#include "sim/live/live_files.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sys/resource.h>

#include <gtest/gtest.h>

#include "core/base/uuid_text.h"
#include "sim/live/data_directory.h"
#include "sim/live/live_env.h"

namespace brokersim::live {
namespace {

std::string fresh_folder() {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  const std::string folder = testing::TempDir() + "brokersim-" + test->name();
  std::filesystem::remove_all(folder);
  return folder;
}

Rope rope_of(std::string_view text) { return Rope(Slice::copy_of(as_bytes(text))); }
std::string text_of(const Rope& rope) { return std::string(as_text(rope.flat())); }

// Runs `body` on a fiber of an Env whose files are in a fresh folder.
void on_a_fiber(const std::function<void(Env&)>& body) {
  const std::string folder = fresh_folder();
  std::filesystem::create_directories(folder);
  Reactor reactor;
  LiveEnv env(reactor, {.node = NodeId(1), .data_directory = folder, .on_event = [](const Event&) {
                          return EventId{};
                        }});
  bool has_run = false;
  env.spawn("test", [&](Env& on) {
    body(on);
    has_run = true;
  });
  reactor.run();
  EXPECT_TRUE(has_run);
}

TEST(LiveFiles, what_is_appended_is_read_and_survives_reopening) {
  on_a_fiber([](Env& env) {
    {
      const auto file = *env.files().open("log", OpenMode::create_new);
      EXPECT_EQ(*file->append(rope_of("hello ")), 0u);
      EXPECT_EQ(*file->append(rope_of("world")), 6u);
      EXPECT_EQ(text_of(*file->cached(4, 4)), "o wo");
      EXPECT_EQ(text_of(*file->cached(6, 100)), "world");
      EXPECT_TRUE(file->sync(env).has_value());
      EXPECT_TRUE(file->truncate(5).has_value());
    }
    EXPECT_TRUE(env.files().sync_directory(env, "").has_value());
    const auto file = *env.files().open("log", OpenMode::existing);
    EXPECT_EQ(file->size(), 5u);
    EXPECT_EQ(text_of(*file->read(env, 0, 100)), "hello");
    EXPECT_EQ(text_of(*file->read(env, 5, 100)), "");
  });
}

// As on a full disk: what did not fit is not there by half.
TEST(LiveFiles, half_an_append_is_none) {
  on_a_fiber([](Env& env) {
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    const auto file = *env.files().open("log", OpenMode::create_new);
    const rlimit small{1000, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    EXPECT_TRUE(file->append(rope_of(std::string(600, 'a'))).has_value());
    EXPECT_EQ(file->append(rope_of(std::string(600, 'b'))).error(), IoError::failed);
    EXPECT_EQ(file->size(), 600u);
    setrlimit(RLIMIT_FSIZE, &before);
    EXPECT_EQ(*file->append(rope_of("c")), 600u);
    EXPECT_EQ(text_of(*file->read(env, 598, 10)), "aac");
  });
}

TEST(LiveFiles, syncs_are_timed) {
  const std::string folder = fresh_folder();
  std::filesystem::create_directories(folder);
  Reactor reactor;
  LiveEnv env(reactor, {.node = NodeId(1), .data_directory = folder, .on_event = [](const Event&) {
                          return EventId{};
                        }});
  env.spawn("test", [](Env& on) {
    const auto file = *on.files().open("log", OpenMode::create_new);
    EXPECT_TRUE(file->sync(on).has_value());
    EXPECT_TRUE(on.files().sync_directory(on, "").has_value());
    EXPECT_FALSE(on.files().sync_directory(on, "nowhere").has_value());
  });
  reactor.run();
  EXPECT_EQ(env.sync_latencies().count(), 2u);
}

TEST(LiveFiles, know_the_size_of_their_device) {
  on_a_fiber([](Env& env) {
    const auto space = env.files().space();
    ASSERT_TRUE(space.has_value());
    EXPECT_GT(space->total, 0u);
    EXPECT_LE(space->usable, space->total);
  });
}

TEST(LiveFiles, names_behave_as_the_seam_says) {
  on_a_fiber([](Env& env) {
    auto& files = env.files();
    EXPECT_EQ(files.open("a", OpenMode::existing).error(), IoError::not_found);
    EXPECT_TRUE(files.make_directory("d/e").has_value());
    EXPECT_TRUE(files.make_directory("d").has_value());
    EXPECT_TRUE(files.open("d/x", OpenMode::create_new).has_value());
    EXPECT_EQ(files.open("d/x", OpenMode::create_new).error(), IoError::exists);
    EXPECT_TRUE(files.rename("d/x", "d/b").has_value());
    EXPECT_EQ(*files.list("d"), (std::vector<std::string>{"b", "e"}));
    EXPECT_TRUE(files.exists("d/b"));
    EXPECT_TRUE(files.remove("d").has_value());
    EXPECT_FALSE(files.exists("d"));
    EXPECT_EQ(files.remove("d").error(), IoError::not_found);
    EXPECT_EQ(files.list("d").error(), IoError::not_found);
  });
}

// As behind an I/O error: whoever took it for absent would put another in its place.
TEST(LiveFiles, what_cannot_be_looked_at_is_not_absent) {
  on_a_fiber([](Env& env) {
    const std::string folder = fresh_folder();
    std::filesystem::create_directories(folder);
    std::filesystem::create_symlink("there", folder + "/here");
    std::filesystem::create_symlink("here", folder + "/there");
    EXPECT_TRUE(env.files().exists("here"));
    EXPECT_FALSE(env.files().exists("nowhere"));
    std::ofstream(folder + "/file") << "x";
    EXPECT_FALSE(env.files().exists("file/inside"));
  });
}

std::vector<std::string> entries_of(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  return names;
}

// Deleting so many files takes a while, and so does a large one: nobody waits for it.
TEST(LiveFiles, what_is_removed_has_no_name_at_once_and_goes_on_another_thread) {
  const std::string folder = fresh_folder();
  std::filesystem::create_directories(folder + "/many");
  for (int i = 0; i < 5000; ++i) std::ofstream(fmt::format("{}/many/{}", folder, i)) << "x";
  std::ofstream(folder + "/one") << "x";
  {
    Reactor reactor;
    LiveFiles files(reactor, folder);
    EXPECT_TRUE(files.remove("many").has_value());
    EXPECT_TRUE(files.remove("one").has_value());
    EXPECT_EQ(entries_of(folder).size(), 2u);  // Under other names.
    EXPECT_EQ(*files.list(""), std::vector<std::string>());
    EXPECT_FALSE(files.exists("many"));
    EXPECT_EQ(files.remove("many").error(), IoError::not_found);
    EXPECT_TRUE(files.open("one", OpenMode::create_new).has_value());
  }
  EXPECT_EQ(entries_of(folder), std::vector<std::string>{"one"});
}

TEST(LiveFiles, a_start_finishes_what_was_being_removed) {
  const std::string folder = fresh_folder();
  const auto left = folder + "/brokersim-removed-0.0123456789abcdef00000001-delete";
  std::filesystem::create_directories(left);
  std::ofstream(left + "/00000000000000000000.log") << "x";
  std::ofstream(folder + "/.lock") << "";
  {
    Reactor reactor;
    const LiveFiles files(reactor, folder);
    EXPECT_EQ(*files.list(""), std::vector<std::string>{".lock"});
  }
  EXPECT_EQ(entries_of(folder), std::vector<std::string>{".lock"});
}

TEST(DataDirectory, is_of_one_node_of_one_cluster_and_one_process) {
  const std::string folder = fresh_folder();
  {
    const auto mine = DataDirectory::open(folder, NodeId(1), "cluster");
    ASSERT_TRUE(mine.has_value()) << mine.error();
    EXPECT_EQ(cluster_id_in(folder), "cluster");
    const auto again = DataDirectory::open(folder, NodeId(1), "cluster");
    ASSERT_FALSE(again.has_value());
    EXPECT_NE(again.error().find("another process"), std::string::npos);
  }
  EXPECT_TRUE(DataDirectory::open(folder, NodeId(1), "cluster").has_value());
  const auto other = DataDirectory::open(folder, NodeId(2), "cluster");
  ASSERT_FALSE(other.has_value());
  EXPECT_NE(other.error().find("node.id is 1, not 2"), std::string::npos);
}

TEST(DataDirectory, of_another_format_or_that_cannot_be_read_is_left_as_it_is) {
  const std::string folder = fresh_folder();
  std::filesystem::create_directories(folder);
  const std::string file = folder + "/meta.properties";
  std::ofstream(file) << "version=2\ncluster.id=cluster\nnode.id=1\n";
  EXPECT_EQ(DataDirectory::open(folder, NodeId(1), "cluster").error(),
            file +
                ": version is 2, and only 1 is known here: it was written by another program, or "
                "a newer one: name another --data");
  std::ofstream(file) << "version = 1\ncluster.id = cluster\nnode.id = 1\ndirectory.id=x\n";
  EXPECT_TRUE(DataDirectory::open(folder, NodeId(1), "cluster").has_value());
  std::filesystem::remove(file);
  std::filesystem::create_directories(file);
  EXPECT_EQ(DataDirectory::open(folder, NodeId(1), "cluster").error(),
            file + ": cannot be read: Is a directory");
}

TEST(DataDirectory, has_an_id_of_its_own_that_stays) {
  const auto id_in = [](const std::string& folder) {
    std::ifstream in(folder + "/meta.properties");
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with("directory.id=")) return line.substr(line.find('=') + 1);
    }
    return std::string();
  };
  const std::string folder = fresh_folder();
  ASSERT_TRUE(DataDirectory::open(folder, NodeId(1), "cluster"));
  const auto id = id_in(folder);
  EXPECT_TRUE(parse_uuid(id).has_value()) << id;
  ASSERT_TRUE(DataDirectory::open(folder, NodeId(1), "cluster"));
  EXPECT_EQ(id_in(folder), id);
  // One of an earlier version is given one.
  std::ofstream(folder + "/meta.properties") << "version=1\ncluster.id=cluster\nnode.id=1\n";
  ASSERT_TRUE(DataDirectory::open(folder, NodeId(1), "cluster"));
  EXPECT_TRUE(parse_uuid(id_in(folder)).has_value());
}

TEST(ClusterId, has_22_characters_of_url_safe_base64) {
  const std::string id = new_cluster_id();
  EXPECT_EQ(id.size(), 22u);
  EXPECT_EQ(
      id.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
      std::string::npos);
  EXPECT_NE(id, new_cluster_id());
}

}  // namespace
}  // namespace brokersim::live
