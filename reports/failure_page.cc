#include "reports/failure_page.h"

#include <algorithm>

#include <fmt/format.h>

#include "reports/operations.h"
#include "reports/summary.h"
#include "reports/svg.h"

namespace brokersim::reports {

namespace {

constexpr std::size_t operations_shown = 10;
constexpr std::size_t rows_after_facts = 500;

std::string clock(Instant at) {
  const std::int64_t us = at.ns() / 1'000;
  return fmt::format("{}.{:03} ms", us / 1'000, us % 1'000);
}

Markup link(const std::string& target, std::string_view text) {
  return element("a", {{"href", target}}, Markup::text(text));
}

SpacetimeOptions options_of(const Trace& trace, const EventRows& rows) {
  SpacetimeOptions options;
  if (rows.first == rows.last) return options;
  options.first_row = trace.events[rows.first].id;
  options.last_row = trace.events[rows.last - 1].id;
  return options;
}

class Writer {
 public:
  Writer(const Trace& trace, const FailurePageParts& parts)
      : trace_(trace),
        parts_(parts),
        violation_(*properties::cause_of(trace.run.verdict.violations)),
        cast_(trace.events),
        focus_(focus_of(violation_, trace.events)),
        rows_(event_rows(trace.events, violation_)),
        diagram_(spacetime(trace.events, trace.messages, violation_, options_of(trace, rows_))) {}

  std::string write() const {
    Page page;
    page.title = fmt::format("{}: {} · {} seed {}", violation_.id, title(), trace_.run.scenario,
                             trace_.run.seed);
    page.links = parts_.links;
    page.body += verdict();
    page.body += facts();
    page.body += consequences();
    page.body += what_happened();
    page.body += parts_.timeline;
    page.body += client_operations();
    page.body += how_to_go_on();
    page.body += all_events();
    return html(page);
  }

 private:
  std::string title() const { return trace_.run.verdict.name_of(violation_); }

  // ---- Verdict and facts ----

  Markup verdict() const {
    const RunResult& run = trace_.run;
    std::string kicker = fmt::format("Failed · {} {}", violation_.id, title());
    if (violation_.partition) kicker += fmt::format(" · {}", *violation_.partition);
    std::vector<Fact> all = {{"scenario", run.scenario},
                             {"seed", fmt::format("{}", run.seed)},
                             {"cluster", run.cluster},
                             {"faults", fmt::format("{}", run.faults)},
                             {"events", fmt::format("{}", run.verdict.events)},
                             {"simulated", text_of(run.simulated)},
                             {"trace", run.trace_hash}};
    if (run.replays > 0) all.push_back({"replayed", replays()});
    all.push_back({"brokersim", run.version});
    return banner(Tone::bad, kicker, violation_.message, command(run.reproduce) + fact_line(all));
  }

  std::string replays() const {
    const RunResult& run = trace_.run;
    const bool are_same = run.identical_replays == run.replays;
    return fmt::format("{}/{}: {}", run.identical_replays, run.replays,
                       are_same ? "same trace hash" : "not the same run");
  }

  // What happened, who witnessed it and when, and the event itself.
  Markup card(int number, const Event& event) const {
    const std::string& words = diagram_.facts[static_cast<std::size_t>(number - 1)];
    std::string what = words.empty() ? describe(event) : words;
    if (event.node.is_set()) what = cast_.name_of(event.node) + " " + what;
    Markup body = element("h3", fmt::format("{} {}", number == 1 ? "①" : "②", what));
    body += element("p", clock(event.at) + (event.node.is_set() ? "" : " · in the metadata"));
    body += element("p", {}, element("code", describe(event)));
    Markup places;
    if (!words.empty()) {
      places += link(fmt::format("#fact-{}", number), "in the diagram") + Markup::text(" · ");
    }
    const std::string name = fmt::format("e{}", event.id.value);
    places += link("#" + name, "event " + name);
    body += element("p", {{"class", "note"}}, places);
    return element("div", {{"class", "card"}}, body);
  }

  Markup facts() const {
    Markup cards;
    int number = 0;
    for (const EventId id : violation_.facts) {
      ++number;
      if (const Event* event = find_event(trace_.events, id)) cards += card(number, *event);
    }
    Markup content;
    if (!cards.empty()) content += element("div", {{"class", "cards"}}, cards);
    if (!parts_.promise.empty()) {
      const Markup title = element("b", fmt::format("{} promises: ", violation_.id));
      content += element("p", title + Markup::text(parts_.promise));
    }
    if (content.empty()) return {};
    const bool are_two = violation_.facts[0].value != 0 && violation_.facts[1].value != 0;
    return panel("facts", are_two ? "Two facts that cannot both stand" : "What contradicts it",
                 "as the wire, the disks and the metadata witnessed them", content);
  }

