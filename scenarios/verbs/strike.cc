#include "scenarios/verbs/strike.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace brokersim::scenarios::verbs {
namespace {

using Parameters = std::map<std::string, sim::Fault::Parameter>;

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The machines of all words; each word may be a list.
Read<std::vector<std::string>> targets_of(Stage& stage, const Step& step) {
  std::vector<std::string> targets;
  for (const auto* argument : step.words()) {
    TRY(const auto names, machines_of(stage, *argument));
    targets.insert(targets.end(), names.begin(), names.end());
  }
  return targets;
}

}  // namespace

Printed strike(Stage& stage, const Step& step, std::string_view kind, Duration lasting,
               const Parameters& parameters) {
  const bool needs_running = parameters.empty();  // Disks and clocks are there without it.
  for (const auto* argument : step.words()) {
    for (const Word& each : argument->values) {
      TRY(const auto* machine, machine_of(stage, each));
      if (!needs_running || machine->state() == sim::Machine::State::running) continue;
      return error_at(each.column, fmt::format("{} does not run", each.text));
    }
  }
  TRY(const auto targets, targets_of(stage, step));
  for (const auto& target : targets) {  // One fault each, so that each can be lifted alone.
    stage.inject({.kind = std::string(kind),
                  .lasting = lasting,
                  .targets = {target},
                  .parameters = parameters});
  }
  return "";
}

Printed lift_from(Stage& stage, const Step& step, const std::set<std::string>& kinds,
                  std::string_view otherwise) {
  for (const auto* argument : step.words()) {
    for (const Word& each : argument->values) {
      TRY(const auto* machine, machine_of(stage, each));
      const auto count = stage.lift([&](const sim::Fault& fault) {
        return kinds.contains(fault.kind) && contains(fault.targets, machine->name());
      });
      if (count == 0) return error_at(each.column, fmt::format("{} {}", each.text, otherwise));
    }
  }
  return "";
}

Printed strike_links(Stage& stage, const Step& step, std::string_view kind, std::string_view key,
                     Parameters parameters) {
  TRY(const auto targets, targets_of(stage, step));
  std::vector<std::string> peers;
  if (const auto* argument = step.find(key)) {
    TRY(peers, machines_of(stage, *argument));
  }
  stage.inject({.kind = std::string(kind),
                .targets = targets,
                .peers = std::move(peers),
                .parameters = std::move(parameters)});
  return "";
}

}  // namespace brokersim::scenarios::verbs
