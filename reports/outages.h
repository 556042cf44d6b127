// How long partitions had a leader: over all of them and the whole run, in the terminal, the JSON
// result and the pages the same.
#pragma once

#include <string>
#include <vector>

#include "reports/elections.h"

namespace brokersim::reports {

// What all partitions suffered together.
struct Outages {
  Duration total{};
  Duration longest{};
  std::vector<TopicPartition> longest_on;  // Several lose their leader at one instant.
  Duration lifetime{};                     // Of all partitions, from their first leaders on.

  Duration led() const { return lifetime - total; }
  // The share of their life with a leader: "95.6 %".
  std::string availability() const;
};
Outages outages_of(const Elections& all);

// "95.6 %"; rounded down, so that 100 % means all of the time.
std::string share_text(Duration part, Duration whole);

}  // namespace brokersim::reports
