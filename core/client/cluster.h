// A client's connections to the cluster, and its view of it kept fresh: what producer, consumer and
// admin are built on.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "core/client/backoff.h"
#include "core/client/cluster_view.h"
#include "core/client/config.h"
#include "core/env.h"
#include "core/signal.h"
#include "core/wire/channel.h"

namespace brokersim::client {

// Whether brokers may create a topic because a client asks about it, where
// auto.create.topics.enable lets them. As with Kafka's clients, producers always allow it,
// consumers by allow.auto.create.topics, and administrators never.
enum class AutoCreate : bool { forbidden, allowed };

class Cluster {
 public:
  Cluster(ClientConfig config, AutoCreate auto_create)
      : config_(std::move(config)), backoff_(config_.backoff()), auto_create_(auto_create) {}

  const ClientConfig& config() const { return config_; }
  const ClusterView& view() const { return view_; }
  ClusterView& view() { return view_; }

  // Refreshes ask about these topics, too.
  void add_topic(const std::string& topic);
  // The view is known to be wrong, or incomplete.
  void needs_refresh() { is_stale_ = true; }
  bool is_stale(Instant now) const;
  // When the view becomes stale by age.
  Instant stale_at() const { return last_success_ + config_.metadata_max_age; }

  // Gets new metadata from any broker, trying one after another; of several fibers one asks for
  // all. Backs off while answers fail to come or bring nothing new (KIP-580). False: the deadline
  // passed, or cancelled.
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

  Instant earliest_attempt(Host& host) const;

  ClientConfig config_;
  Backoff backoff_;
  AutoCreate auto_create_;
  ClusterView view_;
  std::set<std::string> topics_;
  std::map<Address, std::shared_ptr<wire::Channel>> channels_;
  bool is_stale_ = true;
  bool is_refreshing_ = false;
  Signal refreshed_;
  Instant last_attempt_{};
  Instant last_success_{};
  std::uint64_t attempts_ = 0;
  std::int32_t fruitless_ = 0;  // Attempts in a row that brought nothing new.
  std::size_t next_candidate_ = 0;
};

}  // namespace brokersim::client
