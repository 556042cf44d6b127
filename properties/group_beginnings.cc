// BS-G12: a member of a group begins to read where the group is, goes elsewhere only for a reason,
// and commits forwards (invariants C3, C4, G5).
#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "properties/all.h"

namespace brokersim::properties {

namespace {

class GroupBeginnings final : public Property {
 public:
  std::string_view id() const override { return "BS-G12"; }
  std::string_view name() const override { return "begins elsewhere"; }
  std::string_view explanation() const override {
    return "A member of a group that is given a partition asks what the group has committed of it, "
           "and begins there; by its policy (auto.offset.reset) only where it was told that "
           "nothing is. From there it goes on in order: its policy moves it only after it was told "
           "that its offset is out of range, and what it commits, be it in transactions, does not "
           "go back until its position was set anew. What it is told is BS-G03's, and whether "
           "an offset was out of range is not judged; neither is where an application seeks to, "
           "nor where one goes back to that gives up what it has processed, which is seeking, "
           "too. Commits that were asked for earlier, and those from outside any generation, may "
           "come at any time.";
  }
  Needs needs() const override { return Need::client | Need::wire; }
  bool judges_names() const override { return true; }  // Offsets are committed by the name.
  Kinds listens_to() const override {
    return Kinds::of<NodeStarted, OwnershipChanged, PositionReset, RecordDelivered, FetchAnswered,
                     OffsetFetchAnswered, OffsetCommitAnswered, TxnOffsetCommitAnswered>();
  }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* delivered = std::get_if<RecordDelivered>(&e.body)) {
      take(*delivered, judge);
    } else if (const auto* fetch = std::get_if<FetchAnswered>(&e.body)) {
      if (fetch->error == out_of_range) note_out_of_range(e, *fetch);
    } else if (const auto* told = std::get_if<OffsetFetchAnswered>(&e.body)) {
      if (told->error == 0) take(e, *told);
    } else if (const auto* changed = std::get_if<OwnershipChanged>(&e.body)) {
      take(e, *changed);
    } else if (const auto* reset = std::get_if<PositionReset>(&e.body)) {
      take(e, *reset, judge);
    } else if (const auto* commit = std::get_if<OffsetCommitAnswered>(&e.body)) {
      take_commit(e, *commit);
    } else if (const auto* part = std::get_if<TxnOffsetCommitAnswered>(&e.body)) {
      take_commit(e, *part);
    } else if (std::holds_alternative<NodeStarted>(e.body)) {
      for (auto& [client, member] : members_) {
        if (member.node == e.node) forget_readings(member);
      }
    }
  }

 private:
  static constexpr std::int32_t out_of_range = 1;

  struct Told {
    Offset offset = -1;  // Nothing is committed.
    std::int64_t asked_at_ns = 0;
    EventId event;
  };
  struct Beginning {
    std::optional<Told> told;
    EventId assigned;
  };
  struct Committed {
    Offset offset = 0;
    std::int64_t asked_at_ns = 0;
    EventId event;
  };
  // Of a partition by a member.
  struct Reading {
    std::optional<Told> told;  // Since it was last taken away: the answer to what was asked last.
    // Of which no reset of the position was seen yet, nor of a later one.
    std::vector<Beginning> beginnings;
    EventId out_of_range;  // Since the last reset for that.
    Instant since;         // Its position was set, or it came or went.
    EventId reset;
    Offset reached = -1;                 // Since then: what it was handed is before it.
    std::optional<Committed> committed;  // Of what was asked for since then.
    std::optional<Violation> suspicion;
  };
  struct Member {
    NodeId node = no_node;
    std::string group;  // Empty: it was not told to own anything yet.
    std::map<TopicPartition, Reading> readings;
  };

  // A new process knows nothing of what the one before was told.
  void forget_readings(Member& member) {
    for (auto& [partition, reading] : member.readings) drop_suspicion(reading);
    member.readings.clear();
  }

  void note_out_of_range(const Event& e, const FetchAnswered& fetch) {
    const auto member = members_.find(fetch.peer);
    if (member != members_.end()) member->second.readings[fetch.partition].out_of_range = e.id;
  }

  void take(const RecordDelivered& delivered, Judge& judge) {
    const auto member = members_.find(delivered.client);
    if (member == members_.end()) return;
    if (suspicions_ > 0) confirm(member->second, judge);
    auto& reached = member->second.readings[delivered.partition].reached;
    reached = std::max(reached, delivered.offset + 1);
  }

  // It asks for one answer at a time, and goes by the last one.
  void take(const Event& e, const OffsetFetchAnswered& told) {
    auto& member = members_[told.peer];
    if (!member.group.empty() && told.group != member.group) return;
    auto& last = member.readings[told.partition].told;
    if (last && told.asked_at_ns < last->asked_at_ns) return;
    last = {told.offset, told.asked_at_ns, e.id};
  }

