// A finished run as reports see it. Filled in by whoever ran it; reports decide nothing.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/base/time.h"
#include "properties/verdict.h"
#include "reports/elections.h"
#include "reports/outages.h"

namespace brokersim::reports {

struct RunResult {
  std::string version;   // "0.1.0"
  std::string scenario;  // "leader-failover"
  std::string cluster;   // "3 brokers + 3 controllers, 3 partitions rf=3 min.isr=2, …"
  std::uint64_t seed = 0;
  std::string trace_hash;  // 32 hexadecimal digits.
  Duration simulated{};
  Duration wall{};
  std::int64_t faults = 0;
  properties::Verdict verdict;
  std::vector<Election> elections;
  Outages outages;
  std::map<std::string, std::int64_t> stats;  // Counters by name.
  std::string reproduce;                      // The one line to type.
  int replays = 0;                            // How often a failing run was run again,
  int identical_replays = 0;                  // and was the same, event for event.
  std::vector<std::string> files;             // What was written: "out/trace.jsonl".
};

}  // namespace brokersim::reports
