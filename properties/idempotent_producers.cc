// BS-P01: what an idempotent producer sends is stored once and in order, and a repeated batch is
// answered as it was before (KIP-98).
//
// A batch's numbers are read where it lies committed, in each partition from its beginning. Whether
// a record is there twice under different numbers, no number tells: that is seen by consumers.
#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/wire/record_batch.h"
#include "properties/all.h"
#include "properties/ledger.h"
#include "properties/shown_logs.h"
#include "properties/text.h"
#include "properties/topic_names.h"
#include "properties/transactions.h"

namespace brokersim::properties {

namespace {

// What the committed log of one partition says of one producer.
struct Produced {
  LogEntry last;
  std::map<std::int32_t, EventId> sequences;  // First of each batch of this epoch, and its storing.
};

std::int32_t next_sequence(const BatchRef& batch) {
  return wire::sequence_after(batch.base_sequence,
                              static_cast<std::int32_t>(batch.last_offset - batch.base_offset + 1));
}

std::string text_of_numbers(const BatchRef& batch) {
  return fmt::format("epoch {}, sequence {}", batch.producer_epoch, batch.base_sequence);
}

class IdempotentProducers final : public Property {
 public:
  IdempotentProducers(Duration expiration, std::int16_t last_epoch,
                      std::set<std::int32_t> first_sequences)
      : expiration_(expiration),
        last_epoch_(last_epoch),
        first_sequences_(std::move(first_sequences)) {}

  std::string_view id() const override { return "BS-P01"; }
  std::string_view name() const override { return "stored twice or out of order"; }
  std::string_view explanation() const override {
    return "In what is committed of a partition, the batches of an idempotent producer follow each "
           "other: each begins with the sequence after the last one's, each epoch is later than "
           "the one before and begins at 0, the first one, too, unless a producer was told to "
           "begin elsewhere, or what lay before it was lost or deleted, with its topic perhaps, "
           "which was made again. No epoch is beyond the "
           "last one (32766 unless told otherwise). No record that the "
           "application sent once is there twice, not even under another epoch. A repeated batch "
           "is answered with the offset it got first. The promise ends with the producer's id, "
           "where a producer was silent for producer.id.expiration.ms, and where a replica began "
           "its log behind all that it had sent and may lead; what it sends again itself is "
           "another record; order across partitions is not promised.";
  }
  Needs needs() const override { return Need::wire | Need::disk | Need::metadata; }
  Kinds listens_to() const override {
    return Kinds::of<BatchStored, PartitionCommitted, ProduceAnswered, FetchAnswered, SendInvoked,
                     RecordDelivered, LogCut, LogBegun>();
  }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* stored = std::get_if<BatchStored>(&e.body)) {
      filled_[stored->partition].insert(e.node);
      check_committed(stored->partition, judge);
    } else if (const auto* state = std::get_if<PartitionCommitted>(&e.body)) {
      check_committed(state->partition, judge);
    } else if (const auto* fetch = std::get_if<FetchAnswered>(&e.body)) {
      if (fetch->error == 0) check_committed(fetch->partition, judge);
      shown_.take(e, *fetch, judge.ledger());
    } else if (const auto* answer = std::get_if<ProduceAnswered>(&e.body)) {
      if (answer->error != 0) return;
      check_committed(answer->partition, judge);
      check_answer(e, *answer, judge);
    } else if (const auto* sent = std::get_if<SendInvoked>(&e.body)) {
      ++sends_[{sent->record, sent->partition}];
    } else if (const auto* begun = std::get_if<LogBegun>(&e.body)) {
      if (filled_[begun->partition].contains(e.node)) return;  // Deleting forgets nobody.
      auto& begins = begins_[begun->partition];
      begins = std::max(begins, begun->start_offset);
    } else if (const auto* cut = std::get_if<LogCut>(&e.body)) {
      if (cut->end_offset == 0) filled_[cut->partition].erase(e.node);
    } else if (const auto* delivered = std::get_if<RecordDelivered>(&e.body)) {
      check_delivered(e, *delivered, judge);
    }
  }

 private:
  // What was seen of one partition since its committed prefix was last replaced.
  struct Seen {
    std::size_t checked = 0;   // That many committed batches …
    std::uint64_t prefix = 0;  // … with this cumulative hash.
    std::size_t rebases = 0;
    std::map<std::int64_t, Produced> producers;
    std::set<std::int64_t> unclear;  // Of these a marker came first.
    // By producer id, epoch and sequence: the offset, and who said so.
    std::map<std::tuple<std::int64_t, std::int16_t, std::int32_t>, std::pair<Offset, EventId>>
        answers;
    std::map<std::uint64_t, std::map<Offset, EventId>> copies;  // Of each record delivered.
  };

