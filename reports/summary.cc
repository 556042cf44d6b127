// The terminal: blocks of failures, the list of properties, the elections, and the verdict last,
// because logs are read from the bottom.
#include "reports/summary.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "core/base/event_json.h"

namespace brokersim::reports {

namespace {

constexpr std::size_t story_lines = 12;

std::string painted(std::string_view text, const char* code, Style style) {
  if (!style.has_color) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

// Where the character after the one at `at` begins.
std::size_t next_character(std::string_view text, std::size_t at) {
  ++at;
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) ++at;
  return at;
}

// To the width, characters kept whole.
std::string cut(std::string line, Style style) {
  std::size_t short_end = 0;
  std::size_t at = 0;
  for (std::size_t column = 0; at < line.size() && column < style.columns; ++column) {
    if (column == style.columns - 3) short_end = at;
    at = next_character(line, at);
  }
  if (at < line.size()) line = line.substr(0, short_end) + "...";
  return line + "\n";
}

std::map<NodeId, std::string> names_of(const std::vector<Event>& events) {
  std::map<NodeId, std::string> names;
  for (const Event& e : events)
    if (const auto* started = std::get_if<NodeStarted>(&e.body)) names[e.node] = started->name;
  return names;
}

std::string line_of(const Event& e, const std::map<NodeId, std::string>& names) {
  const auto name = names.find(e.node);
  const std::string who = name == names.end() ? "" : name->second + " ";
  return fmt::format("{:>14}  e{:<6} {}{}", text_of(e.at.since_start), e.id.value, who,
                     describe(e));
}

// One of the two that contradict each other: nothing of it is cut.
std::string fact(int number, const Event* e, EventId id, const std::map<NodeId, std::string>& names,
                 Style style) {
  const auto at = e == nullptr ? std::string() : text_of(e->at.since_start);
  const auto head = fmt::format("  ({}) {:>14}  e{:<6} ", number, at, id.value);
  if (e == nullptr) return head.substr(0, head.find_last_not_of(' ') + 1) + "\n";
  const auto name = names.find(e->node);
  const auto text = (name == names.end() ? "" : name->second + " ") + describe(*e);
  return head + paragraph(text, std::string(head.size(), ' '), style).substr(head.size());
}

// Whether the event changes who leads, who is in sync, or what a log holds.
bool is_telling(const Event& e, const properties::Violation& violation) {
  const auto concerns = [&](const TopicPartition& partition) {
    return !violation.partition || partition == *violation.partition;
  };
  if (const auto* stopped = std::get_if<NodeStopped>(&e.body))
    return stopped->how != NodeStopped::How::shutdown;  // Else it was done, or was asked to.
  if (std::holds_alternative<FaultBegan>(e.body)) return true;
  if (const auto* b = std::get_if<PartitionCommitted>(&e.body)) return concerns(b->partition);
  if (const auto* b = std::get_if<BecameLeader>(&e.body)) return concerns(b->partition);
  if (const auto* b = std::get_if<LogCut>(&e.body)) return concerns(b->partition);
  return false;
}

// "(1) " before the first of the two facts, four blanks before what is none.
std::string mark(const properties::Violation& violation, EventId id) {
  if (id.value != 0 && id == violation.facts[0]) return "(1) ";
  if (id.value != 0 && id == violation.facts[1]) return "(2) ";
  return "    ";
}

std::string story(const properties::Violation& violation, const std::vector<Event>& events,
                  const std::map<NodeId, std::string>& names, Style style) {
  std::vector<const Event*> telling;
  for (const Event& e : events) {
    if (e.at > violation.at) break;
    if (is_telling(e, violation) || e.id == violation.facts[0] || e.id == violation.facts[1])
      telling.push_back(&e);
  }
  if (telling.empty()) return {};
  const std::size_t first = telling.size() > story_lines ? telling.size() - story_lines : 0;
  std::string out = "\n  how it happened";
  if (first > 0) out += fmt::format(" (the last {} of {} changes)", story_lines, telling.size());
  out += "\n";
  for (std::size_t at = first; at < telling.size(); ++at)
    out += cut("  " + mark(violation, telling[at]->id) + line_of(*telling[at], names), style);
  return out;
}

// What else is wrong with the run, most likely by the same cause.
std::string notes(const RunResult& run, const properties::Violation& cause, Style style) {
  std::string out;
  if (cause.count > 1) out += fmt::format("  note: {} more of the same kind\n", cause.count - 1);
  std::vector<std::string> others;
  for (const auto& violation : run.verdict.violations)
    if (&violation != &cause) others.push_back(violation.fingerprint());
  if (!others.empty())
    out += paragraph(
        fmt::format("note: {}: {}", counted(others.size(), "consequence"), fmt::join(others, ", ")),
        "  ", style);
  return out;
}

// How much there was to judge: a property that had nothing to look at holds, too.
std::string extent(const RunResult& run, std::string_view id) {
  struct Row {
    std::string_view id;
    std::string_view text;
    const char* first;
    const char* second;
  };
  static constexpr Row rows[] = {
      {"BS-D01", "acknowledged: {}, read back: {}", "records_acknowledged", "records_read"},
      {"BS-D02", "acknowledged: {}", "records_acknowledged", nullptr},
      {"BS-O01", "truncations: {}, recoveries: {}", "truncations", "recoveries"},
      {"BS-O02", "read: {}", "records_read", nullptr},
      {"BS-P01", "repeats recognized: {}", "repeats_recognized", nullptr},
      {"BS-L01", "leaders chosen: {}", "elections", nullptr},
      {"BS-Q01", "quorum leaders chosen: {}", "quorum_elections", nullptr},
      {"BS-Q02", "quorum leaders chosen: {}", "quorum_elections", nullptr},
      {"BS-Q04", "quorum leaders chosen: {}", "quorum_elections", nullptr},
      {"BS-H01", "ISR shrinks: {}, expansions: {}", "isr_shrinks", "isr_expansions"},
      {"BS-C01", "read: {}", "records_read", nullptr},
      {"BS-T01", "transactions committed: {}, aborted: {}", "transactions_committed",
       "transactions_aborted"},
      {"BS-T04", "zombies fenced: {}", "zombies_fenced", nullptr},
      {"BS-T05", "inputs processed: {}, again: {}", "inputs_processed", "inputs_processed_again"},
      {"BS-T06", "transactions of unknown end: {}", "transactions_of_unknown_end", nullptr},
      {"BS-T07", "coordinators changed: {}", "transaction_coordinator_changes", nullptr},
      {"BS-T10", "outputs read: {}, repeated: {}", "outputs_read", "outputs_repeated"},
      {"BS-M01", "ISR changes: {}, fencings: {}", "isr_changes", "fencings"},
      {"BS-S01", "snapshots: {}, fetched: {}", "snapshots_taken", "snapshots_fetched"},
      {"BS-G01", "assignments: {}, rebalances: {}", "group_assignments", "group_rebalances"},
      {"BS-G02", "commits: {}, in transactions: {}", "group_commits", "transactional_offsets"},
      {"BS-G03", "commits: {}, in transactions: {}", "group_commits", "transactional_offsets"},
      {"BS-G04", "commits: {}", "group_commits", nullptr},
      {"BS-G05", "read: {}", "records_read", nullptr},
      {"BS-G06", "commits: {}", "group_commits", nullptr},
      {"BS-G07", "groups described: {}", "group_descriptions", nullptr},
      {"BS-G10", "coordinators changed: {}", "coordinator_changes", nullptr},
      {"BS-R01", "deletions: {}", "deletions", nullptr},
      {"BS-R02", "deletions: {}", "deletions", nullptr},
      {"BS-R03", "recoveries: {}", "recoveries", nullptr},
      {"BS-R05", "truncations: {}", "truncations", nullptr},
      {"BS-K01", "compactions: {}", "compactions", nullptr},
  };
  for (const auto& row : rows) {
    const auto first = run.stats.find(row.first);
    const auto second = run.stats.find(row.second ? row.second : row.first);
    if (row.id != id || first == run.stats.end() || second == run.stats.end()) continue;
    return fmt::format(fmt::runtime(row.text), first->second, second->second);
  }
  return {};
}

std::string findings(const RunResult& run, Style style) {
  std::string out;
  for (const auto& finding : run.verdict.findings) {
    std::string word = painted("ok  ", "32", style);
    std::string detail = extent(run, finding.id);
    if (!finding.is_judged) {
      word = painted("?   ", "33", style);
      detail = "not judged: no witness of " + finding.lacks;
    } else if (finding.violations > 0) {
      word = painted("FAIL", "1;31", style);
      detail = counted(static_cast<std::size_t>(finding.violations), "violation");
    }
    out += fmt::format("  {}  {}  {:<34} {}", word, finding.id, finding.name, detail);
    out.erase(out.find_last_not_of(' ') + 1);
    out += "\n";
  }
  return out;
}

std::string speed(const RunResult& run) {
  const std::int64_t wall = std::max<std::int64_t>(run.wall.count(), 1);
  return fmt::format("{} simulated in {} wall ({}x)   {}, {}, {}", text_of(run.simulated),
                     text_of(run.wall), run.simulated.count() / wall,
                     counted(static_cast<std::size_t>(run.verdict.events), "event"),
                     counted(static_cast<std::size_t>(run.faults), "fault"),
                     counted(run.elections.size(), "election"));
}

std::string node_cell(NodeId node) { return node.is_set() ? fmt::format("b{}", node) : "none"; }

// "  without a leader: p50 1.9 s, at most 8.3 s, 16.6 s in all"
std::string outages(const std::vector<Election>& elections) {
  std::vector<Duration> times;
  for (const Election& e : elections)
    if (e.without_leader) times.push_back(*e.without_leader);
  if (times.empty()) return {};
  std::sort(times.begin(), times.end());
  Duration sum{};
  for (const Duration time : times) sum += time;
  return fmt::format("  without a leader: p50 {}, at most {}, {} in all\n",
                     text_of(times[(times.size() - 1) / 2]), text_of(times.back()), text_of(sum));
}

std::string reproduction(const RunResult& run) {
  if (run.verdict.passed() || run.reproduce.empty()) return {};
  std::string out = fmt::format("reproduce  {}\n", run.reproduce);
  if (run.replays > 0) {
    out += fmt::format("           replayed {}/{} identical\n", run.identical_replays, run.replays);
  }
  return out;
}

}  // namespace

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string paragraph(std::string_view text, std::string_view indent, Style style) {
  std::string out;
  std::string line(indent);
  while (!text.empty()) {
    const std::size_t blank = std::min(text.find(' '), text.size());
    const auto word = text.substr(0, blank);
    const bool is_first = line.size() == indent.size();
    if (!is_first && line.size() + 1 + word.size() > style.columns) {
      out += line + "\n";
      line = indent;
    }
    if (line.size() > indent.size()) line += ' ';
    line += word;
    text.remove_prefix(std::min(blank + 1, text.size()));
  }
  return out + line + "\n";
}

std::string failure_block(const RunResult& run, const std::vector<Event>& events, Style style) {
  if (run.verdict.passed()) return {};
  const auto& cause = *properties::cause_of(run.verdict.violations);
  const auto names = names_of(events);
  std::string out =
      fmt::format("{}: {}\n", painted(fmt::format("error[{}]", cause.id), "1;31", style),
                  run.verdict.name_of(cause));
  out += paragraph(cause.message, "  ", style) + "\n";
  int number = 0;
  for (const EventId id : cause.facts) {
    if (id.value == 0) continue;
    out += fact(++number, find_event(events, id), id, names, style);
  }
  out += story(cause, events, names, style) + "\n";
  out += notes(run, cause, style);
  return out + fmt::format("  help: `brokersim explain {}` describes this property\n", cause.id);
}

std::string verdict_line(const RunResult& run, Style style) {
  if (run.verdict.passed()) {
    return fmt::format("{}     {}\n", painted("passed", "1;32", style), speed(run));
  }
  const auto failed = std::count_if(run.verdict.findings.begin(), run.verdict.findings.end(),
                                    [](const auto& finding) { return finding.violations > 0; });
  return fmt::format("{}     {} of {} properties\n", painted("failed", "1;31", style), failed,
                     run.verdict.findings.size());
}

std::string summary(const RunResult& run, const std::vector<Event>& events, Style style) {
  std::string out =
      fmt::format("brokersim {}  scenario {}  seed {}\n", run.version, run.scenario, run.seed);
  if (!run.cluster.empty()) out += cut("cluster " + run.cluster, style);
  out += "\n" + findings(run, style) + "\n";
  if (!run.elections.empty()) {
    out += elections_table(run.elections, style);
    out += fmt::format("  leaders: {} of partition-time\n\n", run.outages.availability());
  }
  if (!run.verdict.passed()) out += failure_block(run, events, style) + "\n";
  for (const auto& file : run.files) out += fmt::format("wrote      {}\n", file);
  out += reproduction(run);
  if (!run.verdict.passed()) out += fmt::format("ran        {}\n", speed(run));
  return out + verdict_line(run, style);
}

std::string elections_table(const std::vector<Election>& elections, Style style) {
  std::size_t name_width = std::string_view("partition").size();
  for (const Election& e : elections)
    name_width = std::max(name_width, fmt::formatted_size("{}", e.partition));
  std::string out =
      fmt::format("  {:<4} {:>10}  {:<{}}  {:<10} {:>5}  {:<14}  {}\n", "", "at", "partition",
                  name_width, "leader", "epoch", "without leader", "why");
  const char* arrow = style.has_unicode ? "\u2192" : "->";
  for (const Election& e : elections) {
    const std::string step = fmt::format("{} {} {}", node_cell(e.from), arrow, node_cell(e.to));
    const std::string outage = e.without_leader ? text_of(*e.without_leader) : "until next";
    out += cut(fmt::format("  {:<4} {:>10}  {:<{}}  {:<10} {:>5}  {:<14}  {}{}",
                           fmt::format("E{}", e.number), text_of(e.committed_at.since_start),
                           fmt::format("{}", e.partition), name_width, step, e.leader_epoch.value,
                           outage, e.is_clean ? "" : "UNCLEAN ", e.why),
               style);
  }
  return out + outages(elections);
}

std::string result_json(const RunResult& run) {
  std::string violations;
  for (const auto& v : run.verdict.violations) {
    violations += fmt::format(
        R"({}{{"id":{},"message":{},"fingerprint":{},"count":{},"facts":[{},{}],"at_ns":{}}})",
        violations.empty() ? "" : ",", json_quoted(v.id), json_quoted(v.message),
        json_quoted(v.fingerprint()), v.count, v.facts[0].value, v.facts[1].value, v.at.ns());
  }
  std::string unjudged;
  for (const auto& id : run.verdict.unjudged())
    unjudged += (unjudged.empty() ? "" : ",") + json_quoted(id);
  std::string stats;
  for (const auto& [name, value] : run.stats)
    stats += fmt::format("{}{}:{}", stats.empty() ? "" : ",", json_quoted(name), value);
  return fmt::format(
      R"({{"verdict":{},"scenario":{},"seed":{},"trace_hash":{},"virtual_ns":{},"wall_ns":{},)"
      R"("events":{},"faults":{},"elections":{},"partition_ns":{},"led_ns":{},"violations":[{}],)"
      R"("not_judged":[{}],"stats":{{{}}}}})",
      json_quoted(run.verdict.passed() ? "pass" : "fail"), json_quoted(run.scenario), run.seed,
      json_quoted(run.trace_hash), run.simulated.count(), run.wall.count(), run.verdict.events,
      run.faults, run.elections.size(), run.outages.lifetime.count(), run.outages.led().count(),
      violations, unjudged, stats);
}

}  // namespace brokersim::reports
