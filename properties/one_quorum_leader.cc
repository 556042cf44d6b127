// BS-Q01: a quorum epoch has one leader, and a voter one vote in it, whatever restarts lie between
// (KIP-595; Raft's election safety); and the voters change by one at a time, or there could be two
// quorums (KIP-853).
#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/ledger.h"

namespace brokersim::properties {

namespace {

class OneQuorumLeader final : public Property {
 public:
  std::string_view id() const override { return "BS-Q01"; }
  std::string_view name() const override { return "two quorum leaders in one epoch"; }
  std::string_view explanation() const override {
    return "In each epoch of the metadata quorum at most one controller presents itself as leader, "
           "and each voter gives its vote to at most one candidate: also if it crashes or loses "
           "power in between, since a vote is on disk before it leaves. A leader has voted for "
           "itself. Two sets of voters that follow each other differ in one voter: each majority "
           "of the one has somebody in common with each of the other.";
  }
  Needs needs() const override { return Need::wire; }
  Kinds listens_to() const override {
    return Kinds::of<VoteAnswered, QuorumLeaderAnnounced, VotersCommitted>();
  }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* vote = std::get_if<VoteAnswered>(&e.body)) {
      if (vote->is_granted) on_vote(e, vote->epoch, vote->candidate, judge);
    } else if (const auto* leader = std::get_if<QuorumLeaderAnnounced>(&e.body)) {
      on_leader(e, leader->epoch, judge);
    } else if (const auto* voters = std::get_if<VotersCommitted>(&e.body)) {
      on_voters(e, voters->voters, judge);
    }
  }

 private:
  struct Fact {
    NodeId node;
    EventId event;
  };

  void on_vote(const Event& e, LeaderEpoch epoch, NodeId candidate, Judge& judge) {
    const auto [at, is_first] = votes_.try_emplace({e.node, epoch}, Fact{candidate, e.id});
    if (is_first || at->second.node == candidate) return;
    report(at->second.event, e.id, "voted_twice",
           fmt::format("{} voted for {} in quorum epoch {}, and for {}.",
                       judge.ledger().name_of(e.node), judge.ledger().name_of(at->second.node),
                       epoch, judge.ledger().name_of(candidate)),
           judge);
  }

  void on_leader(const Event& e, LeaderEpoch epoch, Judge& judge) {
    const auto [at, is_first] = leaders_.try_emplace(epoch, Fact{e.node, e.id});
    if (!is_first && at->second.node != e.node) {
      report(at->second.event, e.id, "two_leaders",
             fmt::format("{} and {} both lead quorum epoch {}.",
                         judge.ledger().name_of(at->second.node), judge.ledger().name_of(e.node),
                         epoch),
             judge);
    }
    if (is_first) on_vote(e, epoch, e.node, judge);
  }

  void on_voters(const Event& e, std::vector<NodeId> voters, Judge& judge) {
    std::sort(voters.begin(), voters.end());
    std::vector<NodeId> changed;
    std::set_symmetric_difference(voters_.begin(), voters_.end(), voters.begin(), voters.end(),
                                  std::back_inserter(changed));
    if (last_voters_ && changed.size() > 1) {
      report(*last_voters_, e.id, "voters_changed_at_once",
             fmt::format("The voters {} are followed by {}: majorities of them need not meet.",
                         brokersim::text_of(voters_), brokersim::text_of(voters)),
             judge);
    }
    voters_ = std::move(voters);
    last_voters_ = e.id;
  }

  std::map<std::pair<NodeId, LeaderEpoch>, Fact> votes_;
  std::map<LeaderEpoch, Fact> leaders_;
  std::vector<NodeId> voters_;
  std::optional<EventId> last_voters_;  // The event that told of them.

  void report(EventId first, EventId second, std::string kind, std::string message, Judge& judge) {
    judge.report({std::string(id()),
                  std::move(kind),
                  std::move(message),
                  {first, second},
                  {},
                  metadata_partition()});
  }
};

}  // namespace

std::unique_ptr<Property> one_quorum_leader() { return std::make_unique<OneQuorumLeader>(); }

}  // namespace brokersim::properties
