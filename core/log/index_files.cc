#include "core/log/index_files.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/log/text.h"

namespace brokersim::log {

namespace {

constexpr std::size_t index_base_digits = 20;
constexpr std::array<std::string_view, 2> index_suffixes = {".index", ".timeindex"};

}  // namespace

IndexFiles::IndexFiles(std::string_view directory, Offset base, std::string_view ending)
    : directory_(directory), base_(base) {
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    kept_[i].path = fmt::format("{}/{:020}{}{}", directory_, base_, index_suffixes[i], ending);
  }
}

std::optional<Offset> IndexFiles::base_of(std::string_view name) {
  const bool is_index =
      std::any_of(index_suffixes.begin(), index_suffixes.end(), [&](std::string_view suffix) {
        return name.size() == index_base_digits + suffix.size() && name.ends_with(suffix);
      });
  if (!is_index) return std::nullopt;
  const auto base = number<Offset>(name.substr(0, index_base_digits));
  if (!base || *base < 0) return std::nullopt;
  return base;
}

IoResult<Done> IndexFiles::write(Files& files, const SegmentIndexes& indexes) {
  const std::array<Bytes, 2> contents = {indexes.offsets().encode(), indexes.times().encode()};
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    auto& kept = kept_[i];
    TRY(kept.file, files.open(kept.path, OpenMode::create));
    ++kept.writes;
    // What an earlier life of the segment left under this name.
    if (kept.file->size() > 0) {
      TRY(std::ignore, kept.file->truncate(0));
    }
    if (contents[i].empty()) continue;
    TRY(std::ignore, kept.file->append(Rope(contents[i])));
  }
  return Done{};
}

IoResult<std::optional<SegmentIndexes>> IndexFiles::read(Env& env) {
  std::array<Bytes, 2> contents;
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    if (!env.files().exists(kept_[i].path)) return std::optional<SegmentIndexes>();
    TRY(const auto file, env.files().open(kept_[i].path, OpenMode::existing));
    if (file->size() == 0) continue;
    TRY(const Rope rope, file->read(env, 0, file->size()));
    contents[i] = rope.flat();
  }
  auto offsets = OffsetIndex::decode(base_, contents[0]);
  auto times = TimeIndex::decode(base_, contents[1]);
  if (!offsets || !times) return std::optional<SegmentIndexes>();
  return std::optional(SegmentIndexes(*std::move(offsets), *std::move(times)));
}

IoResult<Done> IndexFiles::remove(Files& files) {
  for (auto& kept : kept_) {
    kept.file.reset();
    kept.synced_writes = kept.writes;
    if (!files.exists(kept.path)) continue;
    TRY(std::ignore, files.remove(kept.path));
  }
  return Done{};
}

IoResult<Done> IndexFiles::rename(Files& files, std::string_view ending) {
  const IndexFiles named(directory_, base_, ending);
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    TRY(std::ignore, files.rename(kept_[i].path, named.kept_[i].path));
    kept_[i].path = named.kept_[i].path;
  }
  return Done{};
}

std::vector<std::string> IndexFiles::paths(const Files& files) const {
  std::vector<std::string> paths;
  for (const auto& kept : kept_) {
    if (files.exists(kept.path)) paths.push_back(kept.path);
  }
  return paths;
}

bool IndexFiles::needs_sync() const {
  return std::any_of(kept_.begin(), kept_.end(),
                     [](const Kept& kept) { return kept.synced_writes < kept.writes; });
}

IoResult<Done> IndexFiles::sync(Env& env) {
  for (auto& kept : kept_) {
    if (kept.synced_writes == kept.writes) continue;
    const auto file = kept.file;  // It may be removed while this waits.
    const std::uint64_t writes = kept.writes;
    TRY(std::ignore, file->sync(env));
    kept.synced_writes = std::max(kept.synced_writes, writes);
    if (kept.synced_writes == kept.writes) kept.file.reset();
  }
  return Done{};
}

}  // namespace brokersim::log
