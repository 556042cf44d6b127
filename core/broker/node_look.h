// A look at a running node: its metrics, and the gauges that are read off its parts.
#pragma once

#include "core/broker/broker.h"
#include "core/broker/controller_node.h"
#include "core/broker/metadata_loader.h"
#include "core/broker/metrics.h"
#include "core/broker/quorum.h"

namespace brokersim::broker {

// `broker` and `controller` are null where the node has no such role. Of topics that are no more
// `metrics` forgets what it has counted. Never suspends.
NodeLook look_at(NodeMetrics& metrics, const QuorumNode& quorum, const MetadataLoader& metadata,
                 const Broker* broker, const ControllerNode* controller);

}  // namespace brokersim::broker
