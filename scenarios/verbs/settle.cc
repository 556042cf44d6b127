// A story says: settle within=60s
//
// Time passes until every running broker is registered and unfenced, each partition has a leader,
// its running replicas are in sync and hold the same, and no producer waits. An error if that takes
// longer.
#include <algorithm>

#include "properties/convergence.h"
#include "scenarios/story_names.h"
#include "scenarios/verbs/all.h"

namespace brokersim::scenarios::verbs {

namespace {

constexpr Duration settle_patience = 60s;
constexpr Duration look_every = 50ms;

// Whether the controllers know the broker as it runs now, and not an earlier incarnation of it.
bool is_at_work(const Stage& stage, NodeId broker) {
  const auto& node = stage.ledger().node(broker);
  if (!node.is_running || node.is_paused) return true;
  const auto& events = stage.events();
  const auto last = std::find_if(events.rbegin(), events.rend(), [&](const Event& event) {
    const auto* committed = std::get_if<BrokerCommitted>(&event.body);
    return committed && committed->broker == broker;
  });
  return last != events.rend() && last->id > node.started &&
         !std::get<BrokerCommitted>(last->body).is_fenced;
}

std::string unfinished(Stage& stage) {
  for (const NodeId broker : stage.brokers()) {
    if (!is_at_work(stage, broker)) return short_name(broker) + " is not unfenced";
  }
  const auto unfinished = properties::first_unfinished(stage.ledger(), stage.now());
  if (unfinished) return with_short_names(unfinished->what);
  return stage.clients().sends_under_way() > 0 ? "a producer still waits" : "";
}

// Followers' logs may lag within the slack that convergence allows: here they do not.
bool are_logs_equal(const Stage& stage) {
  for (const auto& partition : stage.ledger().partitions()) {
    const auto* leaders = partition.log_of(partition.state.leader);
    for (const auto& replica : partition.replicas) {
      if (!leaders || !stage.ledger().node(replica.node).is_running) continue;
      if (replica.log.end_offset() != leaders->end_offset()) return false;
    }
  }
  return true;
}

Printed settle_step(Stage& stage, const Step& step) {
  TRY(const Duration within, duration_or(step, "within", settle_patience));
  TRY(const auto subjects, subjects_or(step, stage.told()));
  const Instant limit = stage.now() + within;
  std::string what = unfinished(stage);
  while (!what.empty() || !are_logs_equal(stage)) {
    if (stage.now() >= limit) {
      return error_at(step.verb.column, what.empty() ? "the logs differ still" : what);
    }
    stage.run_for(look_every);
    what = unfinished(stage);
  }
  return stage.tell(subjects);
}

}  // namespace

Verb settle_verb() {
  return {.group = "time",
          .name = "settle",
          .example = "settle within=60s",
          .meaning = "time passes until every partition is led, in sync and equal everywhere",
          .keys = {"within", "tell"},
          .run = settle_step};
}

}  // namespace brokersim::scenarios::verbs
