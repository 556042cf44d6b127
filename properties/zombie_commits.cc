// BS-G02: nobody commits for a generation, or in an epoch, that is over (invariant G3; KIP-447).
#include <map>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/group_kinds.h"
#include "properties/ledger.h"

namespace brokersim::properties {

namespace {

class ZombieCommits final : public Property {
 public:
  std::string_view id() const override { return "BS-G02"; }
  std::string_view name() const override { return "a zombie's commit accepted"; }
  std::string_view explanation() const override {
    return "Once a member of a group has been given its assignment of a generation, no offset is "
           "committed that is asked for after that in an earlier generation: its sender is no "
           "longer the owner, and would undo what the owner has done. In a consumer group "
           "(KIP-848) "
           "the same holds of a member that was told a later epoch of its own, or a later "
           "generation if it speaks the classic protocol among consumers, and in both of "
           "offsets that are committed in a transaction. A group may be one of consumers from "
           "when its log says so, though nobody was told, until a generation is committed again. "
           "What was under way by then may still be accepted, and commits from outside any "
           "generation are another matter. Where records of groups are lost with an excuse, or "
           "the group begins anew, so does what is known of generations.";
  }
  Needs needs() const override { return Need::wire | Need::disk | Need::metadata; }
  bool judges_names() const override { return true; }  // Members own what is called so.
  Kinds listens_to() const override {
    return Kinds::of<GroupStateStored, JoinGroupAnswered, SyncGroupAnswered,
                     ConsumerGroupHeartbeatAnswered, OffsetCommitAnswered,
                     TxnOffsetCommitAnswered>();
  }

  void observe(const Event& e, Judge& judge) override {
    const auto losses = judge.ledger().excused_losses_of_groups();
    if (std::exchange(losses_, losses) != losses) forget_all();
    if (const auto* stored = std::get_if<GroupStateStored>(&e.body)) {
      take(e, *stored);
    } else if (const auto* joined = std::get_if<JoinGroupAnswered>(&e.body)) {
      // It begins anew.
      if (joined->error == 0 && joined->generation == 1) forget_later_than(0, joined->group);
    } else if (const auto* synced = std::get_if<SyncGroupAnswered>(&e.body)) {
      if (synced->error == 0) take(e, *synced, judge.ledger());
    } else if (const auto* beat = std::get_if<ConsumerGroupHeartbeatAnswered>(&e.body)) {
      if (beat->error == 0) take(e, *beat);
    } else if (const auto* commit = std::get_if<OffsetCommitAnswered>(&e.body)) {
      check_commit(e, *commit, judge);
    } else if (const auto* part = std::get_if<TxnOffsetCommitAnswered>(&e.body)) {
      check_commit(e, *part, judge);
    }
  }

 private:
  struct Latest {
    std::int32_t generation = -1;
    EventId event;
    Instant at;
  };

  void forget_all() {
    latest_.clear();
    latest_of_members_.clear();
  }

  // Where something earlier is written, what was told is of a group that was deleted since.
  void forget_later_than(std::int32_t number, const std::string& group) {
    const auto is_later = [number](const auto& one) { return one.second.generation > number; };
    const auto latest = latest_.find(group);
    if (latest != latest_.end() && is_later(*latest)) latest_.erase(latest);
    const auto members = latest_of_members_.find(group);
    if (members != latest_of_members_.end()) std::erase_if(members->second, is_later);
  }

  void take(const Event& e, const GroupStateStored& stored) {
    if (!GroupKinds::is_of_group(stored)) return;
    kinds_.take(e, stored);
    forget_later_than(stored.epoch, stored.group);
    if (stored.what == GroupStateStored::of_epoch) latest_.erase(stored.group);
  }

  // Where others have epochs, a generation is one member's own.
  void take(const Event& e, const SyncGroupAnswered& synced, const Ledger& ledger) {
    latest_of_members_[synced.group][synced.member] = {synced.generation, e.id, e.at};
    if (!kinds_.is_classic(synced.group, ledger)) return;
    auto& latest = latest_[synced.group];
    if (synced.generation > latest.generation) latest = {synced.generation, e.id, e.at};
  }

  void take(const Event& e, const ConsumerGroupHeartbeatAnswered& beat) {
    kinds_.take(beat);
    latest_.erase(beat.group);
    auto& latest = latest_of_members_[beat.group][beat.member];
    const bool is_later = beat.asked_epoch == 0 || beat.epoch > latest.generation;
    if (is_later) latest = {beat.epoch, e.id, e.at};
  }

  template <class Commit>
  void check_commit(const Event& e, const Commit& commit, Judge& judge) {
    if (commit.error != 0 || commit.generation < 0) return;
    const auto group = latest_.find(commit.group);
    if (group != latest_.end()) {
      return check(e, commit, group->second, "stale_generation", "the group", judge);
    }
    const auto members = latest_of_members_.find(commit.group);
    if (members == latest_of_members_.end()) return;
    const auto member = members->second.find(commit.member);
    if (member == members->second.end()) return;
    check(e, commit, member->second, "stale_epoch", "it", judge);
  }

  template <class Commit>
  void check(const Event& e, const Commit& commit, const Latest& latest, const std::string& kind,
             std::string_view who, Judge& judge) const {
    const bool is_over = commit.generation < latest.generation;
    if (!is_over || commit.asked_at_ns <= latest.at.ns()) return;
    judge.report({.id = std::string(id()),
                  .kind = kind,
                  .message = fmt::format(
                      "{} committed offset {} of {} for generation {} of {}, and {} was in "
                      "generation {} by then.",
                      commit.member, commit.offset, commit.partition, commit.generation,
                      commit.group, who, latest.generation),
                  .facts = {latest.event, e.id},
                  .at = {},
                  .partition = commit.partition});
  }

  GroupKinds kinds_;
  std::map<std::string, Latest> latest_;  // By group, of classic ones.
  std::map<std::string, std::map<std::string, Latest>> latest_of_members_;
  std::size_t losses_ = 0;
};

}  // namespace

std::unique_ptr<Property> zombie_commits() { return std::make_unique<ZombieCommits>(); }

}  // namespace brokersim::properties
