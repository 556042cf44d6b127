#include "sim/live/line_writer.h"

#include <cerrno>
#include <poll.h>
#include <string_view>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace brokersim::live {
namespace {

// There is nowhere to tell that telling failed. A descriptor that does not block is waited for all
// the same: whoever shares it with us may have made it so, and half a line is none.
void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(descriptor, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      pollfd room{.fd = descriptor, .events = POLLOUT, .revents = 0};
      ::poll(&room, 1, -1);
      continue;
    }
    if (n <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace

void LineWriter::write(std::string line) {
  if (jobs_.waiting() >= most_waiting) {
    ++dropped_;
    return;
  }
  if (dropped_ > told_of_) {
    line = fmt::format("{{\"level\":\"warn\",\"kind\":\"lines_dropped\",\"count\":{}}}\n{}",
                       dropped_ - std::exchange(told_of_, dropped_), line);
  }
  jobs_.submit(0, [descriptor = descriptor_, text = std::move(line) + '\n'] {
    write_all(descriptor, text);
  });
}

}  // namespace brokersim::live
