// What the numbers in a file may be: each by itself, and where something else bounds them, such as
// idempotence what is in flight.
//
// They are checked while their places are still known, so that the message can say where.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>

#include "scenarios/document.h"
#include "scenarios/field_reader.h"

namespace brokersim::scenarios {

// A number, or a range of them, as it is written.
struct NumberRange {
  std::int64_t low = 0;
  std::int64_t high = 0;
  std::string text;
};
// Nothing of what is neither, such as a duration.
std::optional<NumberRange> numbers_in(const Node& node);

// What the numbers of a key may be, in all tables of that name.
struct Bounds {
  const char* table;
  const char* key;
  std::int64_t least;
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
};
// Of a number, a range of them, or a list of either.
void check_bounds(const Entries& root, std::span<const Bounds> all, ReadError& error);
// Those of what plans and scenarios share.
std::span<const Bounds> common_bounds();
// What Kafka's idempotent producers insist on: acks of all, and few requests in flight. What only
// they have, and only those in transactions, others have no use for.
void check_idempotence(const Entries& producer, ReadError& error);
// Only what formats the disks says that not all controllers vote (KIP-853).
void check_voters(const Entries& root, ReadError& error);

}  // namespace brokersim::scenarios
