// BS-T05: what a group of stream tasks has processed counts once, or at most once, as they promise
// (KIP-98, KIP-447).
//
// Exactly once:
//
//   input ──── tasks ───► output, as those read it who read committed records
//   committed offset C    of each input before C: each record that was made of it, once
//
// By the outputs, which name their inputs, this also tells that the ranges of input that committed
// transactions have read follow each other without gap and overlap: in a gap something is missing,
// in an overlap something is there twice.
//
// At most once: no input is processed again, whether anything of it is in the output or not.
#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/committed_inputs.h"
#include "properties/late_requests.h"
#include "properties/ledger.h"
#include "properties/transactions.h"

namespace brokersim::properties {

namespace {

using Input = CommittedInputs::Input;

// What groups of at-most-once tasks have processed. Once a group is told an earlier offset than it
// has committed, as after a commit that came late or by a coordinator that was deposed, it begins
// anew there: whether it may be is BS-G03.
class AtMostOnce {
 public:
  // The first time that it was processed, if this is another one.
  std::optional<EventId> take(const Event& e, const RecordProcessed& processed) {
    auto& first = inputs_[{processed.group, processed.partition}].processed;
    const auto [at, is_first] = first.try_emplace(processed.offset, e.id);
    return is_first ? std::nullopt : std::optional(at->second);
  }
  void take(const OffsetCommitAnswered& commit) {
    if (commit.error != 0) return;
    auto& committed = inputs_[{commit.group, commit.partition}].committed;
    committed = std::max(committed, commit.offset);
  }
  void take(const OffsetFetchAnswered& fetch) {
    if (fetch.error != 0) return;
    auto& input = inputs_[{fetch.group, fetch.partition}];
    if (fetch.offset >= input.committed) return;
    input.committed = fetch.offset;
    input.processed.erase(input.processed.lower_bound(fetch.offset), input.processed.end());
  }

 private:
  struct Known {
    Offset committed = -1;
    std::map<Offset, EventId> processed;
  };
  std::map<Input, Known> inputs_;
};

class ExactlyOnce final : public Property {
 public:
  ExactlyOnce(std::int16_t version, std::set<std::string> older_clients)
      : late_(version, std::move(older_clients)) {}

  std::string_view id() const override { return "BS-T05"; }
  std::string_view name() const override { return "processed twice or not at all"; }
  std::string_view explanation() const override {
    return "Of each input record before the offset that a group of exactly-once tasks has "
           "committed, the records that were made of it are in the output once, for those who "
           "read committed records. A task may make them several times, in transactions that are "
           "aborted. At-most-once tasks process no input record again, unless the group was told "
           "an earlier offset than it has committed (BS-G03). At-least-once tasks (BS-T10), "
           "consumers that read uncommitted records, order among transactions, what was deleted "
           "at the beginning of the input or compacted away and what was given up in an excused "
           "loss are not judged; nor is what was processed again because a coordinator that was "
           "deposed, and did not know it, told of an earlier offset: Kafka keeps nobody from "
           "asking it, nor from committing with the next one in the same generation. A record is "
           "missing once a reader has gone past where it was acknowledged. Where transactions "
           "have no epoch of their own (below transaction.version 2, and of producers that know "
           "no later protocol) what a late request of an earlier transaction has done is not "
           "judged: records of a transaction that it ended, and inputs between the offsets that "
           "were committed and those that it put in their place.";
  }
  Needs needs() const override { return Need::client | Need::wire | Need::disk | Need::metadata; }
  Kinds listens_to() const override {
    return Kinds::of<RecordProcessed, SendInvoked, SendEnded, RecordDelivered, FetchAnswered,
                     ReadCommittedAnswered, TransactionBegan, TransactionEnded, EndTxnAnswered,
                     TransactionStateStored, TxnOffsetCommitAnswered, OffsetCommitAnswered,
                     OffsetFetchAnswered, GroupStateStored, LogBegun>();
  }

  void observe(const Event& e, Judge& judge) override {
    late_.observe(e);
    if (const auto* processed = std::get_if<RecordProcessed>(&e.body)) {
      using Guarantee = ProcessingGuarantee;
      if (processed->guarantee == Guarantee::exactly_once) take(e, *processed);
      if (processed->guarantee == Guarantee::at_most_once) check_once(e, *processed, judge);
    } else if (const auto* invoked = std::get_if<SendInvoked>(&e.body)) {
      if (outputs_.contains(invoked->record)) record_of_[invoked->op] = invoked->record;
    } else if (const auto* sent = std::get_if<SendEnded>(&e.body)) {
      take(*sent);
    } else if (const auto* delivered = std::get_if<RecordDelivered>(&e.body)) {
      if (readers_.contains(delivered->client)) take(e, *delivered, judge);
    } else if (const auto* fetch = std::get_if<FetchAnswered>(&e.body)) {
      if (readers_.contains(fetch->peer)) pass(*fetch);
    } else if (const auto* answer = std::get_if<ReadCommittedAnswered>(&e.body)) {
      readers_.insert(answer->peer);
    } else if (const auto* commit = std::get_if<OffsetCommitAnswered>(&e.body)) {
      at_most_once_.take(*commit);
    } else if (const auto* fetched = std::get_if<OffsetFetchAnswered>(&e.body)) {
      at_most_once_.take(*fetched);
      if (fetched->error == 0) take(e, *fetched, judge.ledger());
    } else if (const auto* group = std::get_if<GroupStateStored>(&e.body)) {
      records_of_[group->group] = group->partition;
    } else if (const auto* begun = std::get_if<LogBegun>(&e.body)) {
      committed_.take(*begun);
    } else {
      follow_transaction(e);
    }
  }

