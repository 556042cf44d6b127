// Historical bugs by name: which rule each brings back, and what is expected to catch it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/expected.h"
#include "core/base/rules.h"

namespace brokersim::scenarios {

struct Bug {
  std::string_view name;    // REP-01
  std::string_view about;   // One line: what goes wrong.
  std::string_view source;  // Ticket or KIP.
  // Whose promise it is known to break; empty: no plan shows it.
  std::string_view property;
  std::string_view scenario;  // The catalogue scenario whose faults reach it.
  void (*set)(Rules&);
  bool has_plan() const { return !property.empty(); }
};

std::span<const Bug> all_bugs();
const Bug* find_bug(std::string_view name);  // Null if there is none.
// Empty if a plan shows it.
std::string_view why_without_plan(const Bug& bug);

// One that nothing brings back: the broker has no place for it.
struct BugWithoutSwitch {
  std::string_view name;
  std::string_view about;
  std::string_view source;
  std::string_view why;  // As docs/historical-bugs.md says it.
};
std::span<const BugWithoutSwitch> bugs_without_switch();

// What nodes with these bugs do. An unknown name is an error that says the nearest.
Expected<Rules, std::string> rules_with(const std::vector<std::string>& bugs);

}  // namespace brokersim::scenarios
