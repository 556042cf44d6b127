#include "core/broker/coordinator.h"

#include <algorithm>
#include <array>
#include <deque>
#include <utility>

#include <fmt/format.h>

namespace brokersim::broker {

using api::ErrorCode;

namespace {

// offsets.load.buffer.size, transaction.state.log.load.buffer.size
constexpr std::size_t load_bytes = 5 << 20;

wire::Batch batch_of(const std::vector<wire::Record>& records, wire::BatchHeader proto = {}) {
  wire::BatchBuilder builder(proto);
  for (const auto& record : records) builder.add(record);
  return builder.finish();
}

wire::Batch batch_of(const transaction::Write& write) { return batch_of(write.records); }

wire::BatchHeader header_of(const coordination::ProducerAndEpoch& producer) {
  wire::BatchHeader header;
  header.set_transactional();
  header.producer_id = producer.id;
  header.producer_epoch = producer.epoch;
  return header;
}

// Offsets that are committed in a transaction are part of it, without a sequence of their own.
wire::Batch batch_of(const group::Write& write) {
  return batch_of(write.records, write.producer ? header_of(*write.producer) : wire::BatchHeader());
}

Expected<Done, std::string_view> replay_record(group::Shard& shard, const wire::BatchHeader& batch,
                                               Offset offset, const wire::Record& record) {
  if (!batch.is_transactional()) return shard.replay(offset, record);
  return shard.replay_pending(offset, batch.producer_id, record);
}
Expected<Done, std::string_view> replay_record(transaction::Shard& shard, const wire::BatchHeader&,
                                               Offset offset, const wire::Record& record) {
  return shard.replay(offset, record);
}

void replay_marker(group::Shard& shard, Offset offset, const wire::TransactionMarker& marker) {
  shard.transaction_ended(offset, marker.producer_id, marker.is_commit);
}
void replay_marker(transaction::Shard&, Offset, const wire::TransactionMarker&) {}

}  // namespace

template <class Shard>
Coordinator<Shard>::Coordinator(const NodeConfig& config, std::shared_ptr<Replica> replica,
                                std::size_t max_batch_bytes, Shard shard, Signal& moved)
    : replica_(std::move(replica)),
      epoch_(replica_->state().leader_epoch),
      max_batch_bytes_(max_batch_bytes),
      rules_(config.rules.group),
      shard_(std::move(shard)),
      moved_(moved) {}

template <class Shard>
bool Coordinator<Shard>::leads() const {
  return replica_->is_leader() && replica_->state().leader_epoch == epoch_;
}

template <class Shard>
ErrorCode Coordinator<Shard>::availability() const {
  if (has_ended_ || !leads()) return ErrorCode::not_coordinator;
  return is_loaded_ ? ErrorCode::none : ErrorCode::coordinator_load_in_progress;
}

// ---- Life --------------------------------------------------------------------------------------

template <class Shard>
void Coordinator<Shard>::run(Env& env) {
  const Offset end = replica_->log().end_offset();
  if (load(env) && wait_until_committed(env, end)) {
    is_loaded_ = true;
    carry_out(env, shard_.loaded(now(env), replica_->high_watermark()));
    work(env);
  }
  has_ended_ = true;
  auto farewell = shard_.abandon(now(env));
  for (auto& answer : farewell.answers) {
    deliver(env, answer.request, std::move(answer.response));
  }
  moved_.notify_all(env);
}

// Nothing is appended meanwhile but markers and what we append, and that only once we are loaded.
template <class Shard>
bool Coordinator<Shard>::load(Env& env) {
  auto& log = replica_->log();
  for (Offset at = log.start_offset(); at < log.end_offset();) {
    auto read = log.read(env, at, {.max_bytes = load_bytes});
    if (!read) replica_->note_failure(env);
    if (!read || env.is_cancelled() || !leads()) return false;
    const auto replayed = replay(read->bytes.joined(), at);
    if (!replayed) {
      env.emit(Note{fmt::format("{}: what cannot be read is skipped: {}", replica_->partition(),
                                replayed.error())});
      if (!rules_.loads_compacted_logs) return false;
    }
    // Of what lies before the end compaction may have left nothing.
    if (read->next_offset == at) break;
    at = read->next_offset;
  }
  has_read_log_ = leads();
  return has_read_log_;
}

template <class Shard>
void Coordinator<Shard>::marker_written(Host& host, Offset offset,
                                        const wire::TransactionMarker& marker) {
  if (!has_read_log_ || !leads()) return;  // It is read in its turn.
  replay_marker(shard_, offset, marker);
  if (is_loaded_) carry_out(host, shard_.committed(now(host), replica_->high_watermark()));
}

template <class Shard>
Expected<Done, std::string_view> Coordinator<Shard>::replay(const Slice& bytes, Offset from) {
  auto batches = wire::parse_batches(bytes);
  if (!batches) return Unexpected(name_of(batches.error()));
  std::string_view first_error;
  for (const auto& batch : *batches) {
    if (const auto marker = wire::marker_of(batch)) {
      replay_marker(shard_, batch.header.base_offset, *marker);
    }
    if (batch.header.is_control()) continue;
    const auto records = wire::records_of(batch);
    if (!records) {
      first_error = name_of(records.error());
      continue;
    }
    for (const auto& [offset, record] : *records) {
      if (offset < from) continue;
      const auto replayed = replay_record(shard_, batch.header, offset, record);
      if (!replayed) first_error = replayed.error();
    }
  }
  if (!first_error.empty()) return Unexpected(first_error);
  return Done{};
}

// A leader may hold records that were answered as committed without knowing yet that they are: were
// offsets served before, they could go back.
template <class Shard>
bool Coordinator<Shard>::wait_until_committed(Env& env, Offset end) {
  while (rules_.serves_once_committed && leads() && replica_->high_watermark() < end) {
    if (replica_->changed().wait(env) == Wake::cancelled) return false;
  }
  return leads();
}

// KAFKA-20634: of the high watermark nothing is said to the shard once we do not lead any more.
template <class Shard>
bool Coordinator<Shard>::hears_of_commits() const {
  if constexpr (requires { shard_.is_writing(); }) {
    if (!rules_.ends_with_leadership && shard_.is_writing()) return true;
  }
  return leads();
}

template <class Shard>
void Coordinator<Shard>::work(Env& env) {
  while (hears_of_commits()) {
    carry_out(env, shard_.committed(now(env), replica_->high_watermark()));
    const auto present = now(env);
    if (shard_.next_deadline() <= present.at) carry_out(env, shard_.tick(present));
    // For all requests that have appended: their own fibers wait for what comes of it.
    if (replica_->awaits_disk()) {
      if (!replica_->flush_if_due(env)) return;
      continue;
    }
    wakes_at_ = shard_.next_deadline();
    const auto wake = wait_any(env, std::array{&replica_->changed(), &sooner_}, wakes_at_);
    if (wake == Wake::cancelled) return;
  }
}

// ---- Requests ----------------------------------------------------------------------------------

template <class Shard>
auto Coordinator<Shard>::ask_any(Env& env, const Request& request) -> std::optional<Response> {
  REQUIRE(availability() == ErrorCode::none);
  const RequestId id{++requests_};
  Waiting waiting;
  waiting_.emplace(id, &waiting);
  carry_out(env, request(shard_, now(env), id));
  while (!waiting.response) {
    if (waiting.answered.wait(env) == Wake::cancelled) break;
  }
  waiting_.erase(id);
  return std::move(waiting.response);
}

template <class Shard>
void Coordinator<Shard>::deliver(Host& host, RequestId request, Response response) {
  const auto found = waiting_.find(request);
  if (found == waiting_.end()) return;
  found->second->response = std::move(response);
  found->second->answered.notify_all(host);
}

template <class Shard>
auto Coordinator<Shard>::begin_verification(Host& host,
                                            const coordination::ProducerAndEpoch& producer,
                                            bool adds)
    -> std::optional<partition::VerificationTicket> {
  return replica_->begin_verification(host, header_of(producer), adds);
}

// ---- The log -----------------------------------------------------------------------------------

template <class Shard>
void Coordinator<Shard>::carry_out(Host& host, Output output) {
  std::deque<Output> outputs;
  outputs.push_back(std::move(output));
  while (!outputs.empty()) {
    auto next = std::move(outputs.front());
    outputs.pop_front();
    for (auto& event : next.events) host.emit(std::move(event));
    for (auto& answer : next.answers) {
      deliver(host, answer.request, std::move(answer.response));
    }
    for (const auto& write : next.writes) {
      if (auto failed = append(host, write)) outputs.push_back(*std::move(failed));
    }
    if (!next.writes.empty() && leads()) {
      outputs.push_back(shard_.committed(now(host), replica_->high_watermark()));
    }
  }
  expect_deadline(host);
  moved_.notify_all(host);
}

template <class Shard>
void Coordinator<Shard>::expect_deadline(Host& host) {
  if (shard_.next_deadline() < wakes_at_) sooner_.notify_all(host);
}

// What the shard makes of it if the records could not be appended.
template <class Shard>
auto Coordinator<Shard>::append(Host& host, const typename Shard::Write& write)
    -> std::optional<Output> {
  auto batch = batch_of(write);
  if (batch.size() > max_batch_bytes_) {
    return shard_.append_failed(now(host), write.id, ErrorCode::message_too_large);
  }
  if (!leads()) {
    return shard_.append_failed(now(host), write.id, ErrorCode::not_leader_or_follower);
  }
  const AppendRequest by_us{.origin = log::AppendTerms::Origin::coordinator,
                            .ticket = std::exchange(ticket_, {}),
                            .leader_epoch = epoch_};
  const auto appended = replica_->append(host, std::move(batch), by_us);
  if (!appended) return shard_.append_failed(now(host), write.id, appended.error());
  shard_.appended(now(host), write.id, appended->base_offset);
  return std::nullopt;
}

template class Coordinator<group::Shard>;
template class Coordinator<transaction::Shard>;

}  // namespace brokersim::broker
