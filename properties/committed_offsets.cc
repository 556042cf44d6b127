// BS-G03: a committed offset does not go back, whoever coordinates (invariant G2).
#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/ledger.h"
#include "properties/topic_names.h"

namespace brokersim::properties {

namespace {

// From what a coordinator decides to its answer on the wire.
constexpr Duration answering = 5s;

class CommittedOffsets final : public Property {
 public:
  explicit CommittedOffsets(Duration retention) : retention_(retention) {}

  std::string_view id() const override { return "BS-G03"; }
  std::string_view name() const override { return "committed offset lost"; }
  std::string_view explanation() const override {
    return "Whoever asks for a group's offset after a commit of it was answered is told that "
           "offset or a later one, also by another coordinator after any number of crashes. A "
           "commit of a smaller offset, answered or not, sets it back. It is there as long as the "
           "group has members that its coordinator answers, and offsets.retention.minutes longer "
           "(KIP-211), by true time: where offsets are kept for hours wrong clocks make no "
           "difference. In a consumer group (KIP-848) the time counts from the commit: once nobody "
           "is in it, an older one may go at once. Offsets that are deleted, with their topic or "
           "without, are not judged; nor is what a coordinator says that was deposed and does not "
           "know it yet, or whose log lacks what was committed of groups when the commit was "
           "answered: that is a loss of records (BS-O01), be it excused or not.";
  }
  Needs needs() const override { return Need::wire | Need::disk | Need::metadata; }
  Kinds listens_to() const override {
    return Kinds::of<OffsetCommitAnswered, OffsetFetchAnswered, SyncGroupAnswered,
                     HeartbeatAnswered, ConsumerGroupHeartbeatAnswered, GroupStateStored>();
  }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* commit = std::get_if<OffsetCommitAnswered>(&e.body)) {
      take(e, *commit, judge);
    } else if (const auto* fetch = std::get_if<OffsetFetchAnswered>(&e.body)) {
      if (fetch->error == 0) check(e, *fetch, judge);
    } else if (const auto* synced = std::get_if<SyncGroupAnswered>(&e.body)) {
      if (synced->error == 0) note_member(e, synced->group, judge);
    } else if (const auto* beaten = std::get_if<HeartbeatAnswered>(&e.body)) {
      if (beaten->error == 0) note_member(e, beaten->group, judge);
    } else if (const auto* consumer = std::get_if<ConsumerGroupHeartbeatAnswered>(&e.body)) {
      const bool is_member = consumer->error == 0 && consumer->epoch > 0;
      if (is_member) note_member(e, consumer->group, judge);
    } else if (const auto* stored = std::get_if<GroupStateStored>(&e.body)) {
      if (stored->what == GroupStateStored::of_member) take(e, *stored);
    }
  }

 private:
  // A partition with groups' records that the coordinator led, and its last committed batch.
  struct Led {
    std::int32_t partition = 0;
    std::size_t count = 0;  // Of committed batches.
    std::uint64_t prefix = 0;
  };
  struct Committed {
    Offset offset = -1;
    EventId event;
    Instant at;
    std::vector<Led> led;
    bool may_have_expired = false;
  };
  using Key = std::pair<std::string, TopicPartition>;  // The group, and of what.

  static std::vector<Led> led_by(NodeId coordinator, const Judge& judge) {
    std::vector<Led> led;
    for (std::int32_t number = 0;; ++number) {
      const auto* partition = judge.ledger().find({offsets_topic, number});
      if (partition == nullptr) return led;
      if (partition->state.leader != coordinator) continue;
      const auto& committed = partition->committed;
      led.push_back({number, committed.size(), committed.empty() ? 0 : committed.back().prefix});
    }
  }

