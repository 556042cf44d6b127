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
    case ErrorCode::cluster_authorization_failed:
    case ErrorCode::out_of_order_sequence_number:
    case ErrorCode::unknown_producer_id:
    case ErrorCode::invalid_producer_epoch: return true;
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
  if (config_.transactional_id) proto.set_transactional();
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
  const auto most = static_cast<std::size_t>(config_.max_in_flight);
  if (first == nullptr || queue.in_flight.size() >= most) return never;
  if (config_.enable_idempotence && !may_go(queue, *first)) return never;
  if (first->finished) return first->not_before;
  const bool is_full = queue.batches.size() > 1 || first->builder.size() >= config_.batch_size;
  if (is_full || first->number <= flushed_up_to_) return first->created;
  return first->created + config_.linger;
}

std::vector<BatchPtr> Accumulator::take(Instant now, const ClusterView& view, NodeId broker) {
  std::vector<BatchPtr> taken;
  std::size_t size = 0;
  auto at = queues_.lower_bound(std::exchange(left_out_[broker], {}));
  for (auto left = queues_.size(); left > 0; --left, ++at) {
    if (at == queues_.end()) at = queues_.begin();
    auto& [partition, queue] = *at;
    if (due_at(queue) > now || view.leader_of(partition) != broker) continue;
    const Batch& first = *queue.batches.front();
    if (!taken.empty() && size + first.size > config_.max_request_size) {
      left_out_[broker] = partition;
      break;
    }
    size += first.size;
    taken.push_back(take_first(queue));
  }
  std::sort(taken.begin(), taken.end(),
            [](const BatchPtr& a, const BatchPtr& b) { return a->partition < b->partition; });
  return taken;
}

