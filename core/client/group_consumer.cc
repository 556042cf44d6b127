#include "core/client/group_consumer.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace brokersim::client {

using api::ErrorCode;

namespace {

constexpr Duration commit_patience = 10s;

Partitions without(const Partitions& all, const Partitions& those) {
  Partitions rest;
  std::set_difference(all.begin(), all.end(), those.begin(), those.end(),
                      std::inserter(rest, rest.end()));
  return rest;
}

}  // namespace

GroupConsumer::GroupConsumer(GroupConsumerConfig config, RebalanceListener listener)
    : config_(std::move(config)),
      listener_(std::move(listener)),
      consumer_(Consumer::make(config_.consumer)) {
  if (config_.group_protocol == GroupProtocol::classic) {
    classic_ = std::make_unique<ClassicMembership>(config_, consumer_->cluster());
    membership_ = classic_.get();
  } else {
    consumer_group_ = std::make_unique<ConsumerMembership>(config_, consumer_->cluster());
    membership_ = consumer_group_.get();
  }
}

std::shared_ptr<GroupConsumer> GroupConsumer::make(GroupConsumerConfig config,
                                                   RebalanceListener listener) {
  return std::shared_ptr<GroupConsumer>(new GroupConsumer(std::move(config), std::move(listener)));
}

void GroupConsumer::subscribe(std::set<std::string> topics) {
  topics_ = std::move(topics);
  for (const auto& topic : topics_) consumer_->cluster().add_topic(topic);
  if (classic_) classic_->ask_to_rejoin();
  if (consumer_group_) consumer_group_->subscribe(topics_);
}

bool GroupConsumer::is_settled() const {
  if (consumer_group_) return consumer_group_->is_settled();
  return !classic_->must_rejoin() && !classic_->is_expelled();
}

// ---- Poll --------------------------------------------------------------------------------------

Polled GroupConsumer::poll(Env& env, Instant deadline) {
  membership_->note_poll(env.now());
  if (!heartbeats_) {
    heartbeats_ = env.spawn(
        fmt::format("{}/heartbeat", config_.consumer.client.client_id),
        [self = shared_from_this()](Env& fiber) { self->membership_->keep_alive(fiber); });
  }
  while (true) {
    Polled failed;
    if (!follow_group(env, failed)) return failed;
    commit_in_passing(env);
    membership_->note_poll(env.now());
    // Heartbeats tell of a rebalance: looking once between two of them is soon enough.
    const Instant until = std::min(deadline, env.now() + config_.heartbeat_interval);
    auto polled = consumer_->poll(env, until);
    if (!polled.empty() || env.now() >= deadline || env.is_cancelled()) return polled;
  }
}

bool GroupConsumer::follow_group(Env& env, Polled& failed) {
  if (consumer_group_) return reconcile(env, failed);
  if (classic_->has_outdated_assignment(env.now())) classic_->ask_to_rejoin();
  return !classic_->must_rejoin() || rebalance(env, failed);
}

void GroupConsumer::lose(Env& env) {
  const auto gone = std::exchange(held_, {});
  known_.clear();
  listener_.lost(env, gone);
  consumer_->assign(env, {});
}

// ---- Of a classic group ------------------------------------------------------------------------

bool GroupConsumer::rebalance(Env& env, Polled& failed) {
  await_commit(env, env.now() + std::min(commit_patience, config_.max_poll_interval));
  while (classic_->must_rejoin() && !env.is_cancelled()) {
    let_go(env);
    const auto share = classic_->rejoin(env, topics_, held_);
    if (!share && classic_->is_expelled() && !held_.empty()) continue;  // It is lost.
    if (!share) {
      failed.problems.push_back({.error = share.error()});
      return false;
    }
    const bool gives_something_up = !without(held_, *share).empty();
    // KIP-429: somebody waits for what we have let go.
    if (!take_over(env, *share) || gives_something_up) classic_->ask_to_rejoin();
  }
  return !env.is_cancelled();
}

