// One classic group: its members agree on a generation, its leader assigns, everybody fetches its
// part; and again whenever someone comes, goes, or wants something else.
//
//            first join            all joined, or time is up          assignment committed
//   Empty ──────────────▶ PreparingRebalance ──────▶ CompletingRebalance ──────▶ Stable
//     ▲                     │           ▲                      │                    │
//     └──── nobody left ────┘           └────────── a member comes, goes, changes ──┘
//
// A JoinGroup is parked until the generation begins, a SyncGroup until its assignment is committed.
// Pure: requests and the time in, answers and writes out. Rules: KIP-62, KIP-134 (initial delay),
// KIP-345 (static members), KIP-394 (pending members), KIP-814 (skipAssignment).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "core/api/describe_groups.h"
#include "core/api/heartbeat.h"
#include "core/base/rules.h"
#include "core/group/group_config.h"
#include "core/group/members.h"
#include "core/group/output.h"
#include "core/group/records.h"

namespace brokersim::group {

enum class GroupState : std::uint8_t {
  empty,
  preparing_rebalance,
  completing_rebalance,
  stable,
};
// As Kafka's tools show it: "PreparingRebalance".
std::string_view name_of(GroupState state);

// Who sent a JoinGroup, and in which version, which decides what it can understand.
struct JoinContext {
  std::string client_id;
  std::string client_host;
  std::int16_t version = 0;
  Uuid fresh{};  // Not used before: of the id of a new member.

  // As Kafka makes them: recognizable to people, and unique. No longer than a text may be.
  std::string member_id(const std::optional<std::string>& instance) const;
};

class Group {
 public:
  // `config` must outlive the group.
  Group(std::string id, const GroupConfig& config, const GroupRules& rules = {})
      : id_(std::move(id)), config_(&config), rules_(rules) {}

  // ---- Requests ----

  // The session timeout is taken as valid.
  void join(Now now, RequestId request, const JoinContext& context,
            const api::JoinGroupRequest& asked, Output& out);
  void sync(Now now, RequestId request, const api::SyncGroupRequest& asked, Output& out);
  void leave(Now now, RequestId request, const api::LeaveGroupRequest& asked, Output& out);
  api::ErrorCode heartbeat(Now now, const api::HeartbeatRequest& asked);
  // Whether a commit of offsets comes from a member of this generation, or from outside a group
  // that nobody is in. It counts as a sign of life.
  api::ErrorCode check_commit(Now now, std::int32_t generation, const std::string& member,
                              const std::optional<std::string>& instance);
  // The same of a commit in a transaction, which may also come from nobody in particular: before
  // KIP-447 nothing was said of whom.
  api::ErrorCode check_transactional_commit(std::int32_t generation, const std::string& member,
                                            const std::optional<std::string>& instance) const;

  // ---- Time ----

  Instant next_deadline() const;
  // What is due: sessions, ids nobody came back with, joining that took too long, missing syncs.
  void tick(Now now, Output& out);

  // ---- Persistence ----

  // Becomes what was persisted: Stable if there are members, which get a full session each once
  // begin_sessions is called. If nobody leads them, as in a group that was one of consumers before
  // (KIP-848), nobody has assigned anything, and they rebalance then.
  void load(const GroupMetadataValue& value);
  void begin_sessions(Now now, Output& out);
  // The coordinator moves: whoever waits is told so.
  void abandon(api::ErrorCode error, Output& out);

  // ---- What it is ----

  const std::string& id() const { return id_; }
  GroupState state() const { return state_; }
  std::int32_t generation() const { return generation_; }
  const Members& members() const { return members_; }
  // Empty for a group that has only been committed to (a simple consumer's).
  const std::string& protocol_type() const { return protocol_type_; }
  const std::optional<std::string>& protocol() const { return protocol_; }  // Of this generation.
  // Of a group of consumers that is Stable or Empty: for others it is not known.
  const std::optional<std::set<std::string>>& subscribed_topics() const { return topics_; }
  bool may_subscribe_to(const std::string& topic) const;
  std::optional<std::int64_t> state_since() const { return state_since_; }  // Wall clock, ms.
  // Nobody is in it nor about to come.
  bool is_deserted() const { return state_ == GroupState::empty && pending_.empty(); }
  // Nothing ever came of it: as if it did not exist.
  bool is_blank() const { return is_deserted() && generation_ == 0; }
  api::DescribeGroupsResponse::DescribedGroup describe() const;

