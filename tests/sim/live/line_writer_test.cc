// Lines that nobody reads hold up nobody, and take no more memory than so many of them.
#include "sim/live/line_writer.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

namespace brokersim::live {
namespace {

timespec now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time;
}

TEST(LineWriter, keeps_some_lines_for_a_reader_that_is_late_and_says_how_many_are_lost) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  constexpr std::size_t written = 12'000;
  const std::string line(100, 'x');
  std::string got;
  std::atomic<std::size_t> size = 0;
  std::thread reader;
  {
    LineWriter writer(ends[1]);
    for (std::size_t i = 0; i < written; ++i) writer.write(line);  // Returns all the same.
    reader = std::thread([&] {
      std::array<char, 4096> buffer{};
      for (ssize_t n = 0; (n = read(ends[0], buffer.data(), buffer.size())) > 0;) {
        got.append(buffer.data(), static_cast<std::size_t>(n));
        size = got.size();
      }
    });
    while (size < written * line.size() / 2) std::this_thread::yield();
    writer.write("last");
  }
  close(ends[1]);
  reader.join();
  close(ends[0]);
  const auto lines = static_cast<std::size_t>(std::count(got.begin(), got.end(), '\n'));
  EXPECT_LT(lines, written);
  EXPECT_GT(lines, LineWriter::most_waiting);
  EXPECT_TRUE(got.ends_with("}\nlast\n"));
  EXPECT_NE(got.find(R"("kind":"lines_dropped","count":)"), std::string::npos);
}

// As a supervisor that holds a pipe open and never looks into it.
TEST(LineWriter, a_pipe_that_nobody_reads_holds_up_no_end) {
  std::signal(SIGPIPE, SIG_IGN);
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  const timespec before = now();
  {
    LineWriter writer(ends[1]);
    for (std::size_t i = 0; i < LineWriter::most_waiting + 5000; ++i) {
      writer.write(std::string(100, 'x'));
    }
    EXPECT_GT(writer.dropped(), 0u);
    EXPECT_LE(writer.dropped(), 5000u);
  }
  EXPECT_LT(now().tv_sec - before.tv_sec, 10);
  close(ends[0]);  // The thread that was left writing ends.
  close(ends[1]);
}

// Who shares the descriptor with us may have made it so.
TEST(LineWriter, writes_whole_lines_where_writing_does_not_block) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  ASSERT_EQ(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
  std::string expected, got;
  {
    LineWriter writer(ends[1]);
    for (char c = 'a'; c <= 'z'; ++c) {
      const std::string line(10'000, c);
      expected += line + '\n';
      writer.write(line);
    }
    pollfd room{.fd = ends[1], .events = POLLOUT, .revents = 0};
    while (poll(&room, 1, 0) == 1) std::this_thread::yield();  // Until the pipe is full.
    pollfd more{.fd = ends[0], .events = POLLIN, .revents = 0};
    constexpr int patience_ms = 10'000;
    std::array<char, 4096> buffer{};
    while (got.size() < expected.size() && poll(&more, 1, patience_ms) == 1) {
      const ssize_t n = read(ends[0], buffer.data(), buffer.size());
      got.append(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    }
  }
  close(ends[0]);
  close(ends[1]);
  EXPECT_TRUE(got == expected) << got.size() << " of " << expected.size();
}

TEST(LineWriter, outlives_its_reader) {
  std::signal(SIGPIPE, SIG_IGN);
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  close(ends[0]);
  {
    LineWriter writer(ends[1]);
    for (int i = 0; i < 100; ++i) writer.write("line");
  }
  close(ends[1]);
}

}  // namespace
}  // namespace brokersim::live
