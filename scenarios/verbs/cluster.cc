// A story says: cluster brokers=3 controllers=3 broker.session.timeout.ms=6000
//     cluster seed=7 bug=REP-01 tell=(quorum,votes)
//
// The machines b1, b2 … and c1, c2 …, started and all of them registered. Keys with a dot are
// settings of every node, by Kafka's names. `tell` says what the story tells from here on.
#include <algorithm>

#include <fmt/format.h>

#include "core/broker/config.h"
#include "scenarios/bugs.h"
#include "scenarios/nearest.h"
#include "scenarios/verbs/all.h"

namespace brokersim::scenarios::verbs {

namespace {

constexpr Duration cluster_patience = 60s;

Read<std::vector<std::string>> bugs_of(const Step& step) {
  std::vector<std::string> bugs;
  const auto* argument = step.find("bug");
  if (argument == nullptr) return bugs;
  for (const Word& bug : argument->values) {
    const auto rules = rules_with({bug.text});
    if (!rules) return error_at(bug.column, rules.error());
    bugs.push_back(bug.text);
  }
  return bugs;
}

Read<std::map<std::string, std::string>> settings_of(const Step& step) {
  std::map<std::string, std::string> settings;
  const auto known = broker::setting_names();
  for (const auto& argument : step.arguments) {
    if (argument.key.find('.') == std::string::npos) continue;
    if (std::find(known.begin(), known.end(), argument.key) == known.end()) {
      return error_at(argument.column, fmt::format("there is no setting '{}'{}", argument.key,
                                                   did_you_mean(argument.key, known)));
    }
    TRY(const Word value, single(argument));
    broker::NodeConfig config;
    const auto set = broker::set(config, argument.key, value.text);
    if (!set) return error_at(value.column, set.error());
    settings.emplace(argument.key, value.text);
  }
  return settings;
}

bool is_up(const Stage& stage) {
  return stage.quorum().leader.is_set() &&
         std::all_of(stage.brokers().begin(), stage.brokers().end(), [&](NodeId broker) {
           return !stage.ledger().node(broker).is_fenced.value_or(true);
         });
}

Printed make(StagePtr& stage, const Step& step) {
  if (stage) return error_at(step.verb.column, "there is a cluster already");
  Plan plan;
  TRY(const auto brokers, number_or(step, "brokers", plan.cluster.brokers));
  TRY(const auto controllers, number_or(step, "controllers", plan.cluster.controllers));
  TRY(const auto racks, number_or(step, "racks", 0));
  TRY(const auto voters, number_or(step, "voters", 0));
  TRY(const auto seed, number_or(step, "seed", 1));
  if (brokers < 1 || brokers > 99 || controllers < 1 || controllers > 9 || seed < 0 || racks < 0 ||
      racks > 9 || voters < 0 || voters > controllers) {
    return error_at(0,
                    "brokers are 1 to 99, controllers 1 to 9, voters some of them, racks 0 to 9, "
                    "and a seed is 0 or more");
  }
  plan.cluster.brokers = static_cast<std::int32_t>(brokers);
  plan.cluster.controllers = static_cast<std::int32_t>(controllers);
  plan.cluster.voters = static_cast<std::int32_t>(voters);
  plan.cluster.racks = static_cast<std::int32_t>(racks);
  plan.seed = static_cast<std::uint64_t>(seed);
  TRY(plan.bugs, bugs_of(step));
  TRY(plan.cluster.settings, settings_of(step));
  TRY(const auto told, subjects_or(step, usual_subjects()));
  auto nodes = node_configs(plan);
  if (!nodes) return error_at(0, nodes.error());
  stage = std::make_unique<Stage>(plan, *std::move(nodes), told);
  if (!stage->run_until([&] { return is_up(*stage); }, cluster_patience)) {
    return error_at(0, "the cluster does not come up");
  }
  stage->begin();
  return "";
}

}  // namespace

Verb cluster_verb() {
  return {.group = "world",
          .name = "cluster",
          .example = "cluster brokers=3 controllers=3 broker.session.timeout.ms=6000",
          .meaning = "brokers b1, b2 … and controllers c1, c2 …, up and registered",
          .keys = {"brokers", "controllers", "voters", "racks", "seed", "bug", "tell"},
          .takes_settings = true,
          .is_setting = true,
          .make = make};
}

}  // namespace brokersim::scenarios::verbs
