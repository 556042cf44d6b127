// Feeding one run to the ledger and then to each property that listens.
#include "properties/trial.h"

#include <utility>

namespace brokersim::properties {

Trial::Trial(const TrialConfig& config) : Trial(make_all(config)) {}

Trial::Trial(std::vector<std::unique_ptr<Property>> properties)
    : incarnations_(ledger_), judge_(ledger_), properties_(std::move(properties)) {
  for (const auto& property : properties_)
    for (std::size_t kind = 0; kind < listeners_.size(); ++kind)
      if (property->listens_to().has(kind))
        listeners_[kind].push_back({property.get(), property->judges_names()});
}

void Trial::observe(const Event& event) {
  ++events_;
  was_seen_[event.body.index()] = true;
  judge_.set_now(event.at);
  const auto named = incarnations_.named(event);
  for (const Event& each : named) {
    const bool is_it = each.body.index() == event.body.index();
    ledger_.observe(each);
    for (const auto& [property, judges_names] : listeners_[each.body.index()]) {
      if (!judges_names) {
        property->observe(each, judge_);
      } else if (is_it) {
        property->observe(event, judge_);
      }
    }
  }
  if (named.empty()) judge_by_names(event);
}

// What is about no topic that is judged.
void Trial::judge_by_names(const Event& event) {
  for (const auto& [property, judges_names] : listeners_[event.body.index()])
    if (judges_names) property->observe(event, judge_);
}

Verdict Trial::finish(Instant end) {
  judge_.set_now(end);
  for (const auto& property : properties_) property->finish(judge_);
  Verdict verdict;
  verdict.events = events_;
  verdict.violations = judge_.violations();
  const Needs seen = witnessed();
  for (const auto& property : properties_) {
    Verdict::Finding finding{std::string(property->id()), std::string(property->name())};
    for (const Violation& violation : verdict.violations)
      if (violation.id == finding.id) finding.violations += violation.count;
    finding.lacks = text_of(property->needs() - seen);
    finding.is_judged = finding.lacks.empty() || finding.violations > 0;
    verdict.findings.push_back(std::move(finding));
  }
  return verdict;
}

Needs Trial::witnessed() const {
  const auto saw = [this](Kinds kinds) {
    for (std::size_t kind = 0; kind < was_seen_.size(); ++kind)
      if (was_seen_[kind] && kinds.has(kind)) return true;
    return false;
  };
  Needs needs;
  if (saw(Kinds::of<SendInvoked, SendEnded, RecordDelivered>())) needs = needs | Need::client;
  if (saw(Kinds::of<ProduceAnswered, FetchAnswered, VoteAnswered, QuorumLeaderAnnounced>()))
    needs = needs | Need::wire;
  if (saw(Kinds::of<BatchStored>())) needs = needs | Need::disk;
  if (saw(Kinds::of<PartitionCommitted>())) needs = needs | Need::metadata;
  return needs;
}

}  // namespace brokersim::properties
