// One partition as this broker holds it: its log, and the role that metadata gives it.
//
// The decisions are those of partition::Leader and partition::Follower; here they meet the log, and
// here whoever waits for the partition is told that it moved. Nothing in this class suspends except
// where Env& is taken.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "core/api/error_code.h"
#include "core/broker/config.h"
#include "core/env.h"
#include "core/log/log.h"
#include "core/partition/fetch_check.h"
#include "core/partition/follower.h"
#include "core/partition/leader.h"
#include "core/partition/partition_state.h"
#include "core/partition/verifications.h"
#include "core/signal.h"

namespace brokersim::broker {

// What a replica knows of the cluster around it, from the metadata this broker has applied.
struct ReplicaContext {
  NodeId self;
  BrokerEpoch broker_epoch = no_broker_epoch;
  std::int32_t min_insync_replicas = 1;
  partition::IsEligible is_eligible;
};

// A batch that is in the log: appended just now, or found there because a producer sent it again.
struct Appended {
  Offset base_offset = 0;
  Offset required_offset = 0;  // acks=all waits for the high watermark to get here.
  LeaderEpoch leader_epoch{};
  // The leader's time, if the records have it now; of a repeated batch, as with Kafka, its own.
  std::int64_t log_append_time_ms = -1;
};

// Whose batch it is, and what was found out about its transaction.
struct AppendRequest {
  std::int16_t acks = -1;
  log::AppendTerms::Origin origin = log::AppendTerms::Origin::client;
  partition::VerificationTicket ticket;  // Of a verification that came to a good end,
  LeaderEpoch leader_epoch = no_epoch;   // in this epoch; -1: of none.
};

// What replicas have to tell the broker that holds them.
struct ReplicaNews {
  Signal proposals;                 // Some replica has a change of its ISR to propose.
  Signal log_starts;                // Some replica wants its log to begin later.
  Signal upkeep;                    // Notified with `rolled`, and when files wait to be deleted.
  std::set<TopicPartition> rolled;  // Logs with a segment that is new, and one to be synced.
  Signal failures;                  // Notified with has_failed.
  bool has_failed = false;  // A log is offline: a broker with one data directory cannot go on.
  std::string why_failed;

  void fail(Host& host, std::string why) {
    if (!has_failed) why_failed = std::move(why);
    has_failed = true;
    failures.notify_all(host);
  }
};

class Replica {
 public:
  Replica(TopicPartition partition, Uuid topic_id, std::unique_ptr<log::Log> log,
          Offset high_watermark, const NodeConfig& config, ReplicaNews& news);

  const TopicPartition& partition() const { return partition_; }
  const Uuid& topic_id() const { return topic_id_; }
  log::Log& log() { return *log_; }
  const log::Log& log() const { return *log_; }
  const partition::PartitionState& state() const { return state_; }

  bool is_leader() const { return leader_.has_value(); }
  const partition::Leader* leader() const { return leader_ ? &*leader_ : nullptr; }
  partition::Follower* follower() { return follower_ ? &*follower_ : nullptr; }
  Offset high_watermark() const;
  // What lies before it is decided: committed, and of no open transaction (KIP-98).
  Offset last_stable_offset() const { return log_->last_stable_offset(high_watermark()); }

  // Takes over what metadata says: older partition epochs are ignored, a new leader epoch makes a
  // new leader or follower (KIP-101), the same one only a new ISR. Returns whether the role or the
  // leader epoch changed.
  bool apply(Host& host, const partition::PartitionState& state, ReplicaContext context);
  // min.insync.replicas, eligibility of brokers: what changed around the partition.
  void apply(Host& host, ReplicaContext context);
  // The partition is no longer here: whoever waits is told so.
  void retire(Host& host);
  bool is_retired() const { return is_retired_; }

  // ---- As leader ----

