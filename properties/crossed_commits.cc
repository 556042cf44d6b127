// BS-G06: while a member owns a partition, nobody else commits to it (invariants G1, G5; KIP-429).
#include <map>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "properties/all.h"

namespace brokersim::properties {

namespace {

class CrossedCommits final : public Property {
 public:
  std::string_view id() const override { return "BS-G06"; }
  std::string_view name() const override { return "commits of two owners"; }
  std::string_view explanation() const override {
    return "When an offset of a partition is committed for one member of a group, and after that "
           "for another one, the second has been told of its ownership since the first's commit "
           "was answered: it began where that left off. Otherwise both believed to own the "
           "partition, and the second undoes what the first has done. What was asked for before "
           "the first commit was answered, and commits from outside any generation, are another "
           "matter.";
  }
  Needs needs() const override { return Need::client | Need::wire; }
  bool judges_names() const override { return true; }  // Members own what is called so.
  Kinds listens_to() const override { return Kinds::of<OwnershipChanged, OffsetCommitAnswered>(); }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* changed = std::get_if<OwnershipChanged>(&e.body)) {
      for (const auto& partition : changed->partitions) {
        owners_[{changed->client, partition}] = {changed->how == "assigned", e.at};
      }
    } else if (const auto* commit = std::get_if<OffsetCommitAnswered>(&e.body)) {
      if (commit->error == 0 && commit->generation >= 0) take(e, *commit, judge);
    }
  }

 private:
  struct Ownership {
    bool is_owner = false;
    Instant since;
  };
  struct Committed {
    std::string peer;
    EventId event;
    Instant at;
  };

  void take(const Event& e, const OffsetCommitAnswered& commit, Judge& judge) {
    auto& last = latest_[{commit.group, commit.partition}];
    const auto owner = owners_.find({commit.peer, commit.partition});
    const bool is_known = owner != owners_.end() && owner->second.is_owner;
    const bool is_crossed = is_known && !last.peer.empty() && last.peer != commit.peer &&
                            commit.asked_at_ns > last.at.ns() && owner->second.since < last.at;
    if (is_crossed) {
      judge.report({.id = std::string(id()),
                    .kind = "crossed",
                    .message = fmt::format(
                        "{} committed offset {} of {}, which it has owned since before {} "
                        "committed there.",
                        commit.peer, commit.offset, commit.partition, last.peer),
                    .facts = {last.event, e.id},
                    .at = {},
                    .partition = commit.partition});
    }
    last = {commit.peer, e.id, e.at};
  }

  std::map<std::pair<std::string, TopicPartition>, Ownership> owners_;  // By client.
  std::map<std::pair<std::string, TopicPartition>, Committed> latest_;  // By group.
};

}  // namespace

std::unique_ptr<Property> crossed_commits() { return std::make_unique<CrossedCommits>(); }

}  // namespace brokersim::properties
