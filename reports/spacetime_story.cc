#include "reports/spacetime_story.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "reports/elections.h"
#include "reports/summary.h"

namespace brokersim::reports {

namespace {

const Event* find(const std::vector<Event>& events, EventId id) {
  const auto at = std::lower_bound(events.begin(), events.end(), id,
                                   [](const Event& e, EventId wanted) { return e.id < wanted; });
  return at != events.end() && at->id == id ? &*at : nullptr;
}

// The record that an event of this kind is evidence of.
Offset offset_in(const EventBody& body) {
  if (const auto* answer = std::get_if<ProduceAnswered>(&body)) return answer->batch.base_offset;
  if (const auto* stored = std::get_if<BatchStored>(&body)) return stored->batch.base_offset;
  if (const auto* read = std::get_if<RecordDelivered>(&body)) return read->offset;
  if (const auto* sent = std::get_if<SendEnded>(&body)) return sent->offset;
  return -1;
}

}  // namespace

Focus focus_of(const properties::Violation& violation, const std::vector<Event>& events) {
  Focus focus{.partition = violation.partition, .facts = violation.facts};
  for (const EventId fact : focus.facts) {
    const Event* event = find(events, fact);
    if (event && focus.offset < 0) focus.offset = offset_in(event->body);
  }
  if (focus.offset < 0) return focus;
  for (const Event& event : events) {
    const auto* ended = std::get_if<SendEnded>(&event.body);
    const bool is_it =
        ended && focus.partition == ended->partition && ended->offset == focus.offset;
    if (is_it) focus.ops.push_back(ended->op);
  }
  return focus;
}

// ---- Lanes -------------------------------------------------------------------------------------

namespace {

std::vector<NodeId> lanes_of(const Story& story, const Cast& cast, std::size_t at_most,
                             std::size_t& hidden) {
  std::map<NodeId, int> weights;
  for (const auto& mark : story.marks) weights[mark.lane] += mark.fact ? 10'000 : mark.weight;
  for (const auto& arrow : story.arrows) {
    weights[arrow.from] += arrow.weight;
    weights[arrow.to] += arrow.weight;
  }
  std::vector<NodeId> lanes;
  for (const auto& [node, weight] : weights) lanes.push_back(node);
  std::stable_sort(lanes.begin(), lanes.end(),
                   [&](NodeId a, NodeId b) { return weights[a] > weights[b]; });
  if (lanes.size() > at_most) {
    hidden = lanes.size() - at_most;
    lanes.resize(at_most);
  }
  std::sort(lanes.begin(), lanes.end(), [&](NodeId a, NodeId b) {
    return std::pair(cast.part_of(a), a) < std::pair(cast.part_of(b), b);
  });
  return lanes;
}

void drop_hidden(Story& story, const std::vector<NodeId>& lanes) {
  const auto is_hidden = [&](NodeId node) {
    return std::find(lanes.begin(), lanes.end(), node) == lanes.end();
  };
  const auto before = story.shown();
  std::erase_if(story.marks, [&](const auto& mark) { return is_hidden(mark.lane); });
  std::erase_if(story.arrows,
                [&](const auto& arrow) { return is_hidden(arrow.from) || is_hidden(arrow.to); });
  story.left_out += before - story.shown();
}

// What each node is when the picture begins, and what it believes while it lasts.
class Follower {
 public:
  Follower(Story& story, const Focus& focus, const Cast& cast)
      : story_(story), focus_(focus), cast_(cast) {}

  void observe(const Event& event) {
    at_ = event.at;
    node_ = event.node;
    std::visit([this](const auto& body) { take(body); }, event.body);
    if (event.at < story_.begin) states_ = beliefs_;
  }
  void finish() {
    at_ = story_.end;
    for (auto& [node, belief] : beliefs_) {
      node_ = node;
      close(belief);
    }
    for (auto& [number, box] : open_faults_) add(box, never);
    for (auto& lane : story_.lanes) lane.state = text_of(states_[lane.node]);
  }

 private:
  struct Belief {
    bool is_down = false;
    bool leads = false;
    std::optional<LeaderEpoch> epoch;
    NodeId leader = no_node;
    std::optional<Offset> end_offset;
    Instant since;
    std::optional<Instant> stale_since;
  };
  using Band = Story::Band;

  static std::string text_of(const Belief& belief) {
    if (belief.is_down) return "down";
    std::string text;
    if (belief.leads) text = fmt::format("leads epoch {}", *belief.epoch);
    if (!belief.leads && belief.leader.is_set()) text = fmt::format("follows b{}", belief.leader);
    if (belief.end_offset) {
      text += fmt::format("{}LEO {}", text.empty() ? "" : ", ", *belief.end_offset);
    }
    return text;
  }

  bool is_it(const TopicPartition& partition) const {
    return focus_.partition && *focus_.partition == partition;
  }
  void band(Instant from, Instant until, Band::Kind kind, std::string text) {
    if (until <= story_.begin || from >= story_.end) return;
    story_.bands.push_back(
        {node_, std::max(from, story_.begin), std::min(until, story_.end), kind, std::move(text)});
  }
  // What it believed until now goes into the picture.
  void close(Belief& belief) {
    if (belief.is_down) band(belief.since, at_, Band::Kind::down, "down");
    if (!belief.leads) return;
    const Instant stale = belief.stale_since.value_or(at_);
    band(belief.since, stale, Band::Kind::leader, fmt::format("leads epoch {}", *belief.epoch));
    if (stale < at_) {
      band(stale, at_, Band::Kind::stale, fmt::format("stale leader, epoch {}", *belief.epoch));
    }
  }

