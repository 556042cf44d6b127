// What a campaign found, as people and programs want it. Pure: files and processes are hunt.cc's.
#pragma once

#include <string>
#include <vector>

#include "reports/suite.h"
#include "reports/summary.h"
#include "scenarios/campaign.h"
#include "scenarios/draw_plan.h"

namespace brokersim::scenarios {

// What became of a distinct failure after the campaign.
struct Followed {
  DistinctFailure failure;
  bool is_replayed = false;  // A second run was the same, hash and all.
  std::string plan;          // The file of the smallest plan; empty: none was written.
  std::string size;          // "12 > 3 faults, 300 > 14 operations"
  std::string page;          // The file of its report; empty: none was written.
  std::string block;         // What `brokersim run` says of the smallest plan.
};

struct HuntReport {
  CampaignOptions options;
  PlanRequest asked;       // Bugs, settings and the folder of every run.
  bool is_strict = false;  // What never reached what it is about has no verdict.
  std::vector<Scenario> scenarios;
  CampaignResult result;
  std::vector<Followed> followed;
  std::vector<std::string> never_reached;
  Duration wall{};
};

std::string human(const HuntReport& report, reports::Style style);
// One object, without a line end.
std::string json(const HuntReport& report);
// A suite per scenario, a case per property.
std::vector<reports::CiSuite> suites(const HuntReport& report);

// 0 held, 1 a property was violated, 3 not deterministic, 4 no verdict, 130 interrupted.
int exit_status(const HuntReport& report);
// Why there is no verdict that all properties held; empty where there is one.
std::string why_no_verdict(const HuntReport& report);
// The line that runs one seed of a scenario as the campaign did.
std::string reproduce_seed(const HuntReport& report, std::size_t scenario, std::uint64_t seed);

// "scenarios/catalogue/chaos.toml" of a name; a file as it was given.
std::string file_of(const std::string& scenario);
// "1..100"
std::string seeds_text(const CampaignOptions& options, const CampaignResult& result);

}  // namespace brokersim::scenarios
