#include "core/broker/metadata_log.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/log/checkpoint.h"

namespace brokersim::broker {

namespace {

std::string metadata_directory() { return fmt::format("{}", metadata_partition()); }

Unexpected<log::LogError> storage_error(IoError error) {
  return Unexpected(error == IoError::cancelled ? log::LogError::cancelled
                                                : log::LogError::storage);
}

raft::VoterSet configured_voters(const NodeConfig& config) {
  std::vector<raft::Voter> voters;
  for (const auto& [id, address] : config.voters) {
    voters.push_back(
        {{id, no_uuid}, {{std::string(raft::quorum_listener), address.host, address.port}}, {}});
  }
  return raft::VoterSet(std::move(voters));
}

}  // namespace

MetadataLog::MetadataLog(const NodeConfig& config)
    : rules_(config.rules.quorum),
      retention_{config.metadata_max_retention_bytes, config.metadata_max_retention},
      log_config_{.segment_bytes = static_cast<std::uint64_t>(config.metadata_log_segment_bytes),
                  .roll = {.segment_ms = config.metadata_log_segment_ms},
                  .file_delete_delay = {},
                  .rules = config.rules.log},
      snapshots_(metadata_directory()),
      voters_(configured_voters(config)) {}

// ---- Opening -----------------------------------------------------------------------------------

log::LogResult<std::unique_ptr<MetadataLog>> MetadataLog::open(Env& env, const NodeConfig& config,
                                                               bool was_clean) {
  std::unique_ptr<MetadataLog> opened(new MetadataLog(config));
  TRY(std::ignore, opened->load(env, was_clean));
  return opened;
}

log::LogResult<Done> MetadataLog::load(Env& env, bool was_clean) {
  if (env.files().exists(metadata_directory())) {
    if (const auto found = snapshots_.open(env); !found) return storage_error(found.error());
  }
  log::LogState state;
  state.was_clean = was_clean;
  // Old snapshots are gone for good before anything of the log is: what lies before the oldest may
  // be deleted in part, and is of no use.
  if (const auto oldest = snapshots_.oldest()) state.start_offset = oldest->end_offset;
  TRY(log_, log::Log::open(env, metadata_partition(), metadata_directory(), log_config_, state));
  // Raft cuts it and asks for the ends of batches without waiting.
  TRY(std::ignore, log_->load_batches(env));
  TRY(std::ignore, find_start(env));
  // What recovery found may be in the page cache only, and Raft promises it to others.
  TRY(std::ignore, log_->sync(env));
  TRY(std::ignore, find_voters(env));
  const auto removed = snapshots_.remove_before(env, start_);
  return removed ? log::LogResult<Done>(Done{}) : storage_error(removed.error());
}

log::LogResult<Done> MetadataLog::find_start(Env& env) {
  const auto& all = snapshots_.all();
  const auto begins_here = [this](const auto& each) {
    return each.first.end_offset == log_->start_offset();
  };
  if (const auto found = std::find_if(all.begin(), all.end(), begins_here); found != all.end()) {
    start_ = found->first;
  }
  // A snapshot had arrived, and the log it replaces was still there when the node ended: too short,
  // or another one, also if it ends in a later epoch, whose leader committed nothing.
  const auto latest = snapshots_.latest();
  const bool is_overtaken =
      latest && latest->end_offset >= log_->start_offset() && !reaches(*latest);
  if (is_overtaken) return begin_at(env, *latest);
  if (start_.end_offset == log_->start_offset()) return Done{};
  env.emit(Note{fmt::format("{} begins at {}, where no snapshot ends", metadata_directory(),
                            log_->start_offset())});
  return Unexpected(log::LogError::corrupt);
}

// Whether the last record that the snapshot stands for is the log's, too: then so are all before.
bool MetadataLog::reaches(raft::SnapshotId id) const {
  if (id.end_offset == start_.end_offset) {
    // Of that record nothing is told by a log that begins behind it; but epochs never go back.
    const auto& epochs = log_->epochs();
    return id == start_ && (epochs.empty() || epochs.entries().front().epoch >= id.epoch);
  }
  return id.end_offset <= end_offset() && log_->epochs().epoch_of(id.end_offset - 1) == id.epoch;
}

// ---- Changing both -----------------------------------------------------------------------------

log::LogResult<Done> MetadataLog::begin_at(Env& env, raft::SnapshotId id) {
  TRY(std::ignore,
      log_->truncate_fully_and_start_at(env, id.end_offset, "a snapshot stands for it"));
  start_ = id;
  voters_.replace_by(id.end_offset, snapshots_.all().at(id).voters);
  return Done{};
}

log::LogResult<Done> MetadataLog::begin_at_received(Env& env, raft::SnapshotId id) {
  const auto installed = snapshots_.install_received(env);
  if (!installed) return storage_error(installed.error());
  TRY(std::ignore, begin_at(env, id));
  TRY(std::ignore, log_->sync(env));
  const auto removed = snapshots_.remove_before(env, id);
  return removed ? log::LogResult<Done>(Done{}) : storage_error(removed.error());
}

bool MetadataLog::needs_cleaning(Offset committed, std::int64_t now_ms) const {
  if (!rules_.deletes_log_before_snapshots_only) return may_delete_by_size(committed);
  return raft::may_drop_oldest(snapshots_.all(), log_->size(), now_ms, retention_);
}

log::LogResult<Done> MetadataLog::clean(Env& env, Offset committed, std::int64_t now_ms) {
  if (!rules_.deletes_log_before_snapshots_only) {
    return may_delete_by_size(committed) ? delete_by_size(env) : Done{};
  }
  while (raft::may_drop_oldest(snapshots_.all(), log_->size(), now_ms, retention_)) {
    const auto next = std::next(snapshots_.all().begin())->first;
    const auto removed = snapshots_.remove_before(env, next);
    if (!removed) return storage_error(removed.error());
    if (next.end_offset <= start_.end_offset) continue;
    TRY(std::ignore, log_->raise_start_offset(env, next.end_offset));
    start_ = next;
    voters_.begin_at(start_.end_offset);
  }
  return Done{};
}

// As the log of any topic: whole segments go, whatever snapshots there are (KAFKA-14238).
bool MetadataLog::may_delete_by_size(Offset committed) const {
  const Offset base = log_->active_base();
  const auto size = static_cast<std::int64_t>(log_->size());
  const bool is_too_large = retention_.max_bytes && size > *retention_.max_bytes;
  return is_too_large && base > start_.end_offset && base <= committed;
}

log::LogResult<Done> MetadataLog::delete_by_size(Env& env) {
  const Offset base = log_->active_base();
  const LeaderEpoch epoch = log_->epochs().epoch_of(base - 1);
  TRY(std::ignore, log_->raise_start_offset(env, base));
  start_ = {base, epoch};
  return Done{};
}

// ---- The voters it names -----------------------------------------------------------------------

// Read from the log itself: what is not in the snapshot at which it begins. Where directories have
// no ids the voters are configured, and stay so.
log::LogResult<Done> MetadataLog::find_voters(Env& env) {
  if (voters_.is_fixed() && !env.files().exists(log::meta_properties_file)) return Done{};
  const auto begun = snapshots_.all().find(start_);
  voters_.replace_by(start_.end_offset, begun == snapshots_.all().end()
                                            ? snapshots_.initial_voters()
                                            : begun->second.voters);
  log::ReadLimits limits;
  limits.max_bytes = 1 << 20;
  Offset next = log_->start_offset();
  while (next < log_->end_offset()) {
    TRY(const auto read, log_->read(env, next, limits));
    const auto batches = wire::parse_batches(read.bytes.joined());
    if (!batches) return Unexpected(log::LogError::corrupt);
    learn_voters(*batches);
    next = read.next_offset;
  }
  return Done{};
}

void MetadataLog::learn_voters(std::span<const wire::Batch> batches) {
  for (const auto& batch : batches) {
    if (!batch.header.is_control()) continue;
    const auto controls = wire::control_records_of(batch);
    if (!controls) continue;
    Offset offset = batch.header.base_offset;
    for (const auto& [type, value] : *controls) {
      const Offset at = offset++;
      if (type != raft::voters_record_type) continue;
      // One that names nobody is as if it were not there.
      if (auto voters = raft::decode_voters(value)) voters_.add(at, *std::move(voters));
    }
  }
}

log::LogResult<log::AppendInfo> MetadataLog::append_as_leader(Host& host,
                                                              std::span<wire::Batch> batches,
                                                              LeaderEpoch epoch) {
  auto appended = log_->append_as_leader(host, batches, epoch);
  if (appended) learn_voters(batches);
  return appended;
}

log::LogResult<log::AppendInfo> MetadataLog::append_as_follower(
    Host& host, std::span<const wire::Batch> batches, LeaderEpoch max_epoch) {
  auto appended = log_->append_as_follower(host, batches, max_epoch);
  if (appended) learn_voters(batches.first(appended->batches));
  return appended;
}

log::LogResult<Done> MetadataLog::truncate_to(Host& host, Offset offset, std::string_view why) {
  auto cut = log_->truncate_to(host, offset, why);
  if (cut) voters_.cut_back_to(log_->end_offset());
  return cut;
}

// ---- As Raft sees it ---------------------------------------------------------------------------

LeaderEpoch MetadataLog::last_epoch() const {
  return log_->epochs().empty() ? start_.epoch : log_->last_epoch();
}

raft::EpochEnd MetadataLog::end_offset_for_epoch(LeaderEpoch epoch) const {
  const auto& epochs = log_->epochs();
  if (epochs.empty() || epoch < epochs.entries().front().epoch) {
    return {start_.epoch, start_.end_offset};
  }
  const auto end = log_->end_offset_for_epoch(std::min(epoch, epochs.latest_epoch()));
  ASSERT(end.has_value(), epoch);
  return {end->epoch, end->end_offset};
}

std::optional<std::int64_t> MetadataLog::snapshot_size(raft::SnapshotId id) const {
  const auto found = snapshots_.all().find(id);
  return found == snapshots_.all().end() ? std::nullopt : std::optional(found->second.size);
}

}  // namespace brokersim::broker
