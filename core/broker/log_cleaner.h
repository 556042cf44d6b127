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
#include "core/signal.h"

namespace brokersim::broker {

class LogCleaner {
 public:
  LogCleaner(const NodeConfig& config, Replicas& replicas) : config_(config), replicas_(replicas) {}

  // Until the fiber is cancelled; rests for log.cleaner.backoff.ms when there is nothing to do.
  void run(Env& env);
  // The configuration may be another one: it counts at once, for a pause that goes on, too.
  void reconfigured(Host& host) { reconfigured_.notify_all(host); }

 private:
  bool rest(Env& env);                                    // False if cancelled first.
  std::shared_ptr<Replica> dirtiest(WallTime now) const;  // Null if none is worth it.
  bool clean_one(Env& env);

  const NodeConfig& config_;
  Replicas& replicas_;
  Signal reconfigured_;
  // What cannot be read holds up nobody else, nor what there was no room for. By the topic's id:
  // one of the same name is another.
  std::set<std::pair<Uuid, std::int32_t>> uncleanable_;
  std::int64_t room_of_uncleanable_ = 0;  // log.cleaner.dedupe.buffer.size, as these were tried.
};

}  // namespace brokersim::broker
