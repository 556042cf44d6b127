// BS-Q02: what the quorum's leader shows to be committed of the metadata is on the disks of a
// majority, under a record of the leader's own epoch, and every later leader has it (KIP-595;
// Raft's leader completeness; KAFKA-12619).
#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/ledger.h"
#include "properties/quorum_voters.h"

namespace brokersim::properties {

namespace {

class QuorumCommits final : public Property {
 public:
  explicit QuorumCommits(const std::vector<NodeId>& voters) : voters_(voters) {}

  std::string_view id() const override { return "BS-Q02"; }
  std::string_view name() const override { return "quorum's commits lost"; }
  std::string_view explanation() const override {
    return "What the high watermark of the quorum's leader covers, as it answers fetches of the "
           "metadata, is synced on the disks of a majority of the voters, as they were last agreed "
           "on or with one more or less. Until the first record "
           "of the leader's own epoch is, nothing is covered: earlier records may still be "
           "replaced. Two leaders never show different records at one offset, and who leads in a "
           "later epoch has all that was shown before. Where the voters change, a majority of the "
           "new ones counts from the record that names them on. Losing power excuses nothing, "
           "since a record counts once it is synced. What a follower knows to be committed is not "
           "judged: it may lag.";
  }
  Needs needs() const override { return Need::wire | Need::disk; }
  Kinds listens_to() const override {
    return Kinds::of<FetchAnswered, QuorumLeaderAnnounced, VotersCommitted>();
  }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* answer = std::get_if<FetchAnswered>(&e.body)) {
      const bool shows = answer->error == 0 && answer->high_watermark > 0;
      if (!shows || answer->partition != metadata_partition()) return;
      const ReplicaLog* log = log_of(e.node, judge);
      if (log != nullptr && is_known(*log)) on_shown(e, *answer, *log, judge);
    } else if (const auto* leader = std::get_if<QuorumLeaderAnnounced>(&e.body)) {
      on_leader(e, leader->epoch, judge);
    } else if (const auto* voters = std::get_if<VotersCommitted>(&e.body)) {
      voters_.agreed_on(voters->voters);
      on_voters(e, *voters, judge);
    }
  }

 private:
  struct Reign {
    LeaderEpoch epoch = no_epoch;
    EventId announced;
  };

  // False where a log begins behind a snapshot, and nobody knows what that stands for.
  static bool is_known(const ReplicaLog& log) {
    const auto& entries = log.entries();
    return entries.empty() ? log.start_offset() == 0 : entries.front().batch.base_offset == 0;
  }

  static const ReplicaLog* log_of(NodeId node, const Judge& judge) {
    const Partition* partition = judge.ledger().find(metadata_partition());
    return partition == nullptr ? nullptr : partition->log_of(node);
  }

  // ---- Showing -------------------------------------------------------------------------------

  void on_shown(const Event& e, const FetchAnswered& answer, const ReplicaLog& log, Judge& judge) {
    check_own_record(e, answer.high_watermark, log, judge);
    const auto& entries = log.entries();
    const auto count =
        static_cast<std::size_t>(first_reaching(entries, answer.high_watermark) - entries.begin());
    const std::size_t common = std::min(count, shown_.size());
    if (common > 0 && entries[common - 1].prefix != shown_[common - 1].prefix) {
      report(shown_by_, e.id, "shown_otherwise",
             fmt::format("{} shows a high watermark of {} of the metadata, but what was shown to "
                         "be committed before is not in its log.",
                         judge.ledger().name_of(e.node), answer.high_watermark),
             judge);
      return;
    }
    if (count <= shown_.size()) return;
    check_majority(e, answer.high_watermark, log, count, judge);
    shown_.insert(shown_.end(), entries.begin() + static_cast<std::ptrdiff_t>(shown_.size()),
                  entries.begin() + static_cast<std::ptrdiff_t>(count));
    shown_by_ = e.id;
    shown_in_ = std::max({shown_in_, reigns_[e.node].epoch, entries.back().batch.leader_epoch});
  }