  Seen& seen(const Partition& partition, Judge& judge) {
    const std::size_t number = *judge.ledger().index_of(partition.name);
    if (seen_.size() <= number) seen_.resize(number + 1);
    Seen& all = seen_[number];
    const auto& committed = partition.committed;
    const bool is_same = all.checked <= committed.size() &&
                         (all.checked == 0 || committed[all.checked - 1].prefix == all.prefix);
    if (!is_same || all.rebases != partition.rebases.size()) all = {};
    all.rebases = partition.rebases.size();
    return all;
  }

  // ---- Numbers -------------------------------------------------------------------------------

  void check_committed(const TopicPartition& name, Judge& judge) {
    const Partition& partition = *judge.ledger().find(name);
    Seen& all = seen(partition, judge);
    for (; all.checked < partition.committed.size(); ++all.checked) {
      const LogEntry& entry = partition.committed[all.checked];
      all.prefix = entry.prefix;
      const bool has_sequence = entry.batch.base_sequence >= 0;
      if (entry.batch.producer_id < 0) continue;
      if (has_sequence || is_marker(entry.batch.role)) check_entry(entry, all, partition, judge);
      if (has_sequence) check_epoch(entry, partition, judge);
    }
  }

  // The one after the last is left for fencing, which markers do.
  void check_epoch(const LogEntry& entry, const Partition& partition, Judge& judge) {
    const auto epoch = entry.batch.producer_epoch;
    if (0 <= epoch && epoch <= last_epoch_) return;
    report("epoch_beyond_last", {}, entry, fmt::format("epoch {}, the last", last_epoch_),
           partition, judge);
  }

  void check_entry(const LogEntry& entry, Seen& all, const Partition& partition, Judge& judge) {
    const auto [found, is_new] = all.producers.try_emplace(entry.batch.producer_id);
    Produced& producer = found->second;
    const BatchRef& last = producer.last.batch;
    const BatchRef& batch = entry.batch;
    // Whom the leader had forgotten may begin anew: who was silent for too long, or left nothing in
    // a log that was begun behind it.
    const bool is_deleted = last.last_offset < begins_[partition.name];
    const bool is_forgotten = !is_new && (is_deleted || entry.at - producer.last.at >= expiration_);
    // Whether its sequences go on or begin anew behind the end of its transaction is open then.
    if ((is_new || is_forgotten) && is_marker(batch.role)) {
      all.unclear.insert(batch.producer_id);
      all.producers.erase(found);
      return;
    }
    if (is_new || is_forgotten || batch.producer_epoch != last.producer_epoch) {
      const bool is_back = batch.producer_epoch < last.producer_epoch;
      if (!is_new && !is_forgotten && is_back) {
        report("epoch_went_back", producer.last.stored, entry, text_of_numbers(last), partition,
               judge);
      } else if (!is_new && !is_forgotten && batch.base_sequence > 0) {
        report("epoch_begins_late", producer.last.stored, entry, text_of_numbers(last), partition,
               judge);
      } else if (is_new && !may_begin_with(batch) && is_whole(partition) &&
                 !all.unclear.contains(batch.producer_id)) {
        report("begins_late", {}, entry, "nothing of it", partition, judge);
      }
      producer.sequences.clear();
    } else if (is_marker(batch.role)) {
      producer.last.at = entry.at;  // The end of a transaction of this epoch: sequences go on.
      return;
    } else if (const auto twin = producer.sequences.find(batch.base_sequence);
               twin != producer.sequences.end()) {
      report("sequence_repeated", twin->second, entry, text_of_numbers(last), partition, judge);
    } else if (batch.base_sequence != next_sequence(last)) {
      report("sequence_skipped", producer.last.stored, entry, text_of_numbers(last), partition,
             judge);
    }
    if (!is_marker(batch.role)) producer.sequences[batch.base_sequence] = entry.stored;
    producer.last = entry;  // After a marker that raises the epoch comes sequence 0.
  }

  // Where producers are told to begin elsewhere than at 0 they do so in their first epoch.
  bool may_begin_with(const BatchRef& batch) const {
    const bool is_told = batch.producer_epoch == 0 && batch.role == BatchRole::data;
    return batch.base_sequence <= 0 || (is_told && first_sequences_.contains(batch.base_sequence));
  }

  // Nothing that its leaders may have forgotten was ever before what is there. A producer that goes
  // by the topic's name goes on counting where the topic was made again.
  bool is_whole(const Partition& partition) const {
    const auto begun = begins_.find(partition.name);
    if (was_made_again(partition.name.topic)) return false;
    return partition.rebases.empty() && (begun == begins_.end() || begun->second == 0);
  }

