// The stream tasks of a plan: from their time on they make records of what they read, whatever
// happens to them.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "scenarios/pipeline.h"
#include "scenarios/workload.h"

namespace brokersim::scenarios {
namespace {

constexpr Duration task_max_block = 10s;

}  // namespace

// Tells of all that a task does, and remembers what outlives its machine.
class Workload::TaskApplication final : public client::StreamApplication {
 public:
  TaskApplication(Workload& workload, const Task& task)
      : workload_(workload), task_(task), state_(workload.tasks_.at(task.name)) {
    const auto at = std::find(workload.plan_.tasks.begin(), workload.plan_.tasks.end(), task);
    step_ = static_cast<std::int64_t>(workload.plan_.operations.size()) +
            (at - workload.plan_.tasks.begin()) + 1;
  }

  // What the process before left open.
  void take_over(Host& host) {
    state_.positions.clear();
    workload_.end_unknown(host, task_.name, acks, state_.under_way);
    if (state_.work) on_end(host, true, client::WorkEnd::unknown);
  }

  std::vector<wire::Record> process(Host& host, const client::Delivered& delivered) override {
    auto made = made_of(delivered.partition, delivered.at);
    RecordProcessed processed{.client = task_.name,
                              .group = task_.group,
                              .partition = delivered.partition,
                              .offset = delivered.at.offset,
                              .guarantee = task_.guarantee};
    for (const auto& record : made) processed.outputs.push_back(digest_of(record));
    host.emit(std::move(processed));
    return made;
  }

  void on_polled(Env& env, const client::Polled& polled,
                 const client::GroupConsumer& consumer) override {
    for (const auto& reset : polled.resets) {
      env.emit(PositionReset{task_.name, reset.partition, reset.offset, reset.why});
      state_.has_to_go_back = false;
    }
    for (const auto& delivered : polled.records) {
      env.emit(RecordDelivered{task_.name, delivered.partition, delivered.at.offset,
                               digest_of(delivered.at.record)});
    }
    for (auto& [partition, position] : state_.positions) {
      position = consumer.position(partition).value_or(-1);
    }
    (void)workload_.take_time(env, task_.name);
  }

  void on_ownership(Host& host, std::string_view how, const client::Partitions& those) override {
    for (const auto& partition : those) {
      if (how == "assigned") {
        state_.positions.try_emplace(partition, -1);
      } else {
        state_.positions.erase(partition);
      }
    }
    if (those.empty()) return;
    host.emit(
        OwnershipChanged{task_.name, task_.group, std::string(how), {those.begin(), those.end()}});
  }

  void on_begin(Host& host) override {
    state_.work = next_op();
    if (is_exactly_once()) host.emit(TransactionBegan{*state_.work, task_.name, id_of(task_)});
  }

  client::OnSent on_send(Host& host, const TopicPartition& partition,
                         const wire::Record& record) override {
    const auto op = next_op();
    state_.in_work.push_back(op);
    return workload_.invoked(host, task_.name, acks, partition, record, op);
  }

  void on_end(Host& host, bool is_commit, client::WorkEnd end) override {
    const auto work = *std::exchange(state_.work, std::nullopt);
    const auto outcome = end == client::WorkEnd::unknown ? Outcome::unknown : Outcome::ok;
    if (end != client::WorkEnd::committed) state_.has_to_go_back = true;
    if (!is_exactly_once()) return state_.in_work.clear();
    workload_.settle_records(state_.in_work, is_commit, outcome);
    host.emit(TransactionEnded{work, task_.name, is_commit, outcome});
  }

  static const std::string& id_of(const Task& task) {
    return task.transactional_id.empty() ? task.name : task.transactional_id;
  }

 private:
  static constexpr std::int16_t acks = -1;

  bool is_exactly_once() const { return task_.guarantee == ProcessingGuarantee::exactly_once; }
  std::int64_t next_op() { return op_number(step_, ++state_.records); }

