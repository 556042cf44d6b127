#include "sim/compaction_judge.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>

#include <fmt/format.h>

namespace brokersim::sim {
namespace {

struct Known {
  wire::Record record;
  bool may_expire =
      false;  // It stood in a batch with a delete horizon (KIP-534), or in a transaction.
};

class CompactionJudge {
 public:
  explicit CompactionJudge(Offset end) : end_(end) {}

  void before(const wire::Batch& batch) {
    if (batch.header.base_offset < end_) batches_.emplace(batch.header.base_offset, batch);
    const auto records = wire::records_of(batch);
    if (!records) return;
    for (const auto& [offset, record] : *records) {
      if (!batch.header.is_control() && record.key) by_key_[*record.key].insert(offset);
      if (offset >= end_) continue;
      const bool may_expire = batch.header.has_delete_horizon() || batch.header.is_transactional();
      records_.emplace(offset, Known{record, may_expire});
    }
  }

  void after(const wire::Batch& batch) {
    result_.batches.push_back(batch.ref());
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

  LogCompacted finish() {
    for (const auto& [offset, known] : records_) judge_removed(offset, known);
    return std::move(result_);
  }

 private:
  static bool is_rest_of(const wire::BatchHeader& now, const wire::BatchHeader& was) {
    return now.last_offset() == was.last_offset() && now.leader_epoch == was.leader_epoch &&
           now.producer_id == was.producer_id && now.producer_epoch == was.producer_epoch &&
           now.base_sequence == was.base_sequence && now.is_control() == was.is_control() &&
           now.is_transactional() == was.is_transactional();
  }

  template <class... Values>
  void blame(fmt::format_string<Values...> text, Values&&... values) {
    if (result_.wrong.empty()) {
      result_.wrong = fmt::format(text, std::forward<Values>(values)...);
    }
  }

  void judge_removed(Offset offset, const Known& known) {
    result_.removed.push_back(offset);
    const auto later = later_of_same_key(offset, known.record);
    if (later) {
      result_.decided_by = std::max(result_.decided_by, *later);
    } else if (known.record.value && !known.may_expire) {
      blame("the record at {} is gone, and none of its key follows", offset);
    } else if (!known.may_expire) {
      blame("the tombstone at {} is gone before anybody could be told when it goes", offset);
    }
  }

  std::optional<Offset> later_of_same_key(Offset offset, const wire::Record& record) const {
    if (!record.key) return std::nullopt;
    const auto found = by_key_.find(*record.key);
    if (found == by_key_.end()) return std::nullopt;
    const auto next = found->second.upper_bound(offset);
    return next == found->second.end() ? std::nullopt : std::optional(*next);
  }

  const Offset end_;
  std::map<Offset, wire::Batch> batches_;
  std::map<Offset, Known> records_;
  std::map<Bytes, std::set<Offset>> by_key_;
  LogCompacted result_;
};

}  // namespace

LogCompacted judge_compaction(std::span<const wire::Batch> before, Offset end,
                              std::span<const wire::Batch> after) {
  CompactionJudge judge(end);
  for (const auto& batch : before) judge.before(batch);
  for (const auto& batch : after) judge.after(batch);
  auto result = judge.finish();
  result.end_offset = end;
  return result;
}

}  // namespace brokersim::sim
