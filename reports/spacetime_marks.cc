// Events as marks of a space-time diagram: in few words, with what they do to the record in
// question, and with the weight by which a crowded picture keeps them.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "reports/spacetime_story.h"
#include "reports/summary.h"

namespace brokersim::reports {

namespace {

using MarkKind = Story::Mark::Kind;

// Makes marks of one event after the other; an empty text means none.
class MarkMaker {
 public:
  MarkMaker(const Focus& focus, const Cast& cast) : focus_(focus), cast_(cast) {}

  std::optional<Story::Mark> make(const Event& event) {
    controller_.observe(event);
    node_ = event.node;
    fact_ = event.id == focus_.facts[0] ? 1 : (event.id == focus_.facts[1] ? 2 : 0);
    made_ = {.id = event.id, .lane = event.node, .at = event.at, .fact = fact_};
    std::visit([this](const auto& body) { describe(body); }, event.body);
    if (fact_ != 0) {
      if (made_.text.empty()) made_.text = reports::describe(event);
      made_.weight = 100;
    }
    if (!made_.lane.is_set()) made_.lane = controller_.node();
    if (made_.text.empty() || !made_.lane.is_set()) return std::nullopt;
    return made_;
  }

 private:
  void say(MarkKind kind, int weight, std::string text) {
    made_.kind = kind;
    made_.weight = weight;
    made_.text = std::move(text);
  }
  bool is_it(const TopicPartition& partition) const {
    return focus_.partition && *focus_.partition == partition;
  }
  bool is_op(std::int64_t op) const {
    return std::find(focus_.ops.begin(), focus_.ops.end(), op) != focus_.ops.end();
  }
  bool is_in(const BatchRef& batch) const {
    return batch.base_offset <= focus_.offset && focus_.offset <= batch.last_offset;
  }
  static std::string at(const BatchRef& batch) {
    if (batch.base_offset == batch.last_offset) return fmt::format("offset {}", batch.base_offset);
    return fmt::format("offsets {}..{}", batch.base_offset, batch.last_offset);
  }
  Offset end_of(NodeId node) const {
    const auto log = logs_.find(node);
    return log == logs_.end() || log->second.empty() ? 0 : std::prev(log->second.end())->first + 1;
  }

  template <class Body>
  void describe(const Body&) {}

  // ---- Machines ----

  void describe(const NodeStarted& b) {
    if (b.incarnation > 0) say(MarkKind::state, 80, "starts again");
  }
  void describe(const NodeStopped& b) {
    if (b.how == NodeStopped::How::crash) say(MarkKind::loss, 85, "crashes");
    if (b.how == NodeStopped::How::power_loss) say(MarkKind::loss, 85, "loses power");
    const bool is_client = cast_.part_of(node_) == Part::client;
    if (b.how == NodeStopped::How::shutdown && !is_client) say(MarkKind::state, 80, "shuts down");
  }
  void describe(const NodePaused&) { say(MarkKind::loss, 85, "pauses"); }
  void describe(const NodeResumed&) { say(MarkKind::state, 80, "goes on"); }

  // ---- Logs ----

  void describe(const BatchStored& b) {
    if (!is_it(b.partition)) return;
    auto& log = logs_[node_];
    std::string text = fmt::format("{} {}, epoch {}", leader_ == node_ ? "appends" : "stores",
                                   at(b.batch), b.batch.leader_epoch);
    // Two logs may agree on a record and differ in what lies before it.
    if (fact_ != 0 && !log.empty()) {
      const auto& [offset, epoch] = *std::prev(log.end());
      text += fmt::format(", after offset {} of epoch {}", offset, epoch);
    }
    log[b.batch.last_offset] = b.batch.leader_epoch;
    say(MarkKind::state, is_in(b.batch) ? 75 : 40, text);
  }
  void describe(const LogCut& b) {
    if (!is_it(b.partition)) return;
    const Offset before = end_of(node_);
    logs_[node_].erase(logs_[node_].lower_bound(b.end_offset), logs_[node_].end());
    if (before <= b.end_offset && !b.by_power_loss && fact_ == 0) return;
    const bool drops_it = focus_.offset >= b.end_offset && focus_.offset < before;
    say(MarkKind::loss, drops_it ? 95 : 70,
        fmt::format("{} {} -> {}{}", b.by_power_loss ? "power loss cuts the log" : "truncates",
                    before, b.end_offset,
                    drops_it ? fmt::format(": offset {} is gone", focus_.offset) : ""));
  }
  void describe(const LogRecovered& b) {
    if (!is_it(b.partition)) return;
    say(MarkKind::plain, 60, fmt::format("recovers its log, LEO {}", b.end_offset));
  }
  void describe(const HighWatermarkAdvanced& b) {
    if (!is_it(b.partition)) return;
    const bool passes_it = b.high_watermark == focus_.offset + 1;
    say(MarkKind::plain, passes_it ? 65 : 20, fmt::format("HW {}", b.high_watermark));
  }

  // ---- Who leads ----

