// What the logs of a broker need besides being written to: rolled segments are synced as they roll,
// recovery points written every log.flush.offset.checkpoint.interval.ms, unsynced records not left
// for longer than flush.ms, and what is too old or too much deleted every
// log.retention.check.interval.ms, its files file.delete.delay.ms later.
#pragma once

#include <map>

#include "core/broker/config.h"
#include "core/broker/replicas.h"
#include "core/env.h"

namespace brokersim::broker {

class LogUpkeep {
 public:
  LogUpkeep(const NodeConfig& config, Replicas& replicas) : config_(config), replicas_(replicas) {}

  // Until the fiber is cancelled.
  void run(Env& env);

 private:
  Instant next_deadline() const;
  void flush_rolled(Env& env);
  void flush_what_waited(Env& env);
  void retain(Env& env);

  const NodeConfig& config_;
  Replicas& replicas_;
  Instant next_checkpoint_ = never;
  Instant next_retention_ = never;
  Instant next_flush_ = never;
  std::map<TopicPartition, Instant> flushed_at_;  // By flush.ms.
};

}  // namespace brokersim::broker
