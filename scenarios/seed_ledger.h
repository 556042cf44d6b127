// Which seeds have been run, of which scenarios, by which builds, and what came of it: evidence
// that grows over machines and days. A TOML file that campaigns are appended to, and nothing else.
//
//   [[campaign]]
//   revision = "a43680929"
//   scenario = "chaos"
//   first_seed = 0
//   …
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/expected.h"
#include "core/base/time.h"

namespace brokersim::scenarios {

struct LedgerEntry {
  std::string revision;  // Of the sources (revision.h).
  std::string scenario;
  std::vector<std::string> settings;  // As after --set.
  // The seeds s of the range with s % shards == shard - 1.
  std::uint64_t first_seed = 0;
  std::uint64_t last_seed = 0;
  std::uint64_t shard = 1;
  std::uint64_t shards = 1;
  std::int64_t runs = 0;
  std::int64_t properties = 0;  // So many judged the runs; 0: nobody kept how many.
  Duration simulated{};
  std::map<std::string, std::int64_t> failures;  // Seeds, by the fingerprint of what failed first.
  // The lowest of those seeds; `failures` says how many there are. None: nobody kept which.
  std::map<std::string, std::vector<std::uint64_t>> failed_seeds;
  std::map<std::string, std::int64_t> reached;  // What took effect: sums over the runs, none 0.

  std::int64_t failed() const;
  // Whether both say something of the same runs.
  bool overlaps(const LedgerEntry& other) const;
};

// In the order of the file. It is an error, with its place, if a run is in it twice.
Expected<std::vector<LedgerEntry>, std::string> parse_ledger(std::string_view text,
                                                             const std::string& file);
// What is appended to the file.
std::string to_toml(const LedgerEntry& entry);

// The first seed behind all that were run of the scenario with these settings, whichever build ran
// them: where new evidence begins.
std::uint64_t next_seed(const std::vector<LedgerEntry>& entries, const std::string& scenario,
                        const std::vector<std::string>& settings);

// One scenario, or all of them.
struct LedgerSum {
  std::int64_t runs = 0;
  std::int64_t judged_by_all = 0;  // Of the runs, by as many properties as there are today.
  std::int64_t failed = 0;
  Duration simulated{};
  std::map<std::string, std::int64_t> reached;
  std::vector<std::string> revisions;  // Each once, in the order of the file.
};
// `properties`: as many as there are today.
void add(const LedgerEntry& entry, std::size_t properties, LedgerSum& sum);

}  // namespace brokersim::scenarios
