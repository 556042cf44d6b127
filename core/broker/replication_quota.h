// How much of replication is held back (KIP-73), on each side of it: as leader, what followers are
// answered; as follower, what leaders are asked for.
//
//   topic's  leader.replication.throttled.replicas = 0:1,0:2    which replicas count
//   broker's leader.replication.throttled.rate = 1000000        how many bytes of them a second
//
// Held back is only who is not in sync: else a quota would throw out of the in-sync set who is in
// it. What goes to those in sync counts nevertheless, so that all together keep within the rate.
// What is begun within it is done whole. Pure.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/broker/config.h"
#include "core/controller/image.h"
#include "core/controller/throttled_replicas.h"
#include "core/fetch/rate_window.h"

namespace brokersim::broker {

class ReplicationQuota {
 public:
  ReplicationQuota(NodeId self, fetch::RateWindow::Shape shape) : self_(self), window_(shape) {}

  void set_rate(std::int64_t bytes_per_second) { bytes_per_second_ = bytes_per_second; }
  // Of the topic these replicas are throttled, and no others.
  void throttle(const std::string& topic, controller::ThrottledReplicas replicas);

  // Whether our replica of the partition counts.
  bool is_throttled(const TopicPartition& partition) const;
  // Whether nothing of the partition is to be replicated now, to one who is in sync or not.
  bool holds_back(Instant now, const TopicPartition& partition, bool is_in_sync) const;
  // So much of throttled partitions was replicated at once.
  void record(Instant now, std::int64_t bytes);
  std::uint64_t recorded() const { return recorded_; }  // In all.

 private:
  NodeId self_;
  fetch::RateWindow window_;
  std::int64_t bytes_per_second_ = std::numeric_limits<std::int64_t>::max();
  std::map<std::string, controller::ThrottledReplicas> throttled_;  // By topic.
  std::uint64_t recorded_ = 0;
};

// Both sides of one broker.
struct ReplicationQuotas {
  explicit ReplicationQuotas(const NodeConfig& config);

  // Takes over what is configured: `delta` is what changed in `image`.
  void apply(const controller::Image& image, const controller::Delta& delta);

  NodeId self;
  ReplicationQuota as_leader;
  ReplicationQuota as_follower;
};

}  // namespace brokersim::broker
