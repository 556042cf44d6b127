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
      consumer_(Consumer::make(config_.consumer)),
      membership_(config_, consumer_->cluster()) {}

std::shared_ptr<GroupConsumer> GroupConsumer::make(GroupConsumerConfig config,
                                                   RebalanceListener listener) {
  return std::shared_ptr<GroupConsumer>(new GroupConsumer(std::move(config), std::move(listener)));
}

void GroupConsumer::subscribe(std::set<std::string> topics) {
  topics_ = std::move(topics);
  for (const auto& topic : topics_) consumer_->cluster().add_topic(topic);
  membership_.ask_to_rejoin();
}

// ---- Poll --------------------------------------------------------------------------------------

Polled GroupConsumer::poll(Env& env, Instant deadline) {
  membership_.note_poll(env.now());
  if (!heartbeats_) {
    heartbeats_ =
        env.spawn(fmt::format("{}/heartbeat", config_.consumer.client.client_id),
                  [self = shared_from_this()](Env& fiber) { self->membership_.keep_alive(fiber); });
  }
  auto_commit(env);
  while (true) {
    Polled failed;
    if (membership_.has_outdated_assignment()) membership_.ask_to_rejoin();
    if (membership_.must_rejoin() && !rebalance(env, failed)) return failed;
    membership_.note_poll(env.now());
    // Heartbeats tell of a rebalance: looking once between two of them is soon enough.
    const Instant until = std::min(deadline, env.now() + config_.heartbeat_interval);
    auto polled = consumer_->poll(env, until);
    if (!polled.empty() || env.now() >= deadline || env.is_cancelled()) return polled;
  }
}

bool GroupConsumer::rebalance(Env& env, Polled& failed) {
  while (membership_.must_rejoin() && !env.is_cancelled()) {
    let_go(env);
    const auto share = membership_.rejoin(env, topics_, held_);
    if (!share && membership_.is_expelled() && !held_.empty()) continue;  // It is lost.
    if (!share) {
      failed.problems.push_back({.error = share.error()});
      return false;
    }
    (void)take_over(env, *share);
  }
  return !env.is_cancelled();
}

// Before joining: of what is lost everything goes, and unless the rebalance is cooperative, what is
// merely to be shared anew, too.
void GroupConsumer::let_go(Env& env) {
  if (held_.empty()) return;
  const bool is_lost = membership_.is_expelled();
  if (!is_lost && is_cooperative()) return;
  const auto gone = std::exchange(held_, {});
  if (is_lost) {
    listener_.lost(env, gone);
  } else {
    if (config_.enable_auto_commit) (void)commit(env, env.now() + commit_patience);
    listener_.revoked(env, gone);
  }
  consumer_->assign(env, {});
}

// The share is ours once the group's offsets are known. False if it is being rebalanced again.
bool GroupConsumer::take_over(Env& env, const Partitions& share) {
  const auto revoked = without(held_, share);
  const auto added = without(share, held_);
  if (!revoked.empty()) {
    if (config_.enable_auto_commit) (void)commit(env, env.now() + commit_patience);
    listener_.revoked(env, revoked);
    held_ = without(held_, revoked);
    membership_.ask_to_rejoin();  // KIP-429: somebody waits for what we have let go.
  }
  std::map<TopicPartition, Offset> offsets;
  if (!added.empty()) {
    auto committed = membership_.committed(env, added, env.now() + config_.session_timeout);
    if (!committed) {
      membership_.ask_to_rejoin();
      return false;
    }
    offsets = *std::move(committed);
  }
  if (membership_.is_expelled()) return false;
  held_ = share;
  consumer_->assign(env, {share.begin(), share.end()});
  for (const auto& partition : added) {
    const auto offset = offsets.find(partition);
    if (offset != offsets.end()) consumer_->start_at(env, partition, offset->second);
  }
  listener_.assigned(env, added);
  return true;
}

// ---- Commits -----------------------------------------------------------------------------------

std::map<TopicPartition, Offset> GroupConsumer::positions() const {
  std::map<TopicPartition, Offset> all;
  for (const auto& partition : held_) {
    if (const auto position = consumer_->position(partition)) all[partition] = *position;
  }
  return all;
}

Expected<Done, ErrorCode> GroupConsumer::commit(Env& env, Instant deadline) {
  return commit(env, positions(), deadline);
}

Expected<Done, ErrorCode> GroupConsumer::commit(Env& env,
                                                const std::map<TopicPartition, Offset>& offsets,
                                                Instant deadline) {
  if (offsets.empty()) return Done{};
  return membership_.commit(env, offsets, deadline);
}

Expected<Done, ErrorCode> GroupConsumer::rewind(Env& env, Instant deadline) {
  if (held_.empty()) return Done{};
  TRY(const auto offsets, membership_.committed(env, held_, deadline));
  for (const auto& partition : held_) {
    const auto offset = offsets.find(partition);
    if (offset != offsets.end()) {
      consumer_->seek(env, partition, offset->second);
    } else {
      consumer_->seek_by(env, partition, config_.consumer.auto_offset_reset);
    }
  }
  return Done{};
}

void GroupConsumer::auto_commit(Env& env) {
  if (!config_.enable_auto_commit || env.now() < next_auto_commit_) return;
  next_auto_commit_ = env.now() + config_.auto_commit_interval;
  (void)commit(env, env.now() + commit_patience);
}

void GroupConsumer::close(Env& env, Instant deadline) {
  if (config_.enable_auto_commit) (void)commit(env, deadline);
  const auto gone = std::exchange(held_, {});
  if (!gone.empty()) listener_.revoked(env, gone);
  if (heartbeats_) env.cancel(*heartbeats_);
  membership_.leave(env, deadline);
  consumer_->close(env);
}

}  // namespace brokersim::client
