// BS-Q03: who leads the quorum and hears of no majority of the voters gives it up (KAFKA-15489,
// KAFKA-16144).
//
// What a leader hears is not on the wire, but what it answers is: a voter whose fetch it answers it
// has heard of.
#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/ledger.h"
#include "properties/quorum_voters.h"
#include "properties/text.h"

namespace brokersim::properties {

namespace {

// A leader gives up one and a half timeouts after the last fetch of a majority. A fetch may have
// reached it whose answer never left it, and answers that are under way take their time: more than
// twice as long is too long.
Duration patience_of(Duration fetch_timeout) { return fetch_timeout * 4 + 1s; }

class CheckQuorum final : public Property {
 public:
  CheckQuorum(const std::vector<NodeId>& voters, Duration fetch_timeout)
      : voters_(voters), patience_(patience_of(fetch_timeout)) {}

  std::string_view id() const override { return "BS-Q03"; }
  std::string_view name() const override { return "leads without a majority"; }
  std::string_view explanation() const override {
    return "A leader of the metadata quorum that is out of touch with a majority of the voters "
           "resigns: brokers that are cut off with it would never hear of another. It answers no "
           "fetch of the metadata as the leader after more than four times "
           "controller.quorum.fetch.timeout.ms, and a second, in which it has answered no majority "
           "of the voters, itself counted. Time in which it was stopped or paused does not count, "
           "and who is the only voter is in touch with itself.";
  }
  Needs needs() const override { return Need::wire; }
  Kinds listens_to() const override {
    return Kinds::of<FetchAnswered, SnapshotAnswered, VoteAnswered, VotersCommitted, NodeStarted,
                     NodeResumed>();
  }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* fetch = std::get_if<FetchAnswered>(&e.body)) {
      if (fetch->error != 0 || fetch->partition != metadata_partition()) return;
      heard(e.node, fetch->replica, e);
      check(e, judge);
    } else if (const auto* snapshot = std::get_if<SnapshotAnswered>(&e.body)) {
      if (snapshot->error == 0) heard(e.node, snapshot->replica, e);
    } else if (const auto* vote = std::get_if<VoteAnswered>(&e.body)) {
      if (vote->is_granted) heard(vote->candidate, e.node, e);
    } else if (const auto* voters = std::get_if<VotersCommitted>(&e.body)) {
      voters_.agreed_on(voters->voters);
    } else {
      runs_since_[e.node] = e.at;
    }
  }

 private:
  struct Contact {
    Instant at;
    EventId event;
  };

  void heard(NodeId leader, NodeId voter, const Event& e) {
    if (voters_.have(voter)) contacts_[{leader, voter}] = {e.at, e.id};
  }

  void check(const Event& e, Judge& judge) {
    if (!voters_.are_known() || e.at < runs_since_[e.node] + patience_) return;
    std::size_t in_touch = 1;  // With itself.
    Contact latest;
    for (const NodeId voter : voters_.all()) {
      const auto contact = contacts_.find({e.node, voter});
      if (voter == e.node || contact == contacts_.end()) continue;
      if (contact->second.at + patience_ >= e.at) ++in_touch;
      if (contact->second.at > latest.at) latest = contact->second;
    }
    if (in_touch >= voters_.least_majority()) return;
    judge.report(
        {std::string(id()),
         "leads_alone",
         fmt::format("{} answers as the quorum's leader at {}, but since {} it has been in touch "
                     "with {} of the voters, itself counted: a majority are {}.",
                     judge.ledger().name_of(e.node), text_of_time(e.at),
                     text_of_time(e.at - patience_), in_touch, voters_.least_majority()),
         {latest.event, e.id},
         {},
         metadata_partition()});
  }

  QuorumVoters voters_;
  const Duration patience_;
  std::map<std::pair<NodeId, NodeId>, Contact> contacts_;  // By leader and voter.
  std::map<NodeId, Instant> runs_since_;
};

}  // namespace

std::unique_ptr<Property> check_quorum(const std::vector<NodeId>& voters, Duration fetch_timeout) {
  return std::make_unique<CheckQuorum>(voters, fetch_timeout);
}

}  // namespace brokersim::properties
