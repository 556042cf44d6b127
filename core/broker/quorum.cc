// The node's quorum as a whole: opening it, its life, and carrying out what Raft decides.
#include "core/broker/quorum.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "core/api/quorum_records.h"
#include "core/log/checkpoint.h"

namespace brokersim::broker {

using api::ErrorCode;

namespace {

constexpr std::int16_t leader_change_type = 2;

// Kafka gives those that are known by their address alone ids below any other.
NodeId bootstrap_id(std::size_t server) { return NodeId(-2 - static_cast<std::int32_t>(server)); }

// Of the directory as it was formatted, which tells a replica from one on another disk (KIP-853). A
// quorum of fixed voters can do without.
log::LogResult<Uuid> read_directory_id(Env& env, const NodeConfig& config) {
  const bool is_needed = config.voters.empty();
  if (!is_needed && !env.files().exists(log::meta_properties_file)) return no_uuid;
  const auto text = log::read_file(env, log::meta_properties_file);
  if (!text && text.error() != IoError::not_found) return Unexpected(log::LogError::storage);
  const auto properties = text ? log::decode_meta_properties(*text) : std::nullopt;
  const bool is_ours = properties && properties->node_id == config.node_id &&
                       properties->cluster_id == config.cluster_id &&
                       properties->directory_id != no_uuid;
  if (is_ours) return properties->directory_id;
  if (!is_needed) return no_uuid;
  env.emit(Note{fmt::format("{} is not that of a directory formatted for node {}",
                            log::meta_properties_file, config.node_id)});
  return Unexpected(log::LogError::corrupt);
}

std::string log_directory() { return fmt::format("{}", metadata_partition()); }
std::string quorum_state_path() { return log_directory() + "/quorum-state"; }

log::LogResult<raft::QuorumState> read_quorum_state(Env& env) {
  const auto text = log::read_file(env, quorum_state_path());
  if (!text && text.error() == IoError::not_found) return raft::QuorumState{};
  if (!text) return Unexpected(log::LogError::storage);
  const auto state = raft::decode_quorum_state(*text);
  if (!state) {
    // To forget a vote is worse than not to start.
    env.emit(Note{fmt::format("{}: {}", quorum_state_path(), state.error())});
    return Unexpected(log::LogError::corrupt);
  }
  return *state;
}

// Random numbers for Raft, which outlives the Env at hand: a function of one number drawn when the
// node started.
std::uint64_t mix(std::uint64_t seed, std::string_view purpose, std::uint64_t key) {
  std::uint64_t bits = seed;
  for (const char c : purpose) bits = (bits ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  bits += key * 0x9e3779b97f4a7c15;
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
  return bits ^ (bits >> 31);
}

raft::RaftConfig raft_config(Env& env, const NodeConfig& config, const Uuid& directory) {
  raft::RaftConfig out;
  out.self = config.node_id;
  out.directory = directory;
  out.may_become_voter = config.is_controller;
  for (std::size_t i = 0; i < config.bootstrap_servers.size(); ++i) {
    if (config.voters.empty()) out.bootstrap.push_back(bootstrap_id(i));
  }
  out.election_timeout = config.quorum_election_timeout;
  out.election_backoff_max = config.quorum_election_backoff_max;
  out.fetch_timeout = config.quorum_fetch_timeout;
  out.rules = config.rules.quorum;
  out.random = [seed = env.random("quorum", 0)](std::string_view purpose, std::uint64_t key) {
    return mix(seed, purpose, key);
  };
  return out;
}

}  // namespace

// ---- Life --------------------------------------------------------------------------------------

log::LogResult<std::unique_ptr<QuorumNode>> QuorumNode::open(Env& env, const NodeConfig& config,
                                                             bool was_clean) {
  TRY(auto metadata_log, MetadataLog::open(env, config, was_clean));
  TRY(const auto stored, read_quorum_state(env));
  TRY(const auto directory, read_directory_id(env, config));
  auto raft =
      std::make_unique<raft::Raft>(raft_config(env, config, directory), *metadata_log, stored);
  return std::unique_ptr<QuorumNode>(
      new QuorumNode(config, std::move(metadata_log), std::move(raft)));
}

QuorumNode::QuorumNode(const NodeConfig& config, std::unique_ptr<MetadataLog> metadata_log,
                       std::unique_ptr<raft::Raft> raft)
    : config_(config), metadata_log_(std::move(metadata_log)), raft_(std::move(raft)) {
  high_watermark_ = raft_->high_watermark();
  published_voters_ = metadata_log_->voters().latest_offset();
}

QuorumNode::~QuorumNode() = default;

void QuorumNode::start(Env& env) {
  {
    const auto held = take_turn(env);
    if (!held || !carry_out(env, raft_->start(env.now()))) return;
  }
  fibers_.spawn(env, "quorum-timer", [this](Env& fiber) { run_timer(fiber); });
  if (is_voter() || config_.is_controller) {
    fibers_.spawn(env, "quorum-flusher", [this](Env& fiber) { run_flusher(fiber); });
  }
  if (config_.is_controller && raft_->self().directory != no_uuid) {
    fibers_.spawn(env, "quorum-updates", [this](Env& fiber) { run_updates(fiber); });
  }
  is_running_ = true;
  spawn_peers(env);
}

void QuorumNode::spawn_peers(Host& host) {
  auto known = voters().ids();
  const auto& bootstrap = raft_->config().bootstrap;
  known.insert(known.end(), bootstrap.begin(), bootstrap.end());
  for (const auto& [id, address] : told_addresses_) known.push_back(id);
  for (const NodeId id : known) {
    if (id == config_.node_id || !peers_.insert(id).second) continue;
    fibers_.spawn(host, fmt::format("quorum-peer-{}", id),
                  [this, id](Env& fiber) { run_peer(fiber, id); });
  }
}

// A leader says of itself where it is; of others the log says it.
std::optional<Address> QuorumNode::address_of(NodeId id) const {
  if (id == config_.node_id) return config_.listener;
  const auto told = told_addresses_.find(id);
  const bool is_told = told != told_addresses_.end();
  if (is_told && id == raft_->current().leader_id) return told->second;
  const auto* voter = voters().find(id);
  const auto* endpoint = voter ? voter->quorum_endpoint() : nullptr;
  if (endpoint) return Address{endpoint->host, endpoint->port};
  if (is_told) return told->second;
  for (std::size_t i = 0; i < config_.bootstrap_servers.size(); ++i) {
    if (id == bootstrap_id(i)) return config_.bootstrap_servers[i];
  }
  return std::nullopt;
}

bool QuorumNode::is_deserted() const {
  return !is_leader_ &&
         std::includes(unreachable_.begin(), unreachable_.end(), peers_.begin(), peers_.end());
}

void QuorumNode::stop(Env& env) {
  REQUIRE(!env.is_cancelled());
  unreachable_.clear();  // What was learnt earlier may be over.
  resign(env, "shutdown");
  const Instant deadline = env.now() + config_.quorum_request_timeout;
  while (const auto* resigned = std::get_if<raft::Resigned>(&raft_->role())) {
    // Who is gone, too, need not know: a whole cluster that stops does not wait for itself.
    const auto& waiting = resigned->unacknowledged;
    const bool is_done =
        std::includes(unreachable_.begin(), unreachable_.end(), waiting.begin(), waiting.end());
    if (is_done || env.now() >= deadline) break;
    if (!env.sleep(config_.quorum_retry_backoff)) break;
  }
  {
    // Whoever carries something out, for a peer too, comes to its end: cut short it would be a
    // failure.
    const auto held = turn_.take(env);
    is_stopped_ = true;
    is_leader_ = false;
    fibers_.cancel(env);
  }
  fibers_.wait_until_empty(env);
  // An observer syncs nothing before, and what ended in order is not checked at the next start.
  if (!has_failed_ && !log().sync(env)) fail(env, "cannot sync the metadata log");
}

Turn::Held QuorumNode::take_turn(Env& env) {
  auto held = turn_.take(env);
  if (has_failed_ || is_stopped_) return {};
  return held;
}

void QuorumNode::run_timer(Env& env) {
  while (!env.is_cancelled() && !has_failed_) {
    timer_at_ = raft_->next_deadline();
    if (env.now() < timer_at_) {
      inquiries_.wait(env, timer_at_);
      continue;
    }
    const auto held = take_turn(env);
    if (!held || !carry_out(env, raft_->tick(env.now()))) return;
  }
}

// A leader syncs while it goes on appending, and counts itself up to where the sync began.
void QuorumNode::run_flusher(Env& env) {
  LeaderEpoch epoch = no_epoch;
  Offset flushed = 0;
  while (!env.is_cancelled() && !has_failed_) {
    if (!is_leader_ || (epoch == current_.epoch && flushed == log().end_offset())) {
      wait_any(env, std::array{&appended_, &role_changed_}, never);
      continue;
    }
    epoch = current_.epoch;
    flushed = log().end_offset();
    if (const auto synced = log().sync(env); !synced) {
      if (synced.error() != log::LogError::cancelled) fail(env, "cannot sync the metadata log");
      return;
    }
    const auto held = take_turn(env);
    if (!held || !carry_out(env, raft_->flushed(epoch, flushed))) return;
  }
}

// ---- Carrying out ------------------------------------------------------------------------------

bool QuorumNode::carry_out(Env& env, const raft::Output& out, const Payload& payload) {
  if (has_failed_) return false;
  if (out.fatal) return fail(env, *out.fatal);
  if (out.persist && !persist(env, *out.persist)) return false;
  if (!change_log(env, out, payload.batches)) return false;
  if (out.became_leader && !begin_to_lead(env, *out.became_leader)) return false;
  // An append may have failed while this waited for the disk.
  if (has_failed_) return false;
  publish(env, out);
  return !out.snapshot_chunk || keep_chunk(env, *out.snapshot_chunk, payload.bytes);
}

bool QuorumNode::persist(Env& env, const raft::QuorumState& state) {
  const auto text = raft::encode_quorum_state(state, metadata_log_->voters());
  const auto written = log::replace_file(env, quorum_state_path(), text);
  // Also when cancelled: Raft has moved on, and its state is not on disk.
  return written ? true : fail(env, "cannot write quorum-state");
}

bool QuorumNode::change_log(Env& env, const raft::Output& out,
                            const std::vector<wire::Batch>& batches) {
  if (out.truncate_to) {
    const auto cut =
        metadata_log_->truncate_to(env, *out.truncate_to, "diverges from the quorum's leader");
    if (!cut) return fail(env, "cannot truncate the metadata log");
  }
  if (out.append_batches > 0) {
    const auto accepted = std::span(batches).first(out.append_batches);
    const auto appended = metadata_log_->append_as_follower(env, accepted, raft_->epoch());
    if (!appended) return fail(env, "cannot append to the metadata log");
    ASSERT(appended->batches == out.append_batches, appended->batches, out.append_batches);
  }
  if (out.flush && !log().sync(env)) return fail(env, "cannot sync the metadata log");
  return true;
}

// The record that makes the epoch's first commit possible (KIP-595). The first leader ever also
// puts the voters that it was formatted with into the log, where others find them (KIP-853).
bool QuorumNode::begin_to_lead(Env& env, Offset at) {
  ASSERT(log().end_offset() == at, log().end_offset(), at);
  const auto& history = metadata_log_->voters();
  const std::int16_t version = history.is_fixed() ? 0 : 1;
  api::LeaderChangeMessage message;
  message.version = version;
  message.leader_id = config_.node_id;
  for (const auto& [id, voter] : voters().all()) {
    message.voters.push_back({id, voter.key.directory});
  }
  for (const NodeId id : std::get<raft::Leader>(raft_->role()).granted_by) {
    message.granting_voters.push_back({id, voters().find(id)->key.directory});
  }
  std::vector<wire::ControlRecord> records{{leader_change_type, wire::encode(message, version)}};
  if (!history.is_fixed() && history.latest_offset() == raft::VoterHistory::before_the_log) {
    records.push_back(
        {raft::kraft_version_record_type, raft::encode_kraft_version(raft::reconfigurable)});
    records.push_back({raft::voters_record_type, raft::encode_voters(voters())});
  }
  auto batch = wire::control_batch(records, raft_->epoch(), env.wall_clock().ms);
  const auto appended = metadata_log_->append_as_leader(env, std::span(&batch, 1), raft_->epoch());
  return appended ? true : fail(env, "cannot append to the metadata log");
}

void QuorumNode::publish(Host& host, const raft::Output& out) {
  current_ = raft_->current();
  is_leader_ = raft_->is_leader();
  high_watermark_ = raft_->high_watermark();
  for (const EventBody& event : out.events) host.emit(event);
  if (out.role_changed) role_changed_.notify_all(host);
  if (out.high_watermark) committed_.notify_all(host);
  const Offset voters_at = metadata_log_->voters().latest_offset();
  const bool has_new_voters = std::exchange(published_voters_, voters_at) != voters_at;
  if (has_new_voters && is_running_) spawn_peers(host);
  if (out.role_changed || has_new_voters || raft_->next_deadline() < timer_at_) {
    inquiries_.notify_all(host);
  }
}

bool QuorumNode::fail(Host& host, std::string_view why) {
  if (has_failed_) return false;
  has_failed_ = true;
  is_leader_ = false;
  host.emit(Note{fmt::format("the quorum node stops: {}", why)});
  for (Signal* signal : {&role_changed_, &committed_, &appended_, &inquiries_}) {
    signal->notify_all(host);
  }
  return false;
}

// ---- For controllers and brokers ---------------------------------------------------------------

bool QuorumNode::leads(LeaderEpoch epoch) const {
  return is_leader_ && raft_->is_leader() && raft_->epoch() == epoch && current_.epoch == epoch;
}

Expected<Offset, ErrorCode> QuorumNode::append(
    Host& host, LeaderEpoch epoch, const std::vector<controller::MetadataRecord>& records) {
  REQUIRE(!records.empty());
  if (!leads(epoch)) return Unexpected(ErrorCode::not_controller);
  const std::int64_t timestamp = host.wall_clock().ms;
  wire::BatchBuilder builder;
  for (const auto& record : records) {
    builder.add({timestamp, std::nullopt, controller::encode_record(record), {}});
  }
  auto batch = builder.finish();
  const auto appended = metadata_log_->append_as_leader(host, std::span(&batch, 1), epoch);
  if (!appended) {
    fail(host, "cannot append to the metadata log");
    return Unexpected(ErrorCode::kafka_storage_error);
  }
  appended_.notify_all(host);
  return appended->first_offset;
}

Expected<Done, ErrorCode> QuorumNode::wait_committed(Env& env, LeaderEpoch epoch, Offset end_offset,
                                                     Instant deadline) {
  while (true) {
    if (!leads(epoch)) return Unexpected(ErrorCode::not_controller);
    if (high_watermark_ >= end_offset) return Done{};
    const auto wake = wait_any(env, std::array{&committed_, &role_changed_}, deadline);
    if (wake == Wake::cancelled) return Unexpected(ErrorCode::not_controller);
    if (wake == Wake::timed_out) return Unexpected(ErrorCode::request_timed_out);
  }
}

void QuorumNode::resign(Env& env, std::string_view why) {
  const auto held = turn_.take(env);
  if (held) carry_out(env, raft_->resign(env.now(), why));
}

log::LogResult<CommittedBatches> QuorumNode::read_committed(Env& env, Offset from) {
  constexpr std::size_t max_bytes = 1 << 20;
  log::ReadLimits limits;
  limits.end = high_watermark_;
  limits.max_bytes = max_bytes;
  TRY(auto read, log().read(env, from, limits));
  auto batches = wire::parse_batches(read.bytes.joined());
  if (!batches) return Unexpected(log::LogError::corrupt);
  return CommittedBatches{*std::move(batches), read.next_offset};
}

}  // namespace brokersim::broker
