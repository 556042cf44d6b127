// The producer ids that this broker may give away: from a block of its own, and the next block
// asked for before the last ids of it are gone (KIP-730, Kafka's ProducerIdManager).
//
//   block   4000 ────────── 4899 ── 4999      from here on the next block is fetched
//                             └──────────────▶ 7000 … if other brokers got the blocks between
//
// A broker that nobody asks for an id asks for no block.
#pragma once

#include <cstdint>
#include <optional>

#include "core/broker/config.h"
#include "core/broker/controller_link.h"
#include "core/broker/fiber_group.h"
#include "core/broker/lifecycle.h"
#include "core/controller/producer_ids.h"
#include "core/env.h"

namespace brokersim::broker {

class ProducerIds {
 public:
  // Its fiber is of `fibers`.
  ProducerIds(const NodeConfig& config, const QuorumNode& quorum, const Lifecycle& lifecycle,
              FiberGroup& fibers)
      : config_(config),
        controller_(config, quorum, "producer-ids"),
        lifecycle_(lifecycle),
        fibers_(fibers) {}

  // An id that nobody else gets; nothing while there is none: a block is on its way.
  std::optional<std::int64_t> next(Host& host);

 private:
  void fetch_next_block(Host& host);
  std::optional<controller::ProducerIdBlock> ask(Env& env);

  const NodeConfig& config_;
  ControllerLink controller_;
  const Lifecycle& lifecycle_;
  FiberGroup& fibers_;
  controller::ProducerIdBlock block_;
  std::int64_t given_ = 0;  // Of this block.
  std::optional<controller::ProducerIdBlock> next_block_;
  bool is_fetching_ = false;
};

}  // namespace brokersim::broker
