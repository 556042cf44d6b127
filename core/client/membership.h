// A consumer as a member of its group: who it is there, and the offsets that it commits and asks
// for, by whichever protocol it became a member (classic_membership.h, consumer_membership.h).
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "core/api/offset_fetch.h"
#include "core/client/cluster.h"
#include "core/client/config.h"
#include "core/client/consumer.h"
#include "core/client/coordinator_link.h"
#include "core/env.h"

namespace brokersim::client {

using Partitions = std::set<TopicPartition>;

class Membership {
 public:
  virtual ~Membership() = default;
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;

  // Sends heartbeats until cancelled; leaves if nobody polls for max.poll.interval.ms.
  virtual void keep_alive(Env& env) = 0;
  virtual void leave(Env& env, Instant deadline) = 0;

  void note_poll(Instant now) { last_poll_ = now; }
  // The coordinator goes on without us: what we held may be others' by now.
  bool is_expelled() const { return generation_ < 0; }

  // As the member that we are at present. REBALANCE_IN_PROGRESS, ILLEGAL_GENERATION and the like:
  // it is not committed, and we have to catch up with the group. Other errors, and timeouts:
  // perhaps it is.
  Expected<Done, api::ErrorCode> commit(Env& env, const Positions& positions, Instant deadline);
  // What the group has committed of these; absent: nothing.
  Expected<Positions, api::ErrorCode> committed(Env& env, const Partitions& partitions,
                                                Instant deadline);

  const std::string& member_id() const { return member_id_; }
  // Or the member's epoch.
  std::int32_t generation() const { return generation_; }
  const std::optional<std::string>& instance_id() const { return config_.group_instance_id; }

 protected:
  // Both outlive it.
  Membership(const GroupConsumerConfig& config, Cluster& cluster)
      : config_(config),
        backoff_(config.consumer.client.backoff()),
        cluster_(cluster),
        coordinator_(cluster, CoordinatorLink::Of::group, config.group_id) {}

  // Takes note of what the error says about us; returns it.
  virtual api::ErrorCode learn(api::ErrorCode error) = 0;
  // The same, asked once more, may succeed.
  virtual bool may_pass(api::ErrorCode error) const;
  // Says who asks for offsets; false if we are nobody who might.
  virtual bool sign(api::OffsetFetchRequest::OffsetFetchRequestGroup&) const { return true; }
  bool back_off(Env& env, Instant deadline);

  const GroupConsumerConfig& config_;
  Backoff backoff_;
  Cluster& cluster_;
  CoordinatorLink coordinator_;
  std::int32_t failures_ = 0;
  std::string member_id_;
  std::int32_t generation_ = -1;
  Instant last_poll_;

 private:
  std::uint64_t backoffs_ = 0;
};

}  // namespace brokersim::client
