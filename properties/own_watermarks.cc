// BS-H02: what a replica shows consumers to be committed it knows to be: a follower from its leader
// (KIP-392). All of it lies in its log, and it neither takes it back nor cuts it off (R3, R5).
#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/ledger.h"

namespace brokersim::properties {

namespace {

class OwnWatermarks final : public Property {
 public:
  std::string_view id() const override { return "BS-H02"; }
  std::string_view name() const override { return "own high watermark wrong"; }
  std::string_view explanation() const override {
    return "The high watermark that a replica shows a consumer lies within its own log. That of a "
           "follower (KIP-392) is none beyond what some leader has told it, be it before a restart "
           "or a loss of power, or beyond where its log begins. It does not go back while the "
           "replica follows or leads in one epoch and its log is not cut. Nor does a replica cut "
           "off in one life what it has shown and what is committed, as long as none of the "
           "partition's replicas ever lost power and nobody was elected uncleanly. What it keeps "
           "in a checkpoint is not judged: a start believes no more of it than its log holds.";
  }
  Needs needs() const override { return Need::wire | Need::disk | Need::metadata; }
  Kinds listens_to() const override {
    return Kinds::of<FetchAnswered, LogCut, BatchStored, BecameLeader, BecameFollower,
                     PartitionCommitted, NodeStarted>();
  }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* answer = std::get_if<FetchAnswered>(&e.body)) {
      if (answer->error == 0 && answer->high_watermark >= 0) on_answer(e, *answer, judge);
    } else if (const auto* stored = std::get_if<BatchStored>(&e.body)) {
      if (!cuts_.empty()) on_stored(e, stored->partition, judge);
    } else if (const auto* cut = std::get_if<LogCut>(&e.body)) {
      on_cut(e, *cut, judge);
    } else if (const auto* leads = std::get_if<BecameLeader>(&e.body)) {
      begin_epoch(leads->partition, e.node, true, judge);
    } else if (const auto* follows = std::get_if<BecameFollower>(&e.body)) {
      begin_epoch(follows->partition, e.node, false, judge);
    } else if (const auto* state = std::get_if<PartitionCommitted>(&e.body)) {
      for (const NodeId node : state->replicas)
        begin_epoch(state->partition, node, node == state->leader, judge);
    } else {
      begin_life(e.node);
    }
  }

 private:
  struct Shown {
    Offset high_watermark = -1;
    Instant at;
    EventId event;
  };
  struct Copy {
    NodeId node;
    Offset told = 0;  // By leaders.
    EventId told_by;
    bool has_led = false;  // Then it may know more than it was told.
    Shown latest;          // Shown to consumers, in this epoch and since the log was cut last.
    Shown highest;         // In this life, since the log was cut last.
    Instant cut_at;
  };
  // What a replica has cut off of what it had shown.
  struct Cut {
    EventId shown;
    std::size_t index = 0;
    LogEntry first;
  };

  // The ledger knows the partition.
  Copy& copy_at(std::size_t number, NodeId node) {
    if (copies_.size() <= number) copies_.resize(number + 1);
    auto& copies = copies_[number];
    for (Copy& copy : copies)
      if (copy.node == node) return copy;
    copies.push_back({.node = node});
    return copies.back();
  }

  void begin_epoch(const TopicPartition& name, NodeId node, bool leads, const Judge& judge) {
    const auto number = judge.ledger().index_of(name);
    if (!number) return;
    Copy& copy = copy_at(*number, node);
    copy.has_led = copy.has_led || leads;
    copy.latest = {};
  }

  void begin_life(NodeId node) {
    for (auto& copies : copies_) {
      for (Copy& copy : copies) {
        if (copy.node != node) continue;
        copy.latest = {};
        copy.highest = {};
      }
    }
    std::erase_if(cuts_, [node](const auto& cut) { return cut.first.second == node; });
  }

  void on_answer(const Event& e, const FetchAnswered& answer, Judge& judge) {
    const std::size_t number = *judge.ledger().index_of(answer.partition);
    if (answer.replica.is_set()) {
      Copy& follower = copy_at(number, answer.replica);
      if (follower.told_by.value != 0 && answer.high_watermark <= follower.told) return;
      follower.told = answer.high_watermark;
      follower.told_by = e.id;
      return;
    }
    const Partition& partition = judge.ledger().partitions()[number];
    const ReplicaLog* log = partition.log_of(e.node);
    if (partition.state.event.value == 0 || log == nullptr) return;
    Copy& copy = copy_at(number, e.node);
    // It may have been read before the log was cut; nor is anything known of when it was, if nobody
    // says when it was asked for.
    if (answer.asked_at_ns <= copy.cut_at.ns()) return;
    check_end(e, answer, *log, judge);
    check_told(e, answer, *log, copy, judge);
    check_latest(e, answer, copy, judge);
    const Shown shown{answer.high_watermark, e.at, e.id};
    if (shown.high_watermark >= copy.latest.high_watermark) copy.latest = shown;
    if (shown.high_watermark >= copy.highest.high_watermark) copy.highest = shown;
  }

