#include "reports/election_table.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "reports/election_text.h"
#include "reports/page.h"
#include "reports/summary.h"
#include "reports/svg.h"

namespace brokersim::reports {

namespace {

constexpr std::string_view right_arrow = "\xE2\x86\x92";
constexpr std::size_t most_rows = 2000;

struct Share {
  std::string_view name;
  Color color;
  std::optional<Duration> Election::*time;
  std::string_view meaning;
};

constexpr std::array shares = {
    Share{"detect", Color::violation, &Election::detect,
          "the old leader was lost, and the controller had not noticed: until it was fenced "
          "(broker.session.timeout.ms)"},
    Share{"decide", Color::control, &Election::decide,
          "until the new leader was committed to the metadata log"},
    Share{"spread", Color::leader, &Election::spread,
          "until the new leader had read of it and led"},
    Share{"recover", Color::consume, &Election::recover,
          "until it acknowledged the first produce request: clients find it by refreshing their "
          "metadata (retry.backoff.ms, metadata.max.age.ms)"},
};

Duration total_of(const Election& election) {
  Duration total{};
  for (const Share& part : shares) total += (election.*part.time).value_or(Duration{});
  return total;
}

Markup unbroken(std::string_view text) {
  return element("span", {{"class", "nowrap"}}, Markup::text(text));
}

Markup lines(const std::vector<std::string>& texts) {
  Markup out;
  for (const auto& text : texts) {
    if (!out.empty()) out += Markup::raw("<br>");
    out += Markup::text(text);
  }
  return out;
}

Markup time_cell(const Election& election, Duration full) {
  Markup total =
      element("b", election.without_leader ? brief(*election.without_leader) : "until the next");
  if (election.felt)
    total += element("span", {{"class", "muted"}},
                     Markup::text(fmt::format(" felt {}", brief(*election.felt))));
  Markup out = element("span", {{"class", "nowrap"}}, total);
  out += Markup::raw("<br>") + svg(time_bar(election, full));
  for (const Share& part : shares)
    if (const auto& time = election.*part.time)
      out += Markup::raw("<br>") + element("small", fmt::format("{} {}", part.name, brief(*time)));
  return out;
}

Markup candidates_cell(const Elections& all, const Election& election) {
  Markup out;
  for (const Candidate& candidate : election.candidates) {
    if (!out.empty()) out += Markup::raw("<br>");
    const std::string text = candidate_text(all, candidate);
    out += candidate.is_chosen ? element("b", {{"class", "nowrap"}}, Markup::text(text))
                               : unbroken(text);
  }
  std::string rest;
  if (election.high_watermark) rest = fmt::format("HW {}", *election.high_watermark);
  if (election.old_end_offset)
    rest += fmt::format("{}{} had LEO {}", rest.empty() ? "" : ", ",
                        all.short_name_of(election.from), *election.old_end_offset);
  if (!rest.empty())
    out += Markup::raw("<br>") + element("span", {{"class", "muted"}}, Markup::text(rest));
  return out;
}

Markup truncated_cell(const Elections& all, const Election& election) {
  std::vector<std::string> texts;
  for (const Truncation& cut : truncations_after(all, election))
    texts.push_back(all.short_name_of(cut.node) + " " + truncation_text(cut));
  return texts.empty() ? element("span", {{"class", "muted"}}, Markup::text("nothing"))
                       : lines(texts);
}

Markup verdict_cell(const Election& election) {
  Markup out;
  switch (election.verdict()) {
    case ElectionVerdict::clean: return verdict_pill(Tone::good, "clean");
    case ElectionVerdict::lost_unreplicated: out = verdict_pill(Tone::neutral, "clean"); break;
    case ElectionVerdict::lost_acknowledged:
      out = verdict_pill(Tone::bad, "clean, but lost");
      break;
    case ElectionVerdict::unclean: out = verdict_pill(Tone::bad, "unclean"); break;
  }
  if (election.lost_records == 0) return out;
  const auto count = static_cast<std::size_t>(election.lost_records);
  std::string text = fmt::format("lost {}, acknowledged", counted(count, "record"));
  if (election.lost_by_acks_1 == election.lost_records) {
    text += " with acks=1 only";
  } else if (election.lost_by_acks_1 > 0) {
    text += fmt::format(", {} of them with acks=1 only", election.lost_by_acks_1);
  }
  return out + Markup::raw("<br>") + element("small", text);
}

// Its fault is a link to the table of faults.
Markup cause_cell(const Election& election) {
  const std::string text = cause_text(election);
  if (election.fault == 0) return Markup::text(text);
  const std::string name = fmt::format("f{}", election.fault);
  const std::size_t at = text.find("(" + name + " ");
  if (at == std::string::npos) return Markup::text(text);
  const std::string_view whole = text;
  return Markup::text(whole.substr(0, at + 1)) +
         element("a", {{"href", "#" + name}}, Markup::text(name)) +
         Markup::text(whole.substr(at + 1 + name.size()));
}

Row row_of(const Elections& all, const Election& e, Duration full) {
  Row row{.cells = {}, .anchor = fmt::format("E{}", e.number), .category = {}};
  row.is_marked = is_alarming(e);
  row.cells = {
      element("b", fmt::format("E{}", e.number)),
      unbroken(fmt::format("{}", e.partition)) + Markup::raw("<br>") +
          unbroken("at " + brief(e.committed_at.since_start)),
      unbroken(
          fmt::format("{}{}{}", all.short_name_of(e.from), right_arrow, all.short_name_of(e.to))) +
          Markup::raw("<br>") +
          unbroken(fmt::format("epoch {}{}{}", e.epoch_before, right_arrow, e.leader_epoch)),
      cause_cell(e),
      time_cell(e, full),
      unbroken(isr_text(all, e.isr_before)) + Markup::raw("<br>") +
          unbroken(fmt::format("{} {}", right_arrow, isr_text(all, e.isr_after))),
      candidates_cell(all, e),
      truncated_cell(all, e),
      verdict_cell(e),
  };
  return row;
}

}  // namespace

Scene time_bar(const Election& election, Duration full) {
  constexpr double width = 130;
  constexpr double height = 9;
  Scene scene{.name = fmt::format("time-{}", election.number),
              .title = fmt::format("Where the time of E{} went", election.number),
              .description = {},
              .width = width,
              .height = height,
              .marks = {}};
  double x = 0;
  for (const Share& part : shares) {
    const auto& time = election.*part.time;
    if (!time) continue;
    const std::string text = fmt::format("{} {}", part.name, brief(*time));
    scene.description += (scene.description.empty() ? "" : ", ") + text;
    const double share =
        full <= Duration{} ? 0
                           : static_cast<double>(time->count()) / static_cast<double>(full.count());
    const double wide = std::max(share * (width - 4), 1.0);  // What took no time is seen, too.
    scene.add(Box{.corner = {x, 0},
                  .width = wide,
                  .height = height,
                  .fill = part.color,
                  .tag = {.tooltip = text}});
    x += wide;
  }
  return scene;
}

Markup election_table(const Elections& elections) {
  Table all{.columns = {{"#"},
                        {"partition"},
                        {"leader"},
                        {"cause"},
                        {"without leader"},
                        {"ISR"},
                        {"candidates"},
                        {"truncated"},
                        {"verdict"}},
            .rows = {},
            .filter = elections.all().size() > 10 ? "Filter elections" : ""};
  Duration full{};
  for (const Election& election : elections.all()) full = std::max(full, total_of(election));
  const std::size_t shown = std::min(elections.all().size(), most_rows);
  for (std::size_t i = 0; i < shown; ++i)
    all.rows.push_back(row_of(elections, elections.all()[i], full));
  Markup out = table(all);
  if (shown < elections.all().size())
    out += element("p", {{"class", "note"}},
                   Markup::text(fmt::format("Showing {} of {} elections; elections.csv has all.",
                                            shown, elections.all().size())));
  return out;
}

Markup time_definitions() {
  Markup items = element("dt", "lost");
  items += element("dd",
                   "the first instant at which the old leader could not have completed a write "
                   "with acks=all: it stopped, was paused, or was cut off and made no progress");
  for (const Share& part : shares) {
    Scene swatch{.name = fmt::format("swatch-{}", part.name),
                 .title = std::string(part.name),
                 .description = "its colour",
                 .width = 10,
                 .height = 10,
                 .marks = {}};
    swatch.add(Box{.width = 10, .height = 10, .fill = part.color, .tag = {}});
    items += element("dt", svg(swatch) + Markup::text(fmt::format(" {}", part.name))) +
             element("dd", part.meaning);
  }
  items += element("dt", "felt") +
           element("dd",
                   "from the last acknowledgement before to the first after; an upper bound, as "
                   "nothing may have been sent");
  return element("dl", {{"class", "definitions"}}, items) + Markup::raw("\n");
}

}  // namespace brokersim::reports
