// BS-T10: what a group of stream tasks has committed is processed, and what was made of it was
// acknowledged, at least once.
//
//   input ──── tasks ───► output
//   committed offset C    of each input before C: somebody has processed it, and each record that
//                         was made of it is there
//
// How often is nobody's affair. What is acknowledged stays there (BS-D01), and is handed to readers
// (BS-O02): here it is enough that somebody was told so, or was handed it.
#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/ledger.h"
#include "properties/transactions.h"

namespace brokersim::properties {

namespace {

class AtLeastOnce final : public Property {
 public:
  std::string_view id() const override { return "BS-T10"; }
  std::string_view name() const override { return "lost on the way"; }
  std::string_view explanation() const override {
    return "Of each input record before the offset that a group of at-least-once tasks has "
           "committed, some task of the group has made what it makes of it, and each record that "
           "it made was acknowledged, or handed to somebody: whoever takes over begins behind it. "
           "It may be there several times. Inputs that were aborted, deleted at the beginning of "
           "their log or compacted are not owed, nor are those behind an excused loss, which took "
           "the place of others. Where what groups or coordinators of transactions had decided "
           "was lost with an excuse nothing is judged.";
  }
  Needs needs() const override { return Need::client | Need::wire | Need::disk | Need::metadata; }
  Kinds listens_to() const override {
    return Kinds::of<RecordProcessed, SendInvoked, SendEnded, RecordDelivered, OffsetCommitAnswered,
                     OffsetFetchAnswered, LogBegun>();
  }

  void observe(const Event& e, Judge&) override {
    if (const auto* processed = std::get_if<RecordProcessed>(&e.body)) {
      if (processed->guarantee == ProcessingGuarantee::at_least_once) take(e, *processed);
    } else if (const auto* invoked = std::get_if<SendInvoked>(&e.body)) {
      if (missing_.contains(invoked->record)) record_of_[invoked->op] = invoked->record;
    } else if (const auto* sent = std::get_if<SendEnded>(&e.body)) {
      take(*sent);
    } else if (const auto* delivered = std::get_if<RecordDelivered>(&e.body)) {
      missing_.erase(delivered->record);
    } else if (const auto* commit = std::get_if<OffsetCommitAnswered>(&e.body)) {
      const bool is_by_member = commit->error == 0 && commit->generation >= 0;
      if (is_by_member) raise(e.id, {commit->group, commit->partition}, commit->offset);
    } else if (const auto* fetched = std::get_if<OffsetFetchAnswered>(&e.body)) {
      if (fetched->error == 0) raise(e.id, {fetched->group, fetched->partition}, fetched->offset);
    } else if (const auto* begun = std::get_if<LogBegun>(&e.body)) {
      auto& begins = begins_[begun->partition];
      begins = std::max(begins, begun->start_offset);
    }
  }

  void finish(Judge& judge) override {
    if (has_lost_decisions(judge.ledger())) return;
    for (const auto& [read, committed] : committed_) {
      if (groups_.contains(read.first)) check_input(read, committed, judge);
    }
  }

 private:
  using Read = std::pair<std::string, TopicPartition>;  // A group, and what it reads.
  struct Made {
    EventId event;
    std::vector<std::uint64_t> outputs;
  };
  struct Committed {
    Offset offset = 0;
    EventId event;
  };

  // The first time; later ones make the same.
  void take(const Event& e, const RecordProcessed& processed) {
    groups_.insert(processed.group);
    const Made made{e.id, processed.outputs};
    const bool is_first =
        made_[{processed.group, processed.partition}].try_emplace(processed.offset, made).second;
    if (is_first) missing_.insert(processed.outputs.begin(), processed.outputs.end());
  }

  void take(const SendEnded& sent) {
    const auto record = record_of_.find(sent.op);
    if (record == record_of_.end()) return;
    if (sent.outcome == Outcome::ok) missing_.erase(record->second);
    record_of_.erase(record);
  }

  void raise(EventId event, const Read& read, Offset offset) {
    auto& committed = committed_[read];
    if (offset > committed.offset) committed = {offset, event};
  }

  void check_input(const Read& read, const Committed& committed, Judge& judge) {
    const Partition* partition = judge.ledger().find(read.second);
    if (partition == nullptr) return;
    const Offset end = std::min(committed.offset, partition->lowest_excused_cut);
    for (const auto& entry : partition->committed) {
      if (entry.batch.base_offset >= end) break;
      if (!is_owed(*partition, entry.batch, judge)) continue;
      const Offset last = std::min(entry.batch.last_offset, end - 1);
      for (Offset offset = entry.batch.base_offset; offset <= last; ++offset) {
        check_record(read, *partition, entry, offset, committed, judge);
      }
    }
  }

  // To those who read committed records.
  bool is_owed(const Partition& partition, const BatchRef& batch, Judge& judge) {
    if (batch.role == BatchRole::data) return true;
    if (batch.role != BatchRole::transactional) return false;
    const auto* transaction = transactions_.in(judge.ledger(), partition).of(batch);
    return transaction != nullptr && transaction->marker && !transaction->is_aborted();
  }

  void check_record(const Read& read, const Partition& partition, const LogEntry& entry,
                    Offset offset, const Committed& committed, Judge& judge) {
    const auto& made = made_[read];
    const auto found = made.find(offset);
    if (found == made.end()) {
      const Offset begins = std::max(begins_[read.second], partition.deletions.may_reach());
      const bool may_be_gone = offset < begins || partition.compactions.is_gone(offset);
      if (!may_be_gone) report("input_skipped", read, offset, committed, entry.stored, judge);
      return;
    }
    const auto& outputs = found->second.outputs;
    const bool is_missing = std::any_of(outputs.begin(), outputs.end(), [&](std::uint64_t record) {
      return missing_.contains(record);
    });
    if (is_missing) {
      report("output_missing", read, offset, committed, found->second.event, judge);
    }
  }

  void report(std::string kind, const Read& read, Offset offset, const Committed& committed,
              EventId other, Judge& judge) {
    const bool is_skipped = kind == "input_skipped";
    judge.report({std::string(id()),
                  std::move(kind),
                  fmt::format("{} has committed offset {} of {}, and {} offset {}.", read.first,
                              committed.offset, read.second,
                              is_skipped ? "no task has processed"
                                         : "nobody was told that all is stored that was made of",
                              offset),
                  {std::min(other, committed.event), std::max(other, committed.event)},
                  {},
                  read.second});
  }

  std::set<std::string> groups_;                     // Of at-least-once tasks.
  std::map<Read, std::map<Offset, Made>> made_;      // By offset.
  std::set<std::uint64_t> missing_;                  // Digests of what was made, until it is there.
  std::map<std::int64_t, std::uint64_t> record_of_;  // Digest by the operation of a send.
  std::map<Read, Committed> committed_;
  std::map<TopicPartition, Offset> begins_;  // Where logs begin, the latest of any replica.
  AllTransactions transactions_;
};

}  // namespace

std::unique_ptr<Property> at_least_once() { return std::make_unique<AtLeastOnce>(); }

}  // namespace brokersim::properties
