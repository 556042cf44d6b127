#include "reports/outages.h"

#include <algorithm>

#include <fmt/format.h>

namespace brokersim::reports {

std::string Outages::availability() const { return share_text(led(), lifetime); }

Outages outages_of(const Elections& all) {
  Outages outages;
  const auto note = [&](const TopicPartition& partition, Duration outage) {
    if (outage > outages.longest) outages.longest_on.clear();
    outages.longest = std::max(outages.longest, outage);
    if (outage == outages.longest && outage > Duration{}) outages.longest_on.push_back(partition);
  };
  for (const PartitionHistory& history : all.partitions()) {
    outages.total += history.without_leader(all.end());
    outages.lifetime += history.lifetime(all.end());
    note(history.partition, history.longest_outage(all.end()));
  }
  return outages;
}

std::string share_text(Duration part, Duration whole) {
  if (whole <= Duration{}) return "n/a";
  const std::int64_t tenths = part / 1us * 1000 / (whole / 1us);
  return fmt::format("{}.{} %", tenths / 10, tenths % 10);
}

}  // namespace brokersim::reports