  void finish(Judge& judge) override {
    if (has_lost_decisions(judge.ledger())) return;
    for (const auto& group : groups_) {
      committed_.each_owed(judge.ledger(), group, [&](const auto& owed) { check(owed, judge); });
    }
  }

 private:
  using Place = std::pair<TopicPartition, Offset>;
  struct Output {
    Input input;  // What it was made of …
    Offset made_of = -1;
    std::optional<TopicPartition> partition;  // Where it was acknowledged last …
    Offset last_offset = -1;                  // … and furthest.
    std::map<Place, EventId> read;
  };
  struct Processed {
    EventId event;
    std::vector<std::uint64_t> outputs;
  };

  // ---- What happened -------------------------------------------------------------------------

  void take(const Event& e, const RecordProcessed& processed) {
    groups_.insert(processed.group);
    const Input input{processed.group, processed.partition};
    inputs_[input].try_emplace(processed.offset, Processed{e.id, processed.outputs});
    for (const auto record : processed.outputs) {
      outputs_[record].input = input;
      outputs_[record].made_of = processed.offset;
    }
  }

  void check_once(const Event& e, const RecordProcessed& processed, Judge& judge) {
    const auto first = at_most_once_.take(e, processed);
    if (!first || has_lost_decisions(judge.ledger())) return;
    const auto* partition = judge.ledger().find(processed.partition);
    if (partition != nullptr && partition->has_excused_loss()) return;
    judge.report(
        {std::string(id()),
         "processed_again",
         fmt::format("{} has processed offset {} of {}, and somebody in {} had before.",
                     processed.client, processed.offset, processed.partition, processed.group),
         {*first, e.id},
         {},
         processed.partition});
  }

  void take(const SendEnded& sent) {
    const auto record = record_of_.find(sent.op);
    if (record == record_of_.end() || sent.outcome != Outcome::ok) return;
    auto& output = outputs_[record->second];
    output.partition = sent.partition;
    output.last_offset = std::max(output.last_offset, sent.offset);
  }

  void take(const Event& e, const RecordDelivered& delivered, Judge& judge) {
    const auto output = outputs_.find(delivered.record);
    if (output == outputs_.end()) return;
    auto& read = output->second.read;
    const Place place{delivered.partition, delivered.offset};
    if (!read.try_emplace(place, e.id).second || read.size() < 2) return;
    const auto first = read.begin()->first == place ? std::next(read.begin()) : read.begin();
    if (is_excused(place, judge.ledger()) || is_excused(first->first, judge.ledger())) return;
    if (was_misled(output->second)) return;
    if (has_lost_decisions(judge.ledger())) return;
    judge.report({std::string(id()),
                  "output_repeated",
                  fmt::format("{} was handed at offset {} of {} what was made of one record and "
                              "is at offset {} of {} already.",
                              delivered.client, place.second, place.first, first->first.second,
                              first->first.first),
                  {first->second, e.id},
                  {},
                  delivered.partition});
  }

  // Given up, or committed by a request that was not about it.
  bool is_excused(const Place& place, const Ledger& ledger) {
    const auto* partition = ledger.find(place.first);
    if (partition == nullptr) return false;
    if (place.second >= partition->lowest_excused_cut) return true;
    const auto* transaction = transactions_.at(ledger, *partition, place.second);
    return transaction != nullptr && late_.has_ended(*transaction);
  }

  // Whether the group went on elsewhere than it should, for a late request.
  bool was_misled(const Output& output) const {
    const auto misled = misled_.find(output.input);
    if (misled == misled_.end()) return false;
    return std::any_of(misled->second.begin(), misled->second.end(), [&](const auto& range) {
      return range.first <= output.made_of && output.made_of < range.second;
    });
  }

  // The consumer has everything before.
  void pass(const FetchAnswered& fetch) {
    auto& passed = passed_[fetch.partition];
    passed = std::max(passed, fetch.fetch_offset);
  }

