// What a campaign has to do with a ledger of seeds: it runs those that the ledger lacks, and adds
// to it what came of them. Pure but for the file.
#pragma once

#include <string>
#include <vector>

#include "core/base/expected.h"
#include "scenarios/commands/hunt_report.h"
#include "scenarios/seed_ledger.h"

namespace brokersim::scenarios {

struct LedgerRequest {
  std::string file;  // Empty: there is no ledger.
  std::string revision;
  std::vector<std::string> bugs;
  std::vector<std::string> settings;
  bool has_range = false;  // The seeds are A..B, and not so many, or as many as there is time for.
};

// Moves the campaign's seeds behind those that the ledger has, or refuses: what is run already,
// what nobody could run again, and what is no evidence for today's protocol.
Expected<Done, std::string> choose_seeds(const LedgerRequest& request,
                                         const std::vector<LedgerEntry>& known,
                                         const Scenario& scenario, CampaignOptions& options);
// The same with the entries of the file, which may not be there yet.
Expected<Done, std::string> choose_seeds(const LedgerRequest& request,
                                         const std::vector<Scenario>& scenarios,
                                         CampaignOptions& options);

LedgerEntry entry_of(const LedgerRequest& request, const HuntReport& report);
// Nothing of a campaign without a run.
Expected<Done, std::string> append_to_ledger(const LedgerRequest& request,
                                             const HuntReport& report);

}  // namespace brokersim::scenarios