  static void check_end(const Event& e, const FetchAnswered& answer, const ReplicaLog& log,
                        Judge& judge) {
    const Offset end = std::max(log.end_offset(), log.start_offset());
    if (answer.high_watermark <= end) return;
    report("beyond_its_log", {e.id, {}}, answer.partition,
           fmt::format("{} showed {} a high watermark of {} of {}, but its log ends at offset {}.",
                       judge.ledger().name_of(e.node), answer.peer, answer.high_watermark,
                       answer.partition, end),
           judge);
  }

  static void check_told(const Event& e, const FetchAnswered& answer, const ReplicaLog& log,
                         const Copy& copy, Judge& judge) {
    if (copy.has_led || copy.told_by.value == 0) return;
    const Offset told = std::max(copy.told, log.start_offset());
    if (answer.high_watermark <= told) return;
    report("beyond_told", {copy.told_by, e.id}, answer.partition,
           fmt::format("{} showed {} a high watermark of {} of {}, but no leader has told it of "
                       "more than {}.",
                       judge.ledger().name_of(e.node), answer.peer, answer.high_watermark,
                       answer.partition, told),
           judge);
  }

  // An answer to an earlier fetch may come late.
  static void check_latest(const Event& e, const FetchAnswered& answer, const Copy& copy,
                           Judge& judge) {
    const Shown& before = copy.latest;
    if (answer.high_watermark >= before.high_watermark) return;
    if (answer.asked_at_ns <= before.at.ns()) return;
    report("went_back", {before.event, e.id}, answer.partition,
           fmt::format("{} showed {} a high watermark of {} of {} after {}.",
                       judge.ledger().name_of(e.node), answer.peer, answer.high_watermark,
                       answer.partition, before.high_watermark),
           judge);
  }

  void on_cut(const Event& e, const LogCut& cut, const Judge& judge) {
    const std::size_t number = *judge.ledger().index_of(cut.partition);
    const Partition& partition = judge.ledger().partitions()[number];
    Copy& copy = copy_at(number, e.node);
    copy.cut_at = e.at;
    copy.latest = {};
    const Shown shown = std::exchange(copy.highest, {});
    // It is given up, or begun anew: then it is cut segment by segment.
    if (cut.end_offset == 0) cuts_.erase({number, e.node});
    if (cut.end_offset == 0 || cut.by_power_loss || partition.last_cut.empty()) return;
    const LogEntry& first = partition.last_cut.front();
    const bool was_shown = first.batch.last_offset < shown.high_watermark;
    if (was_shown && is_owed(partition, partition.last_cut_at, first, judge))
      cuts_.try_emplace({number, e.node}, Cut{shown.event, partition.last_cut_at, first});
  }

  // The log goes on behind the cut.
  void on_stored(const Event& e, const TopicPartition& name, Judge& judge) {
    const std::size_t number = *judge.ledger().index_of(name);
    const auto found = cuts_.extract({number, e.node});
    if (found.empty()) return;
    const Cut& cut = found.mapped();
    if (!is_owed(judge.ledger().partitions()[number], cut.index, cut.first, judge)) return;
    report("cut_off", {cut.shown, e.id}, name,
           fmt::format("{} goes on with its log of {} at offset {}, from where it had shown what "
                       "is still committed.",
                       judge.ledger().name_of(e.node), name, cut.first.batch.base_offset),
           judge);
  }

  // What a leader that lacked it made others cut off is judged by who leads (BS-D01).
  static bool is_owed(const Partition& partition, std::size_t index, const LogEntry& entry,
                      const Judge& judge) {
    if (!partition.unclean_elections.empty() || !partition.rebases.empty()) return false;
    const auto has_lost_power = [&](const Replica& replica) {
      return judge.ledger().node(replica.node).last_power_loss.value != 0;
    };
    const auto& replicas = partition.replicas;
    if (std::any_of(replicas.begin(), replicas.end(), has_lost_power)) return false;
    const auto& committed = partition.committed;
    return index < committed.size() && committed[index].prefix == entry.prefix;
  }

  static void report(std::string kind, std::array<EventId, 2> facts,
                     const TopicPartition& partition, std::string message, Judge& judge) {
    judge.report({"BS-H02", std::move(kind), std::move(message), facts, {}, partition});
  }

  std::vector<std::vector<Copy>> copies_;  // By the ledger's number of the partition.
  std::map<std::pair<std::size_t, NodeId>, Cut> cuts_;
};

}  // namespace

std::unique_ptr<Property> own_watermarks() { return std::make_unique<OwnWatermarks>(); }

}  // namespace brokersim::properties
