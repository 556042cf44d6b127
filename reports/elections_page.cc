#include "reports/elections_page.h"

#include <algorithm>

#include <fmt/format.h>

#include "reports/dot.h"
#include "reports/election_table.h"
#include "reports/election_text.h"
#include "reports/elections_csv.h"
#include "reports/outages.h"
#include "reports/summary.h"
#include "reports/svg.h"
#include "reports/timeline.h"

namespace brokersim::reports {

namespace {

std::string verdict_of(const properties::Verdict& verdict) {
  if (!verdict.passed()) return "a property was violated";
  const std::size_t unjudged = verdict.unjudged().size();
  if (unjudged == 0) return "all properties held";
  return fmt::format("{} properties held, {} not judged", verdict.findings.size() - unjudged,
                     unjudged);
}

Markup head(const RunResult& run, const Elections& all) {
  const bool is_bad =
      !run.verdict.passed() || std::any_of(all.all().begin(), all.all().end(), is_alarming);
  std::vector<Fact> facts = {{"scenario", run.scenario}, {"seed", fmt::format("{}", run.seed)}};
  if (!run.cluster.empty()) facts.push_back({"cluster", run.cluster});
  facts.push_back({"simulated", brief(std::max(run.simulated, all.end().since_start))});
  return banner(is_bad ? Tone::bad : Tone::good,
                fmt::format("Election report \xC2\xB7 {}", verdict_of(run.verdict)),
                elections_sentence(all), fact_line(facts));
}

std::string outage_text(Duration outage) { return outage == Duration{} ? "never" : brief(outage); }

Markup numbers(const Elections& all) {
  const Outages outages = outages_of(all);
  std::size_t unclean = 0;
  std::int64_t lost = 0;
  std::int64_t promised = 0;
  for (const Election& election : all.all()) {
    unclean += election.is_clean ? 0 : 1;
    lost += election.lost_records;
    promised += election.lost_records - election.lost_by_acks_1;
  }
  std::int64_t cut = 0;
  std::int64_t acknowledged = 0;
  for (const PartitionHistory& partition : all.partitions()) {
    for (const Truncation& one : partition.truncations) {
      if (one.by_power_loss) continue;
      cut += one.records;
      acknowledged += one.acknowledged;
    }
  }
  return indicators(
      {{fmt::format("{}", all.all().size()), "partition elections"},
       {fmt::format("{}", quorum_elections(all)), "quorum elections"},
       {fmt::format("{}", unclean), "unclean elections", unclean > 0},
       {outage_text(outages.longest), "longest outage"},
       {outages.availability(), "leader availability"},
       {fmt::format("{}", cut), fmt::format("records truncated ({} acked)", acknowledged)},
       {fmt::format("{}", lost),
        promised == 0 && lost > 0 ? "acks=1 records lost" : "acked records lost", promised > 0}});
}

Markup partition_table(const Elections& all) {
  Table rows{.columns = {{"partition"},
                         {"leader now"},
                         {"available", true},
                         {"without leader", true},
                         {"longest", true},
                         {"elections", true},
                         {"log cut", true}},
             .rows = {},
             .filter = {}};
  const Instant end = all.end();
  for (const PartitionHistory& p : all.partitions()) {
    const Duration outage = p.without_leader(end);
    const bool is_led = !p.reigns.empty() && !p.reigns.back().until;
    rows.rows.push_back(
        {.cells = {Markup::text(fmt::format("{}", p.partition)),
                   Markup::text(is_led ? all.name_of_node(p.reigns.back().leader) : "nobody"),
                   Markup::text(share_text(p.lifetime(end) - outage, p.lifetime(end))),
                   Markup::text(outage_text(outage)),
                   Markup::text(outage_text(p.longest_outage(end))),
                   Markup::text(fmt::format("{}", p.elections.size())),
                   Markup::text(counted(p.truncations.size(), "time"))},
         .anchor = {},
         .category = {}});
  }
  return table(rows);
}

Markup quorum_table(const Elections& all) {
  Table rows{
      .columns = {{"leader"}, {"epoch", true}, {"from", true}, {"until", true}, {"ended by"}},
      .rows = {},
      .filter = {}};
  for (const QuorumLeader& leader : all.quorum().all()) {
    std::string why = leader.why_ended;
    if (leader.fault > 0) why += fmt::format(" (f{})", leader.fault);
    rows.rows.push_back(
        {.cells = {Markup::text(all.name_of_node(leader.leader)),
                   Markup::text(fmt::format("{}", leader.epoch)),
                   Markup::text(brief(leader.from.since_start)),
                   Markup::text(leader.until ? brief(leader.until->since_start) : "the end"),
                   Markup::text(why)},
         .anchor = {},
         .category = {}});
  }
  return table(rows);
}

// The elections that it forced, and the reigns of quorum leaders that it ended.
Markup consequences(const Elections& all, const FaultSpan& fault) {
  Markup out;
  for (const Election& election : all.all()) {
    if (election.fault != fault.number) continue;
    const std::string name = fmt::format("E{}", election.number);
    out += element("a", {{"href", "#" + name}}, Markup::text(name)) + Markup::raw(" ");
  }
  for (const QuorumLeader& leader : all.quorum().all()) {
    if (leader.fault != fault.number) continue;
    out += Markup::text(fmt::format("end of {} in quorum epoch {} ",
                                    all.short_name_of(leader.leader), leader.epoch));
  }
  return out;
}

// As the plan has it; where that is a role, with who played it.
std::string target_text(const Elections& all, const FaultSpan& fault) {
  std::string players;
  for (const NodeId target : fault.targets) {
    const auto name = all.name_of_node(target);
    if (fault.detail.find(name) != std::string::npos) continue;
    players += (players.empty() ? "" : ", ") + name;
  }
  return players.empty() ? fault.detail : fmt::format("{} ({})", fault.detail, players);
}

Markup fault_table(const Elections& all) {
  Table rows{.columns = {{"#"},
                         {"fault"},
                         {"target"},
                         {"from", true},
                         {"until", true},
                         {"effects", true},
                         {"led to"}},
             .rows = {},
             .filter = {}};
  for (const FaultSpan& fault : all.faults().all()) {
    rows.rows.push_back(
        {.cells = {element("b", fmt::format("f{}", fault.number)), Markup::text(fault.what),
                   Markup::text(target_text(all, fault)),
                   Markup::text(brief(fault.from.since_start)),
                   Markup::text(fault.until ? brief(fault.until->since_start) : "the end"),
                   Markup::text(fmt::format("{}", fault.effects)), consequences(all, fault)},
         .anchor = fmt::format("f{}", fault.number),
         .category = {}});
  }
  return table(rows);
}

Markup again(const RunResult& run) {
  std::vector<Fact> facts = {{"brokersim", run.version}, {"seed", fmt::format("{}", run.seed)}};
  if (!run.trace_hash.empty()) facts.push_back({"trace", run.trace_hash});
  return command(run.reproduce) + fact_line(facts);
}

Markup explained(const Elections& all) {
  if (all.all().empty())
    return element("p", {{"class", "note"}}, Markup::text("There was none in this run."));
  return election_table(all) +
         details("What the parts of the time mean", time_definitions(), "parts");
}

Markup body(const RunResult& run, const Elections& all) {
  Markup out = head(run, all) + numbers(all) + timeline_panel(all);
  out += panel("elections", "Each election explained", "", explained(all));
  out += panel("partitions", "Partitions", "available: the share of its life with a leader",
               partition_table(all));
  if (!all.faults().all().empty())
    out += panel("faults", "Faults", "what was done to the cluster", fault_table(all));
  if (!all.quorum().all().empty())
    out += panel("quorum", "Quorum", "who led the controllers", quorum_table(all));
  if (!run.reproduce.empty()) out += panel("reproduce", "The same run again", "", again(run));
  if (run.verdict.findings.empty()) return out;
  // Many rows that say "held": they are there for who asks.
  const Markup all_properties = property_table(run.verdict);
  return out + panel("properties", "Properties", "what was checked",
                     run.verdict.passed() ? details(verdict_of(run.verdict), all_properties)
                                          : all_properties);
}

}  // namespace

Markup timeline_panel(const Elections& elections) {
  return panel("timeline", "Who led what, when",
               "bar: leader and epoch; thin bars: replicas in sync; hatched: nobody leads; "
               "numbers: elections",
               picture(svg(timeline(elections))));
}

Markup property_table(const properties::Verdict& verdict) {
  Table rows{.columns = {{"verdict"}, {"id"}, {"property"}, {"violations", true}},
             .rows = {},
             .filter = {}};
  for (const auto& finding : verdict.findings) {
    const bool is_violated = finding.violations > 0;
    Markup word =
        is_violated ? verdict_pill(Tone::bad, "violated") : verdict_pill(Tone::good, "held");
    std::string count = fmt::format("{}", finding.violations);
    if (!finding.is_judged) {
      word = verdict_pill(Tone::neutral, "not judged");
      count = "no witness of " + finding.lacks;
    }
    rows.rows.push_back({.cells = {word, element("code", finding.id), Markup::text(finding.name),
                                   Markup::text(count)},
                         .anchor = finding.id,
                         .category = {},
                         .is_marked = is_violated});
  }
  return table(rows);
}

ElectionReport election_report(const RunResult& run, const std::vector<Event>& events,
                               const std::vector<PageLink>& links) {
  const Elections all = elections_of(events);
  const Scene scene = timeline(all);
  return {.html = html({.title = fmt::format("Elections \xC2\xB7 {} \xC2\xB7 seed {}", run.scenario,
                                             run.seed),
                        .links = links,
                        .body = body(run, all)}),
          .csv = elections_csv(all),
          .svg = svg_file(scene),
          .dot = dot(scene)};
}

}  // namespace brokersim::reports
