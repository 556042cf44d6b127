// Who may have a connection: max.connections, and max.connections.per.ip with its overrides
// (KIP-308, KIP-402). Unlike Kafka's, whose acceptor waits for a place, a node closes what is one
// too many at once: its peer learns so, instead of hanging in a queue of the kernel's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "core/base/close_reason.h"

namespace brokersim::broker {

class ConnectionLimits {
 public:
  using Overrides = std::map<std::string, std::int32_t>;  // By address.

  ConnectionLimits(std::int32_t max, std::int32_t max_per_ip, Overrides overrides = {})
      : max_(max), max_per_ip_(max_per_ip), overrides_(std::move(overrides)) {}

  // For those that come from now on: nobody who is there has to go.
  void change(std::int32_t max, std::int32_t max_per_ip, Overrides overrides) {
    max_ = max;
    max_per_ip_ = max_per_ip;
    overrides_ = std::move(overrides);
  }

  // Counts the connection, or says why it is one too many.
  std::optional<CloseReason> admit(const std::string& host) {
    if (open_ >= max_) return CloseReason::too_many_connections;
    const auto own = overrides_.find(host);
    const auto most = own == overrides_.end() ? max_per_ip_ : own->second;
    const auto of_host = of_host_.find(host);
    if (of_host != of_host_.end() ? of_host->second >= most : most <= 0) {
      return CloseReason::too_many_connections_per_ip;
    }
    ++open_;
    ++of_host_[host];
    return std::nullopt;
  }

  // One that was admitted is gone.
  void leave(const std::string& host) {
    --open_;
    const auto of_host = of_host_.find(host);
    if (--of_host->second == 0) of_host_.erase(of_host);
  }

  std::int32_t open() const { return open_; }

 private:
  std::int32_t max_;
  std::int32_t max_per_ip_;
  Overrides overrides_;
  std::int32_t open_ = 0;
  std::map<std::string, std::int32_t> of_host_;
};

}  // namespace brokersim::broker
