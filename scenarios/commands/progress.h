// How far a campaign is, on stderr: a bar that is redrawn on a terminal, elsewhere a line every ten
// seconds.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "scenarios/campaign.h"

namespace brokersim::scenarios {

class CampaignProgress {
 public:
  // `for_seconds` 0: the campaign ends with the last seed.
  CampaignProgress(std::uint64_t size, std::int64_t for_seconds);

  void add(const CampaignResult& so_far, const SeedResult& latest);
  void show();    // If it is time.
  void finish();  // Shows once more.

 private:
  using Clock = std::chrono::steady_clock;
  std::int64_t elapsed_ms() const;
  void draw();
  std::string time_left() const;

  const std::uint64_t size_;
  const std::int64_t for_seconds_;
  const bool is_terminal_;
  const Clock::time_point began_;
  Clock::time_point shown_;
  std::int64_t seeds_ = 0;
  std::int64_t failed_ = 0;
  std::size_t distinct_ = 0;
  std::int64_t virtual_ns_ = 0;
};

}  // namespace brokersim::scenarios
