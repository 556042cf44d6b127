// A client's connections to the cluster, and its view of it kept fresh: what producer, consumer and
// admin are built on.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "core/client/cluster_view.h"
#include "core/client/config.h"
#include "core/env.h"
#include "core/signal.h"
#include "core/wire/channel.h"

namespace brokersim::client {

class Cluster {
 public:
  explicit Cluster(ClientConfig config) : config_(std::move(config)) {}

  const ClientConfig& config() const { return config_; }
  const ClusterView& view() const { return view_; }
  ClusterView& view() { return view_; }

  // Refreshes ask about these topics, too.
  void add_topic(const std::string& topic) { topics_.insert(topic); }
  // The view is known to be wrong, or incomplete.
  void needs_refresh() { is_stale_ = true; }
  bool is_stale(Instant now) const;
  // When the view becomes stale by age.
  Instant stale_at() const { return last_success_ + config_.metadata_max_age; }

  // Gets new metadata from any broker, trying one after another; of several fibers one asks for
  // all. Not more often than every retry.backoff.ms. False: the deadline passed, or cancelled.
  bool refresh(Env& env, Instant deadline);
  // Waits until the topic's partitions are known. False: deadline or cancelled.
  bool await_topic(Env& env, const std::string& topic, Instant deadline);

  // Null for a broker whose address is not known. Kept alive by whoever calls on it.
  std::shared_ptr<wire::Channel> channel_to(NodeId broker);
  // Breaks all connections: calls under way end.
  void close();

 private:
  bool refresh_once(Env& env, Instant deadline);
  std::shared_ptr<wire::Channel> channel_at(const Address& address);
  std::vector<Address> candidates() const;

  ClientConfig config_;
  ClusterView view_;
  std::set<std::string> topics_;
  std::map<Address, std::shared_ptr<wire::Channel>> channels_;
  bool is_stale_ = true;
  bool is_refreshing_ = false;
  Signal refreshed_;
  Instant last_attempt_{};
  Instant last_success_{};
  bool has_attempted_ = false;
  std::int32_t failures_ = 0;
  std::size_t next_candidate_ = 0;
};

}  // namespace brokersim::client
