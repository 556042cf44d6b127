// The page that all reports share: one file, no network, readable without scripts and without
// styles, light and dark, on screen and on paper.
//
// What carries meaning is in the markup's elements and their order; the style sheet only arranges
// and colours it. Scripts add comfort: a click on a command selects all of it, a table filters.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reports/markup.h"

namespace brokersim::reports {

struct PageLink {
  std::string text;
  std::string target;  // Relative: "elections.html".
};

struct Page {
  std::string title;
  std::vector<PageLink> links;  // To the other pages of the report.
  Markup body;
};
std::string html(const Page& page);

// How the head of a page sounds.
enum class Tone : std::uint8_t { good, bad, neutral };

// The sentence of the page, its only <h1>. `kicker` is the line above: "Election report · seed 7".
Markup banner(Tone tone, std::string_view kicker, std::string_view sentence,
              const Markup& more = {});

// A command to type: a click selects it.
Markup command(std::string_view line);

// "seed 7   events 1,184": names and values in one line.
struct Fact {
  std::string name;
  std::string value;
};
Markup fact_line(const std::vector<Fact>& facts);

// Large numbers in a row.
struct Indicator {
  std::string value;
  std::string label;
  bool is_bad = false;
};
Markup indicators(const std::vector<Indicator>& all);

// A section with a heading, its explanation in one line, and an anchor.
Markup panel(std::string_view anchor, std::string_view heading, std::string_view note,
             const Markup& content);

// A frame around a picture, which scrolls where it is wider than the page.
Markup picture(const Markup& svg);

// Collapsed until opened.
Markup details(std::string_view summary, const Markup& content, std::string_view anchor = "");

// A pill: "clean", "unclean".
Markup verdict_pill(Tone tone, std::string_view text);

struct Column {
  std::string title;
  bool is_number = false;  // Right-aligned, digits of one width.
};
struct Row {
  std::vector<Markup> cells;  // At most as many as columns; the rest stays empty.
  std::string anchor;
  std::string category;
  bool is_marked = false;  // To be seen first.
};
struct Table {
  std::vector<Column> columns;
  std::vector<Row> rows;
  std::string filter;  // Where set, scripts offer a field of this name to filter rows.
};
Markup table(const Table& table);

// JSON for scripts and other programs: <script type="application/json" id="…">.
Markup json_island(std::string_view id, std::string_view json);

}  // namespace brokersim::reports
