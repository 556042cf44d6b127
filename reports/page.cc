#include "reports/page.h"

#include <fmt/format.h>

#include "reports/page_style.h"

namespace brokersim::reports {

namespace {

std::string_view category_of(Tone tone) {
  switch (tone) {
    case Tone::good: return "good";
    case Tone::bad: return "bad";
    case Tone::neutral: return "neutral";
  }
  return "neutral";
}

Markup navigation(const std::vector<PageLink>& links) {
  if (links.empty()) return {};
  Markup items;
  for (const PageLink& link : links)
    items += element("a", {{"href", link.target}}, Markup::text(link.text)) + Markup::raw("\n");
  return element("nav", {{"aria-label", "Pages of this report"}}, items) + Markup::raw("\n");
}

// Nothing may be loaded from anywhere.
constexpr std::string_view policy =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

Markup header_cells(const std::vector<Column>& columns) {
  Markup cells;
  for (const Column& column : columns)
    cells += element("th", {{"scope", "col"}, {"class", column.is_number ? "number" : ""}},
                     Markup::text(column.title));
  return element("thead", element("tr", cells)) + Markup::raw("\n");
}

Markup body_row(const Table& table, const Row& row) {
  Markup cells;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const Markup content = i < row.cells.size() ? row.cells[i] : Markup();
    cells += element("td", {{"class", table.columns[i].is_number ? "number" : ""}}, content);
  }
  std::string category = row.category;
  if (row.is_marked) category += category.empty() ? "marked" : " marked";
  return element("tr", {{"id", row.anchor}, {"class", category}}, cells) + Markup::raw("\n");
}

}  // namespace

std::string html(const Page& page) {
  const Markup main = element("main", navigation(page.links) + page.body);
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<title>{}</title>\n<style>\n{}</style>\n</head>\n<body>\n{}\n<script>\n{}</script>\n"
      "</body>\n</html>\n",
      policy, escaped(page.title), page_style(), main.str(), page_script());
}

Markup banner(Tone tone, std::string_view kicker, std::string_view sentence, const Markup& more) {
  return element("header", {{"class", fmt::format("banner {}", category_of(tone))}},
                 element("p", {{"class", "kicker"}}, Markup::text(kicker)) +
                     element("h1", sentence) + Markup::raw("\n") + more) +
         Markup::raw("\n");
}

Markup command(std::string_view line) {
  return element("pre", {{"class", "command"}, {"tabindex", "0"}}, element("code", line)) +
         Markup::raw("\n");
}

Markup fact_line(const std::vector<Fact>& facts) {
  Markup items;
  for (const Fact& fact : facts)
    items += element("span", Markup::text(fact.name + " ") + element("b", fact.value)) +
             Markup::raw("\n");
  return element("p", {{"class", "facts"}}, items) + Markup::raw("\n");
}

Markup indicators(const std::vector<Indicator>& all) {
  Markup items;
  for (const Indicator& one : all)
    items += element("div", {{"class", one.is_bad ? "bad" : ""}},
                     element("dt", one.label) + element("dd", one.value)) +
             Markup::raw("\n");
  return element("dl", {{"class", "indicators"}}, items) + Markup::raw("\n");
}

Markup panel(std::string_view anchor, std::string_view heading, std::string_view note,
             const Markup& content) {
  Markup title = Markup::text(heading);
  if (!note.empty()) title += Markup::raw(" ") + element("small", note);
  return element("section", {{"id", std::string(anchor)}},
                 element("h2", title) + Markup::raw("\n") + content) +
         Markup::raw("\n");
}

Markup picture(const Markup& svg) {
  return element("div", {{"class", "picture"}}, svg) + Markup::raw("\n");
}

Markup details(std::string_view summary, const Markup& content, std::string_view anchor) {
  return element("details", {{"id", std::string(anchor)}},
                 element("summary", summary) + Markup::raw("\n") + content) +
         Markup::raw("\n");
}

Markup verdict_pill(Tone tone, std::string_view text) {
  return element("span", {{"class", fmt::format("pill {}", category_of(tone))}},
                 Markup::text(text));
}

Markup table(const Table& table) {
  Markup rows;
  for (const Row& row : table.rows) rows += body_row(table, row);
  const Markup whole = header_cells(table.columns) + element("tbody", rows);
  return element("div", {{"class", "table"}},
                 element("table", {{"data-filter", table.filter}}, whole)) +
         Markup::raw("\n");
}

Markup json_island(std::string_view id, std::string_view json) {
  return element("script", {{"type", "application/json"}, {"id", std::string(id)}},
                 Markup::raw(json_in_script(json))) +
         Markup::raw("\n");
}

}  // namespace brokersim::reports
