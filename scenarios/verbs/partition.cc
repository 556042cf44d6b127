// A story says: partition b1 from=(b2,b3)
//     partition b1 to=b2
//
// Nothing gets through between b1 and the others, in either direction; with `to`, nothing from b1
// to b2, while b1 hears b2. Connections break when TCP gives up. Until `heal`.
#include "scenarios/verbs/all.h"
#include "scenarios/verbs/strike.h"

namespace brokersim::scenarios::verbs {

namespace {

Printed partition_step(Stage& stage, const Step& step) {
  const auto* to = step.find("to");
  if (to && step.find("from")) return error_at(to->column, "either both ways (from), or one (to)");
  if (to) return strike_links(stage, step, "one_way_partition", "to");
  return strike_links(stage, step, "partition", "from");
}

}  // namespace

Verb partition_verb() {
  return {.group = "world",
          .name = "partition",
          .example = "partition b1 from=(b2,b3)",
          .meaning = "nothing gets through; with `to` instead of `from`, not in that direction",
          .least_words = 1,
          .most_words = 9,
          .keys = {"from", "to"},
          .run = partition_step};
}

}  // namespace brokersim::scenarios::verbs
