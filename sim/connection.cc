#include "sim/connection.h"

#include <algorithm>

namespace brokersim::sim {

void Pipe::push(Segment segment) {
  segment.due = last_due = std::max(segment.due, last_due);
  in_flight_bytes += segment.bytes.size();
  in_flight.push_back(std::move(segment));
}

void Pipe::arrive(const Rope& bytes) {
  received_bytes += bytes.size();
  for (const auto& slice : bytes.slices()) received.push_back(slice);
}

Segment Pipe::pop() {
  REQUIRE(!in_flight.empty());
  Segment segment = std::move(in_flight.front());
  in_flight.pop_front();
  in_flight_bytes -= segment.bytes.size();
  return segment;
}

std::size_t Pipe::take(std::span<std::uint8_t> into) {
  std::size_t taken = 0;
  while (taken < into.size() && !received.empty()) {
    Slice& front = received.front();
    const auto part = std::min(front.size(), into.size() - taken);
    std::copy_n(front.data(), part, into.data() + taken);
    taken += part;
    if (part == front.size()) {
      received.pop_front();
    } else {
      front = front.from(part);
    }
  }
  received_bytes -= taken;
  return taken;
}

void Pipe::drop_in_flight() {
  in_flight.clear();
  in_flight_bytes = 0;
}

void Pipe::change_pace(const Pace& pace, bool of_answers) {
  Instant due_before{};
  for (auto& segment : in_flight) {
    if (segment.is_answer == of_answers) {
      const Instant leaves = pace.moved(segment.leaves);
      segment.due = leaves + (segment.due - segment.leaves);
      segment.begins = pace.moved(segment.begins);
      segment.leaves = leaves;
    }
    segment.due = due_before = std::max(segment.due, due_before);
  }
  last_due = in_flight.empty() ? std::min(last_due, pace.at) : due_before;
}

void Pipe::delay_until(Instant earliest) {
  for (auto& segment : in_flight) segment.due = std::max(segment.due, earliest);
  if (!in_flight.empty()) last_due = in_flight.back().due;
}

}  // namespace brokersim::sim
