// BS-Q04: nobody stands for election in the quorum before a majority has said that it would vote so
// (KIP-996): who returns from having been cut off does not depose a leader that is there.
#include <map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/ledger.h"
#include "properties/quorum_voters.h"

namespace brokersim::properties {

namespace {

class PreVotes final : public Property {
 public:
  explicit PreVotes(const std::vector<NodeId>& voters) : voters_(voters) {}

  std::string_view id() const override { return "BS-Q04"; }
  std::string_view name() const override { return "stands without being wanted"; }
  std::string_view explanation() const override {
    return "Whoever stands for election in an epoch of the metadata quorum was told before, in the "
           "epoch before that, by a majority of the voters that they would vote for it, itself "
           "counted. To be asked deposes nobody; to be asked for a vote in a later epoch does. "
           "Voters refuse while they are in touch with a leader: that is not judged, since what "
           "has reached them is not on the wire.";
  }
  Needs needs() const override { return Need::wire; }
  Kinds listens_to() const override {
    return Kinds::of<PreVoteAnswered, VoteAnswered, VotersCommitted>();
  }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* asked = std::get_if<PreVoteAnswered>(&e.body)) {
      if (asked->is_granted) supporters_[{asked->candidate, asked->epoch.next()}][e.node] = e.id;
    } else if (const auto* vote = std::get_if<VoteAnswered>(&e.body)) {
      check(e, vote->candidate, vote->epoch, judge);
    } else if (const auto* voters = std::get_if<VotersCommitted>(&e.body)) {
      voters_.agreed_on(voters->voters);
    }
  }

 private:
  void check(const Event& e, NodeId candidate, LeaderEpoch epoch, Judge& judge) {
    if (!voters_.are_known()) return;
    const auto& supporters = supporters_[{candidate, epoch}];
    if (supporters.size() + 1 >= voters_.least_majority()) return;
    judge.report({std::string(id()),
                  "stands_unasked",
                  fmt::format("{} stands in quorum epoch {}, but only {} of the voters, itself "
                              "counted, were for it before: a majority are {}.",
                              judge.ledger().name_of(candidate), epoch, supporters.size() + 1,
                              voters_.least_majority()),
                  {supporters.empty() ? EventId{} : supporters.begin()->second, e.id},
                  {},
                  metadata_partition()});
  }

  QuorumVoters voters_;
  // Who said so, by candidate and the epoch in which it would stand.
  std::map<std::pair<NodeId, LeaderEpoch>, std::map<NodeId, EventId>> supporters_;
};

}  // namespace

std::unique_ptr<Property> pre_votes(const std::vector<NodeId>& voters) {
  return std::make_unique<PreVotes>(voters);
}

}  // namespace brokersim::properties
