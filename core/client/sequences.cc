#include "core/client/sequences.h"

#include <limits>

#include "core/base/assert.h"

namespace brokersim::client {

namespace {

// Where epochs end sooner than 16 bits do, too.
std::int16_t epoch_after(std::int16_t epoch, std::int16_t last_epoch) {
  if (epoch > last_epoch) return std::numeric_limits<std::int16_t>::min();
  return static_cast<std::int16_t>(epoch + 1);
}

}  // namespace

void Sequences::begin(std::int64_t producer_id, std::int16_t epoch, std::int32_t first_sequence) {
  REQUIRE(!has_id(), id_);
  REQUIRE(first_sequence >= 0, first_sequence);
  *this = Sequences();
  id_ = producer_id;
  epoch_ = epoch;
  next_ = first_sequence;
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

void Sequences::begin_next_epoch(const Rules& rules) {
  const std::int16_t last_epoch = rules.transactions.last_epoch;
  const bool is_used_up = epoch_ == last_epoch && rules.last_epoch_ends_id;
  const std::int64_t id = is_used_up ? -1 : id_;
  const auto epoch = is_used_up ? std::int16_t{0} : epoch_after(epoch_, last_epoch);
  *this = Sequences();
  id_ = id;
  epoch_ = epoch;
}

}  // namespace brokersim::client
