#include "reports/time_axis.h"

#include <algorithm>

#include <fmt/format.h>

namespace brokersim::reports {

namespace {

std::string label_of(std::int64_t ns) {
  if (ns == 0) return "0 s";
  if (ns % 1'000'000'000 == 0) return fmt::format("{} s", ns / 1'000'000'000);
  if (ns % 1'000'000 == 0) return fmt::format("{} ms", ns / 1'000'000);
  return fmt::format("{} \xC2\xB5s", ns / 1'000);
}

// 1, 2, 5, 10, 20, 50 … microseconds, up to the first that is long enough.
std::int64_t round_step(std::int64_t least_ns) {
  std::int64_t power = 1'000;
  while (true) {
    for (const std::int64_t factor : {1, 2, 5})
      if (power * factor >= least_ns) return power * factor;
    power *= 10;
  }
}

}  // namespace

TimeAxis::TimeAxis(Instant end, double left, double right)
    : end_ns_(std::max<std::int64_t>(end.ns(), 1)), left_(left), right_(right) {}

double TimeAxis::at(Instant t) const {
  const std::int64_t ns = std::clamp<std::int64_t>(t.ns(), 0, end_ns_);
  return left_ + (right_ - left_) * static_cast<double>(ns) / static_cast<double>(end_ns_);
}

std::vector<TimeAxis::Tick> TimeAxis::ticks(double apart) const {
  const auto most = std::max<std::int64_t>(static_cast<std::int64_t>((right_ - left_) / apart), 1);
  const std::int64_t step = round_step((end_ns_ + most - 1) / most);
  std::vector<Tick> ticks;
  for (std::int64_t ns = 0; ns <= end_ns_; ns += step)
    ticks.push_back({Instant{Duration(ns)}, label_of(ns)});
  return ticks;
}

std::size_t Rows::place(double from, double to) {
  const auto is_free = [&](const std::vector<Span>& row) {
    return std::all_of(row.begin(), row.end(),
                       [&](const Span& span) { return to < span.from || span.to < from; });
  };
  auto row = std::find_if(rows_.begin(), rows_.end(), is_free);
  if (row == rows_.end()) row = rows_.insert(rows_.end(), std::vector<Span>());
  row->push_back({from, to});
  return static_cast<std::size_t>(row - rows_.begin());
}

}  // namespace brokersim::reports