 private:
  struct InitialDelay {
    Duration delay{};
    Duration remaining{};
  };

  // ---- Joining (group_join.cc) ----
  bool may_take_in(const std::string& member) const;
  bool supports(const api::JoinGroupRequest& asked) const;
  void join_new(Now now, RequestId request, const JoinContext& context,
                const api::JoinGroupRequest& asked, Output& out);
  void join_known(Now now, RequestId request, const JoinContext& context,
                  const api::JoinGroupRequest& asked, Output& out);
  void add_member(Now now, RequestId request, const JoinContext& context, const std::string& id,
                  const api::JoinGroupRequest& asked, Output& out);
  void rejoin(Now now, RequestId request, Member& member, const api::JoinGroupRequest& asked,
              Output& out);
  void replace_static(Now now, RequestId request, const JoinContext& context,
                      const std::string& old_id, const std::string& new_id,
                      const api::JoinGroupRequest& asked, Output& out);
  void persist_replaced(Now now, RequestId request, const JoinContext& context,
                        const Member& before, const std::string& new_id,
                        const std::string& old_leader, Output& out);
  void replaced(Now now, const std::string& id, const std::string& leader, bool may_skip,
                Output& out);
  void replacing_failed(Now now, const std::string& id, const Member& before, api::ErrorCode error,
                        Output& out);
  api::JoinGroupResponse generation_as_told_to(const Member& member) const;

  // ---- Rebalancing ----
  void rebalance_or_complete_join(Now now, std::string_view why, Output& out);
  void prepare_rebalance(Now now, std::string_view why, Output& out);
  bool all_have_joined() const;
  void maybe_complete_join(Now now, Output& out);
  void join_time_is_up(Now now, Output& out);
  void complete_join(Now now, Output& out);
  void begin_generation(Now now, Output& out);
  void enter(Now now, GroupState state, std::string_view why, Output& out);

  // ---- Assigning ----
  void assign(Now now, const api::SyncGroupRequest& asked, Output& out);
  void assigned(Now now, const std::map<std::string, Bytes>& assignment, Output& out);
  void assignment_failed(Now now, api::ErrorCode error, Output& out);
  void drop_syncs(Now now, api::ErrorCode error, Output& out);
  void sync_time_is_up(Now now, Output& out);

  // ---- Members ----
  // Its parked requests are answered. What follows for the group is the caller's to decide.
  void remove_member(const std::string& id, Output& out);
  api::ErrorCode leave_one(const std::string& member, const std::optional<std::string>& instance,
                           Output& out);
  void update(Member& member, const api::JoinGroupRequest& asked);
  void park_join(Now now, Member& member, RequestId request, Output& out);
  void answer_join(Now now, Member& member, api::JoinGroupResponse response, Output& out);
  void answer_sync(Now now, Member& member, api::SyncGroupResponse response, Output& out);
  void begin_session(Now now, Member& member);
  void find_topics();

  Write write_of(const std::map<std::string, Bytes>& assignment, Now now) const;

  std::string id_;
  const GroupConfig* config_;
  GroupRules rules_;
  GroupState state_ = GroupState::empty;
  std::optional<std::int64_t> state_since_;
  std::int32_t generation_ = 0;
  std::string protocol_type_;
  std::optional<std::string> protocol_;  // Chosen for this generation.
  Members members_;
  std::map<std::string, Instant> pending_;  // Ids given out, and until when they may be used.
  std::optional<std::set<std::string>> topics_;

  std::optional<InitialDelay> initial_delay_;
  bool someone_came_ = false;  // Since the initial delay was last looked at.
  Instant join_deadline_ = never;
  Instant sync_deadline_ = never;
};

}  // namespace brokersim::group
