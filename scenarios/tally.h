// Counts what a campaign has reached, by the kind of event.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/base/event.h"

namespace brokersim::scenarios {

class Tally {
 public:
  void observe(const Event& event) {
    if (std::holds_alternative<LeaderElected>(event.body)) ++elections_;
    if (std::holds_alternative<IsrChanged>(event.body)) ++isr_changes_;
    if (std::holds_alternative<LogTruncated>(event.body)) ++truncations_;
    if (std::holds_alternative<LogRecovered>(event.body)) ++recoveries_;
    if (std::holds_alternative<BrokerFenced>(event.body)) ++fencings_;
    if (const auto* quorum = std::get_if<QuorumRoleChanged>(&event.body)) {
      if (quorum->role == "leader") ++quorum_elections_;
    }
    if (const auto* elected = std::get_if<LeaderElected>(&event.body)) {
      if (!elected->is_clean) ++unclean_elections_;
    }
  }
  std::map<std::string, std::int64_t> counts() const {
    return {{"elections", elections_},
            {"fencings", fencings_},
            {"isr_changes", isr_changes_},
            {"quorum_elections", quorum_elections_},
            {"recoveries", recoveries_},
            {"truncations", truncations_},
            {"unclean_elections", unclean_elections_}};
  }

 private:
  std::int64_t elections_ = 0;
  std::int64_t fencings_ = 0;
  std::int64_t isr_changes_ = 0;
  std::int64_t quorum_elections_ = 0;
  std::int64_t recoveries_ = 0;
  std::int64_t truncations_ = 0;
  std::int64_t unclean_elections_ = 0;
};

}  // namespace brokersim::scenarios
