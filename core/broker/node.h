// A node: its listener, its part in the quorum, and the roles its configuration gives it.
#pragma once

#include "core/broker/config.h"
#include "core/broker/metrics.h"
#include "core/env.h"

namespace brokersim::broker {

// The main program of a node. Returns after an orderly stop, when its fiber is cancelled, or when
// the node cannot go on: the error says why, and is in an event too. A fiber of its own stops the
// node then; what goes wrong there, `monitor` is told. A node that is cancelled before it has
// started has not failed. `config`, and `monitor` if there is one, must outlive the node's fibers.
Expected<Done, std::string> run_node(Env& env, const NodeConfig& config,
                                     Monitor* monitor = nullptr);

}  // namespace brokersim::broker
