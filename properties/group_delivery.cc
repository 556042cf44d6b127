// BS-G04: what a group has committed, somebody in it was handed: each record below a
// committed offset.
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/ledger.h"

namespace brokersim::properties {

namespace {

class GroupDelivery final : public Property {
 public:
  std::string_view id() const override { return "BS-G04"; }
  std::string_view name() const override { return "committed unread"; }
  std::string_view explanation() const override {
    return "When a member of a group asks for an offset to be committed, every committed record "
           "of the partition before it, from where the group began to read, has been handed to "
           "somebody in the group: whoever reads next begins there, and what is before it nobody "
           "will read again. A record may be handed out several times. Offsets that were given up "
           "in an excused loss, what was deleted at the beginning of the log, what compaction "
           "took, and commits from outside any generation are not judged.";
  }
  Needs needs() const override { return Need::client | Need::wire | Need::disk | Need::metadata; }
  Kinds listens_to() const override {
    return Kinds::of<OwnershipChanged, PositionReset, RecordDelivered, OffsetCommitAnswered,
                     LogBegun>();
  }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* owned = std::get_if<OwnershipChanged>(&e.body)) {
      groups_[owned->client] = owned->group;
    } else if (const auto* reset = std::get_if<PositionReset>(&e.body)) {
      if (auto* reading = reading_of(reset->client, reset->partition)) {
        if (!reading->settled) reading->settled = reset->offset;
      }
    } else if (const auto* delivered = std::get_if<RecordDelivered>(&e.body)) {
      auto* reading = reading_of(delivered->client, delivered->partition);
      if (reading) reading->delivered.try_emplace(delivered->offset, e.at);
    } else if (const auto* begun = std::get_if<LogBegun>(&e.body)) {
      auto& begins = begins_[begun->partition];
      begins = std::max(begins, begun->start_offset);
    } else if (const auto* commit = std::get_if<OffsetCommitAnswered>(&e.body)) {
      if (commit->error == 0) take(e, *commit, judge);
    }
  }

 private:
  // Of a partition by a group.
  struct Reading {
    // Every record before it was handed to somebody, or is nobody's to judge. Nothing: nobody has
    // begun.
    std::optional<Offset> settled;
    std::map<Offset, Instant> delivered;  // For the first time, from there on.
  };

  Reading* reading_of(const std::string& client, const TopicPartition& partition) {
    const auto group = groups_.find(client);
    return group == groups_.end() ? nullptr : &readings_[{group->second, partition}];
  }

  void take(const Event& e, const OffsetCommitAnswered& commit, Judge& judge) {
    const auto found = readings_.find({commit.group, commit.partition});
    if (found == readings_.end() || !found->second.settled) return;
    auto& reading = found->second;
    if (commit.offset <= *reading.settled) return;
    if (commit.generation >= 0) check(e, commit, reading, judge);
    reading.settled = commit.offset;
    reading.delivered.erase(reading.delivered.begin(),
                            reading.delivered.lower_bound(commit.offset));
  }

  void check(const Event& e, const OffsetCommitAnswered& commit, const Reading& reading,
             Judge& judge) {
    const auto* partition = judge.ledger().find(commit.partition);
    if (partition == nullptr) return;
    const Offset from = std::max(*reading.settled, begins_[commit.partition]);
    const Offset to = std::min(commit.offset, partition->lowest_excused_cut);
    const auto& committed = partition->committed;
    auto at = std::partition_point(
        committed.begin(), committed.end(),
        [from](const LogEntry& entry) { return entry.batch.last_offset < from; });
    for (; at != committed.end() && at->batch.base_offset < to; ++at) {
      if (is_control(at->batch.role)) continue;
      const Offset last = std::min(at->batch.last_offset, to - 1);
      for (Offset offset = std::max(from, at->batch.base_offset); offset <= last; ++offset) {
        if (partition->compactions.is_gone(offset)) continue;
        const auto delivered = reading.delivered.find(offset);
        const bool was_read =
            delivered != reading.delivered.end() && delivered->second.ns() <= commit.asked_at_ns;
        if (!was_read) return report(e, commit, *at, offset, judge);
      }
    }
  }

  void report(const Event& e, const OffsetCommitAnswered& commit, const LogEntry& entry,
              Offset offset, Judge& judge) {
    judge.report({.id = std::string(id()),
                  .kind = "committed_unread",
                  .message = fmt::format(
                      "{} committed offset {} of {}, and nobody in it had been handed offset {}.",
                      commit.group, commit.offset, commit.partition, offset),
                  .facts = {entry.stored, e.id},
                  .at = {},
                  .partition = commit.partition});
  }

  std::map<std::string, std::string> groups_;  // By client.
  std::map<std::pair<std::string, TopicPartition>, Reading> readings_;
  std::map<TopicPartition, Offset> begins_;  // Where logs begin, the latest of any replica.
};

}  // namespace

std::unique_ptr<Property> group_delivery() { return std::make_unique<GroupDelivery>(); }

}  // namespace brokersim::properties
