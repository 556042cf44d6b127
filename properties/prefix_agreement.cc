// BS-O01: logs are dense, epochs in them never go back, and two logs that hold a batch of the same
// offset and epoch hold the same prefix up to it (Raft's log matching), nor is an offset used twice
// in one epoch. What every in-sync replica held, and a high watermark covered, is never replaced
// without an excuse.
#include <map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/ledger.h"
#include "properties/text.h"

namespace brokersim::properties {

namespace {

class PrefixAgreement final : public Property {
 public:
  std::string_view id() const override { return "BS-O01"; }
  std::string_view name() const override { return "logs disagree"; }
  std::string_view explanation() const override {
    return "Each replica's log is a dense sequence of batches whose leader epochs never decrease. "
           "If two replicas hold a batch with the same offset and leader epoch, their logs are "
           "identical up to and including it; and what was cut off is never followed by another "
           "batch with the same two. What a high watermark has covered stays as it is, "
           "in every later leader's log and in every answer to a consumer, except for a loss that "
           "is excused. A replica out of sync may hold a divergent suffix until it truncates it.";
  }
  Needs needs() const override { return Need::disk | Need::metadata; }
  Kinds listens_to() const override {
    return Kinds::of<BatchStored, FetchAnswered, ProduceAnswered>();
  }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* stored = std::get_if<BatchStored>(&e.body)) {
      const Partition& partition = *judge.ledger().find(stored->partition);
      check_stored(e, partition, judge);
      check_rebase(e, partition, judge);
    } else if (const auto* fetch = std::get_if<FetchAnswered>(&e.body)) {
      if (fetch->error != 0) return;
      const Partition& partition = *judge.ledger().find(fetch->partition);
      check_rebase(e, partition, judge);
      if (!fetch->replica.is_set()) check_answer(e, *fetch, partition, judge);
    } else if (const auto* answer = std::get_if<ProduceAnswered>(&e.body)) {
      if (answer->error == 0) check_rebase(e, *judge.ledger().find(answer->partition), judge);
    }
  }

 private:
  void check_stored(const Event& e, const Partition& partition, Judge& judge) {
    const auto& entries = partition.log_of(e.node)->entries();
    const LogEntry& entry = entries.back();
    const std::size_t index = entries.size() - 1;
    const LogEntry* before = index == 0 ? nullptr : &entries[index - 1];
    const Offset expected = before == nullptr ? 0 : before->batch.last_offset + 1;
    if (entry.batch.base_offset != expected || entry.batch.last_offset < entry.batch.base_offset) {
      report(e, "offsets_not_dense", before == nullptr ? EventId{} : before->stored, partition,
             fmt::format("{} stored {} of {} where offset {} comes next.",
                         judge.ledger().name_of(e.node), text_of_offsets(entry.batch),
                         partition.name, expected),
             judge);
    }
    if (before != nullptr && before->batch.leader_epoch > entry.batch.leader_epoch) {
      report(e, "epoch_went_back", before->stored, partition,
             fmt::format("{} stored {} of {} with leader epoch {} after a batch of epoch {}.",
                         judge.ledger().name_of(e.node), text_of_offsets(entry.batch),
                         partition.name, entry.batch.leader_epoch, before->batch.leader_epoch),
             judge);
    }
    bool is_told = false;
    for (const Replica& other : partition.replicas)
      if (other.node != e.node)
        is_told = check_pair(e, partition, index, entry, other, judge) || is_told;
    check_reuse(e, partition, entry, is_told, judge);
  }

