#include "scenarios/commands/progress.h"

#include <algorithm>
#include <cstdio>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace brokersim::scenarios {
namespace {

constexpr std::int64_t bar_width = 40;
constexpr std::int64_t least_ms_for_eta = 2000;
constexpr std::int64_t least_percent_for_eta = 2;
constexpr auto redraw_every = std::chrono::milliseconds(200);
// Where lines cannot be redrawn there is one per so much time and so much work, whichever is later.
constexpr auto line_every = std::chrono::seconds(10);
constexpr std::int64_t line_every_percent = 5;

std::string clock_text(std::int64_t seconds) {
  return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
}

std::int64_t root_of(std::int64_t value) {
  std::int64_t low = 0;
  std::int64_t high = 3'037'000'499;  // Its square is the largest that fits.
  while (low < high) {
    const std::int64_t middle = low + (high - low + 1) / 2;
    if (middle * middle <= value) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

std::int64_t permille_of(const CampaignState& state) {
  const std::int64_t done = state.for_seconds > 0 ? state.elapsed_ms : state.seeds;
  const std::int64_t all = state.for_seconds > 0 ? state.for_seconds * 1000 : state.size;
  return all > 0 ? std::min<std::int64_t>(1000, done * 1000 / all) : 1000;
}

// "631/1000", "631" of a campaign that ends with time.
std::string seeds_text(const CampaignState& state) {
  if (state.for_seconds > 0) return fmt::format("{}", state.seeds);
  return fmt::format("{}/{}", state.seeds, state.size);
}

std::string rate_text(const CampaignState& state) {
  const std::int64_t tenths = state.seeds * 10'000 / std::max<std::int64_t>(1, state.elapsed_ms);
  return fmt::format("{}.{}", tenths / 10, tenths % 10);
}

std::string bar(const CampaignState& state, reports::Style style) {
  const std::int64_t filled = permille_of(state) * bar_width / 1000;
  std::string text;
  for (std::int64_t i = 0; i < bar_width; ++i) {
    const char* cell = i < filled ? "#" : "-";
    if (style.has_unicode) cell = i < filled ? "\u2588" : "\u2591";
    text += cell;
  }
  return style.has_unicode ? text : "[" + text + "]";
}

// Moves to the first of the block's lines and clears from there.
void erase_lines(std::ptrdiff_t& lines) {
  if (lines > 0) fmt::print(stderr, "\x1b[{}A\x1b[J", lines);
  lines = 0;
}

std::ptrdiff_t print_lines(const std::string& text) {
  fmt::print(stderr, "{}", text);
  std::fflush(stderr);
  return std::count(text.begin(), text.end(), '\n');
}

}  // namespace

std::string time_left(const CampaignState& state) {
  if (state.for_seconds > 0) {
    const auto left = std::max<std::int64_t>(0, state.for_seconds - state.elapsed_ms / 1000);
    return clock_text(left) + " left";
  }
  const bool is_early = state.elapsed_ms < least_ms_for_eta ||
                        permille_of(state) < least_percent_for_eta * 10 || state.seeds == 0;
  if (is_early) return "eta -";
  const std::int64_t left = state.size - state.seeds;
  const std::int64_t ms = left * state.elapsed_ms / state.seeds;
  const std::int64_t mean = state.run_ns / 1'000'000 / state.seeds;
  const std::int64_t variance =
      std::max<std::int64_t>(0, state.run_ms_squared / state.seeds - mean * mean);
  // Two standard deviations of the sum of what is left, shared by those who work.
  const std::int64_t spread = 2 * root_of(left * variance) / std::max(1, state.jobs);
  return fmt::format("eta {} ({}-{})", clock_text(ms / 1000),
                     clock_text(std::max<std::int64_t>(0, ms - spread) / 1000),
                     clock_text((ms + spread + 999) / 1000));
}

std::string progress_line(const CampaignState& state) {
  return fmt::format("[{:>3} %] {} seeds, {} failed ({} distinct), {}/s, {}\n",
                     permille_of(state) / 10, seeds_text(state), state.failed, state.distinct,
                     rate_text(state), time_left(state));
}

std::string progress_block(const CampaignState& state, reports::Style style) {
  const std::int64_t ms = std::max<std::int64_t>(1, state.elapsed_ms);
  std::string block =
      fmt::format(" campaign {}  {}  {}   {} failed, {} distinct\n", state.name, bar(state, style),
                  seeds_text(state), state.failed, state.distinct);
  block += fmt::format("   {} seeds/s   {}x real time   {}   {}   wall {}\n", rate_text(state),
                       state.virtual_ns / 1'000'000 / ms,
                       reports::counted(static_cast<std::size_t>(state.jobs), "job"),
                       time_left(state), clock_text(ms / 1000));
  if (!state.never_reached.empty()) {
    std::string line =
        fmt::format("   never reached yet: {}", fmt::join(state.never_reached, ", "));
    if (line.size() > style.columns) line = line.substr(0, style.columns - 3) + "...";
    block += line + "\n";
  }
  return block;
}

CampaignProgress::CampaignProgress(CampaignState initial, std::vector<Scenario> scenarios)
    : scenarios_(std::move(scenarios)),
      terminal_(terminal_at(STDERR_FILENO)),
      began_(Clock::now()),
      state_(std::move(initial)),
      shown_(began_) {}

std::int64_t CampaignProgress::percent() const { return permille_of(state_) / 10; }

void CampaignProgress::add(const CampaignResult& so_far, const SeedResult& latest) {
  state_.seeds = so_far.seeds;
  state_.failed = so_far.failed;
  state_.distinct = static_cast<std::int64_t>(so_far.distinct.size());
  state_.virtual_ns = so_far.virtual_ns;
  state_.run_ns = so_far.run_ns;
  state_.run_ms_squared = so_far.run_ms_squared;
  if (terminal_.is_terminal) state_.never_reached = never_reached(scenarios_, so_far);
  // A failure of a new kind is told at once, above the block.
  const auto* cause = latest.cause();
  if (cause == nullptr || so_far.distinct.at(cause->fingerprint).count > 1) return;
  erase();
  std::string line =
      fmt::format(" FAIL  seed {}  {}  {}", latest.seed, cause->fingerprint, cause->message);
  if (line.size() > terminal_.style.columns) {
    line = line.substr(0, terminal_.style.columns - 3) + "...";
  }
  fmt::print(stderr, "{}\n", line);
  if (terminal_.is_terminal) draw();
}

void CampaignProgress::erase() { erase_lines(lines_); }

void CampaignProgress::draw() {
  state_.elapsed_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began_).count();
  shown_ = Clock::now();
  shown_percent_ = percent();
  erase();
  if (terminal_.is_terminal) {
    lines_ = print_lines(progress_block(state_, terminal_.style));
  } else {
    print_lines(progress_line(state_));
  }
}

void CampaignProgress::show() {
  const auto now = Clock::now();
  if (terminal_.is_terminal) {
    if (now - shown_ >= redraw_every) draw();
    return;
  }
  if (now - shown_ < line_every) return;
  state_.elapsed_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now - began_).count();
  if (percent() - shown_percent_ >= line_every_percent) draw();
}

void CampaignProgress::finish() {
  erase();
  if (!terminal_.is_terminal) draw();
}

// ---- Shrinking ---------------------------------------------------------------------------------

std::string size_of(const Plan& plan) {
  std::size_t partitions = 0;
  for (const auto& topic : plan.topics) partitions += static_cast<std::size_t>(topic.partitions);
  return fmt::format("{}, {}, {}, {}", reports::counted(plan.faults.size(), "fault"),
                     reports::counted(plan.operations.size(), "operation"),
                     reports::counted(plan.producers.size(), "producer"),
                     reports::counted(partitions, "partition"));
}

void ShrinkProgress::show(const Shrinker& shrinker) {
  if (terminal_.is_terminal) {
    erase_lines(lines_);
    lines_ = print_lines(shrinker.progress());
  } else if (shrinker.still_failing() > failing_) {
    fmt::print(stderr, "  {}   tried {}\n", size_of(shrinker.best()), shrinker.tried());
  }
  failing_ = shrinker.still_failing();
}

void ShrinkProgress::finish() { erase_lines(lines_); }

}  // namespace brokersim::scenarios
