#include "core/client/classic_membership.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/api/consumer_protocol.h"
#include "core/api/heartbeat.h"
#include "core/api/leave_group.h"
#include "core/api/sync_group.h"
#include "core/client/sticky_user_data.h"
#include "core/client/versions.h"

namespace brokersim::client {

using api::ErrorCode;

namespace {

constexpr Duration join_grace = 5s;  // Beyond the rebalance timeout, as Kafka's clients wait.
constexpr Duration topic_patience = 5s;

std::int32_t ms_of(Duration duration) { return static_cast<std::int32_t>(milliseconds(duration)); }

// The coordinator may be another one by now, or we somebody else for it.
bool may_join_again(ErrorCode error) {
  switch (error) {
    case ErrorCode::network_exception:
    case ErrorCode::member_id_required:
    case ErrorCode::unknown_member_id:
    case ErrorCode::illegal_generation:
    case ErrorCode::rebalance_in_progress: return true;
    default: return api::is_retriable(error);
  }
}

// The group goes on without us.
bool puts_out(ErrorCode error) {
  switch (error) {
    case ErrorCode::unknown_member_id:
    case ErrorCode::illegal_generation:
    case ErrorCode::group_id_not_found:
    case ErrorCode::fenced_instance_id: return true;
    default: return false;
  }
}

// Of partitions in order: by topic.
template <class Topics, class Add>
void by_topic(Topics& topics, const Partitions& partitions, Add add) {
  for (const auto& partition : partitions) {
    if (topics.empty() || topics.back().topic != partition.topic) {
      topics.emplace_back().topic = partition.topic;
    }
    add(topics.back(), partition);
  }
}

Bytes subscription_of(const std::set<std::string>& topics, const Partitions& held,
                      std::int32_t generation, api::Nullable<Bytes> user_data) {
  constexpr std::int16_t version = 3;
  api::ConsumerProtocolSubscription subscription;
  subscription.topics.assign(topics.begin(), topics.end());
  subscription.user_data = std::move(user_data);
  subscription.generation_id = generation;
  by_topic(subscription.owned_partitions, held, [](auto& topic, const auto& partition) {
    topic.partitions.push_back(partition.partition);
  });
  return api::encode_versioned(subscription, version);
}

Bytes sticky_data_of(const Partitions& share, std::int32_t generation) {
  constexpr std::int16_t version = 1;
  StickyUserData data{.previous_assignment = {}, .generation = generation};
  by_topic(data.previous_assignment, share, [](auto& topic, const auto& partition) {
    topic.partitions.push_back(partition.partition);
  });
  return wire::encode(data, version);
}

Bytes assignment_of(const Partitions& partitions) {
  constexpr std::int16_t version = 3;
  api::ConsumerProtocolAssignment assignment;
  by_topic(assignment.assigned_partitions, partitions, [](auto& topic, const auto& partition) {
    topic.partitions.push_back(partition.partition);
  });
  return api::encode_versioned(assignment, version);
}

template <class Topics>
std::vector<TopicPartition> listed_in(const Topics& topics) {
  std::vector<TopicPartition> all;
  for (const auto& topic : topics) {
    for (const auto index : topic.partitions) all.push_back({topic.topic, index});
  }
  return all;
}

// Before version 1 it did not say of which generation it was. What cannot be read says nothing.
StickyUserData read_sticky_data(const Bytes& bytes) {
  for (std::int16_t version = 1; version >= 0; --version) {
    wire::Reader in(bytes);
    auto data = wire::decode_from<StickyUserData>(in, version);
    if (in.ok()) return data;
  }
  return {};
}

Subscription read_subscription(const Bytes& metadata, Assignor assignor) {
  Subscription result;
  const auto decoded = api::decode_versioned<api::ConsumerProtocolSubscription>(metadata);
  if (!decoded) return result;
  result.topics.insert(decoded->topics.begin(), decoded->topics.end());
  if (assignor == Assignor::sticky) {
    const auto data = read_sticky_data(decoded->user_data.value_or(Bytes{}));
    result.owned = listed_in(data.previous_assignment);
    result.generation = data.generation;
    return result;
  }
  result.owned = listed_in(decoded->owned_partitions);
  result.generation = decoded->generation_id;
  return result;
}

Partitions read_assignment(const Bytes& assignment) {
  Partitions result;
  const auto decoded = api::decode_versioned<api::ConsumerProtocolAssignment>(assignment);
  if (!decoded) return result;
  for (const auto& topic : decoded->assigned_partitions) {
    for (const auto index : topic.partitions) result.insert({topic.topic, index});
  }
  return result;
}

}  // namespace

// ---- The coordinator ---------------------------------------------------------------------------

ErrorCode ClassicMembership::learn(ErrorCode error) {
  if (error == ErrorCode::unknown_member_id) member_id_.clear();
  if (puts_out(error)) {
    generation_ = -1;
    has_joined_ = false;
    must_rejoin_ = true;
  }
  switch (error) {
    case ErrorCode::none: failures_ = 0; break;
    case ErrorCode::network_exception:
    case ErrorCode::not_coordinator:
    case ErrorCode::coordinator_not_available: coordinator_.forget(); break;
    case ErrorCode::rebalance_in_progress: must_rejoin_ = true; break;
    default: break;
  }
  return error;
}

// ---- Joining -----------------------------------------------------------------------------------

ClassicMembership::Share ClassicMembership::rejoin(Env& env, const std::set<std::string>& topics,
                                                   const Partitions& held) {
  while (!env.is_cancelled()) {
    must_rejoin_ = false;
    auto share = join_once(env, topics, held);
    if (share) {
      failures_ = 0;
      held_since_ = generation_;
      last_share_ = *share;
      return share;
    }
    must_rejoin_ = true;
    if (!may_join_again(share.error())) return share;
    // KAFKA-13214: that something has to be tried again says nothing of who we are.
    if (may_pass(share.error()) && !config_.rules.keeps_id_through_retries) {
      learn(ErrorCode::unknown_member_id);
    }
    if (has_lost(held)) return share;
    const bool goes_on_at_once = share.error() == ErrorCode::member_id_required;
    if (!goes_on_at_once && !back_off(env, never)) break;
    if (has_lost(held)) return share;  // A heartbeat was told so meanwhile.
  }
  return Unexpected(ErrorCode::request_timed_out);
}

ClassicMembership::Share ClassicMembership::join_once(Env& env, const std::set<std::string>& topics,
                                                      const Partitions& held) {
  has_joined_ = false;
  assigned_.clear();
  shares_again_at_ = never;
  const Instant deadline = env.now() + config_.max_poll_interval + join_grace;
  const auto channel = coordinator_.channel(env, deadline);
  if (!channel) return Unexpected(ErrorCode::coordinator_not_available);
  api::JoinGroupRequest request;
  request.group_id = config_.group_id;
  request.session_timeout_ms = ms_of(config_.session_timeout);
  request.rebalance_timeout_ms = ms_of(config_.max_poll_interval);
  request.member_id = member_id_;
  request.group_instance_id = config_.group_instance_id;
  request.protocol_type = api::consumer_protocol_type;
  api::Nullable<Bytes> user_data;
  const bool tells_last_share = config_.assignor == Assignor::sticky && held_since_ >= 0;
  if (tells_last_share) user_data = sticky_data_of(last_share_, held_since_);
  request.protocols.push_back({std::string(name_of(config_.assignor)),
                               subscription_of(topics, held, held_since_, std::move(user_data))});
  const auto joined = channel->call(env, request, join_group_version, deadline);
  if (has_lost(held)) return Unexpected(ErrorCode::illegal_generation);
  if (!joined) return Unexpected(learn(ErrorCode::network_exception));
  if (joined->error_code == ErrorCode::member_id_required) member_id_ = joined->member_id;
  if (joined->error_code != ErrorCode::none) return Unexpected(learn(joined->error_code));
  member_id_ = joined->member_id;
  generation_ = joined->generation_id;
  has_joined_ = true;
  note_poll(env.now());  // We were waiting, and not stuck.
  return sync(env, *channel, *joined);
}

ClassicMembership::Share ClassicMembership::sync(Env& env, wire::Channel& channel,
                                                 const api::JoinGroupResponse& joined) {
  api::SyncGroupRequest request;
  request.group_id = config_.group_id;
  request.generation_id = joined.generation_id;
  request.member_id = joined.member_id;
  request.group_instance_id = config_.group_instance_id;
  request.protocol_type = joined.protocol_type;
  request.protocol_name = joined.protocol_name;
  if (joined.leader == joined.member_id) {
    for (const auto& [member, partitions] : share_out(env, joined)) {
      request.assignments.push_back({member, assignment_of(partitions)});
    }
  }
  const Instant deadline = env.now() + config_.max_poll_interval + join_grace;
  const auto synced = channel.call(env, request, sync_group_version, deadline);
  if (!synced) return Unexpected(learn(ErrorCode::network_exception));
  if (synced->error_code != ErrorCode::none) return Unexpected(learn(synced->error_code));
  return read_assignment(synced->assignment);
}

// KIP-814: who leads again, and finds all as it was, only watches for what changes.
//
// What is still held is given to nobody until its holder has let go and joins again (KIP-429). A
// static one that ends in between comes back without a rebalance (KIP-345), and nobody would ask
// for it any more.
Assignment ClassicMembership::share_out(Env& env, const api::JoinGroupResponse& joined) {
  Subscriptions members;
  for (const auto& member : joined.members) {
    auto& subscription = members[member.member_id];
    subscription = read_subscription(member.metadata, config_.assignor);
    subscription.instance_id = member.group_instance_id;
  }
  assigned_ = look_up_topics(env, members);
  Assignment shares;
  if (!joined.skip_assignment) {
    shares = assign(config_.assignor, members, assigned_, config_.rules);
  }
  std::int64_t left = 0;
  for (const auto& [topic, count] : assigned_) left += count;
  for (const auto& [member, share] : shares) left -= std::ssize(share);
  const bool is_cooperative = config_.assignor == Assignor::cooperative_sticky;
  if (is_cooperative && left > 0) shares_again_at_ = env.now() + config_.session_timeout;
  return shares;
}

// A topic that is not known for a while has no partitions, until it has some.
std::map<std::string, std::int32_t> ClassicMembership::look_up_topics(
    Env& env, const Subscriptions& members) {
  std::map<std::string, std::int32_t> partitions;
  for (const auto& [member, subscription] : members) {
    for (const auto& topic : subscription.topics) partitions[topic];
  }
  bool may_lack_one = false;
  for (const auto& [topic, count] : partitions) {
    cluster_.await_topic(env, topic, env.now() + topic_patience);
    may_lack_one |= cluster_.view().may_be_absent(topic);
  }
  if (may_lack_one) cluster_.refresh(env, env.now() + topic_patience);
  for (auto& [topic, count] : partitions) count = partitions_to_share(topic);
  return partitions;
}

std::int32_t ClassicMembership::partitions_to_share(const std::string& topic) const {
  const auto& view = cluster_.view();
  return view.is_absent(topic) ? 0 : view.partition_count(topic);
}

bool ClassicMembership::has_outdated_assignment(Instant now) {
  bool is_outdated = now >= shares_again_at_;
  for (const auto& [topic, count] : assigned_) {
    if (count == 0 || cluster_.view().may_be_absent(topic)) cluster_.needs_refresh();
    is_outdated |= partitions_to_share(topic) != count;
  }
  return is_outdated;
}

// ---- Staying -----------------------------------------------------------------------------------

void ClassicMembership::keep_alive(Env& env) {
  while (env.sleep(config_.heartbeat_interval)) {
    if (!has_joined_) continue;
    const Instant now = env.now();
    if (now - last_poll_ <= config_.max_poll_interval) {
      heartbeat(env);
    } else {
      // Whoever processes for so long is taken for stuck (KIP-62).
      leave(env, now + config_.consumer.client.request_timeout);
      must_rejoin_ = true;
    }
  }
}

void ClassicMembership::heartbeat(Env& env) {
  const Instant deadline = env.now() + config_.session_timeout;
  const auto channel = coordinator_.channel(env, deadline);
  if (!channel || !has_joined_) return;
  api::HeartbeatRequest request;
  request.group_id = config_.group_id;
  request.generation_id = generation_;
  request.member_id = member_id_;
  request.group_instance_id = config_.group_instance_id;
  const auto response = channel->call(env, request, heartbeat_version, deadline);
  // What is said of a generation that we have left behind does not concern us.
  const bool is_current = request.generation_id == generation_ && request.member_id == member_id_;
  const auto error = response ? response->error_code : ErrorCode::network_exception;
  // While we join again the only news is that we are out.
  if (is_current && (has_joined_ || puts_out(error))) learn(error);
}

void ClassicMembership::leave(Env& env, Instant deadline) {
  const bool is_static = config_.group_instance_id.has_value();
  // KAFKA-20985: as somebody new it would be fenced by whatever it has sent as somebody new before.
  const bool keeps_id = is_static && config_.rules.static_members_keep_their_id;
  api::LeaveGroupRequest request;
  request.group_id = config_.group_id;
  request.members.push_back({.member_id = member_id_});
  // Whether anybody hears it or not.
  learn(keeps_id ? ErrorCode::illegal_generation : ErrorCode::unknown_member_id);
  if (is_static || request.members[0].member_id.empty()) return;
  const auto channel = coordinator_.channel(env, deadline);
  if (channel) (void)channel->call(env, request, leave_group_version, deadline);
}

}  // namespace brokersim::client
