// BS-G04: what a group has committed, somebody in it was handed: each record below a
// committed offset.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/ledger.h"
#include "properties/shown_logs.h"
#include "properties/transactions.h"

namespace brokersim::properties {

namespace {

class GroupDelivery final : public Property {
 public:
  explicit GroupDelivery(std::set<std::string> begin_at_latest)
      : begin_at_latest_(std::move(begin_at_latest)) {}

  std::string_view id() const override { return "BS-G04"; }
  std::string_view name() const override { return "committed unread"; }
  std::string_view explanation() const override {
    return "When a member of a group asks for an offset to be committed, every committed record "
           "of the partition before it, from where the group began to read, has been handed to "
           "somebody in the group: whoever reads next begins there, and what is before it nobody "
           "will read again. A record may be handed out several times. Where somebody in the group "
           "begins at the latest record if nothing is committed, what comes before that is owed to "
           "nobody. Where a log was cut in an "
           "excused loss, what took the place of the lost records has to be handed out, too, "
           "before a record behind it is committed; who does not know of the cut yet may commit "
           "what it was handed before. What was deleted at the beginning of the log, what "
           "compaction took, what was aborted, where whoever commits reads committed records "
           "only, and commits from outside any generation are not judged.";
  }
  Needs needs() const override { return Need::client | Need::wire | Need::disk | Need::metadata; }
  Kinds listens_to() const override {
    return Kinds::of<OwnershipChanged, PositionReset, FetchAnswered, ReadCommittedAnswered,
                     RecordDelivered, OffsetCommitAnswered, LogBegun>();
  }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* owned = std::get_if<OwnershipChanged>(&e.body)) {
      groups_[owned->client] = owned->group;
    } else if (const auto* reset = std::get_if<PositionReset>(&e.body)) {
      if (auto* reading = reading_of(reset->client, reset->partition)) begin(*reset, *reading);
    } else if (const auto* answer = std::get_if<FetchAnswered>(&e.body)) {
      shown_.take(e, *answer, judge.ledger());
    } else if (const auto* committed = std::get_if<ReadCommittedAnswered>(&e.body)) {
      committed_readers_.note(*committed);
    } else if (const auto* delivered = std::get_if<RecordDelivered>(&e.body)) {
      if (auto* reading = reading_of(delivered->client, delivered->partition)) {
        const auto shown = shown_.of(delivered->client, delivered->partition, delivered->offset);
        reading->delivered[delivered->offset].push_back({e.at, shown});
      }
    } else if (const auto* begun = std::get_if<LogBegun>(&e.body)) {
      auto& begins = begins_[begun->partition];
      begins = std::max(begins, begun->start_offset);
    } else if (const auto* commit = std::get_if<OffsetCommitAnswered>(&e.body)) {
      if (commit->error == 0) take(e, *commit, judge);
    }
  }

 private:
  struct Delivery {
    Instant at;
    EventId shown;  // In which answer, if that showed what is there and not what is lost.
  };
  // Of a partition by a group.
  struct Reading {
    // Every record before it was handed to somebody, or is nobody's to judge. Nothing: nobody has
    // begun.
    std::optional<Offset> settled;
    std::map<Offset, std::vector<Delivery>> delivered;  // From there on.
    std::size_t rebases = 0;                            // Of the partition, which it has followed.
  };

  Reading* reading_of(const std::string& client, const TopicPartition& partition) {
    const auto group = groups_.find(client);
    return group == groups_.end() ? nullptr : &readings_[{group->second, partition}];
  }

  void begin(const PositionReset& reset, Reading& reading) const {
    if (!reading.settled) reading.settled = reset.offset;
    const bool is_by_policy = reset.why == "assign" || reset.why == "out_of_range";
    if (!is_by_policy || !begin_at_latest_.contains(groups_.at(reset.client))) return;
    // The latest record is the policy's choice: nobody will be handed what comes before it.
    reading.settled = std::max(*reading.settled, reset.offset);
  }

  void take(const Event& e, const OffsetCommitAnswered& commit, Judge& judge) {
    const auto found = readings_.find({commit.group, commit.partition});
    const auto* partition = judge.ledger().find(commit.partition);
    if (found == readings_.end() || !found->second.settled || partition == nullptr) return;
    auto& reading = found->second;
    follow_cuts(*partition, reading);
    const bool is_judged = knows_log(*partition, reading, commit);
    const Offset to =
        is_judged ? commit.offset : std::min(commit.offset, partition->lowest_excused_cut);
    if (to <= *reading.settled) return;
    if (commit.generation >= 0) check(e, commit, *partition, reading, to, judge);
    reading.settled = to;
    reading.delivered.erase(reading.delivered.begin(), reading.delivered.lower_bound(to));
  }

  // What was settled of what is lost is not of what has taken its place.
  static void follow_cuts(const Partition& partition, Reading& reading) {
    for (; reading.rebases < partition.rebases.size(); ++reading.rebases) {
      const Offset cut = partition.rebases[reading.rebases].offset;
      reading.settled = std::min(*reading.settled, cut);
    }
  }

  // Whoever commits was handed the record before the offset as it is now: of a cut it would have to
  // know.
  static bool knows_log(const Partition& partition, const Reading& reading,
                        const OffsetCommitAnswered& commit) {
    return commit.offset <= partition.lowest_excused_cut ||
           was_read(partition, reading, commit.offset - 1, commit.asked_at_ns);
  }

  static bool was_read(const Partition& partition, const Reading& reading, Offset offset,
                       std::int64_t by_ns) {
    const auto delivered = reading.delivered.find(offset);
    if (delivered == reading.delivered.end()) return false;
    EventId since;  // What lies there now was not there before.
    for (const auto& rebase : partition.rebases) {
      if (rebase.offset <= offset) since = rebase.event;
    }
    return std::any_of(delivered->second.begin(), delivered->second.end(), [&](const auto& one) {
      return one.at.ns() <= by_ns && (since.value == 0 || since.value < one.shown.value);
    });
  }

  void check(const Event& e, const OffsetCommitAnswered& commit, const Partition& partition,
             const Reading& reading, Offset to, Judge& judge) {
    const Offset from =
        std::max({*reading.settled, begins_[commit.partition], partition.deletions.may_reach()});
    const auto& committed = partition.committed;
    auto at = first_reaching(committed, from);
    for (; at != committed.end() && at->batch.base_offset < to; ++at) {
      if (is_control(at->batch.role)) continue;
      if (committed_readers_.may_skip(judge.ledger(), partition, at->batch, commit.peer)) continue;
      const Offset last = std::min(at->batch.last_offset, to - 1);
      for (Offset offset = std::max(from, at->batch.base_offset); offset <= last; ++offset) {
        if (partition.compactions.is_gone(offset)) continue;
        if (!was_read(partition, reading, offset, commit.asked_at_ns)) {
          return report(e, commit, *at, offset, judge);
        }
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

  const std::set<std::string> begin_at_latest_;  // Groups.
  std::map<std::string, std::string> groups_;    // By client.
  CommittedReaders committed_readers_;
  ShownLogs shown_;
  std::map<std::pair<std::string, TopicPartition>, Reading> readings_;
  std::map<TopicPartition, Offset> begins_;  // Where logs begin, the latest of any replica.
};

}  // namespace

std::unique_ptr<Property> group_delivery(std::set<std::string> begin_at_latest) {
  return std::make_unique<GroupDelivery>(std::move(begin_at_latest));
}

}  // namespace brokersim::properties
