// Lines to a file descriptor, written on a thread of its own: whoever reads them may be slow, or
// gone, or never read, and nobody else is to notice. A line too many is dropped, and how many were
// is said and counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "sim/live/jobs.h"

namespace brokersim::live {

class LineWriter {
 public:
  static constexpr std::size_t most_waiting = 10'000;
  // So long at most a line that nobody reads holds up the end.
  static constexpr Duration patience = 2s;

  explicit LineWriter(int descriptor) : descriptor_(descriptor), jobs_(1, [](std::uint64_t) {}) {}
  // Writes what it has before it goes, if somebody takes it.
  ~LineWriter() { jobs_.finish_within(patience); }
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  // `line` without its end.
  void write(std::string line);
  // How many lines were dropped so far.
  std::uint64_t dropped() const { return dropped_; }

 private:
  const int descriptor_;
  std::uint64_t dropped_ = 0;
  std::uint64_t told_of_ = 0;  // So many of them have been told of.
  Jobs jobs_;
};

}  // namespace brokersim::live
