// brokersim list scenarios|properties|faults|bugs|events: what there is, one per line.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "core/base/event.h"
#include "properties/all.h"
#include "scenarios/bugs.h"
#include "scenarios/commands/commands.h"
#include "scenarios/scenario.h"
#include "sim/fault.h"

namespace brokersim::scenarios {
namespace {

struct Row {
  std::string name;
  std::string about;
};
using Rows = std::vector<Row>;

Rows scenarios_in(const std::string& folder) {
  Rows rows;
  for (const auto& name : catalogue(folder)) {
    const auto scenario = load_scenario(name, folder);
    rows.push_back({name, scenario ? scenario->about : scenario.error()});
  }
  return rows;
}

Rows property_rows() {
  Rows rows;
  for (const auto& property : properties::make_all()) {
    rows.push_back({std::string(property->id()), std::string(property->name())});
  }
  return rows;
}

Rows fault_rows() {
  Rows rows;
  for (const auto& kind : sim::fault_kinds()) {
    rows.push_back({std::string(kind.name), std::string(kind.meaning)});
  }
  return rows;
}

Rows bug_rows() {
  Rows rows;
  for (const auto& bug : all_bugs()) {
    rows.push_back({std::string(bug.name), std::string(bug.about)});
  }
  return rows;
}

template <std::size_t... I>
Rows event_rows(std::index_sequence<I...>) {
  return {{std::string(std::variant_alternative_t<I, EventBody>::kind), ""}...};
}

void print(const Rows& rows) {
  std::size_t width = 0;
  for (const auto& row : rows) width = std::max(width, row.name.size());
  for (const auto& row : rows) {
    if (row.about.empty()) {
      fmt::print("{}\n", row.name);
    } else {
      fmt::print("{:<{}}  {}\n", row.name, width, row.about);
    }
  }
}

}  // namespace

void add_list(CLI::App& app, CommandLine& line) {
  auto what = std::make_shared<std::string>();
  auto* verb = app.add_subcommand("list", "what there is");
  verb->add_option("what", *what, "scenarios, properties, faults, bugs or events")
      ->required()
      ->check(CLI::IsMember({"scenarios", "properties", "faults", "bugs", "events"}));
  verb->callback([what, &line] {
    line.exit_status = 0;
    if (*what == "scenarios") print(scenarios_in(line.scenario_folder));
    if (*what == "properties") print(property_rows());
    if (*what == "faults") print(fault_rows());
    if (*what == "bugs") print(bug_rows());
    if (*what == "events") {
      print(event_rows(std::make_index_sequence<std::variant_size_v<EventBody>>()));
    }
  });
}

}  // namespace brokersim::scenarios
