// How far a campaign is, on stderr: a block that is redrawn on a terminal, elsewhere a line now and
// then. What it says is made by pure functions; only the classes know time and the terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "scenarios/campaign.h"
#include "scenarios/commands/terminal.h"
#include "scenarios/shrink.h"

namespace brokersim::scenarios {

struct CampaignState {
  std::string name;  // "chaos", "12 scenarios"
  std::int64_t size = 0;
  std::int64_t for_seconds = 0;  // 0: the campaign ends with the last seed.
  int jobs = 1;
  std::int64_t seeds = 0;
  std::int64_t failed = 0;
  std::int64_t distinct = 0;
  std::int64_t virtual_ns = 0;
  std::int64_t run_ns = 0;
  std::int64_t run_ms_squared = 0;
  std::int64_t elapsed_ms = 0;
  std::vector<std::string> never_reached;
};

// "eta 0:30 (0:27-0:35)", from how much single runs differ; "eta -" before two seconds and two
// percent; "0:12 left" of a campaign that ends with time.
std::string time_left(const CampaignState& state);
// The lines of the block, and the one line where nothing can be redrawn.
std::string progress_block(const CampaignState& state, reports::Style style);
std::string progress_line(const CampaignState& state);

class CampaignProgress {
 public:
  CampaignProgress(CampaignState initial, std::vector<Scenario> scenarios);

  void add(const CampaignResult& so_far, const SeedResult& latest);
  void show();    // If it is time.
  void finish();  // The block is gone, the last line is there.

 private:
  using Clock = std::chrono::steady_clock;
  void draw();
  void erase();
  std::int64_t percent() const;

  const std::vector<Scenario> scenarios_;
  const Terminal terminal_;
  const Clock::time_point began_;
  CampaignState state_;
  Clock::time_point shown_;
  std::int64_t shown_percent_ = 0;
  std::ptrdiff_t lines_ = 0;  // That are on the terminal.
};

// Of a shrinker: the table of its stages, redrawn; elsewhere a line for each improvement.
class ShrinkProgress {
 public:
  void show(const Shrinker& shrinker);
  void finish();

 private:
  const Terminal terminal_ = terminal_at(2);
  std::ptrdiff_t lines_ = 0;
  std::size_t failing_ = 0;
};

// "3 faults, 14 operations, 2 producers, 1 partition"
std::string size_of(const Plan& plan);

}  // namespace brokersim::scenarios
