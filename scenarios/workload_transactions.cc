// The transactional producers among a plan's: each of their operations is a transaction, which is
// committed or, where the plan says so, given up.
#include <utility>

#include "scenarios/workload.h"

namespace brokersim::scenarios {
namespace {

constexpr Duration setting_pause = 100ms;
constexpr Duration producer_patience = 10s;  // Of one attempt to begin, to commit, to abort.
constexpr Duration producer_pause = 500ms;   // Before another producer takes the id over.
constexpr std::int32_t most_commits = 3;     // Attempts without an answer.

}  // namespace

client::ProducerConfig Workload::config_of_producer(const Producer& producer) const {
  client::ProducerConfig config;
  config.client = config_of(producer.name);
  config.client.request_timeout = producer.request_timeout;
  config.acks = producer.acks;
  config.batch_size = static_cast<std::size_t>(producer.batch_size);
  config.linger = producer.linger;
  config.delivery_timeout = producer.delivery_timeout;
  config.max_in_flight = producer.max_in_flight;
  config.compression_type = producer.compression;
  config.enable_idempotence = producer.enable_idempotence;
  if (!producer.transactional_id.empty()) config.transactional_id = producer.transactional_id;
  config.transaction_timeout = producer.transaction_timeout;
  config.transaction_protocol = producer.transaction_protocol;
  config.first_sequence = producer.first_sequence;
  config.rules = cluster_.nodes().front().rules;
  return config;
}

// Who begins before the cluster has agreed on its features goes by others for good.
bool Workload::await_setting(Env& env) const {
  while (created_.size() < plan_.topics.size()) {
    if (!env.sleep(setting_pause)) return false;
  }
  return !env.is_cancelled();
}

void Workload::produce_in_transactions(Env& env, const Producer& producer) {
  auto& progress = progress_[producer.name];
  end_unknown(env, producer.name, producer.acks, progress.under_way);
  if (progress.transaction) note_end(env, producer, true, Outcome::unknown);
  if (!await_setting(env)) return;
  while (!progress.has_finished() && !env.is_cancelled()) {
    const auto client = client::TransactionalProducer::start(env, config_of_producer(producer));
    bool is_of_use = client->init(env, env.now() + producer_patience).has_value();
    while (is_of_use && !progress.has_finished()) {
      const Step& step = progress.steps[progress.step];
      if (!env.sleep_until(Instant{step.operation->at})) break;
      is_of_use = transact(env, *client, producer, step);
    }
    client->close(env);
    if (!is_of_use) env.sleep(producer_pause);
  }
}

// The operation counts as done from the moment the transaction is begun.
bool Workload::transact(Env& env, client::TransactionalProducer& client, const Producer& producer,
                        const Step& step) {
  const Operation& operation = *step.operation;
  auto& progress = progress_[producer.name];
  ++progress.step;
  progress.transaction = op_number(step.number, 0);
  env.emit(TransactionBegan{*progress.transaction, producer.name, producer.transactional_id});
  client.begin();
  bool is_whole = true;
  for (std::int64_t i = 0; is_whole && i < count_of(operation); ++i) {
    if (!env.sleep_until(Instant{operation.at + operation.every * i})) return false;
    is_whole = send_in_transaction(env, client, producer, step, i);
  }
  return end_transaction(env, client, producer, is_whole && !operation.aborts);
}

bool Workload::send_in_transaction(Env& env, client::TransactionalProducer& client,
                                   const Producer& producer, const Step& step, std::int64_t index) {
  const Operation& operation = *step.operation;
  const auto record = record_of(env, operation, index);
  const auto choose_for = [&](const wire::Record& by) {
    return client.choose_partition(env, operation.topic, by);
  };
  const auto partition = choose(env, choose_for, producer, operation, record);
  if (!partition || partition->partition >= partition_count(operation.topic)) return false;
  const std::int64_t op = op_number(step.number, index + 1);
  progress_[producer.name].in_transaction.push_back(op);
  client.send(env, *partition, record,
              invoked(env, producer.name, producer.acks, *partition, record, op));
  return true;
}

// False if its end is not known: another producer has that decided.
bool Workload::end_transaction(Env& env, client::TransactionalProducer& client,
                               const Producer& producer, bool is_commit) {
  bool is_done = false;
  for (std::int32_t i = 0; is_commit && !is_done && i < most_commits; ++i) {
    is_done = client.commit(env, env.now() + producer_patience).has_value();
    if (client.must_abort()) is_commit = false;
    if (client.fatal_error()) break;
  }
  if (!is_commit) is_done = client.abort(env, env.now() + producer_patience).has_value();
  note_end(env, producer, is_commit, is_done ? Outcome::ok : Outcome::unknown);
  return is_done;
}

void Workload::note_end(Host& host, const Producer& producer, bool is_commit, Outcome outcome) {
  auto& progress = progress_[producer.name];
  const auto op = *std::exchange(progress.transaction, std::nullopt);
  settle_records(progress.in_transaction, is_commit, outcome);
  host.emit(TransactionEnded{op, producer.name, is_commit, outcome});
}

void Workload::settle_records(std::vector<std::int64_t>& ops, bool is_commit, Outcome outcome) {
  for (const std::int64_t op : std::exchange(ops, {})) {
    if (outcome == Outcome::unknown) sent_[op].outcome = Outcome::unknown;
    if (outcome == Outcome::ok && !is_commit) sent_[op].outcome = Outcome::failed;
  }
}

}  // namespace brokersim::scenarios
