// The producer's records on their way: collected into batches for each partition, sent when full or
// when they have lingered, sent again after errors, given up at delivery.timeout.ms. Pure.
//
//   add ─► open batch ─ full or lingered ─► take ─► request ─► settled ─► each record's on_sent
//                              ▲                        │
//                              └─────── back-off ◄──────┘ retriable error
//
// How a record ends is told with certainty only where there is some: `failed` promises that no
// attempt can have had an effect; one attempt that got no definite answer makes it `unknown`.
//
// An idempotent producer's batches are numbered when they are first taken (sequences.h), and keep
// their numbers in every attempt. What is tried again goes alone and in order, as nothing can
// follow what is missing. A batch whose fate is unknown never gets other numbers: it would be
// another one.
//
// A transactional producer's id and epoch are given by its coordinator, the same for all
// partitions. Behind a gap nothing is sent before the next epoch comes, which it does with a new
// transaction.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "core/api/error_code.h"
#include "core/base/event.h"
#include "core/client/cluster_view.h"
#include "core/client/config.h"
#include "core/client/sequences.h"
#include "core/wire/record_batch.h"

namespace brokersim::client {

struct SendResult {
  Outcome outcome = Outcome::ok;
  api::ErrorCode error = api::ErrorCode::none;
  Offset offset = -1;  // Of the record; -1 with acks=0 and after errors.
};
using OnSent = std::function<void(Host&, const SendResult&)>;

// Records of one partition that are sent together.
struct Batch {
  std::int64_t number = 0;  // In the order of their making.
  TopicPartition partition;
  wire::BatchBuilder builder;
  std::optional<wire::Batch> finished;  // Since the first attempt: all attempts send the same.
  std::vector<OnSent> on_sent;          // One for each record.
  std::size_t size = 0;
  Instant created;
  Instant not_before;
  std::int32_t attempts = 0;
  bool may_have_effect = false;
  bool is_numbered = false;
};
using BatchPtr = std::unique_ptr<Batch>;

// How one attempt to send a batch ended.
struct Attempt {
  api::ErrorCode error = api::ErrorCode::none;
  Offset base_offset = -1;
  bool was_sent = true;  // False: certainly not, as there was no connection.
};

class Accumulator {
 public:
  explicit Accumulator(const ProducerConfig& config) : config_(config) {}

  // Whether buffer.memory has room for the record.
  bool has_room_for(const wire::Record& record) const;
  void add(Instant now, const TopicPartition& partition, const wire::Record& record,
           OnSent on_sent);
  // What was added so far lingers no longer. Returns a number for is_settled().
  std::int64_t flush() { return flushed_up_to_ = batches_; }
  bool is_settled(std::int64_t up_to) const;
  // Settles what is queued; what is in flight is settled by its present attempt, whatever comes.
  void abandon(Host& host);
  // After abandon(), when everything is settled: what is added from now on is sent.
  void resume();

  // Batches to send to `broker`: of each partition it leads the first, if due, as many as fit into
  // a request; who did not comes first in the next. Up to max.in.flight batches of a partition may
  // be under way; with 1, retries keep their order.
  std::vector<BatchPtr> take(Instant now, const ClusterView& view, NodeId broker);
  // Numbering waits for a producer id.
  bool needs_producer_id() const {
    return config_.enable_idempotence && !config_.transactional_id && !producer_id_;
  }
  void set_producer_id(std::int64_t id) { producer_id_ = id; }
  // A transactional producer's, from now on. Requires that everything is settled.
  void set_producer(std::int64_t id, std::int16_t epoch);
  // Leaders take no batch of a transaction before its first one (KIP-890, KAFKA-14920): several may
  // be in flight from the beginning.
  void rely_on_leaders_order(bool relies) { relies_on_leaders_order_ = relies; }
  // Nothing can be sent to some partition in the present epoch.
  bool has_gap() const;
  // Something was sent in the present epoch.
  bool has_numbered() const;
  // When take() for this broker may have something next; `never` if nothing waits for it.
  Instant next_due(const ClusterView& view, NodeId broker) const;

  // Ends an attempt. A batch that may be tried again goes back to its place in the queue; any other
  // is settled.
  void settle(Host& host, Instant now, BatchPtr batch, const Attempt& attempt);
  // Settles what has waited in vain for delivery.timeout.ms.
  void expire(Host& host, Instant now);
  // When next something may have waited so long: what is in flight then may be queued again.
  Instant next_expiry(Instant now) const;

  Instant delivery_deadline(const Batch& batch) const {
    return batch.created + config_.delivery_timeout;
  }
  // Whether records wait for a partition whose leader is not known.
  bool lacks_leader(const ClusterView& view) const;

 private:
  struct Queue {
    std::deque<BatchPtr> batches;               // By number.
    std::map<std::int64_t, Instant> in_flight;  // Numbers, and until when they are to be delivered.
    Sequences sequences;
    bool is_first(const Batch& batch) const;  // Nothing before it awaits its end.
  };

  Batch& open_batch(Instant now, const TopicPartition& partition, std::size_t record_size);
  Instant due_at(const Queue& queue) const;
  BatchPtr take_first(Queue& queue);
  bool may_go(const Queue& queue, const Batch& batch) const;
  void number(Queue& queue, Batch& batch);
  bool may_renumber(const Batch& batch) const;
  void settle_numbers(Queue& queue);
  bool may_retry(Queue& queue, const Batch& batch, api::ErrorCode error) const;
  void give_up(Host& host, Batch& batch, api::ErrorCode error);
  void finish(Host& host, Batch& batch, const SendResult& result);

  const ProducerConfig& config_;
  std::map<TopicPartition, Queue> queues_;
  std::map<NodeId, TopicPartition> left_out_;  // Of the last request to a broker.
  std::optional<std::int64_t> producer_id_;    // For partitions that have none yet.
  std::int16_t producer_epoch_ = 0;            // Of a transactional producer.
  bool relies_on_leaders_order_ = false;
  std::size_t buffered_ = 0;  // Bytes queued and in flight.
  std::int64_t batches_ = 0;
  std::int64_t flushed_up_to_ = 0;
  std::set<std::int64_t> unsettled_;
  bool is_abandoned_ = false;
  std::uint64_t backoffs_ = 0;
};

// What a record may take in a batch, at most.
std::size_t size_bound(const wire::Record& record);

// Whether this answer to a Produce proves that nothing was appended.
bool is_without_effect(api::ErrorCode error);

}  // namespace brokersim::client
