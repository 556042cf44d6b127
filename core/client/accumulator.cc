// The life of a batch between the producer's send() and its result.
#include "core/client/accumulator.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"

namespace brokersim::client {

using api::ErrorCode;

namespace {

const Batch* front_of(const std::deque<BatchPtr>& batches) {
  return batches.empty() ? nullptr : batches.front().get();
}

}  // namespace

bool is_without_effect(ErrorCode error) {
  switch (error) {
    // Found out before anything is appended. NOT_LEADER_OR_FOLLOWER is not among them: it also
    // answers records that were appended before leadership was lost (KAFKA-13574).
    case ErrorCode::not_enough_replicas:
    case ErrorCode::unknown_topic_or_partition:
    case ErrorCode::invalid_required_acks:
    case ErrorCode::message_too_large:
    case ErrorCode::record_list_too_large:
    case ErrorCode::corrupt_message:
    case ErrorCode::invalid_record:
    case ErrorCode::invalid_timestamp:
    case ErrorCode::invalid_topic_exception:
    case ErrorCode::invalid_request:
    case ErrorCode::unsupported_version:
    case ErrorCode::unsupported_for_message_format:
    case ErrorCode::unsupported_compression_type:
    case ErrorCode::topic_authorization_failed:
    case ErrorCode::cluster_authorization_failed: return true;
    default: return false;
  }
}

std::size_t size_bound(const wire::Record& record) {
  std::size_t size = 40;  // Lengths, deltas and counts, each at its longest.
  if (record.key) size += record.key->size();
  if (record.value) size += record.value->size();
  for (const auto& header : record.headers) {
    size += 10 + header.key.size() + (header.value ? header.value->size() : 0);
  }
  return size;
}

// ---- Filling -----------------------------------------------------------------------------------

bool Accumulator::has_room_for(const wire::Record& record) const {
  return buffered_ + size_bound(record) <= config_.buffer_memory;
}

Batch& Accumulator::open_batch(Instant now, const TopicPartition& partition,
                               std::size_t record_size) {
  auto& batches = queues_[partition].batches;
  if (!batches.empty()) {
    Batch& last = *batches.back();
    const bool is_open = !last.finished;
    if (is_open && last.builder.size() + record_size <= config_.batch_size) return last;
  }
  auto batch = std::make_unique<Batch>();
  batch->number = ++batches_;
  batch->partition = partition;
  batch->created = now;
  wire::BatchHeader proto;
  proto.set_codec(config_.compression_type);
  batch->builder = wire::BatchBuilder(proto);
  unsettled_.insert(batch->number);
  batches.push_back(std::move(batch));
  return *batches.back();
}

void Accumulator::add(Instant now, const TopicPartition& partition, const wire::Record& record,
                      OnSent on_sent) {
  const std::size_t size = size_bound(record);
  Batch& batch = open_batch(now, partition, size);
  batch.builder.add(record);
  batch.on_sent.push_back(std::move(on_sent));
  batch.size += size;
  buffered_ += size;
}

bool Accumulator::is_settled(std::int64_t up_to) const {
  return unsettled_.empty() || *unsettled_.begin() > up_to;
}

// ---- Sending -----------------------------------------------------------------------------------

Instant Accumulator::due_at(const Queue& queue) const {
  const Batch* first = front_of(queue.batches);
  if (first == nullptr || queue.in_flight >= config_.max_in_flight) return never;
  if (first->finished) return first->not_before;
  const bool is_full = queue.batches.size() > 1 || first->builder.size() >= config_.batch_size;
  if (is_full || first->number <= flushed_up_to_) return first->created;
  return first->created + config_.linger;
}

std::vector<BatchPtr> Accumulator::take(Instant now, const ClusterView& view, NodeId broker) {
  std::vector<BatchPtr> taken;
  std::size_t size = 0;
  for (auto& [partition, queue] : queues_) {
    if (due_at(queue) > now || view.leader_of(partition) != broker) continue;
    BatchPtr& first = queue.batches.front();
    if (!taken.empty() && size + first->size > config_.max_request_size) break;
    size += first->size;
    if (!first->finished) first->finished = first->builder.finish();
    ++first->attempts;
    ++queue.in_flight;
    taken.push_back(std::move(first));
    queue.batches.pop_front();
  }
  return taken;
}

Instant Accumulator::next_due(const ClusterView& view, NodeId broker) const {
  Instant next = never;
  for (const auto& [partition, queue] : queues_) {
    const Instant due = due_at(queue);
    if (due < next && view.leader_of(partition) == broker) next = due;
  }
  return next;
}

bool Accumulator::lacks_leader(const ClusterView& view) const {
  return std::any_of(queues_.begin(), queues_.end(), [&](const auto& entry) {
    return !entry.second.batches.empty() && !view.leader_of(entry.first);
  });
}

// ---- Ending ------------------------------------------------------------------------------------

void Accumulator::settle(Host& host, Instant now, BatchPtr batch, const Attempt& attempt) {
  Queue& queue = queues_[batch->partition];
  ASSERT(queue.in_flight > 0);
  --queue.in_flight;
  if (attempt.error == ErrorCode::none) {
    return finish(host, *batch, {.outcome = Outcome::ok, .offset = attempt.base_offset});
  }
  if (attempt.was_sent && !is_without_effect(attempt.error)) batch->may_have_effect = true;
  const bool is_late = now >= delivery_deadline(*batch);
  if (is_abandoned_ || is_late || !api::is_retriable(attempt.error)) {
    return give_up(host, *batch, attempt.error);
  }
  const auto random = host.random("client.batch", ++backoffs_);
  batch->not_before = now + config_.client.backoff().after(batch->attempts, random);
  const auto later = std::find_if(queue.batches.begin(), queue.batches.end(),
                                  [&](const auto& b) { return b->number > batch->number; });
  queue.batches.insert(later, std::move(batch));
}

void Accumulator::expire(Host& host, Instant now) {
  for (auto& [partition, queue] : queues_) {
    while (!queue.batches.empty() && now >= delivery_deadline(*queue.batches.front())) {
      const BatchPtr batch = std::move(queue.batches.front());
      queue.batches.pop_front();
      give_up(host, *batch, ErrorCode::request_timed_out);
    }
  }
}

Instant Accumulator::next_expiry() const {
  Instant next = never;
  for (const auto& [partition, queue] : queues_) {
    const Batch* first = front_of(queue.batches);
    if (first != nullptr) next = std::min(next, delivery_deadline(*first));
  }
  return next;
}

void Accumulator::abandon(Host& host) {
  is_abandoned_ = true;
  for (auto& [partition, queue] : queues_) {
    for (const BatchPtr& batch : std::exchange(queue.batches, {})) {
      give_up(host, *batch, ErrorCode::request_timed_out);
    }
  }
}

void Accumulator::give_up(Host& host, Batch& batch, ErrorCode error) {
  const Outcome outcome = batch.may_have_effect ? Outcome::unknown : Outcome::failed;
  finish(host, batch, {.outcome = outcome, .error = error});
}

void Accumulator::finish(Host& host, Batch& batch, const SendResult& result) {
  buffered_ -= batch.size;
  unsettled_.erase(batch.number);
  SendResult one = result;
  for (const OnSent& on_sent : batch.on_sent) {
    if (on_sent) on_sent(host, one);
    if (one.offset >= 0) ++one.offset;
  }
}

}  // namespace brokersim::client
