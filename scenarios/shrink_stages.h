// What can be taken from a plan, kind by kind, in the order in which it is tried.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "scenarios/plan.h"

namespace brokersim::scenarios {

struct ShrinkStage {
  std::string_view name;
  bool in_chunks = true;  // Otherwise one at a time.
  // How many places there are to cut at.
  std::size_t (*size)(const Plan&);
  // The plan without `count` entries from `from` on, or simpler at that place; nothing if it
  // cannot be. Every result is simpler, and valid once what is in vain without what was cut is
  // dropped: cuts end. Without a setting that others need it cannot run, and so does not fail.
  std::optional<Plan> (*cut)(const Plan&, std::size_t from, std::size_t count);
};

std::span<const ShrinkStage> shrink_stages();

}  // namespace brokersim::scenarios
