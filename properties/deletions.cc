// BS-R02: what is deleted at the beginning of a log was due: it was too old, or too much was there,
// or somebody had asked for it.
#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/ledger.h"
#include "properties/topic_names.h"

namespace brokersim::properties {

namespace {

class Deletions final : public Property {
 public:
  std::string_view id() const override { return "BS-R02"; }
  std::string_view name() const override { return "deleted before its time"; }
  std::string_view explanation() const override {
    return "A replica deletes the first segment of its log only if its newest record is older than "
           "retention.ms by the latest time that the replica's own clock has shown, or if what is "
           "left is at least retention.bytes, or if the log may begin that late: since it was "
           "asked to delete the records before (DeleteRecords), or its leader has told it that its "
           "own log does. Nor does a leader tell a follower that its log begins later than that. "
           "Of settings that were changed the one that allows most counts, since nobody knows when "
           "a broker came to know of another; and a log that was cut or compacted may have been "
           "larger when the deletion was decided on. What a start deletes is not judged: that was "
           "decided before. Nor is when something has to be deleted.";
  }
  Needs needs() const override { return Need::wire | Need::disk | Need::metadata; }
  Kinds listens_to() const override {
    return Kinds::of<SegmentDeleted, FetchAnswered, RecordDeletionAsked, LogSettingsCommitted,
                     LogCut, LogCompacted>();
  }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* answer = std::get_if<FetchAnswered>(&e.body)) {
      const bool tells = answer->error == 0 && answer->log_start_offset > 0;
      if (tells && answer->replica.is_set()) on_told(e, *answer, judge);
    } else if (const auto* deleted = std::get_if<SegmentDeleted>(&e.body)) {
      on_deleted(e, *deleted, judge);
    } else if (const auto* cut = std::get_if<LogCut>(&e.body)) {
      rewritten_.insert(copy_of(cut->partition, e.node));
    } else if (const auto* compacted = std::get_if<LogCompacted>(&e.body)) {
      rewritten_.insert(copy_of(compacted->partition, e.node));
    } else if (const auto* asked = std::get_if<RecordDeletionAsked>(&e.body)) {
      on_asked(e, *asked);
    } else {
      on_settings(std::get<LogSettingsCommitted>(e.body));
    }
  }

 private:
  static constexpr Offset all = std::numeric_limits<Offset>::max();
  // By Kafka's names: what was allowed to a log its successor of that name may do as well.
  using Copy = std::pair<TopicPartition, NodeId>;
  // What was ever in force that keeps least.
  struct Limits {
    std::int64_t ms = LogSettingsCommitted::week_ms;
    std::int64_t bytes = -1;
  };

  static Copy copy_of(const TopicPartition& partition, NodeId node) {
    return {{name_in_kafka(partition.topic), partition.partition}, node};
  }
  void allow(const Copy& copy, Offset start) {
    Offset& allowed = allowed_[copy];
    allowed = std::max(allowed, start);
  }
  Offset allowed_to(const Copy& copy) const {
    const auto allowed = allowed_.find(copy);
    return allowed == allowed_.end() ? 0 : allowed->second;
  }

  void on_asked(const Event& e, const RecordDeletionAsked& asked) {
    for (std::size_t i = 0; i < asked.partitions.size() && i < asked.offsets.size(); ++i) {
      const Offset offset = asked.offsets[i];
      allow(copy_of(asked.partitions[i], e.node), offset < 0 ? all : offset);
    }
  }

  void on_settings(const LogSettingsCommitted& settings) {
    Limits& limits = limits_[name_in_kafka(settings.topic)];
    if (settings.retention_ms >= 0) limits.ms = std::min(limits.ms, settings.retention_ms);
    if (settings.retention_bytes < 0) return;
    limits.bytes = limits.bytes < 0 ? settings.retention_bytes
                                    : std::min(limits.bytes, settings.retention_bytes);
  }

