// The way to the coordinator of a group or of a transactional id: asked for of one broker after
// another, and forgotten when it turns out to be the wrong one.
//
// Its connection is its own: a request to a coordinator may wait for minutes, and nothing must wait
// behind it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/client/cluster.h"
#include "core/env.h"
#include "core/wire/channel.h"

namespace brokersim::client {

class CoordinatorLink {
 public:
  enum class Of : std::int8_t { group = 0, transactional_id = 1 };

  // The cluster outlives it.
  CoordinatorLink(Cluster& cluster, Of kind, std::string key)
      : cluster_(cluster), kind_(kind), key_(std::move(key)) {}

  // Null if it is not known, and whoever was asked now does not know it either.
  std::shared_ptr<wire::Channel> channel(Env& env, Instant deadline);
  // Calls under way end.
  void forget();

 private:
  Cluster& cluster_;
  const Of kind_;
  const std::string key_;
  std::shared_ptr<wire::Channel> channel_;
  std::uint64_t lookups_ = 0;
  bool is_silent_ = false;  // Whoever was asked last: there may be others by now.
};

}  // namespace brokersim::client
