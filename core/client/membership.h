// A consumer's part in the group protocol: finds the coordinator, joins, gets its share, stays
// alive, commits, leaves (KIP-62, KIP-345, KIP-394, KIP-429).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/api/join_group.h"
#include "core/api/offset_fetch.h"
#include "core/client/cluster.h"
#include "core/client/config.h"
#include "core/client/coordinator_link.h"
#include "core/env.h"

namespace brokersim::client {

using Partitions = std::set<TopicPartition>;

class Membership {
 public:
  // Both outlive it.
  Membership(const GroupConsumerConfig& config, Cluster& cluster)
      : config_(config),
        backoff_(config.consumer.client.backoff()),
        cluster_(cluster),
        coordinator_(cluster, CoordinatorLink::Of::group, config.group_id) {}

  // Joins and syncs until there is a share of `topics`; `held` is what we have of the generation
  // before. The error is one that trying again does not cure, a cancelled wait, or that the group
  // has gone on without us while we held something (is_expelled).
  Expected<Partitions, api::ErrorCode> rejoin(Env& env, const std::set<std::string>& topics,
                                              const Partitions& held);
  // Sends heartbeats until cancelled; leaves if nobody polls for max.poll.interval.ms.
  void keep_alive(Env& env);
  void note_poll(Instant now) { last_poll_ = now; }

  // The group rebalances, or we are no part of it: rejoin() is due.
  bool must_rejoin() const { return must_rejoin_; }
  void ask_to_rejoin() { must_rejoin_ = true; }
  // The leader has assigned other partitions than there are by now.
  bool has_outdated_assignment();
  // The coordinator goes on without us: what we held may be others' by now.
  bool is_expelled() const { return generation_ < 0; }

  // As the member of the generation we are in. REBALANCE_IN_PROGRESS, ILLEGAL_GENERATION and the
  // like: it is not committed, and rejoin() is due. Other errors, and timeouts: perhaps it is.
  Expected<Done, api::ErrorCode> commit(Env& env, const std::map<TopicPartition, Offset>& offsets,
                                        Instant deadline);
  // What the group has committed of these; absent: nothing.
  Expected<std::map<TopicPartition, Offset>, api::ErrorCode> committed(Env& env,
                                                                       const Partitions& partitions,
                                                                       Instant deadline);
  // Static members do not, so that they find their place again.
  void leave(Env& env, Instant deadline);

  const std::string& member_id() const { return member_id_; }
  std::int32_t generation() const { return generation_; }
  const std::optional<std::string>& instance_id() const { return config_.group_instance_id; }

 private:
  using Share = Expected<Partitions, api::ErrorCode>;

  Share join_once(Env& env, const std::set<std::string>& topics, const Partitions& held);
  Share sync(Env& env, wire::Channel& channel, const api::JoinGroupResponse& joined);
  Assignment assign_to(Env& env, const api::JoinGroupResponse& joined);
  bool back_off(Env& env, Instant deadline);
  // Takes note of what the error says about us; returns it.
  api::ErrorCode learn(api::ErrorCode error);
  void heartbeat(Env& env);

  const GroupConsumerConfig& config_;
  Backoff backoff_;
  Cluster& cluster_;
  CoordinatorLink coordinator_;
  std::int32_t failures_ = 0;
  std::uint64_t backoffs_ = 0;
  std::string member_id_;
  std::int32_t generation_ = -1;
  std::int32_t held_since_ = -1;                  // The generation in which we last got a share.
  std::map<std::string, std::int32_t> assigned_;  // As the leader: partitions of each topic.
  bool has_joined_ = false;                       // In this generation: heartbeats are expected.
  bool must_rejoin_ = true;
  Instant last_poll_;
};

}  // namespace brokersim::client
