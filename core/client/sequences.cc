#include "core/client/sequences.h"

#include <limits>

#include "core/base/assert.h"

namespace brokersim::client {

void Sequences::begin(std::int64_t producer_id, std::int16_t epoch) {
  REQUIRE(!has_id(), id_);
  *this = Sequences();
  id_ = producer_id;
  epoch_ = epoch;
}

void Sequences::number(wire::Batch& batch) {
  REQUIRE(may_number(), id_, epoch_);
  batch.set_producer(id_, epoch_, next_);
  next_ = wire::sequence_after(next_, batch.header.record_count);
  has_numbered_ = true;
}

void Sequences::acknowledged(const wire::BatchHeader& batch) {
  if (batch.producer_id == id_ && batch.producer_epoch == epoch_) is_known_ = true;
}

void Sequences::begin_next_epoch(bool last_epoch_ends_id) {
  // Kafka keeps the last one to itself, for fencing.
  constexpr std::int16_t last_epoch = std::numeric_limits<std::int16_t>::max() - 1;
  const bool is_used_up = epoch_ == last_epoch && last_epoch_ends_id;
  const std::int64_t id = is_used_up ? -1 : id_;
  const auto epoch = static_cast<std::int16_t>(is_used_up ? 0 : epoch_ + 1);
  *this = Sequences();
  id_ = id;
  epoch_ = epoch;
}

}  // namespace brokersim::client