  // A majority of them has synced it just now: it was too early to show it before.
  void on_voters(const Event& e, const VotersCommitted& committed, Judge& judge) {
    if (ReplicaLog::end_offset_of(shown_) <= committed.metadata_offset) return;
    report(shown_by_, e.id, "voters_not_asked",
           fmt::format("The voters {}, named at offset {} of the metadata, were shown to be agreed "
                       "on before a majority of them had synced that.",
                       brokersim::text_of(committed.voters), committed.metadata_offset),
           judge);
  }

  // In the epoch that it last told others of, or a later one.
  void check_own_record(const Event& e, Offset high_watermark, const ReplicaLog& log,
                        Judge& judge) {
    const Reign& reign = reigns_[e.node];
    if (!reign.epoch.is_set()) return;
    const auto& entries = log.entries();
    const auto first = std::partition_point(
        entries.begin(), entries.end(),
        [&reign](const LogEntry& entry) { return entry.batch.leader_epoch < reign.epoch; });
    if (first != entries.end() && first->batch.base_offset < high_watermark) return;
    report(reign.announced, e.id, "before_own_record",
           fmt::format("{} shows a high watermark of {} of the metadata, but {} in its epoch {}.",
                       judge.ledger().name_of(e.node), high_watermark,
                       first == entries.end() ? std::string("has no record")
                                              : fmt::format("its first record is at offset {}",
                                                            first->batch.base_offset),
                       reign.epoch),
           judge);
  }

  void check_majority(const Event& e, Offset high_watermark, const ReplicaLog& log,
                      std::size_t count, Judge& judge) {
    if (!voters_.are_known()) return;
    const Partition& partition = *judge.ledger().find(metadata_partition());
    const LogEntry& last = log.entries()[count - 1];
    std::vector<NodeId> holders;
    for (const Replica& replica : partition.replicas) {
      // What a snapshot stands for is synced with it.
      const Offset synced = std::max(replica.log.synced_end(), replica.log.start_offset());
      const bool holds = replica.log.holds(count - 1, last.prefix) && synced >= high_watermark;
      if (holds && voters_.are_latest(replica.node)) holders.push_back(replica.node);
    }
    const std::size_t needed = voters_.least_majority_of_latest();
    if (holders.size() >= needed) return;
    report(last.stored, e.id, "beyond_majority",
           fmt::format("{} shows a high watermark of {} of the metadata, but of the voters only {} "
                       "have synced so much: it takes {}.",
                       judge.ledger().name_of(e.node), high_watermark, brokersim::text_of(holders),
                       needed),
           judge);
  }

  // ---- Leading -------------------------------------------------------------------------------

  void on_leader(const Event& e, LeaderEpoch epoch, Judge& judge) {
    Reign& reign = reigns_[e.node];
    if (epoch > reign.epoch) reign = {epoch, e.id};
    if (epoch <= shown_in_ || shown_.empty()) return;
    const ReplicaLog* log = log_of(e.node, judge);
    const bool has_all =
        log != nullptr && (!is_known(*log) || log->holds(shown_.size() - 1, shown_.back().prefix));
    if (has_all) return;
    report(shown_by_, e.id, "leads_without",
           fmt::format("{} leads quorum epoch {} without all that was shown to be committed of "
                       "the metadata before offset {}, up to epoch {}.",
                       judge.ledger().name_of(e.node), epoch, ReplicaLog::end_offset_of(shown_),
                       shown_in_),
           judge);
  }

  void report(EventId first, EventId second, std::string kind, std::string message, Judge& judge) {
    judge.report({std::string(id()),
                  std::move(kind),
                  std::move(message),
                  {first, second},
                  {},
                  metadata_partition()});
  }

  QuorumVoters voters_;
  std::map<NodeId, Reign> reigns_;   // The last that each node told others of.
  std::vector<LogEntry> shown_;      // What some leader's high watermark has covered.
  EventId shown_by_;                 // The last part of it.
  LeaderEpoch shown_in_ = no_epoch;  // In this epoch at the latest.
};

}  // namespace

std::unique_ptr<Property> quorum_commits(const std::vector<NodeId>& voters) {
  return std::make_unique<QuorumCommits>(voters);
}

}  // namespace brokersim::properties
