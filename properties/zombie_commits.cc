// BS-G02: nobody commits for a generation that is over (invariant G3; KIP-447).
#include <map>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "properties/all.h"

namespace brokersim::properties {

namespace {

class ZombieCommits final : public Property {
 public:
  std::string_view id() const override { return "BS-G02"; }
  std::string_view name() const override { return "a zombie's commit accepted"; }
  std::string_view explanation() const override {
    return "Once a member of a group has been given its assignment of a generation, no offset is "
           "committed that is asked for after that in an earlier generation: its sender is no "
           "longer the owner, and would undo what the owner has done. The same holds for offsets "
           "that are committed in a transaction. What was under way by then may still be accepted, "
           "and commits from outside any generation are another matter.";
  }
  Needs needs() const override { return Need::wire; }
  Kinds listens_to() const override {
    return Kinds::of<JoinGroupAnswered, SyncGroupAnswered, OffsetCommitAnswered,
                     TxnOffsetCommitAnswered>();
  }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* joined = std::get_if<JoinGroupAnswered>(&e.body)) {
      if (joined->error == 0 && joined->generation == 1) latest_.erase(joined->group);
    } else if (const auto* synced = std::get_if<SyncGroupAnswered>(&e.body)) {
      auto& latest = latest_[synced->group];
      const bool is_later = synced->error == 0 && synced->generation > latest.generation;
      if (is_later) latest = {synced->generation, e.id, e.at};
    } else if (const auto* commit = std::get_if<OffsetCommitAnswered>(&e.body)) {
      if (commit->error == 0 && commit->generation >= 0) check(e, *commit, judge);
    } else if (const auto* part = std::get_if<TxnOffsetCommitAnswered>(&e.body)) {
      if (part->error == 0 && part->generation >= 0) check(e, *part, judge);
    }
  }

 private:
  struct Latest {
    std::int32_t generation = -1;
    EventId event;
    Instant at;
  };

  template <class Commit>
  void check(const Event& e, const Commit& commit, Judge& judge) {
    const auto found = latest_.find(commit.group);
    if (found == latest_.end()) return;
    const auto& latest = found->second;
    const bool is_over = commit.generation < latest.generation;
    if (!is_over || commit.asked_at_ns <= latest.at.ns()) return;
    judge.report({.id = std::string(id()),
                  .kind = "stale_generation",
                  .message = fmt::format(
                      "{} committed offset {} of {} for generation {} of {}, which was in "
                      "generation {} by then.",
                      commit.member, commit.offset, commit.partition, commit.generation,
                      commit.group, latest.generation),
                  .facts = {latest.event, e.id},
                  .at = {},
                  .partition = commit.partition});
  }

  std::map<std::string, Latest> latest_;
};

}  // namespace

std::unique_ptr<Property> zombie_commits() { return std::make_unique<ZombieCommits>(); }

}  // namespace brokersim::properties