  template <class Body>
  void take(const Body&) {}
  void take(const NodeStarted&) {
    close(beliefs_[node_]);
    beliefs_[node_] = {};
  }
  void take(const NodeStopped& b) {
    Belief& belief = beliefs_[node_];
    close(belief);
    // A client that ends has done its work.
    const bool is_done =
        cast_.part_of(node_) == Part::client && b.how == NodeStopped::How::shutdown;
    belief = {.is_down = !is_done, .since = at_};
  }
  void take(const BecameLeader& b) {
    if (!is_it(b.partition)) return;
    Belief& belief = beliefs_[node_];
    close(belief);
    belief = {.leads = true, .epoch = b.leader_epoch, .end_offset = b.end_offset, .since = at_};
  }
  void take(const BecameFollower& b) {
    if (!is_it(b.partition)) return;
    Belief& belief = beliefs_[node_];
    close(belief);
    belief = {.leader = b.leader, .end_offset = b.end_offset, .since = at_};
  }
  void take(const PartitionCommitted& b) {
    if (!is_it(b.partition)) return;
    for (auto& [node, belief] : beliefs_) {
      const bool is_deposed = belief.leads && *belief.epoch < b.leader_epoch;
      if (is_deposed && !belief.stale_since) belief.stale_since = at_;
    }
  }
  void take(const BatchStored& b) {
    if (is_it(b.partition)) beliefs_[node_].end_offset = b.batch.last_offset + 1;
  }
  void take(const LogCut& b) {
    if (is_it(b.partition)) beliefs_[node_].end_offset = b.end_offset;
  }

  // ---- Faults ----

  void take(const FaultBegan& b) {
    std::string what = b.what;
    std::replace(what.begin(), what.end(), '_', ' ');
    auto text = fmt::format("f{} {} {}", b.fault, what, names_of(b.targets));
    if (!b.peers.empty()) text += " | " + names_of(b.peers);
    // Parameters stand last: " extra=5ms".
    const auto equals = b.detail.find('=');
    if (equals != std::string::npos) text += b.detail.substr(b.detail.rfind(' ', equals));
    open_faults_[b.fault] = {b.fault, b.targets, at_, at_, std::move(text)};
  }
  std::string names_of(const std::vector<NodeId>& nodes) const {
    std::string names;
    for (const NodeId node : nodes) names += (names.empty() ? "" : ", ") + cast_.name_of(node);
    return names;
  }
  void take(const FaultEnded& b) {
    const auto box = open_faults_.find(b.fault);
    if (box == open_faults_.end()) return;
    add(box->second, at_);
    open_faults_.erase(box);
  }
  void add(Story::FaultBox box, Instant until) {
    if (until <= story_.begin || box.from >= story_.end) return;
    std::erase_if(box.lanes, [this](NodeId node) {
      return std::none_of(story_.lanes.begin(), story_.lanes.end(),
                          [node](const auto& lane) { return lane.node == node; });
    });
    if (box.lanes.empty()) return;
    box.from = std::max(box.from, story_.begin);
    box.until = std::min(until, story_.end);
    story_.faults.push_back(std::move(box));
  }

  Story& story_;
  const Focus& focus_;
  const Cast& cast_;
  Instant at_;
  NodeId node_;
  std::map<NodeId, Belief> beliefs_;
  std::map<NodeId, Belief> states_;  // When the picture begins.
  std::map<std::int32_t, Story::FaultBox> open_faults_;
};

void add_outages(Story& story, const Focus& focus, const std::vector<Event>& events) {
  const Elections elections = elections_of(events);
  for (const Election& election : elections.all()) {
    if (focus.partition != election.partition || !election.without_leader || !election.spread) {
      continue;
    }
    const Instant until = election.committed_at + *election.spread;
    const Instant from = until - *election.without_leader;
    if (from >= story.end || until <= story.begin) continue;
    story.outages.push_back({std::max(from, story.begin), std::min(until, story.end)});
  }
}

}  // namespace

Story tell_story(const std::vector<Event>& events, const std::vector<Message>& messages,
                 const properties::Violation& violation, const StoryLimits& limits) {
  Story story;
  if (events.empty()) return story;
  const Cast cast(events);
  const Focus focus = focus_of(violation, events);
  story.marks = marks_of(events, focus, cast);
  story.arrows = arrows_of(messages, focus, cast);
  choose(story, focus, events, limits.items);
  const auto lanes = lanes_of(story, cast, limits.lanes, story.hidden_lanes);
  drop_hidden(story, lanes);
  for (const NodeId lane : lanes) story.lanes.push_back({lane, cast.name_of(lane), {}});
  Follower follower(story, focus, cast);
  for (const Event& event : events) {
    if (event.at > story.end) break;
    follower.observe(event);
  }
  follower.finish();
  add_outages(story, focus, events);
  return story;
}

}  // namespace brokersim::reports
