// Compacts the logs of a broker, one at a time, the dirtiest first.
//
// What is cleaned lies before the recovery point, and that is on disk: a start takes a gap between
// two segments for the work of compaction there, and for a lost end elsewhere.
#pragma once

#include <memory>
#include <set>

#include "core/broker/config.h"
#include "core/broker/replicas.h"
#include "core/env.h"

namespace brokersim::broker {

class LogCleaner {
 public:
  LogCleaner(const NodeConfig& config, Replicas& replicas) : config_(config), replicas_(replicas) {}

  // Until the fiber is cancelled; rests for log.cleaner.backoff.ms when there is nothing to do.
  void run(Env& env);

 private:
  std::shared_ptr<Replica> dirtiest(WallTime now) const;  // Null if none is worth it.
  bool clean_one(Env& env);

  const NodeConfig& config_;
  Replicas& replicas_;
  // What cannot be read holds up nobody else. By the topic's id: one of the same name is another.
  std::set<std::pair<Uuid, std::int32_t>> uncleanable_;
};

}  // namespace brokersim::broker
