// BS-P03: what a leader knows of a producer is what its log says of it (KIP-98, KIP-360): where it
// refuses a batch for the producer's sake, the log has the reason.
//
//   the log up to the request       … seq 4 │ seq 5
//   what came while it was asked    │ seq 6 │ seq 7     the leader decided at one of these ends
//
//   OUT_OF_ORDER_SEQUENCE_NUMBER of sequence 6: not where the log ended with 5, but after 7
//
// Refused for a reason that the log had at any time between question and answer is fine: when the
// leader looked nobody knows.
#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/wire/record_batch.h"
#include "properties/all.h"
#include "properties/ledger.h"
#include "properties/text.h"
#include "properties/transactions.h"

namespace brokersim::properties {

namespace {

constexpr std::int32_t out_of_order_sequence_number = 45;
constexpr std::int32_t invalid_producer_epoch = 47;
constexpr std::int32_t invalid_txn_state = 48;
constexpr std::int32_t unknown_producer_id = 59;
constexpr std::size_t remembered_batches = 5;

std::int32_t records_in(const BatchRef& batch) {
  return static_cast<std::int32_t>(batch.last_offset - batch.base_offset + 1);
}

// One producer, as the batches of a log up to some end tell of it.
class ProducerOfLog {
 public:
  bool is_known() const { return epoch_ >= 0; }
  std::int16_t epoch() const { return epoch_; }
  bool has_open_transaction() const { return is_open_; }
  Offset last_offset() const { return last_offset_; }
  EventId stored() const { return stored_; }
  Instant at() const { return at_; }

  void take(const LogEntry& entry) {
    const BatchRef& batch = entry.batch;
    if (std::exchange(epoch_, batch.producer_epoch) != batch.producer_epoch) batches_.clear();
    last_offset_ = batch.last_offset;
    stored_ = entry.stored;
    at_ = entry.at;
    is_open_ = batch.role == BatchRole::transactional || (is_open_ && !is_marker(batch.role));
    if (is_marker(batch.role) || batch.base_sequence < 0) return;
    if (batches_.size() == remembered_batches) batches_.erase(batches_.begin());
    batches_.push_back(batch);
  }

  // It has this epoch.
  bool is_followed_by(const BatchRef& batch) const {
    if (batches_.empty()) return batch.base_sequence == 0;
    const BatchRef& last = batches_.back();
    return batch.base_sequence == wire::sequence_after(last.base_sequence, records_in(last));
  }
  // Of a log that was opened, or cut, since it was written a leader knows only the last one for
  // sure: snapshots keep no more. What it wrote itself as the leader of that epoch it knows.
  bool remembers(const BatchRef& batch, LeaderEpoch own) const {
    return std::any_of(batches_.begin(), batches_.end(), [&](const BatchRef& one) {
      const bool is_sure = one.leader_epoch == own || &one == &batches_.back();
      return is_sure && one.base_sequence == batch.base_sequence &&
             records_in(one) == records_in(batch);
    });
  }

 private:
  std::int16_t epoch_ = -1;
  std::vector<BatchRef> batches_;  // The latest of this epoch.
  bool is_open_ = false;
  Offset last_offset_ = -1;
  EventId stored_;
  Instant at_;
};

class RefusedBatches final : public Property {
 public:
  explicit RefusedBatches(Duration expiration) : expiration_(expiration) {}

  std::string_view id() const override { return "BS-P03"; }
  std::string_view name() const override { return "refused without a reason"; }
  std::string_view explanation() const override {
    return "A batch of an idempotent producer is refused as out of order only if in its leader's "
           "log it neither follows the producer's last one, nor begins a later epoch with sequence "
           "0, nor repeats one that the leader remembers: the last one, and of the last five those "
           "that it took itself. It is refused for its epoch only if the log has a later one, or "
           "the coordinator of its transactional id has written one; and then for nothing else. "
           "For an unknown producer it is refused only if the log has nothing of it. The batch "
           "that begins a transaction in the log may have to wait for one before it. Not judged is "
           "a producer that may have been forgotten (producer.id.expiration.ms), an answer of a "
           "leader whose log was cut since the question, nor transactions once their coordinators' "
           "decisions were lost with an excuse.";
  }
  Needs needs() const override { return Need::wire | Need::disk | Need::metadata; }
  Kinds listens_to() const override {
    return Kinds::of<ProduceAnswered, LogCut, TransactionStateStored>();
  }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* answer = std::get_if<ProduceAnswered>(&e.body)) {
      if (answer->error != 0 && answer->batch.producer_id >= 0) check(e, *answer, judge);
    } else if (const auto* cut = std::get_if<LogCut>(&e.body)) {
      cuts_[{e.node, cut->partition}] = e.at;
    } else if (const auto* state = std::get_if<TransactionStateStored>(&e.body)) {
      take(*state);
    }
  }

 private:
  // What coordinators have written of a producer.
  struct Written {
    std::int16_t latest_epoch = -1;
    LeaderEpoch by{};        // The first of its coordinators.
    bool has_moved = false;  // To a later one.
  };
  struct Refusal {
    const ProduceAnswered& answer;
    const ReplicaLog& log;
    LeaderEpoch own;  // In which the leader leads, as far as it has said.
    const BatchRef& batch() const { return answer.batch; }
  };