// Before joining: of what is lost everything goes, and unless the rebalance is cooperative, what is
// merely to be shared anew, too. Otherwise only what is not wanted any more (KIP-429). What the
// next generation takes away is committed now: in that one somebody else may have it.
void GroupConsumer::let_go(Env& env) {
  if (held_.empty()) return;
  auto_commit(env, env.now() + commit_patience);
  if (!is_still_in(env)) return;
  auto those = held_;
  if (is_cooperative()) {
    std::erase_if(those, [&](const auto& one) { return topics_.contains(one.topic); });
  }
  if (!those.empty()) revoke(env, those);
}

// ---- Of a consumer group -----------------------------------------------------------------------

// Until we have what the group wants us to have. Each step says what we have then; meanwhile the
// group may want something else.
bool GroupConsumer::reconcile(Env& env, Polled& failed) {
  auto& group = *consumer_group_;
  while (!env.is_cancelled()) {
    membership_->note_poll(env.now());
    if (group.is_lost() || group.next_target()) await_commit(env, env.now() + commit_patience);
    if (group.is_lost()) {
      if (!held_.empty()) lose(env);
      group.has_now(env, {});
    }
    if (group.error() != ErrorCode::none) {
      failed.problems.push_back({.error = group.error()});
      return false;
    }
    const auto target = group.next_target();
    if (!target) return true;
    Partitions kept;
    std::set_intersection(held_.begin(), held_.end(), target->begin(), target->end(),
                          std::inserter(kept, kept.end()));
    // What others wait for goes first, and is said at once.
    const auto& step = kept == held_ ? *target : kept;
    (void)take_over(env, step);
    if (!group.is_lost()) group.has_now(env, held_);
  }
  return false;
}

// ---- Of either ---------------------------------------------------------------------------------

void GroupConsumer::auto_commit(Env& env, Instant deadline) {
  if (config_.enable_auto_commit) (void)commit(env, deadline);
}

// False if the group has gone on without us: all is lost.
bool GroupConsumer::is_still_in(Env& env) {
  const bool is_in = !membership_->is_expelled();
  if (!is_in) lose(env);
  return is_in;
}

// They are ours until the listener has been told, so that it can commit them.
void GroupConsumer::revoke(Env& env, const Partitions& those) {
  listener_.revoked(env, those);
  held_ = without(held_, those);
  for (const auto& partition : those) known_.erase(partition);
  consumer_->assign(env, {held_.begin(), held_.end()});
}

// The share is ours once the group's offsets are known. False if they do not become known, or the
// group wants something else by then.
bool GroupConsumer::take_over(Env& env, const Partitions& share) {
  const auto revoked = without(held_, share);
  const auto added = without(share, held_);
  if (!revoked.empty()) {
    // Of a consumer group they are ours until we say that they are not.
    if (consumer_group_) auto_commit(env, env.now() + commit_patience);
    if (!is_still_in(env)) return false;
    revoke(env, revoked);
  }
  Positions positions;
  if (!added.empty()) {
    auto committed = membership_->committed(env, added, env.now() + config_.session_timeout);
    if (!committed) return false;
    positions = *std::move(committed);
  }
  if (membership_->is_expelled()) return false;
  if (consumer_group_ && !added.empty() && consumer_group_->next_target() != share) return false;
  held_ = share;
  note_committed(positions);
  consumer_->assign(env, {share.begin(), share.end()});
  for (const auto& partition : added) {
    const auto position = positions.find(partition);
    if (position != positions.end()) consumer_->start_at(env, partition, position->second);
  }
  listener_.assigned(env, added);
  return true;
}

// ---- Commits -----------------------------------------------------------------------------------

