// The groups whose records are in one partition of __consumer_offsets, as the leader of that
// partition coordinates them during one leader epoch.
//
// Event-sourced: a request is checked against what is remembered, which includes what is appended
// and not committed yet; its records are appended, then remembered, and once the high watermark is
// past them it is answered. A new leader replays the log and remembers the same. A group is of one
// kind, classic or consumer, at a time: shard_kinds.cc says which, and when it changes. Rules:
// KIP-211 (expiry), KIP-229, KIP-496 (deleting), KIP-848 (kinds of groups).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/api/list_groups.h"
#include "core/api/offset_fetch.h"
#include "core/api/txn_offset_commit.h"
#include "core/base/rules.h"
#include "core/group/consumer_group.h"
#include "core/group/group.h"
#include "core/group/migration.h"
#include "core/group/offsets.h"
#include "core/group/output.h"
#include "core/group/pending_offsets.h"

namespace brokersim::group {

class Shard {
 public:
  using Output = group::Output;
  using Response = group::Response;
  using Write = group::Write;
  using FetchedPartition = api::OffsetFetchResponse::OffsetFetchResponsePartition;

  // `config` outlives it.
  explicit Shard(const GroupConfig& config, const TransactionRules& rules = {},
                 const GroupRules& group_rules = {})
      : config_(config), rules_(rules), group_rules_(group_rules) {}

  // ---- Loading: every record of the log, then loaded() once ----

  // What is no record of this topic is skipped; the error says why.
  Expected<Done, std::string_view> replay(Offset offset, const wire::Record& record);
  // The same of a record in a producer's transaction, which counts once a marker says so.
  Expected<Done, std::string_view> replay_pending(Offset offset, std::int64_t producer_id,
                                                  const wire::Record& record);
  Output loaded(Now now, Offset high_watermark);

  // The cluster's topics are these now.
  void learn(std::shared_ptr<const KnownTopics> topics);

  // ---- Requests ----

  // Of members of consumer groups; their answers wait until all is committed that they know of.
  Output consumer_heartbeat(Now now, RequestId request, const HeartbeatContext& context,
                            const api::ConsumerGroupHeartbeatRequest& asked);
  Output join(Now now, RequestId request, const JoinContext& context,
              const api::JoinGroupRequest& asked);
  Output sync(Now now, RequestId request, const api::SyncGroupRequest& asked);
  Output leave(Now now, RequestId request, const api::LeaveGroupRequest& asked);
  api::ErrorCode heartbeat(Now now, const api::HeartbeatRequest& asked);
  Output commit_offsets(Now now, RequestId request, const api::OffsetCommitRequest& asked,
                        std::int16_t version = api::OffsetCommitRequest::description.versions.last);
  // In a transaction that is verified to have this group's partition in it.
  Output commit_pending(Now now, RequestId request, const api::TxnOffsetCommitRequest& asked);
  // What is committed; with no topics, all that is. Where stable offsets are asked for, what is
  // about to change, by a transaction or not, is UNSTABLE_OFFSET_COMMIT (KIP-447).
  api::OffsetFetchResponse::OffsetFetchResponseGroup fetch_offsets(
      const api::OffsetFetchRequest::OffsetFetchRequestGroup& asked, bool must_be_stable) const;
  Output delete_offsets(Now now, RequestId request, const api::OffsetDeleteRequest& asked);
  // Answered by a DeleteGroupsResponse of one result.
  Output delete_group(Now now, RequestId request, const std::string& name);
  // Of either kind of groups, each in its own way; of the other kind they know nothing.
  api::DescribeGroupsResponse::DescribedGroup describe(const std::string& name) const;
  api::ConsumerGroupDescribeResponse::DescribedGroup describe_consumers(
      const std::string& name) const;
  std::vector<api::ListGroupsResponse::ListedGroup> list() const;

  // ---- The log ----

  // The write is in the log, its records from `base_offset` on.
  void appended(Now now, std::uint64_t write, Offset base_offset);
  Output append_failed(Now now, std::uint64_t write, api::ErrorCode error);
  Output committed(Now now, Offset high_watermark);
  // A marker at `offset` of the log has ended a producer's transaction; also while loading.
  void transaction_ended(Offset offset, std::int64_t producer_id, bool is_commit);
  // Committed offsets of topics that are no more.
  Output forget_topics(Now now, const std::set<std::string>& topics);

  // ---- Time ----

  Instant next_deadline() const;
  Output tick(Now now);
  // Somebody waits for what is written to be committed.
  bool is_writing() const { return !in_flight_.empty(); }
  // The end: everybody who waits is told to look for another coordinator.
  Output abandon(Now now);

