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
#include "properties/committed_inputs.h"
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
      if (is_by_member) {
        committed_.raise(e.id, {commit->group, commit->partition}, commit->offset);
      }
    } else if (const auto* fetched = std::get_if<OffsetFetchAnswered>(&e.body)) {
      if (fetched->error == 0) {
        committed_.raise(e.id, {fetched->group, fetched->partition}, fetched->offset);
      }
    } else if (const auto* begun = std::get_if<LogBegun>(&e.body)) {
      committed_.take(*begun);
    }
  }

  void finish(Judge& judge) override {
    if (has_lost_decisions(judge.ledger())) return;
    for (const auto& group : groups_) {
      committed_.each_owed(judge.ledger(), group, [&](const auto& owed) { check(owed, judge); });
    }
  }

 private:
  struct Made {
    EventId event;
    std::vector<std::uint64_t> outputs;
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

  void check(const CommittedInputs::Owed& owed, Judge& judge) {
    const auto& made = made_[owed.input];
    const auto found = made.find(owed.offset);
    if (found == made.end()) {
      if (committed_.may_be_gone(owed)) return;
      judge.report(
          violation_of(owed, id(), "input_skipped", "no task has processed", owed.entry.stored));
      return;
    }
    const auto& outputs = found->second.outputs;
    const bool is_missing = std::any_of(outputs.begin(), outputs.end(), [&](std::uint64_t record) {
      return missing_.contains(record);
    });
    if (!is_missing) return;
    judge.report(violation_of(owed, id(), "output_missing",
                              "nobody was told that all is stored that was made of",
                              found->second.event));
  }

  std::set<std::string> groups_;                                   // Of at-least-once tasks.
  std::map<CommittedInputs::Input, std::map<Offset, Made>> made_;  // By offset.
  std::set<std::uint64_t> missing_;                  // Digests of what was made, until it is there.
  std::map<std::int64_t, std::uint64_t> record_of_;  // Digest by the operation of a send.
  CommittedInputs committed_;
};

}  // namespace

std::unique_ptr<Property> at_least_once() { return std::make_unique<AtLeastOnce>(); }

}  // namespace brokersim::properties