  void describe(const PartitionCommitted& b) {
    if (!is_it(b.partition)) return;
    leader_ = b.leader;
    if (fact_ == 0) return;  // What the controller decided says it already.
    if (!b.leader.is_set()) {
      say(MarkKind::election, 100, fmt::format("commits: nobody leads epoch {}", b.leader_epoch));
      return;
    }
    std::string text =
        fmt::format("commits: {} leads epoch {}", cast_.short_name(b.leader), b.leader_epoch);
    text += fmt::format(", whose log ends at {}", end_of(b.leader));
    say(MarkKind::election, 100, text);
  }
  void describe(const LeaderElected& b) {
    if (!is_it(b.partition)) return;
    const std::string whom =
        b.to.is_set() ? fmt::format("elects {}", cast_.short_name(b.to)) : "nobody may lead";
    say(b.is_clean ? MarkKind::election : MarkKind::loss, 90,
        fmt::format("{}: {}{}, epoch {}, ISR {}", b.why, whom, b.is_clean ? "" : " uncleanly",
                    b.leader_epoch, text_of(b.isr_after)));
  }
  void describe(const IsrChanged& b) {
    if (!is_it(b.partition)) return;
    say(MarkKind::election, 70, fmt::format("ISR {} -> {}", text_of(b.before), text_of(b.after)));
  }
  void describe(const BrokerFenced& b) {
    say(MarkKind::election, 60, fmt::format("fences {}: {}", cast_.short_name(b.broker), b.why));
  }
  void describe(const BrokerUnfenced& b) {
    say(MarkKind::election, 45, fmt::format("unfences {}", cast_.short_name(b.broker)));
  }
  void describe(const BecameLeader& b) {
    if (!is_it(b.partition)) return;
    say(MarkKind::state, 85,
        fmt::format("leads epoch {}, LEO {}, HW {}", b.leader_epoch, b.end_offset,
                    b.high_watermark));
  }
  void describe(const BecameFollower& b) {
    if (!is_it(b.partition)) return;
    if (!b.leader.is_set()) {
      say(MarkKind::plain, 35, fmt::format("knows no leader, LEO {}", b.end_offset));
      return;
    }
    say(MarkKind::state, 75,
        fmt::format("follows {}, epoch {}, LEO {}", cast_.short_name(b.leader), b.leader_epoch,
                    b.end_offset));
  }

  // ---- Answers: arrows show them, but for the two facts ----

  void describe(const ProduceAnswered& b) {
    if (fact_ == 0) return;
    say(MarkKind::state, 100,
        fmt::format("acknowledges {} (acks={})", at(b.batch), acks_text(b.acks)));
  }
  void describe(const FetchAnswered& b) {
    if (fact_ == 0) return;
    const std::string what = b.batches.empty() ? "nothing there" : at(b.batches.front());
    say(MarkKind::state, 100,
        fmt::format("answers Fetch @{}: {}, HW {}", b.fetch_offset, what, b.high_watermark));
  }
  void describe(const VoteAnswered& b) {
    say(MarkKind::election, focus_.partition ? 15 : 70,
        fmt::format("{} {} in epoch {}", b.is_granted ? "votes for" : "refuses",
                    cast_.short_name(b.candidate), b.epoch));
  }
  void describe(const QuorumRoleChanged& b) {
    if (b.role != "leader" && b.role != "resigned") return;
    say(MarkKind::election, focus_.partition ? 55 : 85,
        fmt::format("{} quorum epoch {}", b.role == "leader" ? "leads" : "resigns", b.epoch));
  }

  // ---- Clients ----

  void describe(const SendInvoked& b) {
    if (is_it(b.partition))
      say(MarkKind::plain, is_op(b.op) ? 66 : 15, fmt::format("sends op{}", b.op));
  }
  void describe(const SendEnded& b) {
    if (!is_it(b.partition)) return;
    const std::string end = b.outcome == Outcome::ok
                                ? fmt::format("op{} is acked: offset {}", b.op, b.offset)
                                : fmt::format("op{}: {}", b.op, name_of(b.outcome));
    say(b.outcome == Outcome::ok ? MarkKind::state : MarkKind::loss, is_op(b.op) ? 68 : 15, end);
  }
  void describe(const RecordDelivered& b) {
    if (!is_it(b.partition)) return;
    say(MarkKind::state, b.offset == focus_.offset ? 68 : 12,
        fmt::format("reads offset {}", b.offset));
  }
  void describe(const PositionReset& b) {
    if (!is_it(b.partition)) return;
    say(MarkKind::plain, 30, fmt::format("reads from offset {} on: {}", b.offset, b.why));
  }

  const Focus& focus_;
  const Cast& cast_;
  ActiveController controller_;
  std::map<NodeId, std::map<Offset, LeaderEpoch>> logs_;  // Of the partition: by last offset.
  NodeId leader_ = no_node;
  NodeId node_;
  int fact_ = 0;
  Story::Mark made_;
};

}  // namespace

// One instant of one lane has one mark: the weightiest.
std::vector<Story::Mark> marks_of(const std::vector<Event>& events, const Focus& focus,
                                  const Cast& cast) {
  MarkMaker maker(focus, cast);
  std::vector<Story::Mark> marks;
  for (const Event& event : events) {
    auto mark = maker.make(event);
    if (!mark) continue;
    const auto same = std::find_if(marks.rbegin(), marks.rend(), [&](const Story::Mark& other) {
      return other.at != mark->at || other.lane == mark->lane;
    });
    const bool is_second = same != marks.rend() && same->at == mark->at;
    if (!is_second || (same->fact != 0 && mark->fact != 0)) {
      marks.push_back(*std::move(mark));
    } else if (same->weight < mark->weight) {
      *same = *std::move(mark);
    }
  }
  return marks;
}

}  // namespace brokersim::reports