  Workload& workload_;
  const Task& task_;
  TaskState& state_;
  std::int64_t step_ = 0;  // As if it were an operation behind the plan's.
};

void Workload::run_task(Env& env, const Task& task) {
  TaskApplication application(*this, task);
  application.take_over(env);
  if (!await_setting(env) || !env.sleep_until(Instant{task.at})) return;
  client::StreamTask(config_of_task(task), application).run(env);
}

client::StreamTaskConfig Workload::config_of_task(const Task& task) const {
  client::StreamTaskConfig config{.input = task.input,
                                  .output = task.output,
                                  .processing_guarantee = task.guarantee,
                                  .commit_interval = task.commit_interval};
  auto& member = config.consumer;
  member.consumer.client = config_of(task.name);
  member.consumer.client.request_timeout = task.request_timeout;
  member.consumer.auto_offset_reset = client::OffsetReset::earliest;
  member.consumer.max_poll_records = static_cast<std::size_t>(task.max_poll_records);
  member.consumer.rules = cluster_.nodes().front().rules.consumer;
  member.group_id = task.group;
  member.rules = cluster_.nodes().front().rules.group;
  member.group_protocol = task.protocol;
  member.assignor = task.assignor;
  member.session_timeout = task.session_timeout;
  member.max_poll_interval = max_poll_interval_of(task);
  member.heartbeat_interval = std::min(member.heartbeat_interval, task.session_timeout / 3);
  auto& producer = config.producer;
  producer.client = member.consumer.client;
  producer.enable_idempotence = true;
  producer.delivery_timeout = task.delivery_timeout;
  producer.max_block = task_max_block;
  producer.transactional_id = TaskApplication::id_of(task);
  producer.transaction_timeout = task.transaction_timeout;
  producer.transaction_protocol = task.transaction_protocol;
  producer.rules = cluster_.nodes().front().rules;
  return config;
}

std::optional<Workload::Owner> Workload::owner_among_tasks(const std::string& group,
                                                           const TopicPartition& partition) const {
  std::optional<Owner> owner;
  for (const auto& task : plan_.tasks) {
    const auto& positions = tasks_.at(task.name).positions;
    const auto owned = positions.find(partition);
    if (task.group == group && owned != positions.end()) owner = Owner{task.name, owned->second};
  }
  return owner;
}

// Somebody of the group owns each partition, and is at its end with nothing open.
std::optional<Waiting> Workload::unprocessed_of(const properties::Ledger& ledger, const Task& task,
                                                const client::Partitions& endless) const {
  const auto waits = [&task](const std::string& who, std::string_view what) {
    return Waiting{task.group, fmt::format("{} {}", who, what)};
  };
  const auto& own = tasks_.at(task.name);
  if (own.work) return waits(task.name, "has not ended what it began");
  if (own.has_to_go_back && !own.positions.empty()) {
    return waits(task.name, "is ahead of what its group has committed");
  }
  if (!own.under_way.empty()) {
    return waits(task.name,
                 fmt::format("does not know how {} of its records ended", own.under_way.size()));
  }
  for (const auto& partition : partitions_of(task.input)) {
    const auto owner = owner_among_tasks(task.group, partition);
    const auto position = owner ? std::optional(owner->position) : std::nullopt;
    const auto what =
        endless.contains(partition) ? std::nullopt : behind(ledger, partition, position);
    if (!what) continue;
    return waits(owner ? owner->name : fmt::format("nobody in the group {}", task.group), *what);
  }
  return std::nullopt;
}

std::optional<Waiting> Workload::unprocessed(const properties::Ledger& ledger,
                                             const client::Partitions& endless) const {
  for (const auto& task : plan_.tasks) {
    auto waiting = unprocessed_of(ledger, task, endless);
    if (waiting) return waiting;
  }
  return std::nullopt;
}

}  // namespace brokersim::scenarios
