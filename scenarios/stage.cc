#include "scenarios/stage.h"

#include <algorithm>
#include <utility>

#include "properties/trial.h"
#include "scenarios/story_names.h"

namespace brokersim::scenarios {
namespace {

// Longer than any story.
constexpr Duration for_good = 24h * 365;
constexpr Duration admin_patience = 60s;

bool fits(const Loss& loss, const Frame& frame) {
  return loss.count > 0 && loss.api == frame.api && loss.is_reply == frame.is_reply &&
         (loss.from.empty() || loss.from == frame.from) && (loss.to.empty() || loss.to == frame.to);
}

}  // namespace

Stage::Stage(const Plan& plan, std::vector<broker::NodeConfig> nodes, Subjects told)
    : cluster_(plan, nodes),
      told_(std::move(told)),
      frames_([this](const Frame& frame) { on_frame(frame); }),
      clients_(cluster_, [this](Fact fact) { facts_.push_back(std::move(fact)); }),
      faults_(world()) {
  for (const auto& node : nodes) (node.is_broker ? brokers_ : controllers_).push_back(node.node_id);
  world().network().observe(frames_);
  world().recorder().listen([this](const Event& event) { observe(event); });
  cluster_.start_nodes();
}

void Stage::begin() {
  told_facts_ = facts_.size();
  zero_ = now();
}

void Stage::administrate(StoryClients::AdminJob job) {
  const auto done = std::make_shared<bool>(false);
  clients_.administrate(std::move(job), done);
  run_until([done] { return *done; }, admin_patience);
}

// ---- Facts -------------------------------------------------------------------------------------

void Stage::observe(const Event& event) {
  for (const Event& named : incarnations_.named(event)) ledger_.observe(named);
  events_.push_back(event);
  const auto* role = std::get_if<QuorumRoleChanged>(&event.body);
  if (role && role->role == "leader") quorum_ = {event.node, role->epoch};
  auto fact = fact_of(
      event, [this](NodeId id) { return id.is_set() ? world().find(id)->name() : "world"; },
      [this](std::int64_t op) { return clients_.value_of(op); });
  if (fact) facts_.push_back(*std::move(fact));
}

void Stage::on_frame(const Frame& frame) {
  const bool is_from_node = frame.from.find("broker-") == 0 || frame.from.find("controller-") == 0;
  if (!frame.is_reply && !is_from_node && frame.api != "Fetch" && frame.from != "admin") {
    facts_.push_back({.subject = Subject::requests,
                      .at = world().scheduler().step_time(),
                      .who = frame.from,
                      .peer = short_name(frame.to),
                      .arrow = "►",
                      .what = frame.api});
  }
  lose_if_meant(frame);
}

// Observers must not touch the network: the connection breaks right after this step, with the frame
// on its way.
void Stage::lose_if_meant(const Frame& frame) {
  const auto loss = std::find_if(losses_.begin(), losses_.end(),
                                 [&](const Loss& each) { return fits(each, frame); });
  if (loss == losses_.end()) return;
  --loss->count;
  facts_.push_back(
      {.subject = Subject::sends,
       .at = world().scheduler().step_time(),
       .who = short_name(frame.from),
       .peer = short_name(frame.to),
       .arrow = "╳",
       .what = frame.api + (frame.is_reply ? " reply lost" : " lost") + ", the connection breaks"});
  sim::Fault reset{.kind = "link_reset", .at = now(), .targets = {frame.from}, .peers = {frame.to}};
  faults_.inject(reset, ++last_fault_);
}

std::string Stage::tell(const Subjects& subjects) {
  std::string text;
  for (; told_facts_ < facts_.size(); ++told_facts_) {
    const Fact& fact = facts_[told_facts_];
    if (subjects.contains(fact.subject)) text += line_of(fact, zero_);
  }
  return text;
}

std::string Stage::recall(const std::function<bool(const Fact&)>& fits) const {
  std::string text;
  for (const Fact& fact : facts_) {
    if (fact.at >= zero_ && fits(fact)) text += line_of(fact, zero_);
  }
  return text;
}

// ---- Faults ------------------------------------------------------------------------------------

sim::Machine* Stage::find(std::string_view name) {
  if (name == "controller") return world().find(quorum_.leader);
  const auto machines = cluster_.resolve(machine_name(name));
  return machines.empty() ? nullptr : machines.front();
}

std::vector<std::string> Stage::machine_names() const {
  std::vector<std::string> names;
  for (const NodeId broker : brokers_) names.push_back(short_name(broker));
  for (const NodeId controller : controllers_) names.push_back(short_name(controller));
  return names;
}

void Stage::inject(sim::Fault fault) {
  fault.at = now();
  if (fault.lasting <= Duration{}) fault.lasting = for_good;
  lasting_[++last_fault_] = fault;
  faults_.inject(fault, last_fault_);
  world().run_until(now());
}

std::size_t Stage::lift(const std::function<bool(const sim::Fault&)>& fits) {
  std::size_t count = 0;
  for (auto at = lasting_.begin(); at != lasting_.end();) {
    const bool is_meant = fits(at->second);
    if (is_meant) faults_.end(at->first);
    count += is_meant;
    at = is_meant ? lasting_.erase(at) : std::next(at);
  }
  world().run_until(now());
  return count;
}

properties::Verdict Stage::judge() {
  properties::Trial trial(cluster_.trial_config());
  for (const Event& event : events_) trial.observe(event);
  return trial.finish(now());
}

}  // namespace brokersim::scenarios
