// Is a run a function of its plan? Runs it twice, in processes whose memory lies differently, and
// compares the hash of everything that happened; where they part, finds the first item that
// differs.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/expected.h"
#include "scenarios/plan.h"

namespace brokersim::scenarios {

// What a run leaves for comparison.
struct Recording {
  struct Checkpoint {
    std::uint64_t items = 0;  // Hashed before it.
    std::string hash;
  };
  std::string hash;
  std::uint64_t items = 0;
  std::vector<Checkpoint> checkpoints;
  std::vector<std::string> watched;  // The items first <= number < last, for people.
};
// Runs in a child. With first == last nothing is watched.
using Record = std::function<Recording(std::uint64_t first, std::uint64_t last)>;

struct Difference {
  std::uint64_t item = 0;  // Its number, from 1; 0 if it did not come up again.
  std::string first;       // What the runs did there; empty: one had ended.
  std::string second;
};

struct Verification {
  std::string hash;  // Of the first run.
  std::uint64_t items = 0;
  std::optional<Difference> difference;
  bool is_same() const { return !difference; }
};

// An error: a run crashed or hung, with what it said.
Expected<Verification, std::string> verify(const Record& record);
Expected<Verification, std::string> verify(const Plan& plan, const std::string& folder);

}  // namespace brokersim::scenarios
