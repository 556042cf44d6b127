#include "core/client/stream_task.h"

#include <algorithm>
#include <utility>

namespace brokersim::client {

namespace {

constexpr Duration longest_task_poll = 1s;
constexpr Duration rewind_patience = 10s;
constexpr Duration farewell_patience = 10s;
constexpr Duration member_replaced_after = 500ms;

StreamTaskConfig completed(StreamTaskConfig config) {
  config.consumer.enable_auto_commit = false;
  config.consumer.consumer.isolation_level = IsolationLevel::read_committed;
  return config;
}

}  // namespace

StreamTask::StreamTask(StreamTaskConfig config, StreamApplication& application)
    : config_(completed(std::move(config))),
      application_(application),
      output_(make_task_output(config_.processing_guarantee, config_.consumer.group_id,
                               config_.producer)) {}

void StreamTask::run(Env& env) {
  while (!env.is_cancelled()) {
    consumer_ = GroupConsumer::make(config_.consumer, listener());
    consumer_->subscribe({config_.input});
    must_rewind_ = false;
    while (!env.is_cancelled() && step(env)) {
    }
    abort(env);
    if (env.is_cancelled()) {
      consumer_->abandon(env);
    } else {
      consumer_->close(env, env.now() + farewell_patience);
      env.sleep(member_replaced_after);
    }
  }
  output_->close(env);
}

// What is revoked may still be committed, while we are told (KIP-429). What is lost may have
// another owner, who began at what was committed.
RebalanceListener StreamTask::listener() {
  return {.assigned =
              [this](Env& env, const Partitions& those) {
                application_.on_ownership(env, "assigned", those);
              },
          .revoked =
              [this](Env& env, const Partitions& those) {
                commit(env);
                decide(env);
                application_.on_ownership(env, "revoked", those);
              },
          .lost =
              [this](Env& env, const Partitions& those) {
                abort(env);
                decide(env);
                application_.on_ownership(env, "lost", those);
              }};
}

bool StreamTask::step(Env& env) {
  // First it has to be decided what counts: until then the group's offsets are not stable.
  if (!output_->prepare(env)) return true;
  if (must_rewind_) {
    must_rewind_ = !consumer_->rewind(env, env.now() + rewind_patience);
    // Who was put out of the group is refused for ever; poll() loses what it had, and joins again.
    if (must_rewind_ && !consumer_->membership().is_expelled()) return true;
  }
  const Instant until = is_open_ ? commit_at_ : env.now() + longest_task_poll;
  const auto polled = consumer_->poll(env, until);
  application_.on_polled(env, polled, *consumer_);
  if (!polled.problems.empty()) return false;
  const bool may_process = output_->claim(env, *consumer_, polled.records);
  for (const auto& delivered : polled.records) {
    if (!may_process || must_rewind_ || env.is_cancelled()) break;
    process(env, delivered);
  }
  if (is_open_ && env.now() >= commit_at_) commit(env);
  return true;
}

void StreamTask::process(Env& env, const Delivered& delivered) {
  if (!std::exchange(is_open_, true)) {
    commit_at_ = env.now() + config_.commit_interval;
    output_->begin();
    application_.on_begin(env);
  }
  for (const auto& record : application_.process(env, delivered)) {
    const auto partition = output_->choose_partition(env, config_.output, record);
    if (!partition) break;
    output_->send(env, *partition, record, application_.on_send(env, *partition, record));
  }
  positions_[delivered.partition] = position_behind(delivered);
}

void StreamTask::commit(Env& env) {
  if (!std::exchange(is_open_, false)) return;
  note_end(env, true, output_->commit(env, *consumer_, std::exchange(positions_, {})));
}

void StreamTask::abort(Env& env) {
  if (!std::exchange(is_open_, false)) return;
  positions_.clear();
  note_end(env, false, output_->abort(env));
}

// Whoever has the partitions next, and be it us, waits for stable offsets.
void StreamTask::decide(Env& env) {
  if (must_rewind_) (void)output_->prepare(env);
}

void StreamTask::note_end(Host& host, bool is_commit, WorkEnd end) {
  if (end != WorkEnd::committed) must_rewind_ = true;
  application_.on_end(host, is_commit && end != WorkEnd::aborted, end);
}

}  // namespace brokersim::client
