// BS-G09: a group's coordinator answers what its log says (KIP-62, KIP-848): whoever coordinates
// next finds the same there, and gives nothing of it to anybody else.
//
//   ConsumerGroupHeartbeat ─▶ epoch 5, orders-0      a member in epoch 5 that has orders-0
//   SyncGroup(generation 5) ─▶ orders-0              generation 5, in which it is given orders-0
#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/group_log.h"
#include "properties/ledger.h"
#include "properties/transactions.h"

namespace brokersim::properties {

namespace {

class GroupAnswers final : public Property {
 public:
  std::string_view id() const override { return "BS-G09"; }
  std::string_view name() const override { return "answer not in the group's log"; }
  std::string_view explanation() const override {
    return "A member is told of an epoch (KIP-848), or of a generation that has its assignment, "
           "and "
           "is given partitions, only when the records of its group in __consumer_offsets say so, "
           "committed: so the next coordinator knows who has what. That a coordinator which was "
           "deposed repeats an answer of its time is no violation. What JoinGroup tells is not "
           "judged, as a generation is written once its leader has assigned, nor what a member is "
           "told that leaves, nor what involves a log that was replaced by an unclean election, or "
           "with a loss, or that nobody leads.";
  }
  Needs needs() const override { return Need::wire | Need::disk | Need::metadata; }
  bool judges_names() const override { return true; }  // Members are given what is called so.
  Kinds listens_to() const override {
    return Kinds::of<GroupStateStored, SyncGroupAnswered, ConsumerGroupHeartbeatAnswered>();
  }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* stored = std::get_if<GroupStateStored>(&e.body)) {
      places_[stored->group] = stored->partition;
      logs_.take(e, *stored);
      follow(stored->partition, judge.ledger());
    } else if (const auto* synced = std::get_if<SyncGroupAnswered>(&e.body)) {
      if (synced->error != 0) return;
      check(e, {synced->group, synced->member, synced->generation}, synced->assigned, judge);
    } else if (const auto* beat = std::get_if<ConsumerGroupHeartbeatAnswered>(&e.body)) {
      const bool is_in = beat->error == 0 && beat->asked_epoch >= 0;
      if (is_in) check(e, {beat->group, beat->member, beat->epoch}, beat->assigned, judge);
    }
  }

 private:
  struct Part {
    std::string group;
    std::string member;
    std::int32_t epoch = -1;  // Or generation.
    friend auto operator<=>(const Part&, const Part&) = default;
  };

  void follow(const TopicPartition& partition, const Ledger& ledger) {
    for (const auto& one : logs_.news_of(partition, ledger).states) {
      const auto& record = one.record;
      if (one.is_tombstone() || record.member.empty()) continue;
      said_[{record.group, record.member, record.epoch}].insert(record.assigned.begin(),
                                                                record.assigned.end());
    }
  }

  // Whether the log of that group is known, up to now.
  bool can_judge(const std::string& group, const Judge& judge) {
    if (places_.empty() || has_lost_decisions(judge.ledger())) return false;
    const auto place = places_.find(group);
    if (place == places_.end()) return true;
    follow(place->second, judge.ledger());
    const Partition* log = judge.ledger().find(place->second);
    return log != nullptr && is_beyond_doubt(*log);
  }

  void check(const Event& e, const Part& part, const std::vector<TopicPartition>& assigned,
             Judge& judge) {
    if (!can_judge(part.group, judge)) return;
    const auto said = said_.find(part);
    if (said == said_.end()) {
      return report(
          e, "epoch_without_record",
          fmt::format("{} told {} that it is in epoch or generation {} of {}, but no "
                      "committed record says so.",
                      judge.ledger().name_of(e.node), part.member, part.epoch, part.group),
          std::nullopt, judge);
    }
    for (const auto& partition : assigned) {
      // By an id whose topic is gone.
      if (partition.topic.empty() || said->second.contains(partition)) continue;
      report(e, "assignment_without_record",
             fmt::format("{} gave {} {} in epoch or generation {} of {}, but no committed record "
                         "says so.",
                         judge.ledger().name_of(e.node), part.member, partition, part.epoch,
                         part.group),
             partition, judge);
    }
  }

  void report(const Event& e, std::string kind, std::string message,
              std::optional<TopicPartition> partition, Judge& judge) {
    judge.report({std::string(id()),
                  std::move(kind),
                  std::move(message),
                  {e.id, {}},
                  {},
                  std::move(partition)});
  }

  GroupLogs logs_;
  std::map<std::string, TopicPartition> places_;  // Of groups.
  std::map<Part, std::set<TopicPartition>> said_;
};

}  // namespace

std::unique_ptr<Property> group_answers() { return std::make_unique<GroupAnswers>(); }

}  // namespace brokersim::properties