  void follow_transaction(const Event& e) {
    if (const auto* part = std::get_if<TxnOffsetCommitAnswered>(&e.body)) {
      if (part->error == 0) take(*part);
    } else if (const auto* began = std::get_if<TransactionBegan>(&e.body)) {
      pending_.erase(began->client);
    } else if (const auto* ended = std::get_if<TransactionEnded>(&e.body)) {
      const auto pending = pending_.find(ended->client);
      if (pending == pending_.end()) return;
      const bool is_committed = ended->is_commit && ended->outcome == Outcome::ok;
      for (const auto& [input, offset] : pending->second) {
        if (is_committed) committed_.raise(e.id, input, offset);
      }
      pending_.erase(pending);
    }
  }

  // A coordinator that was deposed and does not know it tells of what was committed before.
  void take(const Event& e, const OffsetFetchAnswered& fetch, const Ledger& ledger) {
    const Input input{fetch.group, fetch.partition};
    const auto committed = committed_.of(input);
    const bool goes_back = committed && fetch.offset < *committed;
    if (goes_back && is_deposed(e.node, fetch.group, ledger)) {
      misled_[input].emplace_back(fetch.offset, *committed);
    }
    committed_.raise(e.id, input, fetch.offset);
  }
  bool is_deposed(NodeId coordinator, const std::string& group, const Ledger& ledger) const {
    const auto records = records_of_.find(group);
    const auto* partition = records == records_of_.end() ? nullptr : ledger.find(records->second);
    return partition != nullptr && partition->state.leader != coordinator;
  }

  // One that is late may take the place of the transaction's own.
  void take(const TxnOffsetCommitAnswered& part) {
    const Input input{part.group, part.partition};
    auto& pending = pending_[part.peer];
    const auto own = pending.find(input);
    if (own != pending.end() && late_.is_late(part)) {
      misled_[input].push_back(std::minmax({own->second, part.offset}));
    }
    pending[input] = part.offset;
  }

  // ---- What it comes to ----------------------------------------------------------------------

  void check(const CommittedInputs::Owed& owed, Judge& judge) {
    const auto& processed = inputs_[owed.input];
    const auto found = processed.find(owed.offset);
    if (found != processed.end()) return check_outputs(owed, found->second, judge);
    if (committed_.may_be_gone(owed)) return;
    judge.report(
        violation_of(owed, id(), "input_skipped", "no task has processed", owed.entry.stored));
  }

  void check_outputs(const CommittedInputs::Owed& owed, const Processed& processed, Judge& judge) {
    for (const auto record : processed.outputs) {
      const auto& output = outputs_.at(record);
      if (!output.read.empty() || !is_decided(output, judge.ledger())) continue;
      if (was_misled(output)) continue;
      judge.report(violation_of(owed, id(), "output_missing", "not all is there that was made of",
                                processed.event));
    }
  }

  // Whether somebody would have read it by now.
  bool is_decided(const Output& output, const Ledger& ledger) {
    if (!output.partition) return true;  // Nobody was ever told that it is stored.
    const auto* partition = ledger.find(*output.partition);
    const auto passed = passed_.find(*output.partition);
    const bool is_passed = partition != nullptr && passed != passed_.end() &&
                           output.last_offset < partition->lowest_excused_cut &&
                           output.last_offset >= partition->deletions.may_reach() &&
                           passed->second > output.last_offset;
    if (!is_passed) return false;
    const auto* transaction = transactions_.at(ledger, *partition, output.last_offset);
    if (transaction == nullptr) return true;
    return transaction->was_ended_first_by_its_marker(*partition) && !late_.has_ended(*transaction);
  }

  std::set<std::string> groups_;                            // Of exactly-once tasks.
  std::map<Input, std::map<Offset, Processed>> inputs_;     // By offset, the first time.
  std::map<std::uint64_t, Output> outputs_;                 // By digest.
  std::map<std::int64_t, std::uint64_t> record_of_;         // Digest by the operation of a send.
  std::set<std::string> readers_;                           // Who reads committed records only.
  std::map<TopicPartition, Offset> passed_;                 // How far any of them has come.
  std::map<std::string, std::map<Input, Offset>> pending_;  // By client, of its transaction.
  CommittedInputs committed_;
  std::map<std::string, TopicPartition> records_of_;  // Where a group's are.
  // Inputs, from one offset to another, that a late request had a group process again, or leave
  // out, or a coordinator that was deposed.
  std::map<Input, std::vector<std::pair<Offset, Offset>>> misled_;
  AllTransactions transactions_;
  LateRequests late_;
  AtMostOnce at_most_once_;
};

}  // namespace

std::unique_ptr<Property> exactly_once(std::int16_t version, std::set<std::string> older_clients) {
  return std::make_unique<ExactlyOnce>(version, std::move(older_clients));
}

}  // namespace brokersim::properties