  // Of what was ever stored, also where it is no more.
  void check_reuse(const Event& e, const Partition& partition, const LogEntry& entry, bool is_told,
                   Judge& judge) {
    const std::size_t number = *judge.ledger().index_of(partition.name);
    if (ever_.size() <= number) ever_.resize(number + 1);
    const auto [known, is_new] = ever_[number].try_emplace(
        {entry.batch.base_offset, entry.batch.leader_epoch}, entry.batch, e.id);
    const auto& [batch, stored] = known->second;
    if (is_new || is_told || batch == entry.batch) return;
    const auto& compactions = partition.compactions;
    if (compactions.is_form_of(entry.batch, batch) || compactions.is_form_of(batch, entry.batch)) {
      return;
    }
    report(e, "offset_used_twice", stored, partition,
           fmt::format("{} stored {} of {} with leader epoch {}, but another batch had been stored "
                       "there in that epoch.",
                       judge.ledger().name_of(e.node), text_of_offsets(entry.batch), partition.name,
                       entry.batch.leader_epoch),
           judge);
  }

  // Whether they disagree.
  bool check_pair(const Event& e, const Partition& partition, std::size_t index,
                  const LogEntry& entry, const Replica& other, Judge& judge) {
    const auto& theirs = other.log.entries();
    const auto at =
        index < theirs.size() && theirs[index].batch.base_offset == entry.batch.base_offset
            ? std::optional(index)
            : other.log.find(entry.batch.base_offset);
    if (!at) return false;
    const LogEntry& twin = theirs[*at];
    if (twin.batch.base_offset != entry.batch.base_offset ||
        twin.batch.leader_epoch != entry.batch.leader_epoch || twin.prefix == entry.prefix)
      return false;
    const bool is_same_batch = twin.batch == entry.batch;
    report(e, is_same_batch ? "prefixes_differ" : "batches_differ", twin.stored, partition,
           fmt::format("{} of {} with leader epoch {} is on {} and {}, but {}.",
                       text_of_offsets(entry.batch), partition.name, entry.batch.leader_epoch,
                       judge.ledger().name_of(other.node), judge.ledger().name_of(e.node),
                       is_same_batch ? "what lies before it differs" : "the contents differ"),
           judge);
    return true;
  }

  void check_rebase(const Event& e, const Partition& partition, Judge& judge) {
    if (partition.rebases.empty() || partition.rebases.back().event != e.id) return;
    const Rebase& rebase = partition.rebases.back();
    if (!rebase.was_shown || rebase.excuse != Excuse::none) return;
    report(e, "committed_prefix_replaced", rebase.first_lost.stored, partition,
           fmt::format("{} of {} was committed, but {} leads epoch {} without it.",
                       text_of_offsets(rebase.first_lost.batch), partition.name,
                       judge.ledger().name_of(rebase.leader), rebase.epoch),
           judge);
  }

  void check_answer(const Event& e, const FetchAnswered& answer, const Partition& partition,
                    Judge& judge) {
    if (answer.batches.empty() || !partition.is_current(e.node, answer.asked_at_ns)) return;
    const ReplicaLog* log = partition.log_of(e.node);
    for (const BatchRef& batch : answer.batches) {
      const auto at = log == nullptr ? std::nullopt : log->find(batch.base_offset);
      if (!at || *at >= partition.committed.size()) continue;  // BS-C01 tells.
      const LogEntry& committed = partition.committed[*at];
      if (committed.batch.base_offset != batch.base_offset || committed.batch == batch) continue;
      if (partition.compactions.is_form_of(batch, committed.batch)) continue;
      report(e, "committed_offset_changed", committed.stored, partition,
             fmt::format("{} answered {} with a batch at {} of {} that is not the committed one.",
                         judge.ledger().name_of(e.node), answer.peer, text_of_offsets(batch),
                         partition.name),
             judge);
    }
  }

  void report(const Event& e, std::string kind, EventId other, const Partition& partition,
              std::string message, Judge& judge) {
    judge.report({std::string(id()),
                  std::move(kind),
                  std::move(message),
                  {other, e.id},
                  {},
                  partition.name});
  }

  // By the ledger's numbers of partitions: what was ever at an offset in an epoch, and since when.
  using Stored = std::map<std::pair<Offset, LeaderEpoch>, std::pair<BatchRef, EventId>>;
  std::vector<Stored> ever_;
};

}  // namespace

std::unique_ptr<Property> prefix_agreement() { return std::make_unique<PrefixAgreement>(); }

}  // namespace brokersim::properties
