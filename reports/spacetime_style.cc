#include "reports/spacetime_style.h"

#include <string>
#include <string_view>
#include <utility>

#include "reports/spacetime_layout.h"
#include "reports/text_width.h"

namespace brokersim::reports {

namespace {

using Arrow = Story::Arrow;
constexpr double legend_left = SpacetimeLayout::axis - 60;

// Signs and their meanings, one after the other.
class LegendRow {
 public:
  LegendRow(Scene& scene, double y) : scene_(scene), y_(y) {}

  void word(std::string_view words, double width) {
    scene_.add(Text{{x_ + width + 5, y_}, std::string(words), 8, Color::muted});
    x_ += width + text_width(words, 8) + 18;
  }
  void line(Arrow::Kind kind, std::string_view words) {
    const ArrowStyle style = style_of(kind);
    scene_.add(Line{{x_, y_}, {x_ + 22, y_}, style.color, style.width, style.stroke, true});
    word(words, 22);
  }
  void band(Box box, std::string_view words) {
    box.corner = {x_ + 3, y_ - 5};
    box.width = band_width;
    box.height = 10;
    scene_.add(std::move(box));
    word(words, 12);
  }
  void fault() {
    scene_.add(Box{
        {x_, y_ - 5}, 12, 10, Color::violation_ground, Color::violation, 0.8, Stroke::dashed, 3});
    word("fault", 12);
  }
  void lost() {
    scene_.add(Line{{x_, y_}, {x_ + 16, y_}, Color::violation, 1, Stroke::dashed});
    scene_.add(Cross{{x_ + 16, y_}});
    word("lost", 20);
  }
  void facts() {
    scene_.add(Badge{{x_ + 7, y_}, "1", Color::violation});
    word("the two facts", 16);
  }

 private:
  Scene& scene_;
  double y_;
  double x_ = legend_left;
};

}  // namespace

ArrowStyle style_of(Story::Arrow::Kind kind) {
  switch (kind) {
    case Arrow::Kind::produce: return {Color::leader, 1.4, Stroke::solid, Color::leader};
    case Arrow::Kind::ack: return {Color::leader, 1.3, Stroke::dashed, Color::leader};
    case Arrow::Kind::control: return {Color::control, 1.3, Stroke::solid, Color::control};
    case Arrow::Kind::read: return {Color::consume, 1.1, Stroke::solid, Color::consume};
    case Arrow::Kind::replication: return {Color::quiet, 1, Stroke::solid, Color::muted};
    case Arrow::Kind::heartbeat: return {Color::quiet, 0.9, Stroke::dotted, Color::muted};
  }
  return {};
}

double add_spacetime_legend(Scene& scene, double y) {
  LegendRow messages(scene, y);
  messages.line(Arrow::Kind::produce, "produce");
  messages.line(Arrow::Kind::ack, "acknowledgement");
  messages.line(Arrow::Kind::control, "control plane");
  messages.line(Arrow::Kind::read, "consume");
  messages.line(Arrow::Kind::replication, "replication");
  messages.line(Arrow::Kind::heartbeat, "heartbeat");
  messages.lost();
  LegendRow lanes(scene, y + 15);
  Box leader;
  leader.fill = Color::leader;
  lanes.band(leader, "believes that it leads");
  Box stale;
  stale.fill = Color::background;
  stale.outline = Color::violation;
  stale.is_hatched = true;
  lanes.band(stale, "although another was elected");
  lanes.fault();
  Box down;
  down.fill = Color::background;
  down.outline = Color::muted;
  down.stroke = Stroke::dotted;
  lanes.band(down, "down");
  lanes.facts();
  return y + 15;
}

}  // namespace brokersim::reports
