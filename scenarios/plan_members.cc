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
  const auto refuse = [&](std::string_view how, Duration bound, std::string_view setting) {
    return fmt::format(
        "session_timeout is {}, but must be at {} {} unless settings.\"{}\" is {}: brokers refuse "
        "the member",
        text_of(session), how, text_of(bound), setting, asked_ms);
  };
  if (Duration(1ms) * asked_ms < config.min_session_timeout) {
    return refuse("least", config.min_session_timeout, "group.min.session.timeout.ms");
  }
  if (Duration(1ms) * asked_ms > config.max_session_timeout) {
    return refuse("most", config.max_session_timeout, "group.max.session.timeout.ms");
  }
  return std::nullopt;
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