  void check(const Event& e, const ProduceAnswered& answer, Judge& judge) {
    constexpr std::array judged{out_of_order_sequence_number, invalid_producer_epoch,
                                invalid_txn_state, unknown_producer_id};
    if (std::find(judged.begin(), judged.end(), answer.error) == judged.end()) return;
    const Partition* partition = judge.ledger().find(answer.partition);
    const Replica* replica = partition == nullptr ? nullptr : partition->replica(e.node);
    if (replica == nullptr || was_cut(e.node, answer)) return;
    if (is_transactional(answer) && has_lost_decisions(judge.ledger())) return;
    const Refusal refusal{answer, replica->log, replica->acting_epoch};
    ProducerOfLog producer;
    bool has_reason = false;
    for (const LogEntry& entry : replica->log.entries()) {
      if (entry.batch.producer_id != answer.batch.producer_id) continue;
      if (entry.batch.role == BatchRole::control) continue;
      if (may_be_forgotten(producer, entry.at)) return;
      const bool may_come_later = entry.at.ns() >= answer.asked_at_ns;
      has_reason = has_reason || (may_come_later && is_reason(refusal, producer));
      producer.take(entry);
    }
    if (has_reason || may_be_forgotten(producer, e.at) || is_reason(refusal, producer)) return;
    report(e, answer, producer, judge);
  }

  // By clocks that differ.
  bool may_be_forgotten(const ProducerOfLog& producer, Instant now) const {
    return producer.is_known() && now - producer.at() >= expiration_ / 2;
  }

  void take(const TransactionStateStored& state) {
    auto& written =
        written_.try_emplace(state.producer_id, Written{-1, state.leader_epoch}).first->second;
    written.latest_epoch = std::max(written.latest_epoch, state.producer_epoch);
    written.has_moved = written.has_moved || written.by != state.leader_epoch;
  }

  bool was_cut(NodeId node, const ProduceAnswered& answer) const {
    const auto cut = cuts_.find({node, answer.partition});
    return cut != cuts_.end() && cut->second.ns() >= answer.asked_at_ns;
  }

  static bool is_transactional(const ProduceAnswered& answer) {
    return answer.batch.role == BatchRole::transactional;
  }

  // Whether it is one where that is all that the leader knows of the producer.
  bool is_reason(const Refusal& refusal, const ProducerOfLog& producer) const {
    switch (refusal.answer.error) {
      case out_of_order_sequence_number: return is_out_of_order(refusal, producer);
      case invalid_producer_epoch: return is_fenced(refusal, producer);
      case unknown_producer_id:
        return !producer.is_known() || producer.last_offset() < refusal.log.start_offset();
      // KAFKA-19690: who is fenced is to know that, whatever else is wrong.
      default: return refusal.batch().producer_epoch >= producer.epoch();
    }
  }

  static bool is_out_of_order(const Refusal& refusal, const ProducerOfLog& producer) {
    const BatchRef& batch = refusal.batch();
    // Others of the transaction may be on their way to its coordinator, and this one before them.
    const bool may_overtake = is_transactional(refusal.answer) && !producer.has_open_transaction();
    if (!producer.is_known()) return may_overtake && batch.base_sequence != 0;
    if (batch.producer_epoch < producer.epoch()) return true;
    if (batch.producer_epoch > producer.epoch()) return batch.base_sequence != 0;
    if (producer.remembers(batch, refusal.own)) return false;
    return may_overtake || !producer.is_followed_by(batch);
  }

  // The leader may have asked a coordinator that was deposed and knows earlier epochs only.
  bool is_fenced(const Refusal& refusal, const ProducerOfLog& producer) const {
    const BatchRef& batch = refusal.batch();
    if (batch.producer_epoch < producer.epoch()) return true;
    if (!is_transactional(refusal.answer)) return false;
    const auto written = written_.find(batch.producer_id);
    return written == written_.end() || written->second.has_moved ||
           batch.producer_epoch < written->second.latest_epoch;
  }

  void report(const Event& e, const ProduceAnswered& answer, const ProducerOfLog& producer,
              Judge& judge) {
    const BatchRef& batch = answer.batch;
    judge.report(
        {std::string(id()),
         std::string(kind_of_error(answer.error)),
         fmt::format("{} refused epoch {}, sequence {} of producer {} in {} with error {}, but its "
                     "log {}.",
                     judge.ledger().name_of(e.node), batch.producer_epoch, batch.base_sequence,
                     batch.producer_id, answer.partition, answer.error,
                     producer.is_known() ? fmt::format("ends with epoch {} of it, at offset {}",
                                                       producer.epoch(), producer.last_offset())
                                         : "has nothing of it"),
         {producer.stored(), e.id},
         {},
         answer.partition});
  }

  static std::string_view kind_of_error(std::int32_t error) {
    switch (error) {
      case out_of_order_sequence_number: return "in_order_refused";
      case invalid_producer_epoch: return "present_epoch_refused";
      case unknown_producer_id: return "known_producer_refused";
      default: return "fenced_otherwise";
    }
  }

  const Duration expiration_;
  std::map<std::pair<NodeId, TopicPartition>, Instant> cuts_;  // The latest.
  std::map<std::int64_t, Written> written_;                    // By producer id.
};

}  // namespace

std::unique_ptr<Property> refused_batches(Duration producer_id_expiration) {
  return std::make_unique<RefusedBatches>(producer_id_expiration);
}

}  // namespace brokersim::properties