BatchPtr Accumulator::take_first(Queue& queue) {
  BatchPtr first = std::move(queue.batches.front());
  queue.batches.pop_front();
  if (!first->finished) first->finished = first->builder.finish();
  if (config_.enable_idempotence && !first->is_numbered) number(queue, *first);
  ++first->attempts;
  queue.in_flight.emplace(first->number, delivery_deadline(*first));
  return first;
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

// ---- Numbering ---------------------------------------------------------------------------------

bool Accumulator::Queue::is_first(const Batch& batch) const {
  const bool waits_for_flight = !in_flight.empty() && in_flight.begin()->first < batch.number;
  const Batch* first = front_of(batches);
  return !waits_for_flight && (first == nullptr || first->number >= batch.number);
}

bool Accumulator::may_go(const Queue& queue, const Batch& batch) const {
  if (batch.is_numbered) return queue.is_first(batch);
  if (!queue.sequences.has_id()) return producer_id_.has_value();
  const bool may_follow = queue.sequences.is_known() || relies_on_leaders_order_;
  return queue.sequences.may_number() && (may_follow || queue.in_flight.empty());
}

void Accumulator::number(Queue& queue, Batch& batch) {
  if (!queue.sequences.has_id()) {
    const auto first_sequence = config_.transactional_id ? 0 : config_.first_sequence;
    queue.sequences.begin(*producer_id_, producer_epoch_, first_sequence);
  }
  queue.sequences.number(*batch.finished);
  batch.is_numbered = true;
}

void Accumulator::set_producer(std::int64_t id, std::int16_t epoch) {
  REQUIRE(unsettled_.empty(), unsettled_.size());
  producer_id_ = id;
  producer_epoch_ = epoch;
  for (auto& [partition, queue] : queues_) queue.sequences = Sequences();
}

bool Accumulator::has_gap() const {
  return std::any_of(queues_.begin(), queues_.end(),
                     [](const auto& entry) { return entry.second.sequences.has_gap(); });
}

bool Accumulator::has_numbered() const {
  return std::any_of(queues_.begin(), queues_.end(),
                     [](const auto& entry) { return entry.second.sequences.has_numbered(); });
}

bool Accumulator::may_renumber(const Batch& batch) const {
  switch (config_.rules.renumber) {
    case Rules::Renumber::refused: return !batch.may_have_effect;
    case Rules::Renumber::unacknowledged: return true;
  }
  return false;
}

// Behind a gap, what is in no log waits for other numbers; when nobody else has numbers any more,
// the next epoch begins.
void Accumulator::settle_numbers(Queue& queue) {
  if (!queue.sequences.has_gap()) return;
  bool has_numbered = !queue.in_flight.empty();
  for (const BatchPtr& batch : queue.batches) {
    if (may_renumber(*batch)) batch->is_numbered = false;
    has_numbered = has_numbered || batch->is_numbered;
  }
  if (has_numbered || config_.transactional_id) return;
  const bool had_this_id = queue.sequences.id() == producer_id_;
  queue.sequences.begin_next_epoch(config_.rules);
  if (had_this_id && !queue.sequences.has_id()) producer_id_.reset();
}

// What does not follow may do so yet, while something before it is on its way. If nothing is, the
// leader lacks what we were told it had, and will never take the batch under these numbers. Others
// take another epoch, which a transaction gets only once it is given up.
bool Accumulator::may_retry(Queue& queue, const Batch& batch, ErrorCode error) const {
  const bool is_out_of_order =
      error == ErrorCode::out_of_order_sequence_number || error == ErrorCode::unknown_producer_id;
  if (!batch.is_numbered || !is_out_of_order) return api::is_retriable(error);
  if (!queue.is_first(batch)) return true;
  queue.sequences.break_off();
  return !config_.transactional_id && may_renumber(batch);
}

// ---- Ending ------------------------------------------------------------------------------------

void Accumulator::settle(Host& host, Instant now, BatchPtr batch, const Attempt& attempt) {
  Queue& queue = queues_[batch->partition];
  const auto landed = queue.in_flight.erase(batch->number);
  ASSERT(landed == 1, batch->number);
  if (attempt.error == ErrorCode::none) {
    if (batch->is_numbered) queue.sequences.acknowledged(batch->finished->header);
    finish(host, *batch, {.outcome = Outcome::ok, .offset = attempt.base_offset});
    return settle_numbers(queue);
  }
  if (attempt.was_sent && !is_without_effect(attempt.error)) batch->may_have_effect = true;
  const bool is_late = now >= delivery_deadline(*batch);
  if (is_abandoned_ || is_late || !may_retry(queue, *batch, attempt.error)) {
    give_up(host, *batch, attempt.error);
    return settle_numbers(queue);
  }
  const auto random = host.random("client.batch", ++backoffs_);
  batch->not_before = now + config_.client.backoff().after(batch->attempts, random);
  if (!config_.rules.numbers_batches_once) batch->is_numbered = false;
  const auto later = std::find_if(queue.batches.begin(), queue.batches.end(),
                                  [&](const auto& b) { return b->number > batch->number; });
  queue.batches.insert(later, std::move(batch));
  settle_numbers(queue);
}

void Accumulator::expire(Host& host, Instant now) {
  for (auto& [partition, queue] : queues_) {
    while (!queue.batches.empty() && now >= delivery_deadline(*queue.batches.front())) {
      const BatchPtr batch = std::move(queue.batches.front());
      queue.batches.pop_front();
      give_up(host, *batch, ErrorCode::request_timed_out);
    }
    settle_numbers(queue);
  }
}

Instant Accumulator::next_expiry(Instant now) const {
  Instant next = never;
  for (const auto& [partition, queue] : queues_) {
    const Batch* first = front_of(queue.batches);
    if (first != nullptr) next = std::min(next, delivery_deadline(*first));
    // One whose time is up is settled by its attempt.
    for (const auto& [number, deadline] : queue.in_flight) {
      if (deadline > now) next = std::min(next, deadline);
    }
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

void Accumulator::resume() {
  REQUIRE(unsettled_.empty(), unsettled_.size());
  is_abandoned_ = false;
}

void Accumulator::give_up(Host& host, Batch& batch, ErrorCode error) {
  if (batch.is_numbered) queues_[batch.partition].sequences.break_off();
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
