#include "sim/file_image.h"

#include <algorithm>

#include "sim/random.h"

namespace brokersim::sim {

// ---- Content -----------------------------------------------------------------------------------

void Content::append(const Rope& bytes) {
  for (const auto& slice : bytes.slices()) {
    pieces_.push_back({size_, slice});
    size_ += slice.size();
  }
}

void Content::truncate(std::uint64_t size) {
  REQUIRE(size <= size_, size, size_);
  while (!pieces_.empty() && pieces_.back().at >= size) pieces_.pop_back();
  size_ = size;
  if (pieces_.empty()) return;
  Piece& last = pieces_.back();
  last.bytes = last.bytes.sub(0, std::min<std::size_t>(last.bytes.size(), size - last.at));
}

Rope Content::read(std::uint64_t at, std::size_t length) const {
  Rope result;
  if (at >= size_) return result;
  length = static_cast<std::size_t>(std::min<std::uint64_t>(length, size_ - at));
  auto piece =
      std::upper_bound(pieces_.begin(), pieces_.end(), at,
                       [](std::uint64_t position, const Piece& p) { return position < p.at; });
  for (--piece; length > 0; ++piece) {
    ASSERT(piece != pieces_.end(), at, length, size_);
    const auto skip = static_cast<std::size_t>(at - piece->at);
    const auto taken = std::min(length, piece->bytes.size() - skip);
    result.append(piece->bytes.sub(skip, taken));
    length -= taken;
    at += taken;
  }
  return result;
}

// ---- Writing and syncing -----------------------------------------------------------------------

std::uint64_t FileImage::append(const Rope& bytes) {
  const auto position = content_.size();
  if (bytes.empty()) return position;
  content_.append(bytes);
  dirty_bytes_ += bytes.size();
  pending_.push_back({.bytes = bytes});
  return position;
}

void FileImage::truncate(std::uint64_t size) {
  if (size == content_.size()) return;
  content_.truncate(size);
  pending_.push_back({.bytes = {}, .size = size});
  cut_ranges(cold_, size);
}

void FileImage::cut_ranges(Ranges& ranges, std::uint64_t size) {
  while (!ranges.empty() && ranges.rbegin()->second > size) {
    const auto last = std::prev(ranges.end());
    if (last->first >= size) {
      ranges.erase(last);
    } else {
      last->second = size;
    }
  }
}

void FileImage::apply(Content& content, const Operation& operation) {
  if (operation.bytes.empty()) {
    content.truncate(operation.size);
  } else {
    content.append(operation.bytes);
  }
}

void FileImage::make_durable(std::size_t operations, bool is_written) {
  for (std::size_t i = 0; i < operations; ++i) {
    const auto before = durable_.size();
    apply(durable_, pending_.front());
    if (!is_written && durable_.size() > before) unwritten_[before] = durable_.size();
    cut_ranges(unwritten_, durable_.size());
    dirty_bytes_ -= pending_.front().bytes.size();
    pending_.pop_front();
  }
  synced_operations_ += operations;
}

// A sync begun later may have been done earlier: then there are none.
std::size_t FileImage::operations_before(std::uint64_t mark) const {
  if (mark <= synced_operations_) return 0;
  const auto operations = static_cast<std::size_t>(mark - synced_operations_);
  ASSERT(operations <= pending_.size(), operations, pending_.size());
  return operations;
}

void FileImage::sync(std::uint64_t mark) { make_durable(operations_before(mark)); }

void FileImage::fail_sync(std::uint64_t mark) { make_durable(operations_before(mark), false); }

std::uint64_t FileImage::durable_size() const {
  std::uint64_t size = has_unwritten() ? unwritten_.begin()->first : durable_.size();
  for (const auto& operation : pending_) {
    if (operation.bytes.empty()) size = std::min(size, operation.size);
  }
  return size;
}

// ---- Power loss --------------------------------------------------------------------------------

namespace {

constexpr std::size_t sector = 512;

// All, none and some are about as likely: the extremes are where bugs live.
std::size_t how_many(std::uint64_t draw, std::size_t most) {
  if (chance(mix(draw ^ 1), 1, 3)) return most;
  if (chance(mix(draw ^ 2), 1, 3)) return 0;
  return uniform(mix(draw ^ 3), std::size_t{0}, most);
}

Bytes rubbish(std::uint64_t draw, std::size_t size) {
  Bytes bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(draw = mix(draw + size));
  return bytes;
}

}  // namespace

// A part of `bytes`, by bytes or sectors; then nothing, zeros or rubbish where the rest should be.
Rope FileImage::torn(const Rope& bytes, std::uint64_t draw) const {
  auto kept = uniform(mix(draw ^ 5), std::size_t{0}, bytes.size() - 1);
  if (chance(mix(draw ^ 6), 1, 2)) kept -= kept % sector;
  Rope result = bytes.sub(0, kept);
  const auto rest = bytes.size() - kept;
  const auto behind = uniform(mix(draw ^ 7), 0, 3);
  if (behind == 2) result.append(Slice(Bytes(rest)));
  if (behind == 3) result.append(Slice(rubbish(draw, rest)));
  return result;
}

// Each is there all the same, or zeros; at the end of the file it may be as if never appended.
std::uint64_t FileImage::lose_unwritten(std::uint64_t draw) {
  Content left;
  std::uint64_t at = 0;
  std::uint64_t lost = 0;
  const auto keep_to = [&](std::uint64_t end) {
    left.append(durable_.read(at, static_cast<std::size_t>(end - at)));
    at = end;
  };
  for (const auto& [begin, end] : unwritten_) {
    const auto what = uniform(mix(draw ^ begin), 0, 2);
    if (what == 0) continue;
    keep_to(begin);
    const bool is_cut = what == 2 && end == durable_.size();
    if (!is_cut) left.append(Rope(Slice(Bytes(static_cast<std::size_t>(end - begin)))));
    at = end;
    lost += end - begin;
  }
  keep_to(durable_.size());
  unwritten_.clear();
  durable_ = std::move(left);
  return lost;
}

FileLoss FileImage::power_loss(std::uint64_t draw) {
  FileLoss loss;
  std::size_t kept = how_many(draw, pending_.size());
  const bool tears = kept > 0 && !pending_[kept - 1].bytes.empty() && chance(mix(draw ^ 4), 1, 3);
  if (tears) --kept;
  make_durable(kept);
  if (tears) {
    durable_.append(torn(pending_.front().bytes, draw));
    loss.was_torn = true;
  }
  loss.operations_lost = pending_.size();
  const auto unwritten = has_unwritten() ? lose_unwritten(mix(draw ^ 8)) : 0;
  loss.was_unwritten = unwritten > 0;
  loss.bytes_lost = dirty_bytes_ + unwritten;
  synced_operations_ += pending_.size();
  pending_.clear();
  dirty_bytes_ = 0;
  content_ = durable_;
  evict();
  return loss;
}

// ---- The page cache ----------------------------------------------------------------------------

bool FileImage::is_cached(std::uint64_t at, std::size_t length) const {
  const auto end = std::min(at + length, content_.size());
  const auto next = cold_.upper_bound(at);
  if (next != cold_.end() && next->first < end) return false;
  return next == cold_.begin() || std::prev(next)->second <= at || at >= end;
}

void FileImage::evict() {
  cold_.clear();
  if (content_.size() > 0) cold_[0] = content_.size();
}

void FileImage::mark_cached(std::uint64_t at, std::size_t length) {
  const auto end = at + length;
  auto range = cold_.upper_bound(at);
  if (range != cold_.begin()) --range;
  while (range != cold_.end() && range->first < end) {
    const auto [begin, stop] = *range;
    if (stop <= at) {
      ++range;
      continue;
    }
    range = cold_.erase(range);
    if (begin < at) cold_[begin] = at;
    if (stop > end) cold_[end] = stop;
  }
}

}  // namespace brokersim::sim
