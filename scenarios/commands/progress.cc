#include "scenarios/commands/progress.h"

#include <algorithm>
#include <cstdio>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace brokersim::scenarios {
namespace {

constexpr std::int64_t width = 40;
constexpr std::int64_t least_ms_for_eta = 2000;

std::string clock_text(std::int64_t seconds) {
  return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
}

}  // namespace

CampaignProgress::CampaignProgress(std::uint64_t size, std::int64_t for_seconds)
    : size_(size),
      for_seconds_(for_seconds),
      is_terminal_(isatty(STDERR_FILENO) == 1),
      began_(Clock::now()),
      shown_(began_) {}

std::int64_t CampaignProgress::elapsed_ms() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began_).count();
}

void CampaignProgress::add(const CampaignResult& so_far, const SeedResult& latest) {
  seeds_ = so_far.seeds;
  failed_ = so_far.failed;
  virtual_ns_ = so_far.virtual_ns;
  distinct_ = so_far.distinct.size();
  // A failure of a new kind is told at once.
  for (const auto& failure : latest.failures) {
    if (so_far.distinct.at(failure.fingerprint).count > 1) continue;
    fmt::print(stderr, "{} FAIL  seed {}  {}  {}\n", is_terminal_ ? "\r\x1b[K" : "", latest.seed,
               failure.fingerprint, failure.message);
  }
}

std::string CampaignProgress::time_left() const {
  const std::int64_t ms = elapsed_ms();
  if (for_seconds_ > 0) {
    return "left " + clock_text(std::max<std::int64_t>(0, for_seconds_ - ms / 1000));
  }
  if (ms < least_ms_for_eta || seeds_ == 0) return "eta -";
  const auto left = static_cast<std::int64_t>(size_) - seeds_;
  return "eta " + clock_text(left * ms / seeds_ / 1000);
}

void CampaignProgress::draw() {
  const std::int64_t ms = std::max<std::int64_t>(1, elapsed_ms());
  const std::int64_t tenths = seeds_ * 10'000 / ms;
  const std::int64_t permille =
      for_seconds_ > 0
          ? std::min<std::int64_t>(1000, ms / for_seconds_)
          : seeds_ * 1000 / std::max<std::int64_t>(1, static_cast<std::int64_t>(size_));
  const std::string counts =
      fmt::format("{} seeds, {} failed ({} distinct), {}.{}/s, {}x, {}", seeds_, failed_, distinct_,
                  tenths / 10, tenths % 10, virtual_ns_ / 1'000'000 / ms, time_left());
  if (!is_terminal_) {
    fmt::print(stderr, "[{:>3} %] {}\n", permille / 10, counts);
    return;
  }
  const auto filled = static_cast<std::size_t>(permille * width / 1000);
  fmt::print(stderr, "\r\x1b[K[{}{}] {}", std::string(filled, '#'),
             std::string(static_cast<std::size_t>(width) - filled, '-'), counts);
  std::fflush(stderr);
}

void CampaignProgress::show() {
  const auto interval = is_terminal_ ? std::chrono::milliseconds(200) : std::chrono::seconds(10);
  if (Clock::now() - shown_ < interval) return;
  shown_ = Clock::now();
  draw();
}

void CampaignProgress::finish() {
  draw();
  if (is_terminal_) fmt::print(stderr, "\n");
}

}  // namespace brokersim::scenarios
