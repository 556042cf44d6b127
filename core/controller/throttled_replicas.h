// Which replicas of a topic are throttled: the value of leader.replication.throttled.replicas and
// of follower.replication.throttled.replicas (KIP-73).
//
//   "0:1,0:2,3:2"   of partition 0 those on brokers 1 and 2, of partition 3 that on broker 2
//   "*"             all
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "core/base/ids.h"

namespace brokersim::controller {

class ThrottledReplicas {
 public:
  // Nothing if it is no such list. As in Kafka, blanks and commas at the end do not count.
  static std::optional<ThrottledReplicas> parse(std::string_view text);

  bool has(std::int32_t partition, NodeId broker) const {
    return is_all_ || replicas_.contains({partition, broker});
  }
  bool empty() const { return !is_all_ && replicas_.empty(); }

 private:
  bool is_all_ = false;
  std::set<std::pair<std::int32_t, NodeId>> replicas_;
};

}  // namespace brokersim::controller
