#include "scenarios/plan_members.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/broker/config.h"
#include "scenarios/duration_text.h"

namespace brokersim::scenarios {
namespace {

// Settings that are wrong in themselves are refused elsewhere.
group::GroupConfig group_config_of(const Plan& plan) {
  broker::NodeConfig config;
  for (const auto& [name, value] : plan.cluster.settings) {
    (void)broker::set(config, name, value);
  }
  return config.group;
}

std::optional<std::string> why_session_refused(const Plan& plan, Duration session) {
  const auto config = group_config_of(plan);
  const auto asked_ms = milliseconds(session);
  const Duration asked = Duration(1ms) * asked_ms;
  if (config.takes_session(asked)) return std::nullopt;
  const bool is_short = asked < config.min_session_timeout;
  return fmt::format(
      "session_timeout is {}, but must be at {} {} unless settings.\"{}\" is {}: brokers refuse "
      "the member",
      text_of(session), is_short ? "least" : "most",
      text_of(is_short ? config.min_session_timeout : config.max_session_timeout),
      is_short ? "group.min.session.timeout.ms" : "group.max.session.timeout.ms", asked_ms);
}

}  // namespace

bool speaks(const Plan& plan, const Consumer& consumer, client::GroupProtocol protocol) {
  const auto joins = protocol == client::GroupProtocol::consumer ? Operation::Kind::join_as_consumer
                                                                 : Operation::Kind::join_as_classic;
  return consumer.protocol == protocol ||
         std::any_of(plan.operations.begin(), plan.operations.end(),
                     [&](const Operation& operation) {
                       return operation.kind == joins && operation.client == consumer.name;
                     });
}

std::set<std::string> consumer_groups(const Plan& plan) {
  constexpr auto protocol = client::GroupProtocol::consumer;
  std::set<std::string> groups;
  for (const auto& consumer : plan.consumers) {
    if (speaks(plan, consumer, protocol)) groups.insert(consumer.group);
  }
  for (const auto& task : plan.tasks) {
    if (task.protocol == protocol) groups.insert(task.group);
  }
  return groups;
}

std::optional<std::string> why_refused(const Plan& plan, const Consumer& consumer) {
  const bool is_classic =
      !consumer.group.empty() && speaks(plan, consumer, client::GroupProtocol::classic);
  return is_classic ? why_session_refused(plan, consumer.session_timeout) : std::nullopt;
}

std::optional<std::string> why_refused(const Plan& plan, const Task& task) {
  const bool is_classic = task.protocol == client::GroupProtocol::classic;
  return is_classic ? why_session_refused(plan, task.session_timeout) : std::nullopt;
}

Expected<Done, std::string> check_members(const Plan& plan) {
  for (const auto& consumer : plan.consumers) {
    const auto why = why_refused(plan, consumer);
    if (why) return Unexpected(fmt::format("{}: {}", consumer.name, *why));
  }
  for (const auto& task : plan.tasks) {
    const auto why = why_refused(plan, task);
    if (why) return Unexpected(fmt::format("{}: {}", task.name, *why));
  }
  return Done{};
}

}  // namespace brokersim::scenarios
