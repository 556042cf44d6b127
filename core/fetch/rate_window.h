// How many bytes a second went by lately, in samples as Kafka's SimpleRate takes them (KIP-73).
//
//   samples   │ 900 │ 2100 │    0 │ 300    so many at most, each so long, begun with what came
//             ▲ begins                ▲ now       rate = 3300 bytes / (now - begins)
//
// What began before all of them is forgotten. Pure, in whole milliseconds and bytes.
#pragma once

#include <cstdint>
#include <deque>

#include "core/base/time.h"

namespace brokersim::fetch {

class RateWindow {
 public:
  struct Shape {
    std::int32_t samples = 11;
    Duration sample = 1s;
  };
  explicit RateWindow(Shape shape) : shape_(shape) {}

  // Times never go back. That nothing came counts, too: the window then begins the earlier.
  void record(Instant now, std::int64_t bytes);
  // A window that has only begun counts as one whole sample.
  bool exceeds(Instant now, std::int64_t bytes_per_second) const;

 private:
  struct Sample {
    Instant begins;
    std::int64_t bytes = 0;
  };
  bool is_forgotten(const Sample& sample, Instant now) const {
    return (now - sample.begins) / shape_.sample >= shape_.samples;
  }

  Shape shape_;
  std::deque<Sample> samples_;
};

}  // namespace brokersim::fetch
