#include "core/client/consumer_membership.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/client/versions.h"

namespace brokersim::client {

using api::ErrorCode;

namespace {

constexpr Duration first_interval = 1s;  // Until the coordinator has said one.
constexpr std::int32_t epoch_of_joining = 0;
constexpr std::int32_t epoch_of_leaving = -1;
constexpr std::int32_t epoch_of_static_leave = -2;

}  // namespace

// ---- For the fiber that polls ------------------------------------------------------------------

void ConsumerMembership::subscribe(std::set<std::string> topics) {
  topics_.assign(topics.begin(), topics.end());
  must_say_all_ = true;
}

std::optional<Partitions> ConsumerMembership::next_target() {
  resolve();
  if (!target_ || *target_ == held_) return std::nullopt;
  return target_;
}

void ConsumerMembership::has_now(Host& host, const Partitions& held) {
  held_ = held;
  if (std::exchange(is_lost_, false)) must_say_all_ = true;
  has_news_ = said_ != claims();
  sooner_.notify_all(host);
}

// ---- Heartbeats --------------------------------------------------------------------------------

void ConsumerMembership::keep_alive(Env& env) {
  interval_ = first_interval;
  member_id_ = fmt::format("{:016x}{:016x}", env.random("client.member", 0),
                           static_cast<std::uint64_t>(env.now().ns()));
  while (!env.is_cancelled() && error_ == ErrorCode::none) {
    resolve();
    const Instant now = env.now();
    if (now - last_poll_ > config_.max_poll_interval) {
      // Whoever processes for so long is taken for stuck (KIP-62).
      leave(env, now + config_.consumer.client.request_timeout);
      is_out_ = false;
      if (sooner_.wait(env, env.now() + interval_) == Wake::cancelled) return;
      continue;
    }
    if (!is_lost_ && !is_out_) heartbeat(env);
    if (is_due()) continue;
    if (sooner_.wait(env, env.now() + interval_) == Wake::cancelled) return;
  }
}

// Something is to be said that was not heard yet.
bool ConsumerMembership::is_due() const {
  const bool may_speak = !is_lost_ && !is_out_ && error_ == ErrorCode::none;
  return may_speak && (must_say_all_ || has_news_);
}

ConsumerMembership::TopicIds ConsumerMembership::claims() const {
  TopicIds claims;
  if (told_ && target_ != held_) claims = *told_;
  for (const auto& partition : held_) {
    const auto id = ids_.find(partition.topic);
    if (id != ids_.end()) claims[id->second].insert(partition.partition);
  }
  return claims;
}

ConsumerMembership::Request ConsumerMembership::request_now() const {
  Request request;
  request.group_id = config_.group_id;
  request.member_id = member_id_;
  request.member_epoch = std::max(generation_, epoch_of_joining);
  request.instance_id = config_.group_instance_id;
  const bool says_all = must_say_all_ || request.member_epoch == epoch_of_joining;
  if (says_all) {
    request.rebalance_timeout_ms =
        static_cast<std::int32_t>(milliseconds(config_.max_poll_interval));
    request.subscribed_topic_names = topics_;
    request.server_assignor = config_.group_remote_assignor;
  }
  const auto has = claims();
  if (says_all || said_ != has) {
    auto& listed = request.topic_partitions.emplace();
    for (const auto& [topic, partitions] : has) {
      listed.push_back({.topic_id = topic, .partitions = {partitions.begin(), partitions.end()}});
    }
  }
  return request;
}

void ConsumerMembership::heartbeat(Env& env) {
  const Instant deadline = env.now() + config_.consumer.client.request_timeout;
  const auto life = lives_;
  const auto channel = coordinator_.channel(env, deadline);
  if (life != lives_ || is_lost_ || is_out_) return;
  auto error = ErrorCode::coordinator_not_available;
  if (channel) {
    const auto request = request_now();
    const bool says_all = request.rebalance_timeout_ms >= 0;
    // Unless something else is to be said meanwhile.
    if (says_all) must_say_all_ = false;
    has_news_ = false;
    may_be_known_ = true;
    const auto response = channel->call(env, request, consumer_group_heartbeat_version, deadline);
    // What is said of a life that is over does not concern us.
    if (life != lives_ || is_out_) return;
    error = response ? response->error_code : ErrorCode::network_exception;
    if (error == ErrorCode::none) take(request, *response);
    if (error == ErrorCode::group_id_not_found && request.member_epoch == epoch_of_joining) {
      error = ErrorCode::inconsistent_group_protocol;  // It is a group of the classic kind.
    }
  }
  learn(error);
  if (error == ErrorCode::none || is_lost_) return;
  // Who may not see a topic may be allowed to some day; of anything else nobody knows that it ends.
  if (!may_pass(error) && error != ErrorCode::topic_authorization_failed) return fail(error);
  // Whatever the error, it is not known whether the coordinator has heard us.
  must_say_all_ = true;
  back_off(env, never);
}

void ConsumerMembership::take(const Request& asked, const Response& response) {
  failures_ = 0;
  generation_ = response.member_epoch;
  interval_ = std::max(Duration(1ms) * response.heartbeat_interval_ms, Duration(1ms));
  if (asked.topic_partitions) {
    said_.emplace();
    for (const auto& topic : *asked.topic_partitions) {
      (*said_)[topic.topic_id].insert(topic.partitions.begin(), topic.partitions.end());
    }
  }
  if (!response.assignment) return;
  told_.emplace();
  for (const auto& topic : response.assignment->topic_partitions) {
    (*told_)[topic.topic_id].insert(topic.partitions.begin(), topic.partitions.end());
  }
  is_all_named_ = false;
  resolve();
}

// Partitions of a topic whose name is not known yet are not taken yet; what is not among the others
// is given up all the same.
void ConsumerMembership::resolve() {
  if (!told_ || is_all_named_) return;
  for (const auto& name : topics_) {
    const auto* topic = cluster_.view().find(name);
    if (topic && told_->contains(topic->id)) ids_[name] = topic->id;
  }
  target_.emplace();
  std::set<Uuid> named;
  for (const auto& [name, id] : ids_) {
    const auto found = told_->find(id);
    if (found == told_->end()) continue;
    named.insert(id);
    for (const auto partition : found->second) target_->insert({name, partition});
  }
  is_all_named_ = named.size() == told_->size();
  if (!is_all_named_) cluster_.needs_refresh();
}

// ---- What we are -------------------------------------------------------------------------------

void ConsumerMembership::expel() {
  generation_ = -1;
  ++lives_;
  told_.reset();
  target_.reset();
  is_all_named_ = false;
  said_.reset();
  must_say_all_ = true;
  may_be_known_ = false;
}

void ConsumerMembership::fail(ErrorCode error) {
  error_ = error;
  is_lost_ = true;
  expel();
}

ErrorCode ConsumerMembership::learn(ErrorCode error) {
  switch (error) {
    case ErrorCode::none:
    case ErrorCode::coordinator_load_in_progress: break;
    case ErrorCode::network_exception:
    case ErrorCode::not_coordinator:
    case ErrorCode::coordinator_not_available: coordinator_.forget(); break;
    case ErrorCode::unknown_member_id:
    case ErrorCode::fenced_member_epoch:
    case ErrorCode::group_id_not_found:
      is_lost_ = true;
      expel();
      break;
    case ErrorCode::fenced_instance_id:
    case ErrorCode::unsupported_version:
    case ErrorCode::invalid_request:
    case ErrorCode::group_authorization_failed: fail(error); break;
    default: break;
  }
  return error;
}

// The epoch was raised while the request was under way: we are a member all the same.
bool ConsumerMembership::may_pass(ErrorCode error) const {
  return error == ErrorCode::stale_member_epoch || Membership::may_pass(error);
}

bool ConsumerMembership::sign(api::OffsetFetchRequest::OffsetFetchRequestGroup& group) const {
  group.member_id = member_id_;
  group.member_epoch = generation_;
  return !is_expelled();
}

void ConsumerMembership::leave(Env& env, Instant deadline) {
  const bool is_known = may_be_known_;
  Request request;
  request.group_id = config_.group_id;
  request.member_id = member_id_;
  request.instance_id = config_.group_instance_id;
  request.member_epoch = config_.group_instance_id ? epoch_of_static_leave : epoch_of_leaving;
  is_out_ = true;
  is_lost_ = is_lost_ || is_known;
  expel();
  if (!is_known) return;
  const auto channel = coordinator_.channel(env, deadline);
  if (channel) (void)channel->call(env, request, consumer_group_heartbeat_version, deadline);
}

}  // namespace brokersim::client
