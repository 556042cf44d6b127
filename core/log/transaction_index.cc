#include "core/log/transaction_index.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/log/text.h"
#include "core/wire/wire.h"

namespace brokersim::log {

namespace {

constexpr std::size_t base_digits = 20;
constexpr std::string_view index_suffix = ".txnindex";
constexpr std::int16_t entry_version = 0;
constexpr std::size_t entry_size = sizeof(std::int16_t) + 4 * sizeof(std::int64_t);

}  // namespace

std::string TransactionIndex::file_name(Offset base) {
  return fmt::format("{:020}{}", base, index_suffix);
}

std::optional<Offset> TransactionIndex::base_of(std::string_view name) {
  if (name.size() != base_digits + index_suffix.size() || !name.ends_with(index_suffix)) {
    return std::nullopt;
  }
  const auto base = number<Offset>(name.substr(0, base_digits));
  if (!base || *base < 0) return std::nullopt;
  return base;
}

Bytes TransactionIndex::encode(const Entries& entries) {
  Bytes bytes;
  wire::Writer out(bytes);
  for (const auto& entry : entries) {
    out.fixed(entry_version);
    out.fixed(entry.producer_id);
    out.fixed(entry.first_offset);
    out.fixed(entry.marker_offset);
    out.fixed(entry.last_stable_offset);
  }
  return bytes;
}

std::optional<TransactionIndex::Entries> TransactionIndex::decode(ByteView bytes) {
  if (bytes.size() % entry_size != 0) return std::nullopt;
  Entries entries;
  wire::Reader in(bytes);
  while (in.remaining() > 0) {
    if (in.fixed<std::int16_t>() != entry_version) return std::nullopt;
    AbortedEntry& entry = entries.emplace_back();
    entry.producer_id = in.fixed<std::int64_t>();
    entry.first_offset = in.fixed<Offset>();
    entry.marker_offset = in.fixed<Offset>();
    entry.last_stable_offset = in.fixed<Offset>();
  }
  return entries;
}

IoResult<std::optional<TransactionIndex::Entries>> TransactionIndex::read(Env& env, Offset base,
                                                                          Offset end) const {
  TRY(const auto file, env.files().open(path_of(base), OpenMode::existing));
  TRY(const Rope content, file->read(env, 0, file->size()));
  auto entries = decode(content.joined().view());
  if (!entries) return entries;
  Offset next = base;
  for (const auto& entry : *entries) {
    const bool is_of_segment = entry.producer_id >= 0 && entry.first_offset >= 0 &&
                               entry.first_offset <= entry.marker_offset &&
                               entry.marker_offset >= next && entry.marker_offset < end;
    if (!is_of_segment) return std::optional<Entries>();
    next = entry.marker_offset + 1;
  }
  return entries;
}

std::string TransactionIndex::path_of(Offset base) const {
  return fmt::format("{}/{}", directory_, file_name(base));
}

IoResult<Done> TransactionIndex::open(Host& host, Offset base, Segment& segment) {
  if (segment.file) return Done{};
  if (!host.files().exists(path_of(base))) ++name_changes_;
  TRY(segment.file, host.files().open(path_of(base), OpenMode::create));
  return Done{};
}

IoResult<Done> TransactionIndex::load(Env& env, const std::vector<Offset>& files,
                                      std::map<Offset, Entries> entries) {
  for (const Offset base : files) {
    if (entries.contains(base)) continue;
    TRY(std::ignore, env.files().remove(path_of(base)));
    ++name_changes_;
  }
  for (auto& [base, aborted] : entries) {
    Segment& segment = segments_[base];
    segment.entries = std::move(aborted);
    TRY(std::ignore, open(env, base, segment));
    const Bytes expected = encode(segment.entries);
    TRY(const Rope found, segment.file->read(env, 0, segment.file->size()));
    if (found.flat() == expected) continue;
    TRY(std::ignore, segment.file->truncate(0));
    TRY(std::ignore, segment.file->append(Rope(expected)));
  }
  return Done{};
}

IoResult<Done> TransactionIndex::add(Host& host, Offset base, const AbortedEntry& entry) {
  Segment& segment = segments_[base];
  TRY(std::ignore, open(host, base, segment));
  // What a crash may have left under this name.
  if (segment.entries.empty()) {
    TRY(std::ignore, segment.file->truncate(0));
  }
  TRY(std::ignore, segment.file->append(Rope(encode({entry}))));
  segment.entries.push_back(entry);
  segment.is_synced = false;
  return Done{};
}

IoResult<Done> TransactionIndex::truncate(Host& host, Offset end) {
  for (auto at = segments_.begin(); at != segments_.end();) {
    const Offset base = at->first;
    auto& segment = at++->second;
    const auto kept =
        std::partition_point(segment.entries.begin(), segment.entries.end(),
                             [end](const AbortedEntry& e) { return e.marker_offset < end; });
    if (kept == segment.entries.end()) continue;
    segment.entries.erase(kept, segment.entries.end());
    if (segment.entries.empty()) {
      TRY(std::ignore, remove(host, base));
    } else {
      segment.is_synced = false;
      TRY(std::ignore, segment.file->truncate(segment.entries.size() * entry_size));
    }
  }
  return Done{};
}

IoResult<Done> TransactionIndex::remove(Host& host, Offset base) {
  if (segments_.erase(base) == 0) return Done{};
  ++drops_;
  ++name_changes_;
  return host.files().remove(path_of(base));
}

TransactionIndex::Entries TransactionIndex::all() const {
  Entries all;
  for (const auto& [base, segment] : segments_) {
    all.insert(all.end(), segment.entries.begin(), segment.entries.end());
  }
  return all;
}

std::vector<AbortedTransaction> TransactionIndex::aborted_in(Offset from, Offset end) const {
  std::vector<AbortedTransaction> found;
  auto at = segments_.upper_bound(from);
  if (at != segments_.begin()) --at;
  for (; at != segments_.end(); ++at) {
    for (const auto& entry : at->second.entries) {
      if (entry.marker_offset >= from && entry.first_offset < end) {
        found.push_back({entry.producer_id, entry.first_offset});
      }
      if (entry.last_stable_offset >= end) return found;
    }
  }
  return found;
}

IoResult<Done> TransactionIndex::sync(Env& env) {
  std::vector<std::pair<Offset, std::shared_ptr<File>>> unsynced;
  for (const auto& [base, segment] : segments_) {
    if (!segment.is_synced) unsynced.emplace_back(base, segment.file);
  }
  for (const auto& [base, file] : unsynced) {
    const auto before = segments_.find(base);
    if (before == segments_.end() || before->second.file != file) continue;
    before->second.is_synced = true;  // Unless it changes while this waits.
    const auto synced = file->sync(env);
    if (synced) continue;
    // A sync that was cut short is made up for by the next one.
    const auto after = segments_.find(base);
    if (after != segments_.end() && after->second.file == file) after->second.is_synced = false;
    return Unexpected(synced.error());
  }
  return Done{};
}

}  // namespace brokersim::log
