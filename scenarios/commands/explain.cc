// brokersim explain ID: what a property, a bug, a kind of fault or a scenario is.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "properties/all.h"
#include "scenarios/bugs.h"
#include "scenarios/commands/commands.h"
#include "scenarios/duration_text.h"
#include "scenarios/files.h"
#include "scenarios/nearest.h"
#include "scenarios/scenario.h"
#include "sim/fault.h"

namespace brokersim::scenarios {
namespace {

constexpr std::size_t help_columns = 80;

// Breaks a paragraph at spaces.
std::string wrapped(std::string_view text) {
  std::string out;
  std::size_t used = 0;
  while (!text.empty()) {
    const auto word = text.substr(0, text.find_first_of(" \n"));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (word.empty()) continue;
    if (used > 0 && used + 1 + word.size() > help_columns) {
      out += '\n';
      used = 0;
    }
    if (used > 0) out += ' ';
    used += word.size() + (used > 0 ? 1 : 0);
    out += word;
  }
  return out + '\n';
}

std::optional<std::string> explain_property(std::string_view id) {
  for (const auto& property : properties::make_all()) {
    if (property->id() != id) continue;
    return fmt::format("{}  {}\n\n{}\nJudges by: {}\n", property->id(), property->name(),
                       wrapped(property->explanation()), properties::text_of(property->needs()));
  }
  return std::nullopt;
}

std::optional<std::string> explain_bug(std::string_view id) {
  const Bug* bug = find_bug(id);
  if (bug == nullptr) return std::nullopt;
  const auto text = fmt::format("{}  historical bug\n\n{}\nSource: {}\n", bug->name,
                                wrapped(bug->about), bug->source);
  if (!bug->has_plan()) {
    return text + fmt::format("No plan shows it:\n{}", wrapped(why_without_plan(*bug)));
  }
  return text + fmt::format("Caught by: {}\nTo see it: brokersim hunt {} --bug {}\n", bug->property,
                            bug->scenario, bug->name);
}

std::optional<std::string> explain_bug_without_switch(std::string_view id) {
  for (const auto& bug : bugs_without_switch()) {
    if (bug.name != id) continue;
    return fmt::format("{}  historical bug\n\n{}\nSource: {}\nNothing brings it back:\n{}",
                       bug.name, wrapped(bug.about), bug.source, wrapped(bug.why));
  }
  return std::nullopt;
}

std::string parameter_line(const sim::FaultParameter& parameter) {
  const auto show = [&](std::int64_t value) {
    const bool is_duration = parameter.kind == sim::FaultParameter::Kind::duration;
    return is_duration ? text_of(Duration(value)) : fmt::format("{}", value);
  };
  return fmt::format("  {:<18} {}; {} where unsaid, drawn from {} to {}\n", parameter.name,
                     parameter.meaning, show(parameter.initial), show(parameter.low),
                     show(parameter.high));
}

std::optional<std::string> explain_fault(std::string_view id) {
  const auto* kind = sim::find_fault_kind(id);
  if (kind == nullptr) return std::nullopt;
  const bool is_link = kind->target == sim::FaultKind::Target::link;
  std::string text = fmt::format(
      "{}  fault\n\n{}\nIt strikes {}, and {}.\n", kind->name, wrapped(kind->meaning),
      is_link ? "the links between targets and peers (all others, where unsaid)" : "machines",
      kind->lasts ? "lasts as long as the plan says" : "is over at once");
  for (const auto& parameter : kind->parameters) text += parameter_line(parameter);
  return text;
}

// A scenario explains itself: its file opens with its claim and its story.
std::optional<std::string> explain_scenario(const std::string& id, const std::string& folder) {
  const auto scenario = load_scenario(id, folder);
  const auto file = read_file(folder + "/catalogue/" + id + ".toml");
  if (!scenario || !file) return std::nullopt;
  std::string text = fmt::format("{}  scenario\n\n", id);
  for (std::string_view rest = *file; rest.starts_with('#');) {
    const auto line = rest.substr(0, rest.find('\n'));
    text += fmt::format("{}\n", line.substr(std::min<std::size_t>(2, line.size())));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
  return text + fmt::format("\nA campaign has to reach: {}\n", fmt::join(scenario->reaches, ", "));
}

// What is said of a run as such, and no property judges.
struct Ending {
  std::string_view id;
  std::string_view name;
  std::string_view about;
};
constexpr Ending endings[] = {
    {"BS-N01", "run is not deterministic",
     "The same plan ran twice and was not the same run, event for event. Nothing that is said of "
     "such a run can be relied on: it is a mistake of this program, such as a draw that depends on "
     "an address, a clock or an unordered container. `brokersim verify PLAN` runs it again and "
     "names the first event that differs. Exit status 3."},
    {"crash", "a run that ended early",
     "The run's process ended before the run did: an assertion failed, or a signal ended it. A "
     "campaign goes on, keeps what was left on stderr, and names the failure by the place of the "
     "assertion, as in crash/log.cc:120. It is a mistake of this program or, with a bug brought "
     "back, what comes of the bug. `brokersim run` of its plan ends in the same way, with status "
     "134 of a failed assertion; a campaign that has seen one ends with status 1."},
    {"hang", "a run without an end",
     "The run took longer than --timeout allows, 120 s of wall time where unsaid, and was ended. "
     "It may wait for something that never comes, or go round without an end, or the machine is "
     "slow: `brokersim hunt --timeout` gives more. A campaign that has seen one ends with status "
     "1."},
};

std::optional<std::string> explain_ending(std::string_view id) {
  for (const auto& ending : endings) {
    // Of crashes the place may be told, too: crash/log.cc:120.
    if (id.substr(0, id.find('/')) != ending.id) continue;
    return fmt::format("{}  {}\n\n{}", ending.id, ending.name, wrapped(ending.about));
  }
  return std::nullopt;
}

// An id may name two things: a crash is a fault, and how a run may end.
std::vector<std::string> explain_all(const std::string& id, const std::string& folder) {
  std::vector<std::string> texts;
  for (const auto& text : {explain_property(id), explain_bug(id), explain_bug_without_switch(id),
                           explain_fault(id), explain_ending(id), explain_scenario(id, folder)}) {
    if (text) texts.push_back(*text);
  }
  return texts;
}

std::vector<std::string> all_ids(const std::string& folder) {
  auto ids = catalogue(folder);
  for (const auto& property : properties::make_all()) ids.emplace_back(property->id());
  for (const auto& bug : all_bugs()) ids.emplace_back(bug.name);
  for (const auto& bug : bugs_without_switch()) ids.emplace_back(bug.name);
  for (const auto& kind : sim::fault_kinds()) ids.emplace_back(kind.name);
  for (const auto& ending : endings) ids.emplace_back(ending.id);
  return ids;
}

}  // namespace

void add_explain(CLI::App& app, CommandLine& line) {
  auto id = std::make_shared<std::string>();
  auto* verb = app.add_subcommand("explain", "what a property, bug, fault or scenario is");
  verb->add_option("id", *id, "BS-D01, REP-01, power_loss, leader-failover …")->required();
  verb->callback([id, &line] {
    const auto texts = explain_all(*id, line.scenario_folder);
    if (!texts.empty()) {
      fmt::print("{}", fmt::join(texts, "\n"));
      line.exit_status = 0;
    } else {
      const auto meant = did_you_mean(*id, all_ids(line.scenario_folder));
      fmt::print(stderr, "there is nothing called '{}'{}\n", *id,
                 meant.empty() ? "; brokersim list shows what there is" : meant);
      line.exit_status = 2;
    }
  });
}

}  // namespace brokersim::scenarios
