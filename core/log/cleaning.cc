#include "core/log/cleaning.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace brokersim::log {

Cleaning::Cleaning(const LatestOffsets& latest, CleaningTerms terms)
    : latest_(latest), terms_(std::move(terms)) {}

void Cleaning::begin_segment() {
  if (!terms_.rules.cleaner_remembers_transactions) with_data_.clear();
}

bool Cleaning::is_aborted(const std::vector<AbortedRange>& aborted,
                          const wire::BatchHeader& batch) {
  if (!batch.is_transactional() || batch.is_control()) return false;
  return std::any_of(aborted.begin(), aborted.end(), [&](const AbortedRange& range) {
    return range.producer_id == batch.producer_id && range.first_offset <= batch.base_offset &&
           batch.base_offset < range.marker_offset;
  });
}

// KIP-534: the time was set by an earlier cleaning, and stands where the base timestamp did.
bool Cleaning::has_passed_horizon(const wire::BatchHeader& batch) const {
  return batch.has_delete_horizon() && batch.base_timestamp <= terms_.now.ms;
}

std::int64_t Cleaning::horizon() const {
  constexpr std::int64_t latest = std::numeric_limits<std::int64_t>::max();
  const std::int64_t delay = terms_.delete_retention_ms;
  return terms_.now.ms > latest - delay ? latest : terms_.now.ms + delay;
}

bool Cleaning::survives(const wire::Batch& batch, const wire::RecordAt& record) const {
  if (record.offset >= latest_.end()) return true;
  // A record without a key stood here before the topic was to be compacted: nobody can find it.
  if (!record.record.key) return false;
  const auto latest = latest_.of(*record.record.key);
  if (latest && record.offset < *latest) return false;
  return record.record.value || !has_passed_horizon(batch.header);
}

// By its offset: sequences repeat (KAFKA-8335).
bool Cleaning::is_last_of_producer(const wire::BatchHeader& batch) const {
  if (!terms_.rules.cleaner_keeps_last_batches || batch.producer_id < 0) return false;
  const auto last = terms_.last_offsets.find(batch.producer_id);
  return last != terms_.last_offsets.end() && last->second == batch.last_offset();
}

bool Cleaning::ends_nothing(const wire::BatchHeader& marker) {
  return with_data_.erase(marker.producer_id) == 0;
}

Expected<std::optional<wire::Batch>, wire::BatchError> Cleaning::clean(const wire::Batch& batch) {
  const auto& header = batch.header;
  TRY(auto records, wire::records_of(batch));
  const std::size_t before = records.size();
  bool needs_horizon = false;
  if (header.is_control()) {
    // Of a log's own control records, as of LeaderChange, nothing is known here: they stay.
    if (!header.is_transactional()) return std::optional(batch);
    const bool may_go = ends_nothing(header);
    needs_horizon = may_go;
    if (may_go && has_passed_horizon(header)) records.clear();
  } else if (is_aborted(terms_.aborted, header)) {
    records.clear();
  } else {
    std::erase_if(records, [&](const auto& record) { return !survives(batch, record); });
    needs_horizon = std::any_of(records.begin(), records.end(), [&](const auto& record) {
      return !record.record.value && record.offset < latest_.end();
    });
  }
  if (records.empty() && !is_last_of_producer(header)) return std::optional<wire::Batch>();
  // Of an empty one, too: without its marker its transaction would be open for ever.
  if (header.is_transactional() && !header.is_control()) with_data_.insert(header.producer_id);
  const bool sets_horizon = needs_horizon && !header.has_delete_horizon();
  if (records.size() == before && !sets_horizon) return std::optional(batch);
  std::optional<std::int64_t> horizon;
  if (header.has_delete_horizon()) horizon = header.base_timestamp;
  if (sets_horizon) horizon = this->horizon();
  return std::optional(wire::compacted(batch, records, horizon));
}

}  // namespace brokersim::log
