// A consumer's part in the classic group protocol: finds the coordinator, joins, gets its share,
// stays alive, leaves (KIP-62, KIP-345, KIP-394, KIP-429).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/api/join_group.h"
#include "core/client/membership.h"
#include "core/env.h"

namespace brokersim::client {

class ClassicMembership : public Membership {
 public:
  ClassicMembership(const GroupConsumerConfig& config, Cluster& cluster)
      : Membership(config, cluster) {}

  // Joins and syncs until there is a share of `topics`; `held` is what we have of the generation
  // before. The error is one that trying again does not cure, a cancelled wait, or that the group
  // has gone on without us while we held something (is_expelled); it is due again after any.
  Expected<Partitions, api::ErrorCode> rejoin(Env& env, const std::set<std::string>& topics,
                                              const Partitions& held);
  void keep_alive(Env& env) override;
  // We are no part of the generation any more (is_expelled). Of a static member nobody is told, so
  // that it finds its place again.
  void leave(Env& env, Instant deadline) override;

  // The group rebalances, or we are no part of it: rejoin() is due.
  bool must_rejoin() const { return must_rejoin_; }
  void ask_to_rejoin() { must_rejoin_ = true; }
  // The leader has assigned other partitions than there are by now, or has left some to nobody, and
  // who was to let go of them has not joined again for the time of a session.
  bool has_outdated_assignment(Instant now);

 private:
  using Share = Expected<Partitions, api::ErrorCode>;

  // KAFKA-12983: as somebody new we hold nothing, which who held it has to be told first.
  bool has_lost(const Partitions& held) const { return is_expelled() && !held.empty(); }
  Share join_once(Env& env, const std::set<std::string>& topics, const Partitions& held);
  Share sync(Env& env, wire::Channel& channel, const api::JoinGroupResponse& joined);
  // As the leader.
  Assignment share_out(Env& env, const api::JoinGroupResponse& joined);
  // What there is for these members to share.
  std::map<std::string, std::int32_t> look_up_topics(Env& env, const Subscriptions& members);
  // As far as is known: none of a topic that was deleted.
  std::int32_t partitions_to_share(const std::string& topic) const;
  api::ErrorCode learn(api::ErrorCode error) override;
  void heartbeat(Env& env);

  std::int32_t held_since_ = -1;                  // The generation in which we last got a share,
  Partitions last_share_;                         // and this share, whoever has it by now.
  std::map<std::string, std::int32_t> assigned_;  // As the leader: partitions of each topic.
  Instant shares_again_at_ = never;               // Likewise.
  bool has_joined_ = false;                       // In this generation: heartbeats are expected.
  bool must_rejoin_ = true;
};

}  // namespace brokersim::client
