// A producer in one of its epochs (KIP-98): the same id in a later epoch has replaced it.
#pragma once

#include <cstdint>

namespace brokersim::coordination {

inline constexpr std::int64_t no_producer_id = -1;
inline constexpr std::int16_t no_producer_epoch = -1;

struct ProducerAndEpoch {
  std::int64_t id = no_producer_id;
  std::int16_t epoch = no_producer_epoch;
  friend bool operator==(const ProducerAndEpoch&, const ProducerAndEpoch&) = default;
};

}  // namespace brokersim::coordination
