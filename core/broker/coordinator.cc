#include "core/broker/coordinator.h"

#include <algorithm>
#include <array>
#include <deque>
#include <utility>

#include <fmt/format.h>

namespace brokersim::broker {

using api::ErrorCode;

namespace {

constexpr std::size_t load_bytes = 5 << 20;  // offsets.load.buffer.size

wire::Batch batch_of(const std::vector<wire::Record>& records) {
  wire::BatchBuilder builder;
  for (const auto& record : records) builder.add(record);
  return builder.finish();
}

}  // namespace

Coordinator::Coordinator(const NodeConfig& config, std::shared_ptr<Replica> replica)
    : replica_(std::move(replica)),
      epoch_(replica_->state().leader_epoch),
      max_batch_bytes_(static_cast<std::size_t>(config.message_max_bytes)),
      shard_(config.group) {}

bool Coordinator::leads() const {
  return replica_->is_leader() && replica_->state().leader_epoch == epoch_;
}

ErrorCode Coordinator::availability() const {
  if (has_ended_ || !leads()) return ErrorCode::not_coordinator;
  return is_loaded_ ? ErrorCode::none : ErrorCode::coordinator_load_in_progress;
}

// ---- Life --------------------------------------------------------------------------------------

void Coordinator::run(Env& env) {
  const Offset end = replica_->log().end_offset();
  if (load(env) && wait_until_committed(env, end)) {
    is_loaded_ = true;
    carry_out(env, shard_.loaded(now(env), replica_->high_watermark()));
    work(env);
  }
  has_ended_ = true;
  auto farewell = shard_.abandon(now(env));
  for (auto& answer : farewell.answers) deliver(env, std::move(answer));
}

// Nothing is appended meanwhile but by us, and we append only once we are loaded.
bool Coordinator::load(Env& env) {
  auto& log = replica_->log();
  for (Offset at = log.start_offset(); at < log.end_offset();) {
    auto read = log.read(env, at, {.max_bytes = load_bytes});
    if (!read || env.is_cancelled() || !leads()) return false;
    const auto replayed = replay(read->bytes.joined(), at);
    if (!replayed) {
      env.emit(Note{fmt::format("{}: what cannot be read is skipped: {}", replica_->partition(),
                                replayed.error())});
    }
    at = read->next_offset;
  }
  return leads();
}

Expected<Done, std::string_view> Coordinator::replay(const Slice& bytes, Offset from) {
  auto batches = wire::parse_batches(bytes);
  if (!batches) return Unexpected(name_of(batches.error()));
  std::string_view first_error;
  for (const auto& batch : *batches) {
    if (batch.header.is_control()) continue;
    const auto records = wire::records_of(batch);
    if (!records) {
      first_error = name_of(records.error());
      continue;
    }
    for (const auto& [offset, record] : *records) {
      if (offset < from) continue;
      const auto replayed = shard_.replay(offset, record);
      if (!replayed) first_error = replayed.error();
    }
  }
  if (!first_error.empty()) return Unexpected(first_error);
  return Done{};
}

// A leader may hold records that were answered as committed without knowing yet that they are: were
// offsets served before, they could go back.
bool Coordinator::wait_until_committed(Env& env, Offset end) {
  while (leads() && replica_->high_watermark() < end) {
    if (replica_->changed().wait(env) == Wake::cancelled) return false;
  }
  return leads();
}

// KAFKA-20634: of the high watermark nothing is said to the shard once we do not lead any more.
void Coordinator::work(Env& env) {
  while (leads()) {
    carry_out(env, shard_.committed(now(env), replica_->high_watermark()));
    const auto present = now(env);
    if (shard_.next_deadline() <= present.at) carry_out(env, shard_.tick(present));
    wakes_at_ = shard_.next_deadline();
    const auto wake = wait_any(env, std::array{&replica_->changed(), &sooner_}, wakes_at_);
    if (wake == Wake::cancelled) return;
  }
}

// ---- Requests ----------------------------------------------------------------------------------

std::optional<group::Response> Coordinator::ask_any(Env& env, const Request& request) {
  REQUIRE(availability() == ErrorCode::none);
  const group::RequestId id{++requests_};
  Waiting waiting;
  waiting_.emplace(id, &waiting);
  carry_out(env, request(shard_, now(env), id));
  while (!waiting.response) {
    if (waiting.answered.wait(env) == Wake::cancelled) break;
  }
  waiting_.erase(id);
  return std::move(waiting.response);
}

void Coordinator::deliver(Host& host, group::Answer answer) {
  const auto found = waiting_.find(answer.request);
  if (found == waiting_.end()) return;
  found->second->response = std::move(answer.response);
  found->second->answered.notify_all(host);
}

// ---- The log -----------------------------------------------------------------------------------

void Coordinator::carry_out(Host& host, group::Output output) {
  std::deque<group::Output> outputs;
  outputs.push_back(std::move(output));
  while (!outputs.empty()) {
    auto next = std::move(outputs.front());
    outputs.pop_front();
    for (auto& event : next.events) host.emit(std::move(event));
    for (auto& answer : next.answers) deliver(host, std::move(answer));
    for (const auto& write : next.writes) {
      if (auto failed = append(host, write)) outputs.push_back(*std::move(failed));
    }
    if (!next.writes.empty() && leads()) {
      outputs.push_back(shard_.committed(now(host), replica_->high_watermark()));
    }
  }
  if (shard_.next_deadline() < wakes_at_) sooner_.notify_all(host);
}

// What the shard makes of it if the records could not be appended.
std::optional<group::Output> Coordinator::append(Host& host, const group::Write& write) {
  auto batch = batch_of(write.records);
  if (batch.size() > max_batch_bytes_) {
    return shard_.append_failed(now(host), write.id, ErrorCode::message_too_large);
  }
  if (!leads()) {
    return shard_.append_failed(now(host), write.id, ErrorCode::not_leader_or_follower);
  }
  const auto appended = replica_->append(host, std::move(batch), -1);
  if (!appended) return shard_.append_failed(now(host), write.id, appended.error());
  shard_.appended(now(host), write.id, appended->base_offset);
  return std::nullopt;
}

}  // namespace brokersim::broker
