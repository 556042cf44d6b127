// A campaign: the same scenarios under many seeds, each run in a process of its own, failures
// gathered by what is wrong with them.
//
// A run that fails may show several symptoms. The first broken promise of safety names the failure;
// what else was seen in the run is taken for its consequences.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scenarios/forked.h"
#include "scenarios/plan.h"
#include "scenarios/run.h"
#include "scenarios/scenario.h"

namespace brokersim::scenarios {

// What a campaign keeps of one run.
struct SeedResult {
  struct Failure {
    std::string fingerprint;
    std::string id;  // Of the property; "crash" or "hang" of a run without an end.
    std::string message;
  };
  std::size_t scenario = 0;  // Its place in the campaign.
  std::uint64_t seed = 0;
  std::string trace_hash;  // Empty of a run without an end.
  std::int64_t virtual_ns = 0;
  std::int64_t wall_ns = 0;
  std::map<std::string, std::int64_t> stats;
  std::vector<Failure> failures;  // In order of detection.
  // Of properties without a verdict, by id: the witnesses that were missing.
  std::map<std::string, std::string> unjudged;

  // The one that names the rest; null if there is none.
  const Failure* cause() const;
};

// As a child tells its parent, and back.
std::string to_text(const RunResult& result);
SeedResult parse_seed_result(std::uint64_t seed, const ChildResult& child);

struct CampaignOptions {
  std::vector<std::string> scenarios;  // Names; at least one. Seeds go round among them.
  std::uint64_t first_seed = 1;
  std::uint64_t last_seed = 100;
  std::int64_t for_seconds = 0;  // 0: until the last seed.
  int jobs = 1;
  std::uint64_t shard = 0, shards = 1;  // Runs the seeds with seed % shards == shard.
  std::size_t stop_after = 0;           // Distinct failures; 0: never.
  std::int64_t wall_seconds = 120;      // For one run.
  std::string folder;                   // Of scenarios.
};

inline constexpr std::size_t most_seeds_told = 8;

// A failure by its cause's fingerprint, wherever it came up.
struct DistinctFailure {
  SeedResult::Failure failure;
  // What else a property found in runs that fail so, told by its first seed.
  struct Consequence {
    std::int64_t count = 0;  // Seeds.
    std::uint64_t first_seed = 0;
    std::string message;
  };
  // What one scenario has of it.
  struct Seen {
    std::int64_t count = 0;  // Seeds.
    std::uint64_t first_seed = 0;
    std::map<std::string, Consequence> consequences;  // By the property's id.
  };
  // The fingerprints of what came with it in any run, and in how many.
  std::map<std::string, std::int64_t> consequences;
  std::map<std::size_t, Seen> seen_in;   // By the scenario's place in the campaign.
  std::int64_t count = 0;                // Seeds.
  std::set<std::uint64_t> lowest_seeds;  // So many at most: most_seeds_told.
  std::size_t first_scenario = 0;
  std::uint64_t first_seed = 0;
  std::string first_hash;
};

// A property that had no verdict in some runs of a scenario.
struct Unjudged {
  std::int64_t seeds = 0;
  std::string lacks;  // The witnesses that were missing.
};

struct CampaignResult {
  std::int64_t seeds = 0;
  std::int64_t failed = 0;
  std::uint64_t last_seed = 0;                      // Of those that ran.
  std::map<std::string, DistinctFailure> distinct;  // By fingerprint.
  std::map<std::string, std::int64_t> stats;        // Sums.
  std::map<std::size_t, std::int64_t> seeds_of;     // By the scenario's place in the campaign.
  std::map<std::size_t, std::int64_t> ended_of;     // Of those seeds: runs that had an end.
  std::map<std::size_t, std::int64_t> virtual_ns_of;
  // By scenario and the property's id.
  std::map<std::size_t, std::map<std::string, Unjudged>> unjudged_of;
  std::int64_t virtual_ns = 0;
  std::int64_t run_ns = 0;          // Wall time of all runs together.
  std::int64_t run_ms_squared = 0;  // Sum of squares, in ms: how much they differ.
  std::uint64_t slowest_seed = 0;
  std::int64_t slowest_ns = 0;
  bool was_interrupted = false;
  bool ran_out_of_time = false;
};

class Campaign {
 public:
  // Plans of a scenario's place in the campaign and a seed.
  using MakePlan = std::function<Plan(std::size_t scenario, std::uint64_t seed)>;
  // Called in the parent after each run.
  using Progress = std::function<void(const CampaignResult& so_far, const SeedResult& latest)>;

  Campaign(CampaignOptions options, MakePlan make_plan);

  // `tick` is called several times a second; `is_interrupted` ends the campaign after the runs
  // that are under way.
  CampaignResult go(const Progress& progress, const std::function<void()>& tick,
                    const std::function<bool()>& is_interrupted);
  // How many runs there will be if nothing stops them.
  std::uint64_t size() const;

 private:
  std::optional<ChildTask> next();
  void add(const SeedResult& result);
  void add_failure(const SeedResult& result, const SeedResult::Failure& cause);
  bool is_over() const;

  const CampaignOptions options_;
  const MakePlan make_plan_;
  std::uint64_t next_seed_ = 0;
  std::int64_t began_ns_ = 0;
  CampaignResult result_;
};

// With no failure in `n` runs: the share of seeds that fails is below this, in millionths, with 95
// % confidence (the rule of three).
std::int64_t bound_in_millionths(std::int64_t n);
// After a failure in `failed` of `n` runs: how many clean runs there must be for 95 % confidence
// that it is gone.
std::int64_t clean_seeds_needed(std::int64_t failed, std::int64_t n);
// What the scenarios are about and the campaign never reached: aims, and kinds of faults that never
// took effect ("fault.pause"). Sorted, each once.
std::vector<std::string> never_reached(const std::vector<Scenario>& scenarios,
                                       const CampaignResult& result);

}  // namespace brokersim::scenarios
