// One consumer group (KIP-848): who is in it, what each is to have and what it has. The coordinator
// assigns, and members get there one by one, each at its own pace.
//
// Three epochs. The group's is raised by every change of members, subscriptions or topics; a target
// assignment is made for each; and a member's is that of the target that it has come to, by steps
// of reconcile.h. What a heartbeat changes comes out as entries of the log, and counts once they
// are applied, in this coordinator and the next alike: only timers are its own.
//
// Members may speak the classic protocol: a JoinGroup is to them what a heartbeat that says all is
// to the others, a SyncGroup tells them what they have, their generation is their epoch, and they
// hear of what changes only by being told to join again (classic_members.cc).
//
//   Empty ──▶ Assigning ──▶ Reconciling ──▶ Stable
//              the group's   a member has     all have come
//              epoch is      not come to      to the target
//              ahead         the target
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/api/consumer_group_describe.h"
#include "core/api/consumer_group_heartbeat.h"
#include "core/api/heartbeat.h"
#include "core/api/join_group.h"
#include "core/api/leave_group.h"
#include "core/api/sync_group.h"
#include "core/base/rules.h"
#include "core/group/group_config.h"
#include "core/group/known_topics.h"
#include "core/group/output.h"
#include "core/group/reconcile.h"
#include "core/group/records.h"
#include "core/group/subscriptions.h"

namespace brokersim::group {

// A static member that will be back (KIP-345) has this epoch until then.
inline constexpr std::int32_t epoch_of_leaving = -1;
inline constexpr std::int32_t epoch_of_static_leave = -2;

struct ConsumerMember {
  ConsumerGroupMemberMetadataValue metadata;  // What it says of itself.
  MemberAssignment assignment;

  bool speaks_classic() const { return metadata.classic_member_metadata.has_value(); }
};

struct EmbeddedSubscription;  // embedded_protocol.h
struct JoinContext;           // group.h

// Who sent a heartbeat, and in which version.
struct HeartbeatContext {
  std::string client_id;
  std::string client_host;
  std::int16_t version = 0;
  std::string fresh_id;  // Not used before: of a member that has none.
};

class ConsumerGroup {
 public:
  using Request = api::ConsumerGroupHeartbeatRequest;
  using Response = api::ConsumerGroupHeartbeatResponse;
  using Members = std::map<std::string, ConsumerMember>;

  // What is to be said once the entries are committed, all of them in one batch.
  template <class Said>
  struct DecisionOn {
    Said response = {};
    std::vector<Entry> entries = {};
    std::string why = {};            // What happens, if something does.
    std::set<std::string> out = {};  // Who is no longer in it.
    ConsumerMember member = {};      // Who came by the classic protocol, as it will be.
  };
  using Decision = DecisionOn<Response>;
  using JoinDecision = DecisionOn<api::JoinGroupResponse>;
  using LeaveDecision = DecisionOn<api::LeaveGroupResponse>;

  // `config` must outlive the group.
  ConsumerGroup(std::string id, const GroupConfig& config, const GroupRules& rules)
      : id_(std::move(id)), config_(&config), rules_(rules), epochs_(rules) {}

  // ---- Requests ----

  // What is wrong with a heartbeat whoever sends it: INVALID_REQUEST, UNSUPPORTED_ASSIGNOR or
  // INVALID_REGULAR_EXPRESSION.
  static api::ErrorCode check(const Request& asked, std::int16_t version,
                              const GroupConfig& config);
  // Of one without such an error.
  Decision heartbeat(Now now, const HeartbeatContext& context, const Request& asked,
                     const KnownTopics& topics);
  // The first version of OffsetCommit in which members say their epoch.
  static constexpr std::int16_t knows_member_epochs = 9;
  // Whether offsets are committed or asked for by a member in its present epoch, or generation; or,
  // committed, by nobody while the group is empty. `version` is that of OffsetCommit.
  api::ErrorCode check_commit(std::int32_t epoch, const std::string& member,
                              std::int16_t version) const;
  api::ErrorCode check_transactional_commit(std::int32_t epoch, const std::string& member) const;
  api::ErrorCode check_fetch(std::int32_t epoch, const std::optional<std::string>& member) const;

  // ---- Of members that speak the classic protocol ----

  // The session timeout is taken as valid.
  JoinDecision join(Now now, const JoinContext& context, const api::JoinGroupRequest& asked,
                    const KnownTopics& topics);
  api::SyncGroupResponse sync(Now now, const api::SyncGroupRequest& asked,
                              const KnownTopics& topics);
  api::ErrorCode heartbeat(Now now, const api::HeartbeatRequest& asked);
  // Also of the others, whom an administrator may put out.
  LeaveDecision leave(const api::LeaveGroupRequest& asked, const KnownTopics& topics) const;

  // ---- Time ----

  Instant next_deadline() const;
  // Takes out whose session is over, and who was to give up partitions, to join again or to ask for
  // its assignment and did not.
  Decision tick(Now now, const KnownTopics& topics);

  // ---- The log ----