  // NOT_LEADER_OR_FOLLOWER, FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH or NONE.
  api::ErrorCode check_leadership(LeaderEpoch current_leader_epoch) const;
  // The same of a consumer that may read from a follower as well (KIP-392).
  api::ErrorCode check_readable(LeaderEpoch current_leader_epoch) const;
  // NONE, INVALID_REQUIRED_ACKS, NOT_LEADER_OR_FOLLOWER or NOT_ENOUGH_REPLICAS.
  api::ErrorCode may_append(std::int16_t acks) const;
  // Appends a batch, unless an idempotent producer repeats it; or says why not: acks, leadership,
  // the producer's sequence, its transaction, storage.
  Expected<Appended, api::ErrorCode> append(Host& host, wire::Batch batch, AppendRequest request);
  Expected<Appended, api::ErrorCode> append(Host& host, wire::Batch batch, std::int16_t acks) {
    return append(host, std::move(batch), AppendRequest{.acks = acks});
  }
  // Appends the end of a transaction, as with acks=all; or says why not.
  Expected<Appended, api::ErrorCode> append_marker(Host& host,
                                                   const wire::TransactionMarker& marker,
                                                   int transaction_version);
  // Records of ours are to be on disk before they count as the leader's copy.
  bool awaits_disk() const { return leader_ && leader_->awaits_disk(); }
  // Syncs the log if so much was appended since the last time that its topic wants it
  // (flush.messages); a leader's records count as its copy only from then on. False if it could
  // not, of which the broker is told.
  bool flush_if_due(Env& env);
  // With what to append a transactional batch once its transaction's coordinator has said that the
  // partition is part of it, or, if the batch `adds` it, that it has become so (KIP-890). Nothing
  // if there is no need to ask: the transaction is open here, or the batch will be refused.
  std::optional<partition::VerificationTicket> begin_verification(Host& host,
                                                                  const wire::BatchHeader& batch,
                                                                  bool adds);
  void expire_verifications(WallTime now, Duration expiration) {
    verifications_.expire(now, expiration);
  }
  // How to answer a Produce that appended; nothing while it has to wait.
  std::optional<api::ErrorCode> acks_satisfied(std::int16_t acks, const Appended& appended) const;
  // The first read of a follower's fetch.
  api::ErrorCode follower_fetched(Host& host, const partition::FollowerFetch& fetch);
  // Whether a response has told the follower of the present high watermark, or there is nothing to
  // tell: we do not lead.
  bool has_told_high_watermark(NodeId follower) const;
  void told_high_watermark(NodeId follower, Offset high_watermark);
  // Looks for lagging replicas (KIP-497).
  void tick(Host& host);
  // The change of the ISR that the controller is to be asked for; taking it marks it as sent.
  std::optional<partition::AlterPartition> take_proposal();
  void alter_partition_result(Host& host, const partition::AlterPartitionResult& result);

  // What is deleted on every live replica lies before it; -1 while that is unknown.
  Offset low_watermark() const;
  // Notified when it rises: a replica deleted more, or is not waited for any more.
  Signal& deleted() { return deleted_; }

  // ---- Where the log begins ----

  // Records before `offset` are to be deleted; never lowers what was wanted before. The new start
  // has to be on disk before it is taken (see log::Log): whoever sees to that calls raise_start().
  void want_start(Host& host, Offset offset);
  bool wants_later_start() const { return wanted_start_ > log_->start_offset(); }
  Offset wanted_start() const { return std::max(wanted_start_, log_->start_offset()); }
  // Takes `offset`, which is on disk, or as much of it as the log holds and is still wanted.
  void raise_start(Host& host, Offset offset);
  // Wants the log to begin where its retention says.
  void retain(Host& host, WallTime now);

  // ---- As follower ----

  // To be called where an answer may lead to a truncation, which cannot wait for the disk: false if
  // it must not come to one.
  bool prepare_to_cut(Env& env);
  // Carries out what the follower decided about a Fetch response: truncate, append, high watermark.
  void fetched(Host& host, const partition::FetchPosition& sent,
               const partition::FetchAnswer& answer, const std::vector<wire::Batch>& batches);
  void leader_offsets(Host& host, const partition::FetchPosition& sent,
                      partition::LogBounds leader);
  bool must_ask_leader_offsets() const { return must_ask_leader_offsets_; }
  // No answer to `sent`. A follower of another epoch, perhaps of another leader, does not wait for
  // that.
  void back_off(Host& host, const partition::FetchPosition& sent);

  // After whatever may have taken the log offline: tells the broker if something has. Of a
  // partition that was removed meanwhile the files are gone, and that is no failure of the disk.
  void note_failure(Host& host) const;

  // Notified when the log grew or was cut, the high watermark moved, or the role changed.
  Signal& changed() { return changed_; }

 private:
  bool verifies(const wire::BatchHeader& batch) const;
  Expected<Appended, api::ErrorCode> append_to_log(Host& host, wire::Batch batch);
  void become_leader(Host& host);
  void become_follower(Host& host);
  partition::LogEnd log_end() const;
  void carry_out(Host& host, const partition::FollowerStep& step,
                 const std::vector<wire::Batch>& batches);
  void count_own_copy(Host& host);
  void handle(Host& host, partition::LeaderOutput output);
  void advance(Host& host, Offset high_watermark);
  void note_low_watermark(Host& host);
  void note_roll(Host& host);

  TopicPartition partition_;
  Uuid topic_id_;
  std::unique_ptr<log::Log> log_;
  const NodeConfig& config_;
  ReplicaContext context_;
  partition::PartitionState state_;
  bool has_state_ = false;
  bool is_retired_ = false;
  Offset high_watermark_;
  std::optional<partition::Leader> leader_;
  std::map<NodeId, Offset> told_high_watermarks_;  // In this leader epoch.
  partition::Verifications verifications_;         // Likewise.
  std::optional<partition::Follower> follower_;
  std::optional<partition::AlterPartition> proposal_;
  ReplicaNews& news_;
  bool must_ask_leader_offsets_ = false;
  bool owes_sync_ = false;  // Whoever appended last has yet to sync (flush.messages).
  Offset wanted_start_ = 0;
  Offset known_active_base_ = 0;
  Offset known_low_watermark_ = -1;
  Signal deleted_;
  Signal changed_;
};

}  // namespace brokersim::broker