  void on_deleted(const Event& e, const SegmentDeleted& deleted, Judge& judge) {
    // One that compaction has emptied goes with what is behind it.
    if (deleted.bytes == 0 || deleted.partition == metadata_partition()) return;
    const Copy copy = copy_of(deleted.partition, e.node);
    const Offset allowed = allowed_to(copy);
    if (allowed >= deleted.end_offset) return;
    const auto known = limits_.find(copy.first.topic);
    const Limits limits = known == limits_.end() ? Limits{} : known->second;
    const bool was_rewritten = rewritten_.contains(copy);
    const bool is_timeless = deleted.newest_ms < 0;
    const bool is_old =
        is_timeless ? was_rewritten : deleted.latest_clock - deleted.newest_ms > limits.ms;
    const bool is_too_much =
        limits.bytes >= 0 && (was_rewritten || deleted.bytes_left >= limits.bytes);
    if (is_old || is_too_much || !has_grown(deleted.partition, e.node, judge)) return;
    judge.report({std::string(id()),
                  "not_due",
                  fmt::format("{} deleted what lay before offset {} of {}: its newest record is of "
                              "{} ms, its clock has shown no later time than {} ms, and "
                              "retention.ms is {}; {} bytes are left, and retention.bytes is {}; "
                              "it may delete what lies before offset {}.",
                              judge.ledger().name_of(e.node), deleted.end_offset, deleted.partition,
                              deleted.newest_ms, deleted.latest_clock, limits.ms,
                              deleted.bytes_left, limits.bytes, allowed),
                  {judge.ledger().find(deleted.partition)->state.event, e.id},
                  {},
                  deleted.partition});
  }

  void on_told(const Event& e, const FetchAnswered& answer, Judge& judge) {
    if (answer.partition == metadata_partition()) return;  // That begins at a snapshot (BS-S01).
    check_told(e, answer, judge);
    allow(copy_of(answer.partition, answer.replica), answer.log_start_offset);
  }

  // Retention ends at a segment's end: that of the log on disk, unless a loss of power has undone
  // that there is another segment, or the log was cut or compacted in the middle of it.
  void check_told(const Event& e, const FetchAnswered& answer, Judge& judge) const {
    const Partition* partition = judge.ledger().find(answer.partition);
    const ReplicaLog* log = partition == nullptr ? nullptr : partition->log_of(e.node);
    if (log == nullptr || answer.log_start_offset <= log->start_offset()) return;
    const Copy copy = copy_of(answer.partition, e.node);
    const Offset allowed = allowed_to(copy);
    if (answer.log_start_offset <= allowed || rewritten_.contains(copy)) return;
    if (judge.ledger().node(e.node).last_power_loss.value != 0) return;
    judge.report({std::string(id()),
                  "begins_unasked",
                  fmt::format("{} told {} that its log of {} begins at offset {}, but it holds all "
                              "from offset {} on, and may delete what lies before offset {}.",
                              judge.ledger().name_of(e.node), answer.peer, answer.partition,
                              answer.log_start_offset, log->start_offset(), allowed),
                  {partition->state.event, e.id},
                  {},
                  answer.partition});
  }

  // In this life: a log that is being loaded does not grow.
  static bool has_grown(const TopicPartition& name, NodeId node, const Judge& judge) {
    const Partition* partition = judge.ledger().find(name);
    const ReplicaLog* log = partition == nullptr ? nullptr : partition->log_of(node);
    return log != nullptr && !log->entries().empty() &&
           log->entries().back().stored > judge.ledger().node(node).started;
  }

  std::map<std::string, Limits> limits_;
  std::map<Copy, Offset> allowed_;  // What lies before it a log may do without.
  std::set<Copy> rewritten_;        // Logs that were once cut or compacted.
};

}  // namespace

std::unique_ptr<Property> deletions() { return std::make_unique<Deletions>(); }

}  // namespace brokersim::properties