  // Whether `node` leads now what the coordinator led that the commit was made with, and has what
  // was committed there: it is that coordinator, or its successor. Which partition the group's
  // records are in is not looked at: one that both led is enough, and none may lack anything.
  static bool has_followed(NodeId node, const Committed& committed, const Judge& judge) {
    bool leads_any = false;
    for (const Led& led : committed.led) {
      const auto* partition = judge.ledger().find({offsets_topic, led.partition});
      if (partition->state.leader != node) continue;
      leads_any = true;
      const ReplicaLog* log = partition->log_of(node);
      const bool has_all =
          led.count == 0 || (log != nullptr && log->holds(led.count - 1, led.prefix));
      if (!has_all) return false;
    }
    return leads_any;
  }

  // A deposed coordinator answers members who are none any more.
  void note_member(const Event& e, const std::string& group, const Judge& judge) {
    if (led_by(e.node, judge).empty()) return;
    let_expire(group, e.at);
    member_answered_at_[group] = e.at;
  }

  // The group had no member for long enough, up to now.
  void let_expire(const std::string& group, Instant now) {
    const Duration kept = retention_ - answering;
    const auto answered = member_answered_at_.find(group);
    if (answered != member_answered_at_.end() && now - answered->second < kept) return;
    age(group, now);
  }

  // On any disk: who comes to a consumer group in which nobody was may find old offsets gone.
  void take(const Event& e, const GroupStateStored& stored) {
    auto& members = consumers_[stored.group];
    if (stored.epoch == GroupStateStored::gone) {
      members.erase(stored.member);
      return;
    }
    if (members.empty()) age(stored.group, e.at);
    members.insert(stored.member);
  }

  void age(const std::string& group, Instant now) {
    const Duration kept = retention_ - answering;
    for (auto at = committed_.lower_bound({group, {}});
         at != committed_.end() && at->first.first == group; ++at) {
      if (now - at->second.at >= kept) at->second.may_have_expired = true;
    }
  }

  void take(const Event& e, const OffsetCommitAnswered& commit, const Judge& judge) {
    const Key key{commit.group, commit.partition};
    if (commit.error == 0 && commit.generation >= 0) note_member(e, commit.group, judge);
    const auto known = committed_.find(key);
    const bool goes_back = known != committed_.end() && commit.offset < known->second.offset;
    // Without a success it may have been written all the same.
    if (commit.error == 0 || goes_back) {
      committed_[key] = {commit.offset, e.id, e.at, led_by(e.node, judge)};
    }
  }

  void check(const Event& e, const OffsetFetchAnswered& fetch, Judge& judge) {
    const auto known = committed_.find({fetch.group, fetch.partition});
    if (known == committed_.end()) return;
    const auto& committed = known->second;
    if (fetch.offset >= committed.offset || fetch.asked_at_ns <= committed.at.ns()) return;
    if (!has_followed(e.node, committed, judge)) return;
    if (fetch.offset < 0) let_expire(fetch.group, e.at);
    const auto consumers = consumers_.find(fetch.group);
    if (consumers != consumers_.end() && consumers->second.empty()) age(fetch.group, e.at);
    // Offsets go by the topic's name: who hears late that the one before was deleted deletes them.
    const bool may_be_deleted = was_made_again(fetch.partition.topic);
    if (fetch.offset < 0 && (committed.may_have_expired || may_be_deleted)) {
      committed_.erase(known);
      return;
    }
    judge.report({.id = std::string(id()),
                  .kind = "went_back",
                  .message = fmt::format("{} had committed offset {} of {}, and {} was told {}.",
                                         fetch.group, committed.offset, fetch.partition, fetch.peer,
                                         fetch.offset),
                  .facts = {committed.event, e.id},
                  .at = {},
                  .partition = fetch.partition});
  }

  const Duration retention_;  // offsets.retention.minutes
  std::map<Key, Committed> committed_;
  std::map<std::string, Instant> member_answered_at_;       // By group.
  std::map<std::string, std::set<std::string>> consumers_;  // Members, by consumer group.
};

}  // namespace

std::unique_ptr<Property> committed_offsets(Duration retention) {
  return std::make_unique<CommittedOffsets>(retention);
}

}  // namespace brokersim::properties