Positions GroupConsumer::positions() const {
  Positions all;
  for (const auto& partition : held_) {
    const auto position = config_.rules.commits_what_was_handed_out
                              ? consumer_->position_and_epoch(partition)
                              : consumer_->fetched_up_to(partition);
    if (position) all[partition] = *position;
  }
  return all;
}

Expected<Done, ErrorCode> GroupConsumer::commit(Env& env, Instant deadline) {
  return commit(env, positions(), deadline);
}

Expected<Done, ErrorCode> GroupConsumer::commit(Env& env, const Positions& positions,
                                                Instant deadline) {
  if (!await_commit(env, deadline)) return Unexpected(ErrorCode::request_timed_out);
  return commit_now(env, positions, deadline);
}

Expected<Done, ErrorCode> GroupConsumer::commit_now(Env& env, const Positions& positions,
                                                    Instant deadline) {
  if (positions.empty()) return Done{};
  const auto committed = membership_->commit(env, positions, deadline);
  if (committed) note_committed(positions);
  return committed;
}

void GroupConsumer::note_committed(const Positions& positions) {
  for (const auto& [partition, position] : positions) {
    if (held_.contains(partition)) known_[partition] = position;
  }
}

Expected<Done, ErrorCode> GroupConsumer::rewind(Env& env, Instant deadline) {
  if (held_.empty()) return Done{};
  if (!await_commit(env, deadline)) return Unexpected(ErrorCode::request_timed_out);
  TRY(auto positions, membership_->committed(env, held_, deadline));
  for (auto& [partition, told] : positions) {
    const auto known = known_.find(partition);
    if (known != known_.end() && told.offset < known->second.offset) told = known->second;
  }
  for (const auto& partition : held_) {
    const auto position = positions.find(partition);
    if (position != positions.end()) {
      consumer_->seek(env, partition, position->second);
    } else {
      consumer_->seek_by(env, partition, config_.consumer.auto_offset_reset);
    }
  }
  return Done{};
}

void GroupConsumer::seek(Host& host, const TopicPartition& partition, const Position& position) {
  if (held_.contains(partition)) consumer_->seek(host, partition, position);
}

void GroupConsumer::seek_by(Host& host, const TopicPartition& partition, OffsetReset to) {
  if (held_.contains(partition)) consumer_->seek_by(host, partition, to);
}

// What polls before this one have delivered. One at a time: of two the earlier might come later.
void GroupConsumer::commit_in_passing(Env& env) {
  const bool is_due = config_.enable_auto_commit && env.now() >= next_auto_commit_;
  if (!is_due || commit_in_passing_) return;
  next_auto_commit_ = env.now() + config_.auto_commit_interval;
  auto those = positions();
  if (those.empty()) return;
  commit_in_passing_ =
      env.spawn(fmt::format("{}/commit", config_.consumer.client.client_id),
                [self = shared_from_this(), positions = std::move(those)](Env& fiber) {
                  (void)self->commit_now(fiber, positions, fiber.now() + commit_patience);
                  self->commit_in_passing_.reset();
                  self->committed_in_passing_.notify_all(fiber);
                });
}

bool GroupConsumer::await_commit(Env& env, Instant deadline) {
  while (commit_in_passing_) {
    if (committed_in_passing_.wait(env, deadline) != Wake::notified) return !commit_in_passing_;
  }
  return true;
}

void GroupConsumer::close(Env& env, Instant deadline) {
  if (!held_.empty()) {
    auto_commit(env, deadline);
    if (is_still_in(env)) revoke(env, Partitions(held_));
  }
  cancel_fibers(env);
  membership_->leave(env, deadline);
  consumer_->close(env);
}

void GroupConsumer::abandon(Host& host) {
  cancel_fibers(host);
  consumer_->close(host);
}

void GroupConsumer::cancel_fibers(Host& host) {
  for (const auto& fiber : {heartbeats_, commit_in_passing_}) {
    if (fiber) host.cancel(*fiber);
  }
}

}  // namespace brokersim::client
