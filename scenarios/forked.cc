#include "scenarios/forked.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "scenarios/run.h"

namespace brokersim::scenarios {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t most_errors = 1 << 16;

struct Child {
  std::uint64_t id = 0;
  pid_t pid = -1;
  int output = -1;
  int errors = -1;
  Clock::time_point began;
  bool was_killed = false;
  ChildResult result;
};

void write_all(int fd, const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t n = ::write(fd, text.data() + at, text.size() - at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    at += static_cast<std::size_t>(n);
  }
}

[[noreturn]] void be_child(const ChildTask& task, int output, int errors) {
  // An interrupt is the parent's to handle; a crash needs no core file.
  std::signal(SIGINT, SIG_IGN);
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  dup2(errors, STDERR_FILENO);
  write_all(output, task.run());
  _exit(0);
}

Child start(const ChildTask& task) {
  int output[2];
  int errors[2];
  REQUIRE(pipe2(output, O_CLOEXEC) == 0, errno);
  REQUIRE(pipe2(errors, O_CLOEXEC) == 0, errno);
  std::fflush(stdout);
  std::fflush(stderr);
  const pid_t pid = fork();
  REQUIRE(pid >= 0, errno);
  if (pid == 0) be_child(task, output[1], errors[1]);
  close(output[1]);
  close(errors[1]);
  return {.id = task.id,
          .pid = pid,
          .output = output[0],
          .errors = errors[0],
          .began = Clock::now(),
          .was_killed = false,
          .result = {}};
}

// Reads what there is; closes at the end.
void drain(int& fd, std::string& into, std::size_t limit) {
  char buffer[1 << 14];
  const ssize_t n = ::read(fd, buffer, sizeof buffer);
  if (n < 0 && errno == EINTR) return;
  if (n <= 0) {
    close(std::exchange(fd, -1));
  } else if (into.size() < limit) {
    into.append(buffer, static_cast<std::size_t>(n));
  }
}

void wait_for_news(std::vector<Child>& children) {
  std::vector<pollfd> fds;
  for (const auto& child : children) {
    fds.push_back({child.output, POLLIN, 0});
    fds.push_back({child.errors, POLLIN, 0});
  }
  constexpr int tick_ms = 200;
  if (poll(fds.data(), fds.size(), tick_ms) <= 0) return;
  for (std::size_t i = 0; i < children.size(); ++i) {
    Child& child = children[i];
    if (fds[2 * i].revents != 0) drain(child.output, child.result.output, std::size_t(-1));
    if (fds[2 * i + 1].revents != 0) drain(child.errors, child.result.errors, most_errors);
  }
}

void reap(Child& child) {
  int status = 0;
  while (waitpid(child.pid, &status, 0) < 0 && errno == EINTR) continue;
  const bool is_ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  if (!is_ok) child.result.end = ChildResult::End::crashed;
  if (child.was_killed) child.result.end = ChildResult::End::hung;
  child.result.wall_ns = std::chrono::nanoseconds(Clock::now() - child.began).count();
}

}  // namespace

void run_children(const ChildLimits& limits, const std::function<std::optional<ChildTask>()>& next,
                  const std::function<void(std::uint64_t id, const ChildResult&)>& ended,
                  const std::function<void()>& tick) {
  std::vector<Child> children;
  bool has_more = true;
  while (has_more || !children.empty()) {
    while (has_more && children.size() < static_cast<std::size_t>(std::max(1, limits.jobs))) {
      auto task = next();
      has_more = task.has_value();
      if (task) children.push_back(start(*task));
    }
    if (!children.empty()) wait_for_news(children);
    for (auto& child : children) {
      const bool is_late = Clock::now() - child.began > std::chrono::seconds(limits.wall_seconds);
      if (!is_late || child.was_killed) continue;
      child.was_killed = true;
      kill(child.pid, SIGKILL);
    }
    for (std::size_t i = 0; i < children.size();) {
      if (children[i].output >= 0 || children[i].errors >= 0) {
        ++i;
        continue;
      }
      Child child = std::move(children[i]);
      children.erase(children.begin() + static_cast<std::ptrdiff_t>(i));
      reap(child);
      ended(child.id, child.result);
    }
    if (tick) tick();
  }
}

namespace {

// "log.cc:120" of the first line that an assertion printed as its place, in headers, too; else of
// the first place in a source file, as a sanitizer names it. Empty if there is none.
std::string place_in(const std::string& errors) {
  constexpr std::string_view mark = "\n  at ";
  const auto at = errors.find(mark);
  const bool is_assertion = at != std::string::npos;
  const auto name = is_assertion ? errors.find(':', at) : errors.find(".cc:");
  if (name == std::string::npos) return {};
  const auto colon = errors.find(':', name);
  const auto begin = errors.find_last_of("/ (\n", colon) + 1;  // 0 if there is none.
  auto end = colon + 1;
  while (end < errors.size() && std::isdigit(static_cast<unsigned char>(errors[end]))) ++end;
  return errors.substr(begin, end - begin);
}

}  // namespace

std::string fingerprint_of(const ChildResult& result) {
  if (result.end == ChildResult::End::hung) return "hang";
  // "ASSERT failed: …\n  at core/log/log.cc:120": the place is what stays when numbers change.
  const auto place = place_in(result.errors);
  return place.empty() ? "crash" : "crash/" + place;
}

std::vector<Fingerprints> fingerprints_of(const std::vector<Plan>& plans,
                                          const ForkOptions& options) {
  std::vector<Fingerprints> results(plans.size());
  std::size_t started = 0;
  const auto next = [&]() -> std::optional<ChildTask> {
    if (started == plans.size()) return std::nullopt;
    const Plan& plan = plans[started];
    return ChildTask{started++, [&plan, &options] {
                       const auto result = run(plan, {.folder = options.folder});
                       if (!result) return std::string();  // It does not fail: it is no run.
                       return fmt::format("{}\n", fmt::join(result->fingerprints(), "\n"));
                     }};
  };
  const auto ended = [&](std::uint64_t id, const ChildResult& result) {
    Fingerprints& fingerprints = results[id];
    if (result.end != ChildResult::End::ok) {
      fingerprints.push_back(fingerprint_of(result));
      return;
    }
    for (std::size_t at = 0; at < result.output.size();) {
      const std::size_t end = result.output.find('\n', at);
      if (end > at) fingerprints.push_back(result.output.substr(at, end - at));
      at = end + 1;
    }
  };
  run_children({.jobs = options.jobs, .wall_seconds = options.wall_seconds}, next, ended);
  return results;
}

}  // namespace brokersim::scenarios
