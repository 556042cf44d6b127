#include "core/log/segment_scan.h"

#include <algorithm>
#include <limits>
#include <optional>

namespace brokersim::log {

namespace {

// Reads ahead, so that a segment of small batches costs few reads of the device.
class Window {
 public:
  Window(File& file, std::size_t read_ahead) : file_(file), read_ahead_(read_ahead) {}

  // The bytes [at, at + length); fewer at the end of the file.
  IoResult<Slice> take(Env& env, std::uint64_t at, std::size_t length) {
    if (at < begins_ || at + length > begins_ + bytes_.size()) {
      TRY(const Rope rope, file_.read(env, at, std::max(length, read_ahead_)));
      bytes_ = rope.joined();
      begins_ = at;
    }
    const auto held = bytes_.from(static_cast<std::size_t>(at - begins_));
    return held.sub(0, std::min(length, held.size()));
  }

 private:
  File& file_;
  std::size_t read_ahead_;
  std::uint64_t begins_ = 0;
  Slice bytes_;
};

// The batch at `at` of a file of `size` bytes, or nothing if there is none that follows.
IoResult<std::optional<IndexedBatch>> batch_at(Env& env, Window& window, std::uint64_t at,
                                               std::uint64_t size, const ScanStart& start) {
  const std::optional<IndexedBatch> nothing;
  TRY(const Slice head, window.take(env, at, wire::batch_header_size));
  if (head.size() < wire::batch_header_size) return nothing;
  const auto parsed = wire::parse_batch_header(head.view());
  if (!parsed || parsed->size > size - at || !follows(parsed->header, start)) return nothing;
  const auto& header = parsed->header;
  const bool is_checked = header.last_offset() >= start.check_from;
  const bool may_be_marker = header.is_control() && header.is_transactional();
  if (!is_checked && !may_be_marker) return std::optional(indexed(header, at, parsed->size));
  TRY(const Slice whole, window.take(env, at, parsed->size));
  const auto batch = wire::parse_batch(whole);
  if (!batch || (is_checked && !batch->crc_is_valid())) return nothing;
  return std::optional(indexed(header, at, parsed->size, wire::marker_of(*batch)));
}

}  // namespace

bool follows(const wire::BatchHeader& header, const ScanStart& start) {
  constexpr Offset last = std::numeric_limits<Offset>::max() - 1;
  if (header.base_offset < start.next_offset || header.leader_epoch < start.leader_epoch) {
    return false;
  }
  if (!header.leader_epoch.is_set() || header.last_offset_delta < 0) return false;
  return header.base_offset <= last - header.last_offset_delta;
}

IoResult<Scan> scan_segment(Env& env, File& file, ScanStart start, ScanPart part) {
  Scan scan{.valid_size = part.from};
  Window window(file, part.read_ahead);
  const std::uint64_t size = std::min(file.size(), part.to);
  while (scan.valid_size < size && scan.batches.size() < part.most_batches) {
    TRY(const auto batch, batch_at(env, window, scan.valid_size, size, start));
    if (!batch) break;
    scan.batches.push_back(*batch);
    scan.valid_size += batch->size;
    start.next_offset = batch->last_offset + 1;
    start.leader_epoch = batch->leader_epoch;
  }
  return scan;
}

}  // namespace brokersim::log
