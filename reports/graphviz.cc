#include "reports/graphviz.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <regex>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

namespace brokersim::reports {

namespace {

constexpr int not_started = 127;  // What a shell says, too.

class Pipe {
 public:
  Pipe() {
    if (pipe2(ends_.data(), O_CLOEXEC) != 0) ends_ = {-1, -1};
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close_read();
    close_write();
  }
  bool is_open() const { return ends_[0] >= 0; }
  int read_end() const { return ends_[0]; }
  int write_end() const { return ends_[1]; }
  void close_read() { close_end(0); }
  void close_write() { close_end(1); }

 private:
  void close_end(std::size_t end) {
    if (ends_[end] >= 0) ::close(ends_[end]);
    ends_[end] = -1;
  }
  std::array<int, 2> ends_{-1, -1};
};

struct Answer {
  std::string out;
  std::string complaints;
  int status = 0;
  bool is_late = false;
};

std::int64_t now_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

// Reads what is there; false at the end.
bool read_some(int fd, std::string& into) {
  std::array<char, 65536> buffer;
  const auto count = ::read(fd, buffer.data(), buffer.size());
  if (count > 0) into.append(buffer.data(), static_cast<std::size_t>(count));
  return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR));
}

// Feeds and reads at once: each side may wait for the other. Returns false once time is up.
bool converse(std::string_view input, Pipe& in, Pipe& out, Pipe& err, std::int64_t deadline_ms,
              Answer& answer) {
  fcntl(in.write_end(), F_SETFL, O_NONBLOCK);
  while (out.is_open() || err.is_open()) {
    if (input.empty()) in.close_write();
    const std::int64_t left = deadline_ms - now_ms();
    if (left <= 0) return false;
    std::array<pollfd, 3> waits{pollfd{in.write_end(), POLLOUT, 0},
                                pollfd{out.read_end(), POLLIN, 0},
                                pollfd{err.read_end(), POLLIN, 0}};
    if (::poll(waits.data(), waits.size(), static_cast<int>(left)) < 0 && errno != EINTR)
      return false;
    if (waits[0].revents != 0) {
      const auto count = ::write(in.write_end(), input.data(), input.size());
      if (count > 0) input.remove_prefix(static_cast<std::size_t>(count));
      if (count < 0 && errno != EAGAIN && errno != EINTR) input = {};  // It reads no more.
    }
    if (waits[1].revents != 0 && !read_some(out.read_end(), answer.out)) out.close_read();
    if (waits[2].revents != 0 && !read_some(err.read_end(), answer.complaints)) err.close_read();
  }
  return true;
}

// In the child: only what is allowed between fork and exec.
[[noreturn]] void become(const char* program, const char* const* arguments, const Pipe& in,
                         const Pipe& out, const Pipe& err) {
  setpgid(0, 0);  // So that whatever it starts can be killed with it.
  dup2(in.read_end(), STDIN_FILENO);
  dup2(out.write_end(), STDOUT_FILENO);
  dup2(err.write_end(), STDERR_FILENO);
  execvp(program, const_cast<char* const*>(arguments));
  _exit(not_started);
}

// Waits for a process whose pipes are closed: it is about to end, or it hangs.
void await_end(pid_t child, std::int64_t deadline_ms, Answer& answer) {
  while (!answer.is_late && waitpid(child, &answer.status, WNOHANG) == 0) {
    answer.is_late = now_ms() >= deadline_ms;
    ::poll(nullptr, 0, 1);
  }
  if (!answer.is_late) return;
  kill(-child, SIGKILL);
  while (waitpid(child, &answer.status, 0) < 0 && errno == EINTR) continue;
}

Expected<Answer, std::string> run(const Graphviz& graphviz, const char* const* arguments,
                                  std::string_view input) {
  Pipe in;
  Pipe out;
  Pipe err;
  if (!in.is_open() || !out.is_open() || !err.is_open())
    return Unexpected(std::string("Graphviz could not be started: no pipe is left"));
  const auto previous = std::signal(SIGPIPE, SIG_IGN);
  const std::int64_t deadline_ms = now_ms() + milliseconds(graphviz.patience);
  const pid_t child = fork();
  if (child == 0) become(graphviz.program.c_str(), arguments, in, out, err);
  Answer answer;
  if (child > 0) {
    setpgid(child, child);  // Whichever of the two comes first.
    in.close_read();
    out.close_write();
    err.close_write();
    answer.is_late = !converse(input, in, out, err, deadline_ms, answer);
    await_end(child, deadline_ms, answer);
  }
  std::signal(SIGPIPE, previous);
  if (child < 0)
    return Unexpected(std::string("Graphviz could not be started: no process is left"));
  return answer;
}

std::string first_line(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
    text.replace(at, what.size(), with);
    at += with.size();
  }
}

}  // namespace

Expected<std::string, std::string> svg_by_graphviz(std::string_view dot, Layout layout,
                                                   const Graphviz& graphviz) {
  const char* const engine = layout == Layout::given ? "-Knop2" : "-Kdot";
  const std::array<const char*, 4> arguments{graphviz.program.c_str(), engine, "-Tsvg", nullptr};
  TRY(const Answer answer, run(graphviz, arguments.data(), dot));
  if (answer.is_late)
    return Unexpected(fmt::format("Graphviz ({}) did not finish within {} ms and was stopped",
                                  graphviz.program, milliseconds(graphviz.patience)));
  if (WIFEXITED(answer.status) && WEXITSTATUS(answer.status) == not_started)
    return Unexpected(
        fmt::format("Graphviz is not installed ({} was not found)", graphviz.program));
  if (WIFSIGNALED(answer.status))
    return Unexpected(fmt::format("Graphviz ({}) was ended by signal {}", graphviz.program,
                                  WTERMSIG(answer.status)));
  if (WEXITSTATUS(answer.status) != 0)
    return Unexpected(fmt::format("Graphviz ({}) failed with status {}: {}", graphviz.program,
                                  WEXITSTATUS(answer.status), first_line(answer.complaints)));
  if (answer.out.find("<svg") == std::string::npos ||
      answer.out.find("</svg>") == std::string::npos)
    return Unexpected(fmt::format("Graphviz ({}) wrote no picture: {}", graphviz.program,
                                  first_line(answer.complaints)));
  return cleaned_svg(answer.out);
}

std::string cleaned_svg(std::string_view svg) {
  static const std::regex own_title("<title>[^<]*</title>\n?");
  static const std::regex own_id(" id=\"(graph|node|edge|clust|a_node|a_edge|a_clust)[0-9]+\"");
  static const std::regex tooltip("<a( xlink:href=\"[^\"]*\")? xlink:title=\"([^\"]*)\"[^>]*>");
  std::string text(svg.substr(std::min(svg.find("<svg"), svg.size())));
  text = std::regex_replace(text, own_title, "");
  text = std::regex_replace(text, own_id, "");
  text = std::regex_replace(text, tooltip, "<a$1><title>$2</title>");
  replace_all(text, "stroke=\"transparent\"", "stroke=\"none\"");
  replace_all(text, "fill=\"transparent\"", "fill=\"none\"");
  return text;
}

}  // namespace brokersim::reports
