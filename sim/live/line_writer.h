// Lines to a file descriptor, written on a thread of its own: whoever reads them may be slow, or
// gone, and nobody else is to notice. A line too many is dropped, and how many were is said.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "sim/live/jobs.h"

namespace brokersim::live {

class LineWriter {
 public:
  static constexpr std::size_t most_waiting = 10'000;

  explicit LineWriter(int descriptor) : descriptor_(descriptor), jobs_(1, [](std::uint64_t) {}) {}

  // `line` without its end.
  void write(std::string line);

 private:
  const int descriptor_;
  std::uint64_t dropped_ = 0;
  Jobs jobs_;  // Writes what it has before it goes.
};

}  // namespace brokersim::live
