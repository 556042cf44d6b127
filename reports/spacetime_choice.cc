// What of a long run goes into one picture: the story of the two facts, what explains how things
// stood before it, what is decisive after it; and of too much the weightiest.
#include <algorithm>
#include <utility>

#include "reports/spacetime_story.h"

namespace brokersim::reports {

namespace {

// Marks before the facts' own story that explain how things stood, and after it.
constexpr std::size_t prologue = 8;
constexpr std::size_t epilogue = 4;
constexpr int weight_of_prologue = 70;
constexpr int weight_of_epilogue = 40;
constexpr int decisive_weight = 95;  // The record in question is gone.
constexpr Duration short_epilogue = 1s;
constexpr Duration long_epilogue = 10s;  // Where something decisive follows.
constexpr int least_weight = 20;
// Between the record's sending and what became of it.
constexpr Duration longest_sending = 5s;

struct Item {
  Instant at;
  int weight = 0;
  std::size_t place = 0;
  bool is_mark = true;
  bool is_kept = false;
};

std::vector<Item> items_of(const Story& story) {
  std::vector<Item> items;
  for (std::size_t i = 0; i < story.marks.size(); ++i) {
    items.push_back({story.marks[i].at, story.marks[i].weight, i, true});
  }
  for (std::size_t i = 0; i < story.arrows.size(); ++i) {
    items.push_back({story.arrows[i].sent, story.arrows[i].weight, i, false});
  }
  std::stable_sort(items.begin(), items.end(),
                   [](const Item& a, const Item& b) { return a.at < b.at; });
  return items;
}

// From the sending of the record in question, or the first fact, to the last fact.
std::pair<Instant, Instant> core_of(const Story& story, const Focus& focus,
                                    const std::vector<Event>& events) {
  Instant first = never;
  Instant last{};
  for (const EventId fact : focus.facts) {
    const Event* event = find_event(events, fact);
    if (!event) continue;
    first = std::min(first, event->at);
    last = std::max(last, event->at);
  }
  if (first == never) return {events.back().at, events.back().at};
  const Instant earliest = first - longest_sending;
  const auto sent = std::find_if(story.arrows.begin(), story.arrows.end(), [&](const auto& arrow) {
    return arrow.kind == Story::Arrow::Kind::produce && arrow.sent >= earliest && arrow.weight > 60;
  });
  if (sent != story.arrows.end()) first = std::min(first, sent->sent - 1ms);
  return {first, last};
}

void keep_around(std::vector<Item>& items, Instant first, Instant last) {
  std::size_t before = 0;
  for (auto item = items.rbegin(); item != items.rend() && before < prologue; ++item) {
    const bool explains = item->is_mark && item->weight >= weight_of_prologue;
    if (item->at >= first || !explains) continue;
    item->is_kept = true;
    ++before;
  }
  Instant end = last + short_epilogue;
  for (const Item& item : items) {
    const bool is_decisive = item.is_mark && item.weight >= decisive_weight;
    if (is_decisive && item.at > last && item.at <= last + long_epilogue) {
      end = std::max(end, item.at);
    }
  }
  std::size_t after = 0;
  for (Item& item : items) {
    if (item.at >= first && item.at <= last) item.is_kept = item.weight >= least_weight;
    const bool follows = item.is_mark && item.weight >= weight_of_epilogue;
    if (item.at <= last || item.at > end || !follows) continue;
    item.is_kept = item.weight >= decisive_weight || after++ < epilogue;
  }
}

// The least weighty go first; of equal ones those that are far from the end of the story.
void thin_out(std::vector<Item>& items, std::size_t at_most) {
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].is_kept) kept.push_back(i);
  }
  if (kept.size() <= at_most) return;
  std::stable_sort(kept.begin(), kept.end(), [&](std::size_t a, std::size_t b) {
    return items[a].weight != items[b].weight ? items[a].weight > items[b].weight : a > b;
  });
  for (std::size_t i = at_most; i < kept.size(); ++i) items[kept[i]].is_kept = false;
}

template <class T>
std::vector<T> picked(std::vector<T>& all, const std::vector<Item>& items, bool are_marks) {
  std::vector<T> kept;
  for (const Item& item : items) {
    if (item.is_kept && item.is_mark == are_marks) kept.push_back(std::move(all[item.place]));
  }
  return kept;
}

}  // namespace

void choose(Story& story, const Focus& focus, const std::vector<Event>& events,
            std::size_t at_most) {
  auto items = items_of(story);
  if (items.empty()) return;
  const auto [first, last] = core_of(story, focus, events);
  keep_around(items, first, last);
  thin_out(items, at_most);
  story.begin = never;
  story.end = Instant{};
  for (const Item& item : items) {
    if (!item.is_kept) continue;
    story.begin = std::min(story.begin, item.at);
    story.end = std::max(story.end, item.at);
  }
  for (const Item& item : items) {
    story.left_out += !item.is_kept && item.at >= story.begin && item.at <= story.end;
  }
  story.marks = picked(story.marks, items, true);
  story.arrows = picked(story.arrows, items, false);
  for (auto& arrow : story.arrows) {
    const bool is_on_its_way = arrow.end == Story::Arrow::End::arrives && arrow.ended > story.end;
    if (is_on_its_way && arrow.ended - arrow.sent < 25ms)
      story.end = arrow.ended;
    else if (is_on_its_way)
      arrow.end = Story::Arrow::End::later;
  }
}

}  // namespace brokersim::reports
