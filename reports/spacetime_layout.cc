#include "reports/spacetime_layout.h"

#include <algorithm>
#include <set>

#include "reports/text_width.h"

namespace brokersim::reports {

namespace {

constexpr double widest_picture = 1120;
constexpr double widest_pitch = 250;
constexpr double first_lane = 44;  // From the axis.
constexpr double points_per_ms = 3;
constexpr double least_step = 6.5;
constexpr double largest_step = 42;
constexpr Duration longest_shown = 15ms;
// Arrows that begin or end so near a mark go through its label.
constexpr Duration near = 600us;

double step_for(Duration gap) {
  if (gap > longest_shown) return largest_step;
  const double points = static_cast<double>(gap.count()) / 1e6 * points_per_ms;
  return std::clamp(points, least_step, largest_step);
}

}  // namespace

SpacetimeLayout::SpacetimeLayout(const Story& story) {
  place_lanes(story);
  make_labels(story);
  warp(story);
}

// ---- Lanes -------------------------------------------------------------------------------------

void SpacetimeLayout::place_lanes(const Story& story) {
  for (std::size_t i = 0; i < story.lanes.size(); ++i) places_[story.lanes[i].node] = i;
  const double lanes = static_cast<double>(std::max<std::size_t>(story.lanes.size(), 1));
  pitch_ = std::min(widest_pitch, (widest_picture - axis - first_lane) / lanes);
  width_ = axis + first_lane + pitch_ * lanes;
  std::size_t lines = 0;
  for (const auto& lane : story.lanes) {
    lines = std::max(lines, wrapped_lines(lane.state, 8, pitch_ - 14).size());
  }
  top_ = 30 + static_cast<double>(lines) * 10 + 6;
}

double SpacetimeLayout::x(NodeId lane) const {
  const auto at = places_.find(lane);
  const double place = at == places_.end() ? 0 : static_cast<double>(at->second);
  return axis + first_lane + place * pitch_;
}

// ---- Labels ------------------------------------------------------------------------------------

// To the side where fewer arrows pass.
bool SpacetimeLayout::leans_right(const Story& story, const Story::Mark& mark) const {
  if (places_.at(mark.lane) == 0) return true;
  int right = 0;
  int left = 0;
  const double here = x(mark.lane);
  for (const auto& arrow : story.arrows) {
    const bool leaves =
        arrow.from == mark.lane && arrow.sent >= mark.at - near && arrow.sent <= mark.at + near;
    const bool comes = arrow.to == mark.lane && arrow.end == Story::Arrow::End::arrives &&
                       arrow.ended >= mark.at - near && arrow.ended <= mark.at + near;
    if (!leaves && !comes) continue;
    ++(x(leaves ? arrow.to : arrow.from) > here ? right : left);
  }
  return right <= left;
}

void SpacetimeLayout::make_labels(const Story& story) {
  for (const auto& mark : story.marks) {
    const bool is_bold = mark.fact != 0 || mark.kind == Story::Mark::Kind::loss;
    const double offset = mark.fact != 0 ? 13 : 9;
    MarkLabel label;
    label.is_right = leans_right(story, mark);
    label.lines = wrapped_lines(mark.text, label_size, pitch_ - offset - 22, is_bold);
    for (const auto& line : label.lines) {
      label.width = std::max(label.width, text_width(line, label_size, is_bold));
    }
    label.height = static_cast<double>(label.lines.size()) * line_height + 4;
    label.left = label.is_right ? x(mark.lane) + offset : x(mark.lane) - offset - label.width;
    const std::size_t place = places_.at(mark.lane);
    gaps_.push_back(label.is_right ? place + 1 : place);
    labels_.push_back(std::move(label));
  }
}

// ---- Time --------------------------------------------------------------------------------------

void SpacetimeLayout::warp(const Story& story) {
  std::set<Instant> instants = {story.begin, story.end};
  for (const auto& mark : story.marks) instants.insert(mark.at);
  for (const auto& arrow : story.arrows) {
    instants.insert(arrow.sent);
    if (arrow.end == Story::Arrow::End::arrives) instants.insert(arrow.ended);
  }
  for (const auto& box : story.faults) instants.insert({box.from, box.until});
  for (const auto& band : story.bands) instants.insert({band.from, band.until});

  std::vector<double> bottoms(story.lanes.size() + 1, 0);  // By gap: of the last label in it.
  std::size_t mark = 0;
  double y = top_ + 14;
  for (const Instant at : instants) {
    if (!stops_.empty()) {
      const Duration gap = at - stops_.back().at;
      const double above = y;
      y += step_for(gap);
      if (gap > longest_shown) folds_.push_back({above, y, gap});
    }
    const std::size_t first = mark;
    for (; mark < story.marks.size() && story.marks[mark].at == at; ++mark) {
      y = std::max(y, bottoms[gaps_[mark]] + labels_[mark].height / 2 + 2);
    }
    for (std::size_t i = first; i < mark; ++i) bottoms[gaps_[i]] = y + labels_[i].height / 2;
    stops_.push_back({at, y});
  }
  for (const double lowest : bottoms) y = std::max(y, lowest - 4);
  bottom_ = y + 14;
}

double SpacetimeLayout::y(Instant at) const {
  const auto after =
      std::lower_bound(stops_.begin(), stops_.end(), at,
                       [](const Stop& stop, Instant wanted) { return stop.at < wanted; });
  if (after == stops_.end()) return stops_.back().y + 8;
  if (after->at == at || after == stops_.begin()) return after->y;
  const Stop& before = *std::prev(after);
  const double part = static_cast<double>((at - before.at).count()) /
                      static_cast<double>((after->at - before.at).count());
  return before.y + (after->y - before.y) * part;
}

bool FreePlaces::place(const std::vector<Point>& centers, double width, double height,
                       Point& chosen) {
  for (const Point& center : centers) {
    const Area area{center.x - width / 2, center.y - height / 2, center.x + width / 2,
                    center.y + height / 2};
    const auto is_hit = [&](const Area& other) { return area.overlaps(other); };
    if (std::any_of(taken_.begin(), taken_.end(), is_hit)) continue;
    take(area);
    chosen = center;
    return true;
  }
  return false;
}

}  // namespace brokersim::reports
