// A linear axis of time: places of instants, and ticks at round times far enough apart to label.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/time.h"

namespace brokersim::reports {

class TimeAxis {
 public:
  // From `left` to `right` in points; `end` is the last instant.
  TimeAxis(Instant end, double left, double right);

  double at(Instant t) const;
  Instant end() const { return Instant{Duration(end_ns_)}; }
  double left() const { return left_; }
  double right() const { return right_; }

  struct Tick {
    Instant at;
    std::string label;  // "5 s", "250 ms"
  };
  // At least `apart` points from each other.
  std::vector<Tick> ticks(double apart) const;

 private:
  std::int64_t end_ns_;
  double left_;
  double right_;
};

// Puts spans into as few rows as first fit finds, so that none overlaps another.
class Rows {
 public:
  // The row of the span, from 0.
  std::size_t place(double from, double to);
  std::size_t count() const { return rows_.size(); }

 private:
  struct Span {
    double from;
    double to;
  };
  std::vector<std::vector<Span>> rows_;
};

}  // namespace brokersim::reports
