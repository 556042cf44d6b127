// Where everything of a story goes: lanes side by side, time downward and warped.
//
// Time is stretched where much happens and folded where nothing does: order is kept strictly,
// bursts stay legible, idle seconds cost a few points. A labelled mark pushes time down until its
// label is clear of those above.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "reports/scene.h"
#include "reports/spacetime_story.h"

namespace brokersim::reports {

// A rectangle that is taken.
struct Area {
  double left = 0;
  double top = 0;
  double right = 0;
  double bottom = 0;
  bool overlaps(const Area& other) const {
    return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
  }
};

// The label of a mark.
struct MarkLabel {
  std::vector<std::string> lines;
  double left = 0;
  double width = 0;
  double height = 0;
  bool is_right = true;  // Of its lane.
};

// Time that was folded: between two heights nothing is shown.
struct Fold {
  double top = 0;
  double bottom = 0;
  Duration length{};
};

class SpacetimeLayout {
 public:
  static constexpr double label_size = 8.6;
  static constexpr double line_height = 10.4;
  static constexpr double axis = 96;  // Left of it: time.

  explicit SpacetimeLayout(const Story& story);

  double x(NodeId lane) const;
  double y(Instant at) const;
  double pitch() const { return pitch_; }
  double top() const { return top_; }  // Of the lanes.
  double bottom() const { return bottom_; }
  double width() const { return width_; }
  const MarkLabel& label(std::size_t mark) const { return labels_[mark]; }
  const std::vector<Fold>& folds() const { return folds_; }
  // The instants at which something is shown, with their heights.
  struct Stop {
    Instant at;
    double y = 0;
  };
  const std::vector<Stop>& stops() const { return stops_; }

 private:
  void place_lanes(const Story& story);
  void make_labels(const Story& story);
  void warp(const Story& story);
  bool leans_right(const Story& story, const Story::Mark& mark) const;
  std::size_t gap_of(std::size_t mark) const;

  std::map<NodeId, std::size_t> places_;
  double pitch_ = 0;
  double width_ = 0;
  double top_ = 0;
  double bottom_ = 0;
  std::vector<MarkLabel> labels_;
  std::vector<std::size_t> gaps_;  // By mark: the space between lanes that its label is in.
  std::vector<Stop> stops_;
  std::vector<Fold> folds_;
};

// Where a text may go: the first of the places that touches nothing, which is taken from then on.
class FreePlaces {
 public:
  void take(const Area& area) { taken_.push_back(area); }
  // Centred at a point; false if none of them is free.
  bool place(const std::vector<Point>& centers, double width, double height, Point& chosen);

 private:
  std::vector<Area> taken_;
};

}  // namespace brokersim::reports
