#include "sim/compaction_judge.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>

#include <fmt/format.h>

#include "sim/decided_transactions.h"

namespace brokersim::sim {
namespace {

struct Known {
  wire::Record record;
  wire::BatchHeader batch;  // In which it stood.
};

class CompactionJudge {
 public:
  explicit CompactionJudge(const CompactedPart& part) : part_(part) {
    transactions_.add(part.earlier);
    transactions_.add(part.before);
  }

  LogCompacted judge() {
    for (const auto& batch : part_.earlier) keep(batch);
    for (const auto& batch : part_.before) before(batch);
    for (const auto& batch : part_.after) after(batch);
    for (const auto& [offset, known] : records_) judge_removed(offset, known);
    result_.end_offset = part_.end;
    return std::move(result_);
  }

 private:
  using Offsets = std::set<Offset>;

  // ---- Taking in -----------------------------------------------------------------------------

  void before(const wire::Batch& batch) {
    if (batch.header.base_offset < part_.end) batches_.emplace(batch.header.base_offset, batch);
    const auto records = wire::records_of(batch);
    if (!records) return;
    const bool counts = !batch.header.is_control() && transactions_.counts(batch.header);
    for (const auto& [offset, record] : *records) {
      if (counts && record.key) by_key_[*record.key].insert(offset);
      if (offset < part_.end) records_.emplace(offset, Known{record, batch.header});
    }
  }

  void after(const wire::Batch& batch) {
    result_.batches.push_back(batch.ref());
    keep(batch);
    const auto was = batches_.find(batch.header.base_offset);
    if (was == batches_.end() || !is_rest_of(batch.header, was->second.header)) {
      return blame("there was no batch at {}..{} with its producer and epoch",
                   batch.header.base_offset, batch.header.last_offset());
    }
    const auto records = wire::records_of(batch);
    if (!records) return blame("the batch at {} cannot be read", batch.header.base_offset);
    for (const auto& [offset, record] : *records) {
      const auto known = records_.find(offset);
      if (known == records_.end() || known->second.record != record) {
        blame("the record at {} is another one", offset);
      } else {
        records_.erase(known);
      }
    }
  }

  static bool is_rest_of(const wire::BatchHeader& now, const wire::BatchHeader& was) {
    return now.last_offset() == was.last_offset() && now.leader_epoch == was.leader_epoch &&
           now.producer_id == was.producer_id && now.producer_epoch == was.producer_epoch &&
           now.base_sequence == was.base_sequence && now.is_control() == was.is_control() &&
           now.is_transactional() == was.is_transactional();
  }

  // It is in the log before the part, or in what is left of it.
  void keep(const wire::Batch& batch) {
    const auto& header = batch.header;
    if (header.is_control()) return;
    if (header.is_transactional()) left_of_producer_[header.producer_id].insert(header.base_offset);
    const auto records = wire::records_of(batch);
    if (!records || !transactions_.counts(header)) return;
    for (const auto& [offset, record] : *records) {
      if (record.key && record.value) values_left_[*record.key].insert(offset);
    }
  }

  // ---- Judging -------------------------------------------------------------------------------

  void judge_removed(Offset offset, const Known& known) {
    result_.removed.push_back(offset);
    if (known.batch.is_control()) return judge_marker(offset, known);
    if (transactions_.is_aborted(known.batch)) return;
    const auto later = later_of_same_key(offset, known.record);
    if (later) {
      result_.decided_by = std::max(result_.decided_by, *later);
    } else if (known.record.value) {
      blame("the record at {} is gone, and none of its key follows", offset);
    } else {
      judge_tombstone(offset, known);
    }
  }

  void judge_tombstone(Offset offset, const Known& known) {
    if (!known.batch.has_delete_horizon()) {
      return blame("the tombstone at {} is gone before anybody could be told when it goes", offset);
    }
    if (!has_passed_horizon(known)) return blame("the tombstone at {} is gone too early", offset);
    const auto value = last_before(values_left_, known.record.key.value_or(Bytes()), offset);
    if (value) blame("the tombstone at {} is gone, the value at {} is not", offset, *value);
  }

  // As long as anything is left of its transaction, a reader has to find its end.
  void judge_marker(Offset offset, const Known& known) {
    if (!has_passed_horizon(known)) return blame("the marker at {} is gone too early", offset);
    const auto producer = known.batch.producer_id;
    const auto left = last_before(left_of_producer_, producer, offset);
    if (!left || *left <= transactions_.begin_of(producer, offset)) return;
    blame("the marker at {} is gone, a batch of its transaction, at {}, is not", offset, *left);
  }

  // It was set by an earlier compaction, and stands where the base timestamp did.
  bool has_passed_horizon(const Known& known) const {
    return known.batch.has_delete_horizon() && known.batch.base_timestamp <= part_.now.ms;
  }

  template <class Key>
  static std::optional<Offset> last_before(const std::map<Key, Offsets>& all, const Key& key,
                                           Offset offset) {
    const auto found = all.find(key);
    if (found == all.end()) return std::nullopt;
    const auto next = found->second.lower_bound(offset);
    return next == found->second.begin() ? std::nullopt : std::optional(*std::prev(next));
  }

  std::optional<Offset> later_of_same_key(Offset offset, const wire::Record& record) const {
    if (!record.key) return std::nullopt;
    const auto found = by_key_.find(*record.key);
    if (found == by_key_.end()) return std::nullopt;
    const auto next = found->second.upper_bound(offset);
    return next == found->second.end() ? std::nullopt : std::optional(*next);
  }

  template <class... Values>
  void blame(fmt::format_string<Values...> text, Values&&... values) {
    if (result_.wrong.empty()) {
      result_.wrong = fmt::format(text, std::forward<Values>(values)...);
    }
  }

  const CompactedPart& part_;
  DecidedTransactions transactions_;
  std::map<Offset, wire::Batch> batches_;  // Of the part, as it was.
  std::map<Offset, Known> records_;        // Of the part, without those that are left.
  std::map<Bytes, Offsets> by_key_;        // Records that count, of the part and behind it.
  std::map<Bytes, Offsets> values_left_;   // Values that count, before the part and left of it.
  std::map<std::int64_t, Offsets> left_of_producer_;  // Transactional batches, in the same places.
  LogCompacted result_;
};

}  // namespace

LogCompacted judge_compaction(const CompactedPart& part) { return CompactionJudge(part).judge(); }

}  // namespace brokersim::sim
