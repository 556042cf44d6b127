// brokersim list scenarios|properties|faults|bugs|events: what there is, one per line.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "core/base/event.h"
#include "core/base/expected.h"
#include "properties/all.h"
#include "scenarios/bugs.h"
#include "scenarios/commands/commands.h"
#include "scenarios/nearest.h"
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
  return {{std::string(std::variant_alternative_t<I, EventKind>::kind), ""}...};
}

Expected<Rows, std::string> rows_of(const std::string& what, const std::string& folder) {
  if (what == "scenarios") {
    auto rows = scenarios_in(folder);
    if (rows.empty()) return Unexpected(no_catalogue_in(folder));
    return rows;
  }
  if (what == "properties") return property_rows();
  if (what == "faults") return fault_rows();
  if (what == "bugs") return bug_rows();
  if (what == "events") {
    return event_rows(std::make_index_sequence<std::variant_size_v<EventKind>>());
  }
  return Unexpected(
      fmt::format("there is no list of '{}'{}", what,
                  did_you_mean(what, {"scenarios", "properties", "faults", "bugs", "events"})));
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
  auto* verb = app.add_subcommand("list", "scenarios, properties, faults, bugs or events");
  verb->add_option("what", *what, "scenarios, properties, faults, bugs or events: one a line")
      ->required();
  verb->callback([what, &line] {
    const auto rows = rows_of(*what, line.scenario_folder);
    if (rows) print(*rows);
    if (!rows) fmt::print(stderr, "{}\n", rows.error());
    line.exit_status = rows ? 0 : 2;
  });
}

}  // namespace brokersim::scenarios
