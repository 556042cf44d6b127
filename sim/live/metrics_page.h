// What a scrape shows: the families of metrics, each with the samples of all nodes of the process.
// docs/serve.md lists them for people.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/histogram.h"
#include "core/base/ids.h"
#include "core/broker/metrics.h"

namespace brokersim::live {

// One node, as it was at the scrape.
struct ScrapedNode {
  NodeId id;
  broker::NodeLook look;
  std::uint64_t fibers = 0;
  LatencyHistogram syncs;
};

std::string metrics_page(const std::vector<ScrapedNode>& nodes, std::uint64_t lines_dropped = 0);

}  // namespace brokersim::live