  // What else the same run violates.
  Markup consequences() const {
    const auto& all = trace_.run.verdict.violations;
    if (all.size() < 2) return {};
    Markup items;
    for (const auto& each : all) {
      if (&each == &violation_) continue;
      items += element("li", fmt::format("{}: {}", each.id, each.message));
    }
    return details(counted(all.size() - 1, "further violation") + " in the same run",
                   element("ul", items), "further");
  }

  // ---- Diagrams and tables ----

  Markup what_happened() const {
    Markup content;
    if (!diagram_.scene.marks.empty()) content = picture(svg(diagram_.scene));
    content += element("p", {{"class", "note"}}, Markup::text(diagram_.notice + "."));
    return panel("what-happened", "What happened", "time runs down; every arrow is a message",
                 content);
  }

  Markup client_operations() const {
    const auto all = operations_of(trace_.events);
    if (all.empty()) return {};
    std::vector<Instant> times;
    for (const EventId id : violation_.facts) {
      if (const Event* event = find_event(trace_.events, id)) times.push_back(event->at);
    }
    const auto shown = operations_around(all, focus_, times, operations_shown);
    return panel("operations", "What clients were told",
                 fmt::format("{} of {}, nearest to the facts", shown.size(),
                             counted(all.size(), "operation")),
                 operations_table(shown, focus_));
  }

  Row event_row(const Event& e) const {
    Row row;
    row.anchor = fmt::format("e{}", e.id.value);
    row.is_marked = e.id == violation_.facts[0] || e.id == violation_.facts[1];
    const std::string at = clock(e.at);
    row.cells = {Markup::text(row.anchor), Markup::text(at.substr(0, at.size() - 3)),
                 Markup::text(cast_.name_of(e.node)), Markup::text(describe(e))};
    return row;
  }

  // A fact from before the rows that are shown has its row all the same: the page links to it.
  void add_earlier_fact(Table& rows) const {
    const EventId earlier = std::min(violation_.facts[0], violation_.facts[1]);
    const Event* fact = find_event(trace_.events, earlier);
    if (fact == nullptr || earlier >= trace_.events[rows_.first].id) return;
    rows.rows.push_back(event_row(*fact));
    Row gap;
    gap.cells = {Markup::text("…"), {}, {}, Markup::text("events between are in trace.jsonl")};
    rows.rows.push_back(std::move(gap));
  }

  Markup all_events() const {
    Table rows;
    rows.columns = {{"event"}, {"at, ms", true}, {"node"}, {"what"}};
    rows.filter = "filter events";
    add_earlier_fact(rows);
    for (std::size_t i = rows_.first; i < rows_.last; ++i) {
      rows.rows.push_back(event_row(trace_.events[i]));
    }
    const std::size_t shown = rows_.last - rows_.first;
    std::string summary = fmt::format("All {}", counted(trace_.events.size(), "event"));
    if (shown < trace_.events.size()) {
      summary =
          fmt::format("{} of {} events; all of them: trace.jsonl", shown, trace_.events.size());
    }
    return panel("events", "Events", "", details(summary, table(rows)));
  }

  // ---- How to go on ----

  Markup how_to_go_on() const {
    Markup content;
    if (!parts_.properties.empty()) content += details("All properties", parts_.properties);
    if (!trace_.header.plan.empty()) {
      content += details("The plan: cluster, operations, faults",
                         element("pre", trace_.header.plan), "plan");
    }
    if (!parts_.downloads.empty()) {
      Markup files;
      for (const auto& name : parts_.downloads) files += element("li", link(name, name));
      content += details("Files beside this page", element("ul", files), "files");
    }
    return panel("go-on", "How to go on", "", content);
  }

  const Trace& trace_;
  const FailurePageParts& parts_;
  const properties::Violation& violation_;
  const Cast cast_;
  const Focus focus_;
  const EventRows rows_;
  const Spacetime diagram_;
};

}  // namespace

EventRows event_rows(const std::vector<Event>& events, const properties::Violation& violation) {
  if (events.size() <= most_event_rows) return {0, events.size()};
  const EventId latest = std::max(violation.facts[0], violation.facts[1]);
  const auto after = std::upper_bound(events.begin(), events.end(), latest,
                                      [](EventId wanted, const Event& e) { return wanted < e.id; });
  std::size_t last =
      latest.value == 0 ? events.size() : static_cast<std::size_t>(after - events.begin());
  last = std::clamp(last + rows_after_facts, most_event_rows, events.size());
  return {last - most_event_rows, last};
}

std::string failure_page(const Trace& trace, const FailurePageParts& parts) {
  REQUIRE(!trace.run.verdict.passed());
  return Writer(trace, parts).write();
}

}  // namespace brokersim::reports