  // The entry is in the log. Those of other kinds of groups are none of ours.
  void apply(const Entry& entry);
  // Whether it gives a member what is its own already or nobody's. In a log of which compaction has
  // taken what others gave up it need not be so (KAFKA-19862).
  bool gives_what_is_free(const Entry& entry) const;
  // The cluster's topics are others: whoever comes next looks at them.
  void topics_changed() { has_seen_topics_ = false; }
  // Members that were loaded get a full session, and their time to give up partitions, each.
  void begin_sessions(Now now);
  // Deletes the group, and whoever is in it.
  std::vector<Entry> tombstones() const;

  // ---- What it is ----

  const std::string& id() const { return id_; }
  // As Kafka's tools show it: "Reconciling".
  std::string_view state() const;
  std::int32_t epoch() const { return epoch_; }
  std::int32_t assignment_epoch() const { return assignment_epoch_; }
  const Members& members() const { return members_; }
  const PartitionSet& target(const std::string& member) const;
  bool is_empty() const { return members_.empty(); }
  // Nothing ever came of it: as if it did not exist.
  bool is_blank() const { return members_.empty() && epoch_ == 0; }
  // State and epoch, if they are others than when this was last asked.
  std::optional<GroupStateChanged> news(const std::string& why);
  bool is_subscribed_to(const std::string& topic) const;
  api::ConsumerGroupDescribeResponse::DescribedGroup describe(const KnownTopics& topics) const;

 private:
  // A heartbeat in the making: what it changes, in its order.
  struct Draft;

  // ---- Who it is (consumer_members.cc) ----
  Draft draft_of(const std::string& member) const;
  api::ErrorCode check_member(const std::string& member,
                              const std::optional<std::string>& instance) const;
  bool has_no_place_for(const std::string& member) const;
  api::ErrorCode begin(const Request& asked, Draft& draft) const;
  api::ErrorCode begin_dynamic(const Request& asked, Draft& draft) const;
  api::ErrorCode begin_static(const Request& asked, Draft& draft) const;
  api::ErrorCode check_epoch(const ConsumerMember& member, const Request& asked) const;
  Decision leave(const Request& asked, const KnownTopics& topics);
  std::vector<Entry> take_out(const std::set<std::string>& ids, const KnownTopics& topics) const;

  // ---- Those who speak the classic protocol (classic_members.cc) ----
  bool is_spoken_by_all(const std::string& protocol) const;
  api::ErrorCode check_join(const api::JoinGroupRequest& asked) const;
  api::ErrorCode find_place(const api::JoinGroupRequest& asked, Draft& draft) const;
  Expected<EmbeddedSubscription, api::ErrorCode> begin_join(const api::JoinGroupRequest& asked,
                                                            std::int16_t version,
                                                            const KnownTopics& topics,
                                                            Draft& draft) const;
  void begin_classic_timers(Now now, const Draft& draft);
  api::ErrorCode check_classic(const std::string& member,
                               const std::optional<std::string>& instance,
                               std::int32_t generation) const;
  api::ErrorCode check_sync(Now now, const api::SyncGroupRequest& asked);
  Bytes assignment_told_to(const ConsumerMember& member, const KnownTopics& topics) const;
  bool must_rejoin(const std::string& id) const;
  api::ErrorCode ask_to_rejoin(Now now, const std::string& id);

  // ---- What it changes (consumer_heartbeat.cc) ----
  void update_metadata(const HeartbeatContext& context, const Request& asked, Draft& draft) const;
  void refresh_topics(const KnownTopics& topics, Draft& draft);
  void make_target(const KnownTopics& topics, Draft& draft) const;
  void take_step(const Request& asked, Draft& draft) const;
  void begin_timers(Now now, const Draft& draft);
  Response response_to(const Request& asked, const Draft& draft) const;
  void forget(const std::string& member, std::vector<Entry>& entries) const;

  // ---- Time ----
  Duration session_timeout_of(const ConsumerMember& member) const;
  using Deadlines = std::map<std::string, Instant>;  // By member.
  void take_overdue(Now now, Deadlines& deadlines, std::set<std::string>& overdue) const;

  // ---- The log ----
  void apply_member(const ConsumerGroupMemberMetadataEntry& entry);
  void apply_assignment(const ConsumerGroupCurrentMemberAssignmentEntry& entry);

  Subscriptions subscriptions() const;
  // With the draft's member as it will be.
  Subscriptions subscriptions_with(const Draft& draft) const;

  std::string id_;
  const GroupConfig* config_;
  GroupRules rules_;

  // Of the log.
  std::int32_t epoch_ = 0;
  std::int32_t assignment_epoch_ = 0;
  KnownTopics topics_;  // Those that are there of what members want.
  Members members_;
  std::map<std::string, std::string> instances_;  // To member ids.
  std::map<std::string, PartitionSet> target_;    // By member.
  PartitionEpochs epochs_;

  // Of this coordinator.
  Deadlines sessions_;
  Deadlines joins_;  // Of those that were told to join again.
  Deadlines syncs_;  // Of those that have joined.
  struct Revocation {
    std::int32_t epoch = 0;  // In which the member is to give up partitions.
    Instant until;
  };
  std::map<std::string, Revocation> revocations_;
  bool has_seen_topics_ = false;  // Since they last changed.
  std::pair<std::string, std::int32_t> told_;
};

}  // namespace brokersim::group
