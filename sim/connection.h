// One TCP connection: two ends, and a pipe of bytes for each direction. Plain data, which
// sim/network.cc moves in time.
//
//   write ──► in flight (each segment with the instant it is due) ──► received ──► read
//
// The end of a direction (FIN) and a reset (RST) travel in the pipe behind the bytes before them.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <span>

#include "core/base/bytes.h"
#include "core/env.h"
#include "sim/links.h"
#include "sim/scheduler.h"

namespace brokersim::sim {

struct Segment {
  enum class Kind : std::uint8_t { data, fin, rst };
  Kind kind = Kind::data;
  Rope bytes;
  Instant due;
  // When it passes the link, or of an answer when what it answers passes that of the other way.
  Instant begins{};
  Instant leaves{};
  bool is_answer = false;
};

// One direction.
struct Pipe {
  std::deque<Segment> in_flight;
  std::deque<Slice> received;
  std::size_t in_flight_bytes = 0;
  std::size_t received_bytes = 0;
  Instant last_due{};
  std::int64_t bytes_per_second = 0;  // Of the link, as its segments count upon; 0: no matter.
  bool is_held = false;               // By a fault, or because the receiver is off.
  Instant held_since{};
  bool was_lost = false;  // What is on the way has to be sent again: it was not only stalled.
  TimerId give_up;        // Runs while the sender misses acknowledgements.
  bool is_giving_up = false;

  std::size_t unread() const { return in_flight_bytes + received_bytes; }
  void push(Segment segment);  // Keeps the order: never due before the segment in front.
  Segment pop();
  void arrive(const Rope& bytes);
  std::size_t take(std::span<std::uint8_t> into);
  void drop_in_flight();
  // Of its own segments, or of the answers to those of the other direction.
  void change_pace(const Pace& pace, bool of_answers);
  void delay_until(Instant earliest);
};

// One of the two sockets.
struct End {
  enum class State : std::uint8_t {
    open,
    closed,  // By its program, or with it.
    broken,  // By a reset or a time-out.
    lost,    // Its machine lost power and knows nothing of it.
  };
  HostId host;
  Address address;
  State state = State::open;
  bool peer_has_closed = false;
  FiberId reader;
  FiberId writer;
  TimerId wake;
  Instant wake_at = never;

  bool is_open() const { return state == State::open; }
  bool has_waiter() const { return reader.value != 0 || writer.value != 0; }
};

enum class Side : std::uint8_t { client, server };
constexpr Side other(Side side) { return side == Side::client ? Side::server : Side::client; }

// What observers learn of a connection; its client is whoever connected.
struct ConnectionInfo {
  std::uint64_t id = 0;  // 1, 2, 3 … in the order of the run.
  Address client;
  Address server;
  NodeId client_node;
  NodeId server_node;
};

struct Connection {
  std::uint64_t id = 0;
  std::uint64_t key = 0;  // For draws and ties: of both hosts, the port and the pair's ordinal.
  std::array<End, 2> ends;
  std::array<Pipe, 2> pipes;  // By the side that writes.
  ConnectionInfo info;
  std::uint64_t wakes = 0;

  End& end(Side side) { return ends[static_cast<std::size_t>(side)]; }
  const End& end(Side side) const { return ends[static_cast<std::size_t>(side)]; }
  Pipe& from(Side side) { return pipes[static_cast<std::size_t>(side)]; }
  Pipe& to(Side side) { return from(other(side)); }
};

}  // namespace brokersim::sim
