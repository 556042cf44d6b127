#include "scenarios/plan_toml.h"

#include <fmt/format.h>

#include "scenarios/check_names.h"
#include "scenarios/check_numbers.h"
#include "scenarios/check_plan.h"
#include "scenarios/field_reader.h"
#include "scenarios/field_writer.h"
#include "scenarios/in_vain.h"
#include "scenarios/plan_fields.h"

namespace brokersim::scenarios {
namespace {

template <class T>
std::string list(std::string_view key, const std::vector<T>& entries) {
  std::string out = fmt::format("\n{} = [\n", key);
  for (const auto& entry : entries) out += fmt::format("  {},\n", written(entry));
  return out + "]\n";
}

void check(const Entries& root, ReadError& error) {
  if (const Node* settings = find(root, "settings")) check_settings(*settings, error);
  if (const Node* features = find(root, "features")) check_features(*features, error);
  if (const Node* bugs = find(root, "bugs")) check_bugs(*bugs, error);
  for (const auto* producer : tables_in(root, "producers")) check_idempotence(*producer, error);
  if (const Node* faults = find(root, "faults")) {
    check_faults(*faults, error);
    check_targets_of_plan(*faults, error);
  }
}

}  // namespace

std::string to_toml(const Plan& plan) {
  std::string out = fmt::format("version = {}\nscenario = {}\nseed = {}\n", plan.version,
                                in_quotes(plan.scenario), plan.seed);
  if (!plan.bugs.empty()) out += fmt::format("bugs = {}\n", written(plan.bugs));
  out += fmt::format("quiet_at = {}\nconverge_within = {}\n", written(plan.quiet_at),
                     written(plan.converge_within));
  out += fmt::format("\ncluster.brokers = {}\ncluster.controllers = {}\n", plan.cluster.brokers,
                     plan.cluster.controllers);
  if (plan.cluster.voters > 0) out += fmt::format("cluster.voters = {}\n", plan.cluster.voters);
  if (plan.cluster.racks > 0) out += fmt::format("cluster.racks = {}\n", plan.cluster.racks);
  if (plan.cluster.last_producer_epoch != last_epoch_of_producers) {
    out += fmt::format("cluster.last_producer_epoch = {}\n", plan.cluster.last_producer_epoch);
  }
  for (const auto& [name, value] : plan.cluster.settings) {
    out += fmt::format("settings.{} = {}\n", in_quotes(name), in_quotes(value));
  }
  for (const auto& [name, level] : plan.cluster.features) {
    out += fmt::format("features.{} = {}\n", in_quotes(name), level);
  }
  out += list("topics", plan.topics) + list("producers", plan.producers) +
         list("consumers", plan.consumers);
  if (!plan.tasks.empty()) out += list("tasks", plan.tasks);
  return out + list("operations", plan.operations) + list("faults", plan.faults);
}

Expected<Plan, std::string> parse_plan(std::string_view text, const std::string& file,
                                       const std::vector<Override>& overrides) {
  TRY(const auto root, parse_document(text, file, overrides));
  ReadError error;
  Plan plan;
  FieldReader read(root, error);
  read.need("version", Place{.file = file, .line = 1, .column = 1}, plan.version);
  read("scenario", plan.scenario);
  read("seed", plan.seed);
  read("bugs", plan.bugs);
  read("quiet_at", plan.quiet_at);
  read("converge_within", plan.converge_within);
  read("cluster", plan.cluster);
  read("settings", plan.cluster.settings);
  read("features", plan.cluster.features);
  read("topics", plan.topics);
  read("producers", plan.producers);
  read("consumers", plan.consumers);
  read("tasks", plan.tasks);
  read("operations", plan.operations);
  read("faults", plan.faults);
  read.finish();
  if (plan.version != 1) {
    error.set(find(root, "version")->place, "only plans of version 1 are known here");
  }
  check(root, error);
  check_plan(root, plan, error);
  check_not_in_vain(root, plan, error);
  if (error) return Unexpected(error.text());
  return plan;
}

bool looks_like_plan(std::string_view text) {
  const auto root = parse_document(text, "");
  return root && find(*root, "version") != nullptr;
}

}  // namespace brokersim::scenarios
