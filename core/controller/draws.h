// Numbers derived from one random number, for decisions that need several (SplitMix64).
#pragma once

#include <cstdint>

#include "core/base/assert.h"
#include "core/base/ids.h"

namespace brokersim::controller {

class Draws {
 public:
  explicit Draws(std::uint64_t random) : state_(random) {}

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15;
    auto z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  // Uniform but for a bias of limit/2^64.
  std::uint64_t below(std::uint64_t limit) {
    REQUIRE(limit > 0);
    return next() % limit;
  }

  // A version 4 UUID, as Kafka's topic ids are.
  Uuid uuid() {
    Uuid id;
    for (std::size_t half = 0; half < 2; ++half) {
      auto bits = next();
      for (std::size_t i = 0; i < 8; ++i, bits >>= 8) {
        id[half * 8 + i] = static_cast<std::uint8_t>(bits);
      }
    }
    id[6] = static_cast<std::uint8_t>((id[6] & 0x0f) | 0x40);
    id[8] = static_cast<std::uint8_t>((id[8] & 0x3f) | 0x80);
    return id;
  }

 private:
  std::uint64_t state_;
};

}  // namespace brokersim::controller
