#include "scenarios/in_vain.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "core/controller/broker_config.h"
#include "core/controller/features.h"
#include "core/controller/topic_config.h"
#include "core/raft/voter_set.h"
#include "scenarios/document.h"
#include "scenarios/nearest.h"
#include "scenarios/plan_members.h"
#include "sim/fault.h"

namespace brokersim::scenarios {
namespace {

using Vain = std::optional<InVain>;

Vain unless_among(std::string_view field, std::string_view what, const std::string& name,
                  const std::vector<std::string>& names) {
  if (std::find(names.begin(), names.end(), name) != names.end()) return {};
  return InVain{field, fmt::format("there is no {} '{}' in this plan{}", what, name,
                                   did_you_mean(name, names))};
}

template <class T>
Vain unless_named(std::string_view field, std::string_view what, const std::string& name,
                  const std::vector<T>& entries) {
  std::vector<std::string> names;
  for (const auto& entry : entries) names.push_back(entry.name);
  return unless_among(field, what, name, names);
}

Vain unless_of_admin(const Operation& operation) {
  if (operation.client == admin_name) return {};
  return InVain{"client", fmt::format("this is asked for by the client \"{}\", not by '{}'",
                                      admin_name, operation.client)};
}

// Once all have been made that are asked for.
std::int32_t most_partitions(const Plan& plan, const Topic& topic) {
  auto most = topic.partitions;
  for (const auto& operation : plan.operations) {
    const bool grows = operation.kind == Operation::Kind::create_partitions;
    if (grows && operation.topic == topic.name) most = std::max(most, operation.partitions);
  }
  return most;
}

// `least` is -1 where any partition will do.
Vain unless_partition(const Plan& plan, std::string_view field, const std::string& topic,
                      std::int32_t partition, std::int32_t least) {
  const auto found = std::find_if(plan.topics.begin(), plan.topics.end(),
                                  [&](const Topic& each) { return each.name == topic; });
  if (found == plan.topics.end()) return unless_named("topic", "topic", topic, plan.topics);
  const auto most = most_partitions(plan, *found);
  if (least <= partition && partition < most) return {};
  return InVain{field, fmt::format("{} has partitions 0 to {}, not {}: say which", topic, most - 1,
                                   partition)};
}

Vain unless_replicas(const Plan& plan, const Operation& operation) {
  const std::set<std::int32_t> replicas(operation.replicas.begin(), operation.replicas.end());
  const auto refuse = [&](const std::string& what) {
    return InVain{"replicas", fmt::format("{}: a partition moves to some of the brokers 1 to {}, "
                                          "as in replicas = [1]",
                                          what, plan.cluster.brokers)};
  };
  if (replicas.empty()) return refuse("nowhere to go");
  if (replicas.size() < operation.replicas.size()) return refuse("a broker is named twice");
  for (const auto broker : replicas) {
    if (broker < 1 || broker > plan.cluster.brokers) {
      return refuse(fmt::format("there is no broker {}", broker));
    }
  }
  return {};
}

Vain unless_more_partitions(const Plan& plan, const Operation& operation) {
  const auto found = std::find_if(plan.topics.begin(), plan.topics.end(),
                                  [&](const Topic& each) { return each.name == operation.topic; });
  if (found == plan.topics.end()) {
    return unless_named("topic", "topic", operation.topic, plan.topics);
  }
  if (operation.partitions > found->partitions) return {};
  return InVain{"partitions", fmt::format("{0} has {1} partitions already: say how many it is to "
                                          "have in all, as in partitions = {2}",
                                          found->name, found->partitions, found->partitions + 1)};
}

Vain unless_voter(const Plan& plan, const Operation& operation) {
  const std::string name(raft::kraft_version_feature);
  const auto begun = plan.cluster.settings.find(name);
  const auto raised = plan.cluster.features.find(name);
  const bool may_change = (begun != plan.cluster.settings.end() && begun->second != "0") ||
                          (raised != plan.cluster.features.end() && raised->second > 0);
  if (!may_change) {
    return InVain{"do",
                  fmt::format("voters are fixed where {0} is 0: say settings.\"{0}\" = 1", name)};
  }
  const auto number = operation.controller;
  if (1 <= number && number <= plan.cluster.controllers) return {};
  return InVain{"controller",
                fmt::format("which controller? They are 1 to {}, as in controller = 1, not {}",
                            plan.cluster.controllers, number)};
}

Vain unless_broker(const Plan& plan, const Operation& operation) {
  if (1 <= operation.broker && operation.broker <= plan.cluster.brokers) return {};
  return InVain{"broker", fmt::format("which broker? They are 1 to {}, as in broker = 1, not {}",
                                      plan.cluster.brokers, operation.broker)};
}

Vain unless_level(const Plan& plan, const std::string& feature, std::int16_t level) {
  const auto* known = controller::find_supported_feature(feature);
  if (known == nullptr) {
    std::vector<std::string> names;
    for (const auto& each : controller::supported_features()) names.emplace_back(each.name);
    return InVain{"levels",
                  fmt::format("there is no feature '{}'{}", feature, did_you_mean(feature, names))};
  }
  const auto& levels = known->levels;
  if (level != 0 && (level < levels.min || level > levels.max)) {
    return InVain{"levels",
                  fmt::format("{} has levels {} to {}, and 0", feature, levels.min, levels.max)};
  }
  // Its members would be turned away for good.
  const bool turns_away = feature == controller::group_version && level == 0;
  if (!turns_away || consumer_groups(plan).empty()) return {};
  return InVain{
      "levels",
      fmt::format("with {} 0 there are no consumer groups, and this plan has some", feature)};
}

Vain unless_levels(const Plan& plan, const Operation& operation) {
  if (operation.levels.empty()) {
    return InVain{"levels", "no feature to change: say levels = { \"FEATURE\" = 1 }"};
  }
  for (const auto& [feature, level] : operation.levels) {
    auto vain = unless_level(plan, feature, level);
    if (vain) return vain;
  }
  return {};
}

Vain unless_configs(const Plan& plan, const Operation& operation) {
  const bool is_of_topic = !operation.topic.empty();
  if (is_of_topic) {
    auto vain = unless_named("topic", "topic", operation.topic, plan.topics);
    if (vain) return vain;
  }
  if (operation.configs.empty()) {
    return InVain{"configs", "nothing to configure: say configs = { \"KAFKA.NAME\" = \"…\" }"};
  }
  for (const auto& [name, value] : operation.configs) {
    const auto* key = is_of_topic ? controller::find_topic_config_key(name)
                                  : controller::find_broker_config_key(name);
    if (key == nullptr) {
      return InVain{"configs", fmt::format("there is no '{}' that {} could be configured with",
                                           name, is_of_topic ? "a topic" : "running brokers")};
    }
    const auto why = controller::why_unfit(*key, value);
    if (why) return InVain{"configs", fmt::format("{} is '{}': {}", name, value, *why)};
  }
  return {};
}

std::vector<std::string> members_in(const Plan& plan) {
  std::vector<std::string> members;
  for (const auto& consumer : plan.consumers) {
    if (!consumer.group.empty()) members.push_back(consumer.name);
  }
  return members;
}

Vain unless_member(const Plan& plan, const Operation& operation) {
  return unless_among("client", "member of a group", operation.client, members_in(plan));
}

Vain unless_lasting(const Operation& operation) {
  if (operation.lasting > Duration{}) return {};
  return InVain{"for", "for how long? Say for = \"5s\""};
}

Vain unless_member_or_task(const Plan& plan, const Operation& operation) {
  auto names = members_in(plan);
  for (const auto& task : plan.tasks) names.push_back(task.name);
  return unless_among("client", "member of a group or task", operation.client, names);
}

bool is_number_below(std::string_view text, std::int32_t bound) {
  std::int32_t number = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && stop == end && 0 <= number && number < bound;
}

// "broker-4" of three. What is no number of a machine is fine here.
bool is_beyond(std::string_view target, std::string_view kind, std::int32_t count) {
  if (!target.starts_with(kind)) return false;
  target.remove_prefix(kind.size());
  std::int32_t number = 0;
  const auto* const end = target.data() + target.size();
  const auto [stop, error] = std::from_chars(target.data(), end, number);
  return error == std::errc{} && stop == end && (number < 1 || number > count);
}

std::vector<std::string> machine_names(const Plan& plan) {
  std::vector<std::string> names{"controller", std::string(sim::triggering_machine), admin_name};
  for (const auto& producer : plan.producers) names.push_back(producer.name);
  for (const auto& consumer : plan.consumers) names.push_back(consumer.name);
  for (const auto& task : plan.tasks) names.push_back(task.name);
  for (std::int32_t i = 1; i <= plan.cluster.brokers; ++i) {
    names.push_back(fmt::format("broker-{}", i));
  }
  for (std::int32_t i = 1; i <= plan.cluster.controllers; ++i) {
    names.push_back(fmt::format("controller-{}", i));
  }
  return names;
}

// Leaders and followers are those of a partition: of the plan's topics, or of an internal one,
// which begins with "__". Any id and any group has a coordinator, whether somebody uses it or not.
std::optional<std::string> why_no_partition(const Plan& plan, std::string_view target) {
  const auto colon = target.find(':');
  const auto role = target.substr(0, colon);
  const auto partition = target.substr(colon + 1);
  if ((role != "leader" && role != "follower") || partition.starts_with("__")) return {};
  std::vector<std::string> known;
  for (const auto& topic : plan.topics) {
    if (topic.partitions > 0 && partition.starts_with(topic.name + "-") &&
        is_number_below(partition.substr(topic.name.size() + 1), most_partitions(plan, topic))) {
      return {};
    }
    known.push_back(fmt::format("{}-0", topic.name));
  }
  return fmt::format("there is no partition '{}' in this plan{}", partition,
                     did_you_mean(std::string(partition), known));
}

// Nothing of what a fault can strike, whenever it begins.
std::optional<std::string> why_no_target(const Plan& plan, const std::string& target) {
  if (is_beyond(target, "broker-", plan.cluster.brokers) ||
      is_beyond(target, "controller-", plan.cluster.controllers)) {
    return fmt::format("there is no {} in a cluster of {} brokers and {} controllers", target,
                       plan.cluster.brokers, plan.cluster.controllers);
  }
  if (target.find(':') != std::string::npos) return why_no_partition(plan, target);
  const auto names = machine_names(plan);
  if (std::find(names.begin(), names.end(), target) != names.end()) return {};
  return fmt::format("there is no machine '{}' in this plan{}", target,
                     did_you_mean(target, names));
}

template <class T>
void check_list(const Entries& root, std::string_view key, const Plan& plan,
                const std::vector<T>& entries, ReadError& error) {
  const auto nodes = items_in(root, key);
  for (std::size_t i = 0; i < std::min(nodes.size(), entries.size()); ++i) {
    const auto vain = why_in_vain(plan, entries[i]);
    if (vain) error.set(place_of_field(nodes[i], vain->field), vain->why);
  }
}

template <class T>
void drop_from(std::vector<T>& entries, const Plan& plan) {
  std::erase_if(entries, [&](const T& entry) { return why_in_vain(plan, entry).has_value(); });
}

}  // namespace

std::optional<InVain> why_in_vain(const Plan& plan, const Operation& operation) {
  const auto first = [](std::initializer_list<Vain> all) {
    for (const auto& vain : all) {
      if (vain) return vain;
    }
    return Vain();
  };
  const auto partition = [&](std::int32_t least) {
    return unless_partition(plan, "partition", operation.topic, operation.partition, least);
  };
  using Kind = Operation::Kind;
  switch (operation.kind) {
    case Kind::send:
      return first({unless_named("client", "producer", operation.client, plan.producers),
                    partition(any_partition)});
    case Kind::elect: return first({unless_of_admin(operation), partition(any_partition)});
    case Kind::reassign:
      return first({unless_of_admin(operation), partition(0), unless_replicas(plan, operation)});
    case Kind::configure:
      return first({unless_of_admin(operation), unless_configs(plan, operation)});
    case Kind::make_again:
      return first({unless_of_admin(operation),
                    unless_named("topic", "topic", operation.topic, plan.topics)});
    case Kind::delete_records: return first({unless_of_admin(operation), partition(any_partition)});
    case Kind::create_partitions:
      return first({unless_of_admin(operation), unless_more_partitions(plan, operation)});
    case Kind::leave:
    case Kind::join:
    case Kind::join_as_classic:
    case Kind::join_as_consumer: return unless_member(plan, operation);
    case Kind::pause: return first({unless_member(plan, operation), unless_lasting(operation)});
    case Kind::process:
      return first({unless_member_or_task(plan, operation), unless_lasting(operation)});
    case Kind::add_voter:
    case Kind::remove_voter:
      return first({unless_of_admin(operation), unless_voter(plan, operation)});
    case Kind::unregister_broker:
      return first({unless_of_admin(operation), unless_broker(plan, operation)});
    case Kind::update_features:
      return first({unless_of_admin(operation), unless_levels(plan, operation)});
  }
  return {};
}

std::optional<InVain> why_in_vain(const Plan& plan, const Consumer& consumer) {
  auto vain = unless_named("topic", "topic", consumer.topic, plan.topics);
  for (const auto partition : consumer.partitions) {
    if (vain) break;
    vain = unless_partition(plan, "partitions", consumer.topic, partition, 0);
  }
  return vain;
}

std::optional<InVain> why_in_vain(const Plan& plan, const Task& task) {
  auto vain = unless_named("input", "topic", task.input, plan.topics);
  return vain ? vain : unless_named("output", "topic", task.output, plan.topics);
}

std::optional<InVain> why_in_vain(const Plan& plan, const Fault& fault) {
  using Side = std::pair<std::string_view, const std::vector<std::string>&>;
  for (const auto& [field, names] : {Side("targets", fault.targets), Side("peers", fault.peers)}) {
    for (const auto& name : names) {
      const auto why = why_no_target(plan, name);
      if (why) return InVain{field, *why};
    }
  }
  return {};
}

void check_not_in_vain(const Entries& root, const Plan& plan, ReadError& error) {
  check_list(root, "consumers", plan, plan.consumers, error);
  check_list(root, "tasks", plan, plan.tasks, error);
  check_list(root, "operations", plan, plan.operations, error);
  check_list(root, "faults", plan, plan.faults, error);
}

void drop_in_vain(Plan& plan) {
  const auto begun = plan.cluster.settings.find(std::string(raft::kraft_version_feature));
  if (begun == plan.cluster.settings.end() || begun->second == "0") plan.cluster.voters = 0;
  drop_from(plan.consumers, plan);
  drop_from(plan.tasks, plan);
  drop_from(plan.operations, plan);
  for (auto& fault : plan.faults) {
    for (auto* names : {&fault.targets, &fault.peers}) {
      const bool had_some = !names->empty();
      auto left = *names;
      std::erase_if(left, [&](const auto& name) { return why_no_target(plan, name).has_value(); });
      // Without peers it would be between all.
      if (!had_some || !left.empty()) *names = std::move(left);
    }
  }
  drop_from(plan.faults, plan);
}

}  // namespace brokersim::scenarios
