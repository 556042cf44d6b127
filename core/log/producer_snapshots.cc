#include "core/log/producer_snapshots.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "core/base/assert.h"
#include "core/log/text.h"

namespace brokersim::log {

namespace {

constexpr std::size_t offset_digits = 20;
constexpr std::string_view snapshot_suffix = ".snapshot";

}  // namespace

std::string ProducerSnapshots::file_name(Offset offset) {
  return fmt::format("{:020}{}", offset, snapshot_suffix);
}

std::optional<Offset> ProducerSnapshots::offset_of(std::string_view name) {
  if (name.size() != offset_digits + snapshot_suffix.size() || !name.ends_with(snapshot_suffix)) {
    return std::nullopt;
  }
  const auto offset = number<Offset>(name.substr(0, offset_digits));
  if (!offset || *offset < 0) return std::nullopt;
  return offset;
}

std::string ProducerSnapshots::path_of(Offset offset) const {
  return fmt::format("{}/{}", directory_, file_name(offset));
}

IoResult<Done> ProducerSnapshots::load(Env& env, const std::vector<Offset>& offsets,
                                       const IsBelieved& is_believed) {
  for (const Offset offset : offsets) {
    TRY(const auto file, env.files().open(path_of(offset), OpenMode::existing));
    TRY(const Rope content, file->read(env, 0, file->size()));
    auto state = ProducerState::decode(content.joined().view());
    if (state && is_believed(offset, *state)) {
      states_.emplace(offset, *std::move(state));
    } else {
      TRY(std::ignore, env.files().remove(path_of(offset)));
      ++name_changes_;
    }
  }
  return Done{};
}

const std::pair<const Offset, ProducerState>* ProducerSnapshots::latest(Offset offset) const {
  const auto beyond = states_.upper_bound(offset);
  return beyond == states_.begin() ? nullptr : &*std::prev(beyond);
}

IoResult<Done> ProducerSnapshots::take(Host& host, Offset offset, const ProducerState& state) {
  REQUIRE(!has(offset), offset);
  TRY(std::shared_ptr<File> file, host.files().open(path_of(offset), OpenMode::create));
  ++name_changes_;
  // What a crash may have left under this name.
  TRY(std::ignore, file->truncate(0));
  TRY(std::ignore, file->append(Rope(state.encode())));
  states_.emplace(offset, state.condensed());
  unsynced_[offset] = std::move(file);
  return Done{};
}

IoResult<ProducerSnapshots::States::iterator> ProducerSnapshots::remove(Host& host,
                                                                        States::iterator snapshot) {
  TRY(std::ignore, host.files().remove(path_of(snapshot->first)));
  ++name_changes_;
  unsynced_.erase(snapshot->first);
  return states_.erase(snapshot);
}

IoResult<Done> ProducerSnapshots::remove_beyond(Host& host, Offset offset) {
  for (auto at = states_.upper_bound(offset); at != states_.end();) {
    TRY(at, remove(host, at));
  }
  return Done{};
}

IoResult<Done> ProducerSnapshots::keep_only(Host& host, const std::vector<Offset>& bases) {
  for (auto at = states_.begin(); at != states_.end();) {
    const bool is_latest = std::next(at) == states_.end();
    const bool is_kept = is_latest || std::binary_search(bases.begin(), bases.end(), at->first);
    if (is_kept) {
      ++at;
    } else {
      TRY(at, remove(host, at));
    }
  }
  return Done{};
}

IoResult<Done> ProducerSnapshots::sync(Env& env) {
  const auto taken = unsynced_;  // More may be taken, and some removed, while this waits.
  for (const auto& [offset, file] : taken) {
    TRY(std::ignore, file->sync(env));
    const auto still = unsynced_.find(offset);
    if (still != unsynced_.end() && still->second == file) unsynced_.erase(still);
  }
  return Done{};
}

}  // namespace brokersim::log
