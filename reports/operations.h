// What clients did and were told: one line for each send, as a table and as ops.csv.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/event.h"
#include "reports/page.h"
#include "reports/spacetime_story.h"

namespace brokersim::reports {

struct ClientOperation {
  enum class Kind : std::uint8_t { send, read };
  Kind kind = Kind::send;
  std::int64_t op = 0;  // Of a send; printed as op7.
  std::string client;
  TopicPartition partition;
  Instant begun;
  std::optional<Instant> ended;  // Empty: it never did.
  Outcome outcome = Outcome::unknown;
  std::int32_t error = 0;
  std::int32_t acks = 0;
  Offset offset = -1;
  EventId event;  // That tells of its end, or else of its beginning.
};

// In the order of their beginnings.
std::vector<ClientOperation> operations_of(const std::vector<Event>& events);

// At most so many: those on the record in question, then those nearest in time to the facts.
std::vector<ClientOperation> operations_around(const std::vector<ClientOperation>& all,
                                               const Focus& focus,
                                               const std::vector<Instant>& facts,
                                               std::size_t at_most);

Markup operations_table(const std::vector<ClientOperation>& operations, const Focus& focus);
std::string operations_csv(const std::vector<ClientOperation>& operations);

}  // namespace brokersim::reports
