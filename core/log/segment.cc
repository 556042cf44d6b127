#include "core/log/segment.h"

#include <algorithm>

#include "core/log/text.h"

namespace brokersim::log {

namespace {
constexpr std::size_t name_digits = 20;
constexpr std::string_view suffix = ".log";
}  // namespace

std::string Segment::file_name(Offset base) { return fmt::format("{:020}{}", base, suffix); }

std::optional<Offset> Segment::base_of(std::string_view name) {
  if (name.size() != name_digits + suffix.size() || !name.ends_with(suffix)) return std::nullopt;
  const auto base = number<Offset>(name.substr(0, name_digits));
  if (!base || *base < 0) return std::nullopt;
  return base;
}

IoResult<std::shared_ptr<Segment>> Segment::open(Files& files, std::string_view directory,
                                                 Offset base, OpenMode mode,
                                                 std::string_view ending) {
  std::string path = fmt::format("{}/{}{}", directory, file_name(base), ending);
  TRY(auto file, files.open(path, mode));
  return std::shared_ptr<Segment>(new Segment(base, std::move(path), std::move(file)));
}

IoResult<std::uint64_t> Segment::recover(Env& env, ScanStart start) {
  ASSERT(batches_.empty(), base_);
  TRY(Scan scan, scan_segment(env, *file_, start));
  const std::uint64_t cut = file_->size() - scan.valid_size;
  if (cut > 0) {
    TRY(std::ignore, file_->truncate(scan.valid_size));
    mark_unsynced();
  }
  batches_ = std::move(scan.batches);
  size_ = scan.valid_size;
  return cut;
}

IoResult<Done> Segment::append(const wire::Batch& batch) {
  ASSERT(batch.header.base_offset >= end_offset(), batch.header.base_offset, end_offset());
  mark_unsynced();
  TRY(const std::uint64_t position, file_->append(batch.bytes()));
  batches_.push_back(indexed(batch.header, position, batch.size(), wire::marker_of(batch)));
  size_ = position + batch.size();
  return Done{};
}

IoResult<Done> Segment::truncate_to(Offset offset) {
  const std::size_t kept = find(offset);
  if (kept == batches_.size()) return Done{};
  const std::uint64_t size = batches_[kept].position;
  mark_unsynced();
  TRY(std::ignore, file_->truncate(size));
  batches_.resize(kept);
  size_ = size;
  return Done{};
}

IoResult<Done> Segment::empty_file() {
  REQUIRE(batches_.empty(), path_);
  mark_unsynced();
  return file_->truncate(0);
}

IoResult<Done> Segment::rename(Files& files, std::string_view directory, std::string_view ending) {
  std::string path = fmt::format("{}/{}{}", directory, file_name(base_), ending);
  TRY(std::ignore, files.rename(path_, path));
  path_ = std::move(path);
  return Done{};
}

std::size_t Segment::find(Offset offset) const {
  const auto found =
      std::partition_point(batches_.begin(), batches_.end(),
                           [&](const IndexedBatch& batch) { return batch.last_offset < offset; });
  return static_cast<std::size_t>(found - batches_.begin());
}

std::uint64_t Segment::position_of(Offset offset) const {
  const std::size_t at = find(offset);
  return at == batches_.size() ? size_ : batches_[at].position;
}

std::size_t Segment::whole_batches(std::uint64_t at, std::size_t most) const {
  std::size_t length = 0;
  auto batch = std::partition_point(batches_.begin(), batches_.end(),
                                    [&](const auto& one) { return one.position < at; });
  for (; batch != batches_.end(); ++batch) {
    if (length > 0 && length + batch->size > most) break;
    length += batch->size;
  }
  return length;
}

IoResult<Rope> Segment::read(Env& env, std::uint64_t at, std::size_t length) {
  if (auto hit = file_->cached(at, length)) return *std::move(hit);
  return file_->read(env, at, length);
}

IoResult<Done> Segment::sync(Env& env) {
  const std::uint64_t changes = changes_;
  TRY(std::ignore, file_->sync(env));
  synced_changes_ = std::max(synced_changes_, changes);
  return Done{};
}

}  // namespace brokersim::log