 private:
  struct Slot {
    Group group;                             // Blank while it is a consumer group.
    std::uint64_t life = 0;                  // Another with each `group`, whatever its name.
    std::optional<ConsumerGroup> consumers;  // Blank or empty while it is none.
    Offsets offsets;
    PendingOffsets pending;
    Offset end_offset = 0;  // Of its records that we appended.

    bool is_of_consumers() const { return consumers && !consumers->is_blank() && group.is_blank(); }
    bool is_blank() const { return group.is_blank() && !is_of_consumers(); }
    bool is_empty() const {
      return is_of_consumers() ? consumers->is_empty() : group.state() == GroupState::empty;
    }
  };
  struct InFlight {
    std::string group;
    std::uint64_t life = 0;  // Of the group that is told when it ends.
    std::vector<wire::Record> to_replay;
    std::int64_t records = 0;
    std::optional<ProducerAndEpoch> producer;
    Offset end_offset = -1;  // Of its records, once they are appended.
    Instant deadline;
    std::string why;
    bool converts = false;
    Write::Finish finish;
  };

  Slot* find(const std::string& group);
  // The same as clients may know it: null also for a group of which nothing is left.
  Slot* find_known(const std::string& group);
  const Slot* find_known(const std::string& group) const;
  static bool is_known(const Slot& slot);
  Slot& find_or_make(const std::string& group);
  // ---- Kinds of groups (shard_kinds.cc) ----
  // The entries by which a group becomes one of consumers, to whom the heartbeat belongs; none if
  // it is one already. GROUP_ID_NOT_FOUND if it is a classic one and stays that.
  Expected<std::vector<Entry>, api::ErrorCode> become_consumers(
      Slot& slot, const api::ConsumerGroupHeartbeatRequest& asked);
  void become_classic_if_empty(Now now, const Slot& slot, Output& out) const;
  // Those by which it becomes a classic one, if it does.
  std::optional<std::vector<Entry>> become_classic(Now now, const Slot& slot,
                                                   const std::set<std::string>& leaving,
                                                   const std::optional<Successor>& successor) const;
  Write write_of_leaving(Now now, const Slot& slot, const std::set<std::string>& leaving,
                         const std::vector<Entry>& otherwise) const;
  static void begin_anew(Now now, Slot& slot, Output& out);
  void join_consumers(Now now, RequestId request, const JoinContext& context,
                      const api::JoinGroupRequest& asked, Slot& slot, Output& out);
  static Write::Finish sync_of(RequestId request, api::SyncGroupRequest asked);
  static Write::Finish join_of(RequestId request, const JoinContext& context,
                               api::JoinGroupRequest asked);
  void leave_consumers(Now now, RequestId request, const api::LeaveGroupRequest& asked,
                       const Slot& slot, Output& out) const;

  Expected<Done, std::string_view> replay_of_consumers(const Entry& entry);
  void tick_consumers(Now now, Slot& slot, Output& out) const;
  // Once all that the group has written so far is committed.
  void once_settled(Now now, const std::string& group, Write::Finish finish, Output& out);
  bool may_still_be_of_consumers(const std::string& group) const;
  // Gives the writes their ids and keeps what is to be done when they end.
  Output take(Now now, Output out);
  void advance(Offset high_watermark);
  void finish(Now now, std::uint64_t write, api::ErrorCode error, Output& out);
  Write write_of(Now now, const std::string& group, const std::vector<Entry>& entries) const;
  Write tombstones(Now now, const std::string& group,
                   const std::vector<TopicPartition>& partitions) const;
  // The same in parts, where nobody asks that it be all or nothing: however many there are, each
  // part is a batch that the log takes.
  std::vector<Write> tombstones_in_parts(Now now, const std::string& group,
                                         const std::vector<TopicPartition>& partitions) const;
  static std::vector<TopicPartition> with_offsets(const Slot& slot);
  void bury(Now now, const Slot& slot, Write& write) const;
  FetchedPartition fetched(const Slot* slot, const TopicPartition& partition,
                           bool must_be_stable) const;
  api::ErrorCode check_commit(Now now, const api::OffsetCommitRequest& asked, std::int16_t version);
  api::ErrorCode check_pending_commit(const api::TxnOffsetCommitRequest& asked) const;
  static bool may_be_wanted(const Slot& slot, const std::string& topic);
  bool has_expired(Now now, const Slot& slot, const TopicPartition& partition) const;
  void expire(Now now, Output& out);

  const GroupConfig& config_;
  const TransactionRules rules_;
  const GroupRules group_rules_;
  std::shared_ptr<const KnownTopics> topics_ = std::make_shared<const KnownTopics>();
  bool is_loading_ = true;
  std::map<std::string, Slot> groups_;
  std::map<std::uint64_t, InFlight> in_flight_;
  std::uint64_t writes_ = 0;
  std::uint64_t lives_ = 0;
  Offset high_watermark_ = 0;
  Instant next_expiry_ = never;
};

}  // namespace brokersim::group