  void take(const Event& e, const OwnershipChanged& changed) {
    auto& member = members_[changed.client];
    member.node = e.node;
    member.group = changed.group;
    for (const auto& partition : changed.partitions) {
      auto& reading = member.readings[partition];
      if (changed.how == "assigned") reading.beginnings.push_back({reading.told, e.id});
      reading.told.reset();
      begin_anew(e, reading);
    }
  }

  void begin_anew(const Event& e, Reading& reading) {
    reading.since = e.at;
    reading.reached = -1;
    reading.committed.reset();
    drop_suspicion(reading);
  }

  void take(const Event& e, const PositionReset& reset, Judge& judge) {
    const auto found = members_.find(reset.client);
    if (found == members_.end() || found->second.group.empty()) return;
    auto& reading = found->second.readings[reset.partition];
    const bool begins = reset.why == "assign" || reset.why == "committed";
    if (begins) check_beginning(e, reset, reading, judge);
    if (reset.why == "out_of_range") check_range(e, reset, reading, judge);
    begin_anew(e, reading);
    reading.reset = e.id;
    reading.reached = reset.offset;
  }

  // A member tells of resets with its next poll, in their order: some are of beginnings that are
  // over by then, and some beginnings are over before there is a reset.
  void check_beginning(const Event& e, const PositionReset& reset, Reading& reading, Judge& judge) {
    const bool is_policy = reset.why == "assign";
    auto& all = reading.beginnings;
    const auto its_own = std::find_if(all.begin(), all.end(), [&](const Beginning& one) {
      if (!one.told) return false;
      return is_policy ? one.told->offset < 0 : one.told->offset == reset.offset;
    });
    if (its_own != all.end()) {
      all.erase(all.begin(), its_own + 1);
      return;
    }
    const auto last = all.empty() ? Beginning{{}, reading.reset} : all.back();
    all.clear();
    if (!last.told) {
      report({last.assigned, e.id}, "begins_unasked", reset, "did not ask what is committed",
             judge);
    } else if (is_policy) {
      report({last.told->event, e.id}, "reset_though_committed", reset,
             fmt::format("was told that {} is committed", last.told->offset), judge);
    } else {
      report({last.told->event, e.id}, "begins_elsewhere", reset,
             last.told->offset < 0 ? "was told that nothing is committed"
                                   : fmt::format("was told {}", last.told->offset),
             judge);
    }
  }

  void check_range(const Event& e, const PositionReset& reset, Reading& reading, Judge& judge) {
    const auto told = std::exchange(reading.out_of_range, EventId{});
    if (told.value != 0) return;
    report({reading.reset, e.id}, "reset_in_range", reset, "was not told that it is out of range",
           judge);
  }

  // What it asks for, it asks for in the order in which it read, as long as its position is only
  // moved by what it is handed. What moved it otherwise it tells with the next poll: before that
  // hands out anything. An offset that it has not reached since then it may be asking for again,
  // from before: what failed is tried for a while, and nothing else is committed meanwhile.
  template <class Commit>
  void take_commit(const Event& e, const Commit& commit) {
    if (commit.error != 0 || commit.generation < 0) return;
    const auto member = members_.find(commit.peer);
    if (member == members_.end() || member->second.group != commit.group) return;
    auto& reading = member->second.readings[commit.partition];
    if (commit.asked_at_ns < reading.since.ns()) return;
    auto& last = reading.committed;
    if (last && commit.asked_at_ns <= last->asked_at_ns) return;
    if (!last || commit.offset >= last->offset) {
      if (commit.offset <= reading.reached) last = {commit.offset, commit.asked_at_ns, e.id};
    } else if (!reading.suspicion) {
      ++suspicions_;
      reading.suspicion = Violation{
          .id = std::string(id()),
          .kind = "committed_backwards",
          .message = fmt::format("{} committed offset {} of {} after {}, from where nothing had "
                                 "moved it back.",
                                 commit.peer, commit.offset, commit.partition, last->offset),
          .facts = {last->event, e.id},
          .at = {},
          .partition = commit.partition};
    }
  }

  void drop_suspicion(Reading& reading) {
    if (reading.suspicion) --suspicions_;
    reading.suspicion.reset();
  }

  void confirm(Member& member, Judge& judge) {
    for (auto& [partition, reading] : member.readings) {
      if (reading.suspicion) judge.report(*reading.suspicion);
      drop_suspicion(reading);
    }
  }

  void report(std::array<EventId, 2> facts, std::string kind, const PositionReset& reset,
              std::string_view though, Judge& judge) {
    judge.report({.id = std::string(id()),
                  .kind = std::move(kind),
                  .message = fmt::format("{} began to read {} at {} ({}), and {}.", reset.client,
                                         reset.partition, reset.offset, reset.why, though),
                  .facts = facts,
                  .at = {},
                  .partition = reset.partition});
  }

  std::map<std::string, Member> members_;  // By client.
  std::int64_t suspicions_ = 0;            // That there are.
};

}  // namespace

std::unique_ptr<Property> group_beginnings() { return std::make_unique<GroupBeginnings>(); }

}  // namespace brokersim::properties
