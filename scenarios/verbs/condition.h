// A condition of a story: what `expect` demands, and what `run` waits for.
//
//   orders-0 leader=b2 epoch=1 isr=(b2,b3) end=3      a partition, as committed, and its leader's
//   log b1 state=paused fenced=yes                        a machine quorum leader=c2 epoch=3 the
//   controllers' quorum
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/verbs/verb.h"

namespace brokersim::scenarios::verbs {

// What is not as it should be, in a sentence; nothing if all is.
using Condition = std::function<std::optional<std::string>()>;

// The keys that say what should be.
const std::vector<std::string_view>& condition_keys();
// Of a step whose first word is the subject. The stage outlives it.
Read<Condition> condition_of(Stage& stage, const Step& step);

// "running", "paused", "down", "off"
std::string_view state_name(const sim::Machine& machine);

}  // namespace brokersim::scenarios::verbs