  void report(std::string kind, EventId other, const LogEntry& entry, const std::string& after,
              const Partition& partition, Judge& judge) {
    if (may_reuse_epochs(entry.batch, judge)) return;
    judge.report({std::string(id()),
                  std::move(kind),
                  fmt::format("{} of {} is committed with {} of producer {}, after {}.",
                              text_of_offsets(entry.batch), partition.name,
                              text_of_numbers(entry.batch), entry.batch.producer_id, after),
                  {other, entry.stored},
                  {},
                  partition.name});
  }

  // A coordinator of transactions that has lost its log with an excuse gives epochs again.
  static bool may_reuse_epochs(const BatchRef& batch, const Judge& judge) {
    const bool is_of_transaction = batch.role == BatchRole::transactional || is_marker(batch.role);
    return is_of_transaction && has_lost_decisions(judge.ledger());
  }

  // ---- Answers -------------------------------------------------------------------------------

  void check_answer(const Event& e, const ProduceAnswered& answer, Judge& judge) {
    const BatchRef& batch = answer.batch;
    const Partition& partition = *judge.ledger().find(answer.partition);
    // With fewer acks another leader may never have seen what the first one answered.
    if (batch.producer_id < 0 || answer.acks != -1) return;
    if (!partition.is_current(e.node, answer.asked_at_ns)) return;
    const auto [known, is_new] =
        seen(partition, judge)
            .answers.try_emplace({batch.producer_id, batch.producer_epoch, batch.base_sequence},
                                 batch.base_offset, e.id);
    const auto [offset, by] = known->second;
    if (is_new || offset == batch.base_offset || may_reuse_epochs(batch, judge)) return;
    judge.report({std::string(id()),
                  "repeat_answered_otherwise",
                  fmt::format("{} answered {} of producer {} in {} with offset {}, but it had been "
                              "answered with offset {}.",
                              judge.ledger().name_of(e.node), text_of_numbers(batch),
                              batch.producer_id, partition.name, batch.base_offset, offset),
                  {by, e.id},
                  {},
                  partition.name});
  }

  // ---- Records -------------------------------------------------------------------------------

  void check_delivered(const Event& e, const RecordDelivered& delivered, Judge& judge) {
    const Partition* partition = judge.ledger().find(delivered.partition);
    if (partition == nullptr) return;
    const auto shown = shown_.of(delivered.client, delivered.partition, delivered.offset);
    if (was_cut_since(*partition, shown)) return;  // It was read where something else lies now.
    const auto& committed = partition->committed;
    const auto at = first_reaching(committed, delivered.offset);
    if (at == committed.end() || at->batch.producer_id < 0) return;
    auto& copies = seen(*partition, judge).copies[delivered.record];
    const auto [copy, is_new] = copies.try_emplace(delivered.offset, e.id);
    const auto sent = sends_.find({delivered.record, delivered.partition});
    const std::size_t allowed = sent == sends_.end() ? 1 : sent->second;
    if (!is_new || copies.size() <= allowed) return;
    const auto& [first_offset, first] = *copies.begin();
    const auto original = first_reaching(committed, first_offset);
    // The leader may have forgotten it, or never have known it.
    const bool is_unknown = first_offset < begins_[partition->name];
    if (is_unknown || at->at - original->at >= expiration_) return;
    judge.report(
        {std::string(id()),
         "record_stored_twice",
         fmt::format("A record that was sent {} to {} by the idempotent producer {} is at "
                     "offset {} and at offset {}.",
                     allowed == 1 ? "once" : fmt::format("{} times", allowed), partition->name,
                     at->batch.producer_id, first_offset, delivered.offset),
         {first, e.id},
         {},
         partition->name});
  }

  const Duration expiration_;
  const std::int16_t last_epoch_;
  const std::set<std::int32_t> first_sequences_;  // Other than 0.
  std::vector<Seen> seen_;                        // By the ledger's numbers.
  std::map<std::pair<std::uint64_t, TopicPartition>, std::size_t> sends_;
  std::map<TopicPartition, std::set<NodeId>> filled_;  // Whose logs hold something.
  std::map<TopicPartition, Offset> begins_;  // Where the last of those that held nothing began.
  ShownLogs shown_;
};

}  // namespace

std::unique_ptr<Property> idempotent_producers(Duration producer_id_expiration,
                                               std::int16_t last_epoch,
                                               std::set<std::int32_t> first_sequences) {
  return std::make_unique<IdempotentProducers>(producer_id_expiration, last_epoch,
                                               std::move(first_sequences));
}

}  // namespace brokersim::properties
