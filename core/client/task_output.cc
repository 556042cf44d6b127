#include "core/client/task_output.h"

#include <utility>

#include "core/client/transactional_producer.h"

namespace brokersim::client {

using api::ErrorCode;

namespace {

constexpr Duration task_patience = 10s;    // Of one attempt to begin, to commit, to abort.
constexpr std::int32_t most_attempts = 3;  // At a commit without an answer.
constexpr Duration refused_pause = 1s;     // Before who was refused, or fenced, begins anew.

// ---- Exactly once ------------------------------------------------------------------------------

// Each unit of work is a transaction. A producer that is fenced, or does not learn how a
// transaction ended, is replaced: whoever begins anew with the transactional id has that decided
// first.
class TransactionalOutput final : public TaskOutput {
 public:
  TransactionalOutput(std::string group_id, ProducerConfig config)
      : group_id_(std::move(group_id)), config_(std::move(config)) {}

  bool prepare(Env& env) override {
    if (is_ready_) return true;
    if (!producer_) producer_ = TransactionalProducer::start(env, config_);
    is_ready_ = producer_->init(env, env.now() + task_patience).has_value();
    if (is_ready_) return true;
    if (producer_->fatal_error()) {
      replace(env);
    } else {
      env.sleep(refused_pause);
    }
    return false;
  }

  void begin() override {
    has_lost_record_ = false;
    producer_->begin();
  }

  Expected<TopicPartition, ErrorCode> choose_partition(Env& env, const std::string& topic,
                                                       const wire::Record& record) override {
    auto chosen = producer_->choose_partition(env, topic, record);
    if (!chosen) has_lost_record_ = true;
    return chosen;
  }

  void send(Env& env, const TopicPartition& partition, const wire::Record& record,
            OnSent on_sent) override {
    producer_->send(env, partition, record, std::move(on_sent));
  }

  WorkEnd commit(Env& env, GroupConsumer& consumer, const Positions& positions) override {
    // Whoever was put out of the group has no generation to commit in, and without one nobody would
    // look whether the partitions are still its own (KIP-447).
    const auto& membership = consumer.membership();
    if (has_lost_record_ || membership.is_expelled()) return abort(env);
    const GroupMember member{.group_id = group_id_,
                             .generation = membership.generation(),
                             .member_id = membership.member_id(),
                             .instance_id = membership.instance_id()};
    if (!producer_->send_offsets(env, positions, member, env.now() + task_patience)) {
      return abort(env);
    }
    for (std::int32_t attempt = 0; attempt < most_attempts && !env.is_cancelled(); ++attempt) {
      if (producer_->commit(env, env.now() + task_patience)) {
        consumer.note_committed(positions);
        return WorkEnd::committed;
      }
      if (producer_->must_abort()) return abort(env);
      if (producer_->fatal_error()) break;
    }
    replace(env);
    return WorkEnd::unknown;
  }

  WorkEnd abort(Env& env) override {
    if (producer_->abort(env, env.now() + task_patience)) return WorkEnd::aborted;
    replace(env);
    return WorkEnd::unknown;
  }

  void close(Env& env) override {
    if (producer_) producer_->close(env);
    producer_.reset();
    is_ready_ = false;
  }

 private:
  void replace(Env& env) {
    const bool was_fenced = producer_->fatal_error().has_value();
    close(env);
    if (was_fenced) env.sleep(refused_pause);
  }

  const std::string group_id_;
  const ProducerConfig config_;
  std::shared_ptr<TransactionalProducer> producer_;
  bool is_ready_ = false;
  bool has_lost_record_ = false;  // One of this transaction could not even be sent.
};

// ---- At least once -----------------------------------------------------------------------------

class PlainOutput : public TaskOutput {
 public:
  explicit PlainOutput(ProducerConfig config) : config_(std::move(config)) {}

  bool prepare(Env& env) override {
    if (!producer_) producer_ = Producer::start(env, config_);
    return true;
  }

  void begin() override { *has_failed_ = false; }

  Expected<TopicPartition, ErrorCode> choose_partition(Env& env, const std::string& topic,
                                                       const wire::Record& record) override {
    auto chosen = producer_->choose_partition(env, topic, record);
    if (!chosen) *has_failed_ = true;
    return chosen;
  }

  void send(Env& env, const TopicPartition& partition, const wire::Record& record,
            OnSent on_sent) override {
    producer_->send(env, partition, record,
                    [has_failed = has_failed_, on_sent = std::move(on_sent)](
                        Host& host, const SendResult& result) {
                      *has_failed = *has_failed || result.outcome != Outcome::ok;
                      if (on_sent) on_sent(host, result);
                    });
  }

  WorkEnd commit(Env& env, GroupConsumer& consumer, const Positions& positions) override {
    const bool is_settled = !config_.rules.task.commits_once_acknowledged || flush(env);
    if (!is_settled || *has_failed_) return WorkEnd::unknown;
    const auto committed = consumer.commit(env, positions, env.now() + task_patience);
    return committed ? WorkEnd::committed : WorkEnd::unknown;
  }

  // What was sent stays: it will be there once more.
  WorkEnd abort(Env& env) override {
    (void)flush(env);
    return WorkEnd::unknown;
  }

  void close(Env& env) override {
    if (producer_) producer_->close(env);
    producer_.reset();
  }

 protected:
  // Whether all that was sent is settled.
  bool flush(Env& env) { return producer_->flush(env); }

 private:
  const ProducerConfig config_;
  std::shared_ptr<Producer> producer_;
  // A record of this unit of work was not acknowledged. Shared, as answers may outlast us.
  std::shared_ptr<bool> has_failed_ = std::make_shared<bool>(false);
};

// ---- At most once ------------------------------------------------------------------------------

// The group is behind a record before anything is made of it: whatever becomes of what is made, and
// of whoever makes it, nobody is handed the record again. After a commit that was refused, or of
// which nothing is known, nothing is made; and nobody goes back either, as it may have been carried
// out, and a coordinator that was deposed may tell of an earlier one.
class OutputAfterCommit final : public PlainOutput {
 public:
  using PlainOutput::PlainOutput;

  bool claim(Env& env, GroupConsumer& consumer, const std::vector<Delivered>& polled) override {
    Positions positions;
    for (const auto& delivered : polled) {
      positions[delivered.partition] = position_behind(delivered);
    }
    return consumer.commit(env, positions, env.now() + task_patience).has_value();
  }

  WorkEnd commit(Env& env, GroupConsumer&, const Positions&) override { return abort(env); }

  // It counted before it was begun.
  WorkEnd abort(Env& env) override {
    (void)flush(env);
    return WorkEnd::committed;
  }
};

}  // namespace

std::unique_ptr<TaskOutput> make_task_output(ProcessingGuarantee guarantee, std::string group_id,
                                             ProducerConfig config) {
  if (guarantee == ProcessingGuarantee::exactly_once) {
    return std::make_unique<TransactionalOutput>(std::move(group_id), std::move(config));
  }
  config.transactional_id.reset();
  if (guarantee == ProcessingGuarantee::at_least_once) {
    return std::make_unique<PlainOutput>(std::move(config));
  }
  return std::make_unique<OutputAfterCommit>(std::move(config));
}

}  // namespace brokersim::client
