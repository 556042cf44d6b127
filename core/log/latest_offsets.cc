#include "core/log/latest_offsets.h"

#include <algorithm>
#include <set>

#include "core/wire/record_reader.h"

namespace brokersim::log {

Expected<bool, wire::BatchError> LatestOffsets::add(const wire::Batch& batch, bool is_aborted) {
  if (!batch.header.is_control() && !is_aborted) {
    TRY(const Slice records, wire::uncompressed_body(batch));
    std::map<std::string, Offset, std::less<>> found;
    wire::RecordReader reader(batch.header, records.view());
    while (const auto record = reader.next()) {
      if (record->key) {
        found[std::string(as_text(*record->key))] = batch.header.base_offset + record->offset_delta;
      }
    }
    if (!reader.ok()) return Unexpected(wire::BatchError::bad_records);
    const auto fresh = std::count_if(
        found.begin(), found.end(), [&](const auto& one) { return !offsets_.contains(one.first); });
    if (offsets_.size() + static_cast<std::size_t>(fresh) > capacity_) return false;
    for (const auto& [key, offset] : found) offsets_[key] = offset;
  }
  end_ = batch.header.next_offset();
  return true;
}

std::optional<Offset> LatestOffsets::of(ByteView key) const {
  const auto found = offsets_.find(as_text(key));
  if (found == offsets_.end()) return std::nullopt;
  return found->second;
}

}  // namespace brokersim::log
