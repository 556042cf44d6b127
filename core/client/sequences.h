// How an idempotent producer numbers the records it sends to one partition (KIP-98, KIP-360), so
// that a leader can tell a repeated batch from a new one. Pure.
//
//   id 7, epoch 0   0 1 2 3 ✗        the batch with number 4 was given up: nothing can follow it
//   id 7, epoch 1           0 1 2    … once all other numbers of epoch 0 have had their answers
//
// Each partition has epochs of its own: what one log knows of a producer does not concern another.
// After the last epoch there is another id, and after the largest number, 2^31 - 1, comes 0.
#pragma once

#include <cstdint>

#include "core/base/rules.h"
#include "core/wire/record_batch.h"

namespace brokersim::client {

class Sequences {
 public:
  // A fresh id, which begins with epoch 0, and in that with this number: no leader knows it. A
  // transactional producer is given its epochs, each of which begins with 0.
  void begin(std::int64_t producer_id, std::int16_t epoch = 0, std::int32_t first_sequence = 0);
  bool has_id() const { return id_ >= 0; }
  std::int64_t id() const { return id_; }

  // Whether a batch may get the next numbers.
  bool may_number() const { return has_id() && !has_gap_; }
  void number(wire::Batch& batch);
  // A batch got numbers of this epoch, so that a leader may have seen it.
  bool has_numbered() const { return has_numbered_; }

  // A leader has a batch of this epoch, and so will every later one. Until then there must be only
  // one in flight, where a leader that does not know a producer accepts whatever comes first.
  bool is_known() const { return is_known_; }
  void acknowledged(const wire::BatchHeader& batch);

  // A number of this epoch will never be in the log, or perhaps not.
  void break_off() { has_gap_ = true; }
  bool has_gap() const { return has_gap_; }
  // To be called when no batch has numbers of the present epoch any more (KAFKA-14034). After the
  // last epoch there is no id (librdkafka's #3720), or as it once was another epoch: the one that
  // is left for fencing, and then the least number that there is.
  void begin_next_epoch(const Rules& rules);

 private:
  std::int64_t id_ = -1;
  std::int16_t epoch_ = 0;
  std::int32_t next_ = 0;
  bool has_numbered_ = false;
  bool is_known_ = false;
  bool has_gap_ = false;
};

}  // namespace brokersim::client
