// The picture of who led what, when: time to the right, one lane for each partition.
//
//   faults       a bar each, with its number
//   quorum       who led the controllers
//   my-topic-0   bar: leader and epoch, coloured by broker; hatched: nobody leads
//                thin bars: replicas in sync; numbers: elections, as in the table; triangles:
//                truncations
#pragma once

#include <cstddef>

#include "reports/elections.h"
#include "reports/scene.h"

namespace brokersim::reports {

struct TimelineLimits {
  double width = 1090;
  std::size_t lanes = 24;  // Of partitions.
  std::size_t faults = 16;
};

// Partitions on which nothing happened are left out where lanes are scarce, and counted in a note.
Scene timeline(const Elections& elections, const TimelineLimits& limits = {});

}  // namespace brokersim::reports
