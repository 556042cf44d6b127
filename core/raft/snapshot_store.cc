#include "core/raft/snapshot_store.h"

#include <utility>

#include <fmt/format.h>

namespace brokersim::raft {

namespace {

constexpr std::string_view own_suffix = ".tmp";
constexpr std::string_view arriving_suffix = ".part";

bool is_unfinished(std::string_view name) {
  for (const auto suffix : {own_suffix, arriving_suffix}) {
    if (!name.ends_with(suffix)) continue;
    if (snapshot_id_of(name.substr(0, name.size() - suffix.size()))) return true;
  }
  return false;
}

}  // namespace

std::string SnapshotStore::path_of(SnapshotId id, std::string_view suffix) const {
  return fmt::format("{}/{}{}", directory_, snapshot_file_name(id), suffix);
}

IoResult<Done> SnapshotStore::open(Env& env) {
  TRY(const auto names, env.files().list(directory_));
  for (const auto& name : names) {
    if (is_unfinished(name)) {
      TRY(std::ignore, env.files().remove(fmt::format("{}/{}", directory_, name)));
    }
    const auto id = snapshot_id_of(name);
    if (!id) continue;
    TRY(auto snapshot, load(env, *id));
    if (*id == bootstrap_checkpoint) {
      initial_voters_ = std::move(snapshot.voters);
      continue;
    }
    TRY(const auto file, env.files().open(path_of(*id), OpenMode::existing));
    all_[*id] = {static_cast<std::int64_t>(file->size()), snapshot.last_contained_log_timestamp,
                 std::move(snapshot.voters)};
  }
  return Done{};
}

std::optional<SnapshotId> SnapshotStore::latest() const {
  return all_.empty() ? std::nullopt : std::optional(all_.rbegin()->first);
}

std::optional<SnapshotId> SnapshotStore::oldest() const {
  return all_.empty() ? std::nullopt : std::optional(all_.begin()->first);
}

// ---- Own ones ----------------------------------------------------------------------------------

IoResult<Done> SnapshotStore::write(Env& env, SnapshotId id, const Snapshot& snapshot) {
  const auto path = path_of(id, own_suffix);
  const Rope bytes = encode_snapshot(id, snapshot);
  TRY(const auto file, env.files().open(path, OpenMode::create));
  TRY(std::ignore, file->truncate(0));
  TRY(std::ignore, file->append(bytes));
  TRY(std::ignore, finish(env, *file, path, id));
  all_[id] = {static_cast<std::int64_t>(bytes.size()), snapshot.last_contained_log_timestamp,
              snapshot.voters};
  return Done{};
}

IoResult<Done> SnapshotStore::finish(Env& env, File& file, std::string_view from, SnapshotId id) {
  TRY(std::ignore, file.sync(env));
  TRY(std::ignore, env.files().rename(from, path_of(id)));
  return env.files().sync_directory(env, directory_);
}

IoResult<Snapshot> SnapshotStore::load(Env& env, SnapshotId id) {
  TRY(const auto file, env.files().open(path_of(id), OpenMode::existing));
  TRY(const Rope bytes, file->read(env, 0, file->size()));
  auto snapshot = decode_snapshot(id, bytes.joined());
  if (snapshot) return *std::move(snapshot);
  env.emit(Note{fmt::format("{}: {}", path_of(id), snapshot.error())});
  return Unexpected(IoError::failed);
}

IoResult<Rope> SnapshotStore::read(Env& env, SnapshotId id, std::int64_t position,
                                   std::size_t max_bytes) {
  TRY(const auto file, env.files().open(path_of(id), OpenMode::existing));
  return file->read(env, static_cast<std::uint64_t>(position), max_bytes);
}

// ---- The leader's ------------------------------------------------------------------------------

IoResult<Done> SnapshotStore::receive(Host& host, const Rope& bytes, SnapshotId id,
                                      std::int64_t position) {
  if (position == 0) {
    if (arriving_) {
      TRY(std::ignore, host.files().remove(std::exchange(arriving_, std::nullopt)->path));
    }
    const auto path = path_of(id, arriving_suffix);
    TRY(auto file, host.files().open(path, OpenMode::create_new));
    arriving_.emplace(Arriving{id, path, std::move(file), {}});
  }
  REQUIRE(arriving_.has_value());
  REQUIRE(arriving_->id == id);
  REQUIRE(arriving_->stored.size == position, arriving_->stored.size, position);
  TRY(std::ignore, arriving_->file->append(bytes));
  arriving_->stored.size += static_cast<std::int64_t>(bytes.size());
  return Done{};
}

IoResult<std::string_view> SnapshotStore::judge_received(Env& env) {
  REQUIRE(arriving_.has_value());
  const auto size = static_cast<std::size_t>(arriving_->stored.size);
  TRY(const Rope bytes, arriving_->file->read(env, 0, size));
  auto snapshot = decode_snapshot(arriving_->id, bytes.joined());
  if (!snapshot) return snapshot.error();
  arriving_->stored.last_contained_log_timestamp = snapshot->last_contained_log_timestamp;
  arriving_->stored.voters = std::move(snapshot->voters);
  return std::string_view();
}

IoResult<Done> SnapshotStore::install_received(Env& env) {
  REQUIRE(arriving_.has_value());
  const Arriving done = *std::exchange(arriving_, std::nullopt);
  TRY(std::ignore, finish(env, *done.file, done.path, done.id));
  all_[done.id] = done.stored;
  return Done{};
}

// ---- Old ones ----------------------------------------------------------------------------------

IoResult<Done> SnapshotStore::remove_before(Env& env, SnapshotId id) {
  if (all_.empty() || all_.begin()->first >= id) return Done{};
  while (!all_.empty() && all_.begin()->first < id) {
    TRY(std::ignore, env.files().remove(path_of(all_.begin()->first)));
    all_.erase(all_.begin());
  }
  return env.files().sync_directory(env, directory_);
}

}  // namespace brokersim::raft
