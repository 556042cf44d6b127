// BS-G03: a committed offset does not go back, whoever coordinates (invariant G2).
#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/ledger.h"

namespace brokersim::properties {

namespace {

constexpr const char* records_topic = "__consumer_offsets";

class CommittedOffsets final : public Property {
 public:
  std::string_view id() const override { return "BS-G03"; }
  std::string_view name() const override { return "committed offset lost"; }
  std::string_view explanation() const override {
    return "Whoever asks for a group's offset after a commit of it was answered is told that "
           "offset or a later one, also by another coordinator after any number of crashes. A "
           "commit of a smaller offset, answered or not, sets it back. Offsets that are deleted "
           "or expire, and loss of power, which may take more replicas of the group's records "
           "than it is promised for, are not judged; nor is what a coordinator says that was "
           "deposed "
           "and does not know it yet.";
  }
  Needs needs() const override { return Need::wire | Need::disk | Need::metadata; }
  Kinds listens_to() const override {
    return Kinds::of<OffsetCommitAnswered, OffsetFetchAnswered, LogCut>();
  }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* commit = std::get_if<OffsetCommitAnswered>(&e.body)) {
      take(e, *commit, judge);
    } else if (const auto* fetch = std::get_if<OffsetFetchAnswered>(&e.body)) {
      if (fetch->error == 0) check(e, *fetch, judge);
    } else if (const auto* cut = std::get_if<LogCut>(&e.body)) {
      const bool is_excused = cut->by_power_loss && cut->partition.topic == records_topic;
      if (is_excused) committed_.clear();
    }
  }

 private:
  using Leaders = std::vector<NodeId>;  // Of the partitions that hold groups' records.
  struct Committed {
    Offset offset = -1;
    EventId event;
    Instant at;
    NodeId coordinator;
    Leaders leaders;
  };
  using Key = std::pair<std::string, TopicPartition>;  // The group, and of what.

  static Leaders leaders_now(const Judge& judge) {
    Leaders leaders;
    const auto* partition = judge.ledger().find({records_topic, 0});
    while (partition) {
      leaders.push_back(partition->state.leader);
      partition = judge.ledger().find({records_topic, static_cast<std::int32_t>(leaders.size())});
    }
    return leaders;
  }

  // Whether `node` leads now what the coordinator led that the commit was made with: it is that
  // coordinator, or its successor.
  static bool has_followed(NodeId node, const Committed& committed, const Judge& judge) {
    const auto now = leaders_now(judge);
    for (std::size_t i = 0; i < std::min(now.size(), committed.leaders.size()); ++i) {
      if (now[i] == node && committed.leaders[i] == committed.coordinator) return true;
    }
    return false;
  }

  void take(const Event& e, const OffsetCommitAnswered& commit, const Judge& judge) {
    const Key key{commit.group, commit.partition};
    const auto known = committed_.find(key);
    const bool goes_back = known != committed_.end() && commit.offset < known->second.offset;
    // Without a success it may have been written all the same.
    if (commit.error == 0 || goes_back) {
      committed_[key] = {commit.offset, e.id, e.at, e.node, leaders_now(judge)};
    }
  }

  void check(const Event& e, const OffsetFetchAnswered& fetch, Judge& judge) {
    const auto known = committed_.find({fetch.group, fetch.partition});
    if (known == committed_.end()) return;
    const auto& committed = known->second;
    if (fetch.offset >= committed.offset || fetch.asked_at_ns <= committed.at.ns()) return;
    if (!has_followed(e.node, committed, judge)) return;
    judge.report({.id = std::string(id()),
                  .kind = "went_back",
                  .message = fmt::format("{} had committed offset {} of {}, and {} was told {}.",
                                         fetch.group, committed.offset, fetch.partition, fetch.peer,
                                         fetch.offset),
                  .facts = {committed.event, e.id},
                  .at = {},
                  .partition = fetch.partition});
  }

  std::map<Key, Committed> committed_;
};

}  // namespace

std::unique_ptr<Property> committed_offsets() { return std::make_unique<CommittedOffsets>(); }

}  // namespace brokersim::properties
