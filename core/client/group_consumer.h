// A consumer of a group: its topics' partitions are shared with the other members, and go to others
// when it is gone.
//
//   auto consumer = GroupConsumer::make(config, listener);
//   consumer->subscribe({"orders"});
//   Polled polled = consumer->poll(env, env.now() + 1s);
//   consumer->commit(env, env.now() + 10s);
//   consumer->close(env, env.now() + 10s);
//
// Everything happens in poll(), but for heartbeats, which have a fiber, and commits by interval,
// for which only a poll waits in which something changes hands: whoever does not poll keeps its
// partitions for max.poll.interval.ms and no longer. It is the same for groups of both kinds
// (group.protocol).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/client/classic_membership.h"
#include "core/client/consumer.h"
#include "core/client/consumer_membership.h"
#include "core/signal.h"

namespace brokersim::client {

// Called on the fiber that polls, and may suspend. A partition that was revoked may still be
// committed while the call lasts; of one that was lost, another may already be the owner.
struct RebalanceListener {
  std::function<void(Env&, const Partitions&)> assigned = [](Env&, const Partitions&) {};
  std::function<void(Env&, const Partitions&)> revoked = [](Env&, const Partitions&) {};
  std::function<void(Env&, const Partitions&)> lost = [](Env&, const Partitions&) {};
};

class GroupConsumer : public std::enable_shared_from_this<GroupConsumer> {
 public:
  static std::shared_ptr<GroupConsumer> make(GroupConsumerConfig config,
                                             RebalanceListener listener = {});
  GroupConsumer(const GroupConsumer&) = delete;
  GroupConsumer& operator=(const GroupConsumer&) = delete;

  // Replaces the subscription; takes effect with the next poll.
  void subscribe(std::set<std::string> topics);
  // As Consumer's. Waits through a rebalance of a classic group, however long it takes. With
  // auto-commit, what the polls before have delivered counts as processed. A problem without a
  // partition is the group's, and the consumer is no longer part of it (of a classic group, which
  // the next poll asks again); any other one is the partition's, and a seek may solve it.
  Polled poll(Env& env, Instant deadline);

  // Commits the positions, which are behind what was delivered last; or these.
  Expected<Done, api::ErrorCode> commit(Env& env, Instant deadline);
  Expected<Done, api::ErrorCode> commit(Env& env, const Positions& positions, Instant deadline);

  // These were committed by a transaction (KIP-447).
  void note_committed(const Positions& positions);

  // Every position goes back to what the group has committed, or to where one begins that has not:
  // with auto.offset.reset=none the next poll asks where that is, as a problem. Not behind what we
  // know to be committed: a coordinator that was deposed and does not know it tells of the past.
  Expected<Done, api::ErrorCode> rewind(Env& env, Instant deadline);

  // As Consumer's, of what we have; of anything else nothing is done.
  void seek(Host& host, const TopicPartition& partition, const Position& position);
  void seek_by(Host& host, const TopicPartition& partition, OffsetReset to);
  // As Consumer's: of a partition that is revoked, and be it only until the rebalance is over, this
  // is forgotten.
  void pause(const TopicPartition& partition) { consumer_->pause(partition); }
  void resume(Host& host, const TopicPartition& partition) { consumer_->resume(host, partition); }

  const Partitions& assignment() const { return held_; }
  // It has its share, and knows of no rebalance.
  bool is_settled() const;
  std::optional<Offset> position(const TopicPartition& partition) const {
    return consumer_->position(partition);
  }
  const Membership& membership() const { return *membership_; }

  // Commits if that is automatic, and leaves the group.
  void close(Env& env, Instant deadline);
  // Ends without a word to anybody, for whoever is cancelled: the group waits for the session's
  // end.
  void abandon(Host& host);

 private:
  GroupConsumer(GroupConsumerConfig config, RebalanceListener listener);

  // Catches up with the group; false if that has failed.
  bool follow_group(Env& env, Polled& failed);
  // ---- Of a classic group ----
  bool is_cooperative() const { return config_.assignor == Assignor::cooperative_sticky; }
  bool rebalance(Env& env, Polled& failed);
  void let_go(Env& env);
  // ---- Of a consumer group ----
  bool reconcile(Env& env, Polled& failed);
  // ---- Of either ----
  void lose(Env& env);
  bool is_still_in(Env& env);
  void revoke(Env& env, const Partitions& those);
  bool take_over(Env& env, const Partitions& share);
  void auto_commit(Env& env, Instant deadline);
  void commit_in_passing(Env& env);
  // Until the last commit in passing has ended; false if that takes too long.
  bool await_commit(Env& env, Instant deadline);
  Expected<Done, api::ErrorCode> commit_now(Env& env, const Positions& positions, Instant deadline);
  Positions positions() const;
  void cancel_fibers(Host& host);

  const GroupConsumerConfig config_;
  const RebalanceListener listener_;
  std::shared_ptr<Consumer> consumer_;
  std::unique_ptr<ClassicMembership> classic_;  // One of these two.
  std::unique_ptr<ConsumerMembership> consumer_group_;
  Membership* membership_ = nullptr;
  std::set<std::string> topics_;
  Partitions held_;
  Positions known_;  // Of those: what was committed when we got them, or by us since then.
  std::optional<FiberId> heartbeats_;
  Instant next_auto_commit_{};
  std::optional<FiberId> commit_in_passing_;  // Under way.
  Signal committed_in_passing_;
};

}  // namespace brokersim::client
