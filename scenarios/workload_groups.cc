// The members of groups among a plan's consumers: they come at their time, leave and join again as
// the plan says, read what they own and commit it.
#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "scenarios/plan_members.h"
#include "scenarios/workload.h"

namespace brokersim::scenarios {
namespace {

constexpr Duration member_patience = 10s;  // Of a commit, and of taking leave.
constexpr Duration member_pause = 500ms;   // Before a member that was put out begins anew.
constexpr Duration longest_poll = 1s;
// For a coordinator to be there, and for everybody to hear of a rebalance.
constexpr Duration group_slack = 15s;
// Members cannot ask for more (JoinGroup has 32 bits for it).
constexpr Duration longest_session =
    std::chrono::milliseconds(std::numeric_limits<std::int32_t>::max());

// Who crashed while it joined counts as alive until that rebalance is over, and then has a session
// of its own; a rebalance waits for those that are gone until their sessions end, or for the whole
// max.poll.interval.ms (KIP-62).
Duration time_to_share(Duration session, Duration max_poll_interval) {
  return 2 * std::min(session, longest_session) + std::min(max_poll_interval, longest_session) +
         group_slack;
}

}  // namespace

// In and out, in the order of its operations. What a machine that crashed has missed it catches up
// on.
void Workload::take_part(Env& env, const Consumer& consumer) {
  auto& member = members_[consumer.name];
  member.positions.clear();
  member.client.reset();
  if (!env.sleep_until(Instant{consumer.at})) return;
  while (!env.is_cancelled()) {
    const bool has_more = member.step < member.steps.size();
    const Instant until = has_more ? Instant{member.steps[member.step].operation->at} : never;
    if (member.is_in) {
      be_member(env, consumer, until);
    } else if (has_more) {
      env.sleep_until(until);
    } else {
      env.park(never);
    }
    if (!has_more || env.is_cancelled()) continue;
    take_step(member);
  }
}

void Workload::take_step(Member& member) {
  using Kind = Operation::Kind;
  const auto kind = member.steps[member.step++].operation->kind;
  member.is_in = kind != Kind::leave;
  if (kind == Kind::join_as_classic) member.protocol = client::GroupProtocol::classic;
  if (kind == Kind::join_as_consumer) member.protocol = client::GroupProtocol::consumer;
}

void Workload::be_member(Env& env, const Consumer& consumer, Instant until) {
  while (!env.is_cancelled() && env.now() < until) {
    const auto client =
        client::GroupConsumer::make(config_of_member(consumer), listener_of(consumer));
    members_[consumer.name].client = client;
    client->subscribe({consumer.topic});
    bool is_well = true;
    while (is_well && !env.is_cancelled() && env.now() < until) {
      const auto polled = client->poll(env, std::min(until, env.now() + longest_poll));
      take_as_member(env, consumer, polled);
      is_well = solve(env, *client, polled);
      pause(env, consumer, *client);
      if (!take_time(env, consumer.name)) break;
      if (consumer.enable_auto_commit || polled.records.empty()) continue;
      // Not committed is read again, by whoever has it next.
      (void)client->commit(env, env.now() + member_patience);
    }
    members_[consumer.name].client.reset();
    // Whose machine is gone says nothing more.
    if (env.is_cancelled()) return client->abandon(env);
    client->close(env, env.now() + member_patience);
    if (!is_well) env.sleep(member_pause);
  }
}

bool Workload::solve(Host& host, client::GroupConsumer& client, const client::Polled& polled) {
  bool is_well = true;
  for (const auto& problem : polled.problems) {
    const bool is_of_partition = !problem.partition.topic.empty();
    if (is_of_partition && problem.error == api::ErrorCode::offset_out_of_range) {
      go_on(host, client, problem);
    } else {
      is_well = false;
    }
  }
  return is_well;
}

Instant Workload::end_of(const Operation& operation) const {
  return Instant{operation.at + std::min(operation.lasting, plan_.quiet_at - operation.at)};
}

bool Workload::take_time(Env& env, const std::string& name) const {
  const Instant now = env.now();
  Instant until = now;
  const auto steps = reading_.find(name);
  if (steps == reading_.end()) return true;
  for (const auto& step : steps->second) {
    const Operation& operation = *step.operation;
    const bool has_begun = Instant{operation.at} <= now;
    if (operation.kind != Operation::Kind::process || !has_begun) continue;
    until = std::max(until, end_of(operation));
  }
  return until == now || env.sleep_until(until);
}

void Workload::pause(Host& host, const Consumer& consumer, client::GroupConsumer& client) {
  const auto steps = reading_.find(consumer.name);
  if (steps == reading_.end()) return;
  for (const auto& partition : client.assignment()) {
    bool is_paused = false;
    for (const auto& step : steps->second) {
      const Operation& operation = *step.operation;
      if (operation.kind != Operation::Kind::pause) continue;
      const bool lasts = Instant{operation.at} <= host.now() && host.now() < end_of(operation);
      is_paused = is_paused || (lasts && concerns(operation, partition.partition));
    }
    if (is_paused) {
      client.pause(partition);
    } else {
      client.resume(host, partition);
    }
  }
}

client::GroupConsumerConfig Workload::config_of_member(const Consumer& consumer) const {
  client::GroupConsumerConfig config;
  config.consumer.client = config_of(consumer.name);
  config.consumer.auto_offset_reset = consumer.auto_offset_reset;
  config.consumer.client_rack = consumer.rack;
  config.consumer.isolation_level = consumer.isolation_level;
  config.consumer.rules = cluster_.nodes().front().rules.consumer;
  config.group_id = consumer.group;
  if (!consumer.instance_id.empty()) config.group_instance_id = consumer.instance_id;
  config.group_protocol = members_.at(consumer.name).protocol;
  if (!consumer.server_assignor.empty()) config.group_remote_assignor = consumer.server_assignor;
  config.assignor = consumer.assignor;
  config.session_timeout = consumer.session_timeout;
  config.max_poll_interval = max_poll_interval_of(consumer);
  config.heartbeat_interval = std::min(config.heartbeat_interval, consumer.session_timeout / 3);
  config.enable_auto_commit = consumer.enable_auto_commit;
  config.auto_commit_interval = 1s;
  config.rules = cluster_.nodes().front().rules.group;
  return config;
}

client::RebalanceListener Workload::listener_of(const Consumer& consumer) {
  const auto tell = [this, &consumer](Env& env, std::string how,
                                      const client::Partitions& partitions) {
    auto& positions = members_[consumer.name].positions;
    for (const auto& partition : partitions) {
      if (how == "assigned") {
        positions.try_emplace(partition, -1);
      } else {
        positions.erase(partition);
      }
    }
    if (partitions.empty()) return;
    env.emit(OwnershipChanged{
        consumer.name, consumer.group, std::move(how), {partitions.begin(), partitions.end()}});
  };
  return {.assigned = [tell](Env& env, const auto& those) { tell(env, "assigned", those); },
          .revoked = [tell](Env& env, const auto& those) { tell(env, "revoked", those); },
          .lost = [tell](Env& env, const auto& those) { tell(env, "lost", those); }};
}

void Workload::take_as_member(Host& host, const Consumer& consumer, const client::Polled& polled) {
  auto& positions = members_[consumer.name].positions;
  auto& copies = copies_[consumer.group];
  const auto move = [&positions](const TopicPartition& partition, Offset to) {
    const auto owned = positions.find(partition);
    if (owned != positions.end()) owned->second = to;
  };
  for (const auto& reset : polled.resets) {
    host.emit(PositionReset{consumer.name, reset.partition, reset.offset, reset.why});
    move(reset.partition, reset.offset);
  }
  for (const auto& delivered : polled.records) {
    const auto& [offset, record] = delivered.at;
    host.emit(RecordDelivered{consumer.name, delivered.partition, offset, digest_of(record)});
    auto& copy = copies[delivered.partition];
    copy.records[offset] = record.value ? std::string(as_text(*record.value)) : std::string();
    copy.has_begun = true;
    move(delivered.partition, offset + 1);
  }
}

std::optional<Workload::Owner> Workload::owner_in_group(const std::string& group,
                                                        const TopicPartition& partition) const {
  for (const auto& consumer : plan_.consumers) {
    if (consumer.group != group) continue;
    const auto& positions = members_.at(consumer.name).positions;
    const auto owned = positions.find(partition);
    if (owned != positions.end()) return Owner{consumer.name, owned->second};
  }
  return std::nullopt;
}

std::optional<Waiting> Workload::unshared() const {
  std::map<std::string, client::Partitions> shared;  // By group.
  std::map<std::string, client::Partitions> wanted;
  for (const auto& consumer : plan_.consumers) {
    const auto found = members_.find(consumer.name);
    if (found == members_.end() || !found->second.is_in) continue;
    const auto& client = found->second.client;
    if (!client || !client->is_settled()) {
      return Waiting{consumer.group, fmt::format("{} of the group {} waits for its share",
                                                 consumer.name, consumer.group)};
    }
    shared[consumer.group].insert(client->assignment().begin(), client->assignment().end());
    const auto topic = partitions_of(consumer.topic);
    wanted[consumer.group].insert(topic.begin(), topic.end());
  }
  for (const auto& [group, all] : wanted) {
    const auto& those = shared.at(group);
    for (const auto& partition : all) {
      if (those.contains(partition)) continue;
      return Waiting{group, fmt::format("nobody in the group {} has {}", group, partition)};
    }
    if (those == all) continue;
    return Waiting{group, fmt::format("the group {} has partitions that there are not", group)};
  }
  return std::nullopt;
}

Duration Workload::session_of(const Task& task) const {
  return task.protocol == client::GroupProtocol::classic
             ? task.session_timeout
             : cluster_.nodes().front().group.consumer_session_timeout;
}

// A member says for how long it may be silent; of KIP-848's the coordinator does.
Duration Workload::session_of(const Consumer& consumer) const {
  using Protocol = client::GroupProtocol;
  Duration session{};
  if (speaks(plan_, consumer, Protocol::classic)) session = consumer.session_timeout;
  if (speaks(plan_, consumer, Protocol::consumer)) {
    session = std::max(session, cluster_.nodes().front().group.consumer_session_timeout);
  }
  return session;
}

// Of what a task that is gone has left open, the others hear nothing until its transaction times
// out (KIP-447).
Duration Workload::patience_of_groups() const {
  Duration patience{};
  for (const auto& consumer : plan_.consumers) {
    if (consumer.group.empty()) continue;
    const auto max_poll = max_poll_interval_of(consumer);
    patience = std::max(patience, time_to_share(session_of(consumer), max_poll));
  }
  for (const auto& task : plan_.tasks) {
    const auto max_poll = max_poll_interval_of(task);
    const auto transaction =
        task.guarantee == ProcessingGuarantee::exactly_once ? task.transaction_timeout : Duration{};
    patience = std::max(patience, time_to_share(session_of(task), max_poll) + transaction);
  }
  return patience;
}

bool Workload::can_share_all_within(Duration bound) const {
  return std::all_of(plan_.consumers.begin(), plan_.consumers.end(), [&](const auto& consumer) {
    return consumer.group.empty() || session_of(consumer) + max_poll_interval_of(consumer) <= bound;
  });
}

bool Workload::is_in_group(const std::string& machine) const {
  return members_.contains(machine) || tasks_.contains(machine);
}

}  // namespace brokersim::scenarios
