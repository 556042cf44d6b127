// The network: hosts, listeners and connections between them, as TCP has them.
//
// Bytes arrive whole, in order and late. A partition holds them, as retransmission does, until it
// heals or the sender's kernel gives up and breaks its end; the other end learns of it only when it
// sends. A crashed process's sockets are closed by its kernel; a machine without power is silent,
// and once it is back answers what it no longer knows with a reset. A paused process's kernel goes
// on receiving, up to the window.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/env.h"
#include "sim/connection.h"
#include "sim/links.h"
#include "sim/scheduler.h"

namespace brokersim::sim {

// Why bytes that were written never arrive.
enum class Loss : std::uint8_t {
  reset,          // The connection was.
  unreachable,    // Its sender gave up.
  receiver_gone,  // The other end was closed, with its process or before.
  sender_gone,    // Its machine lost power before they got through.
};

// Sees what programs do with connections, at that instant. Must not call the network back.
class NetworkObserver {
 public:
  virtual ~NetworkObserver() = default;
  virtual void on_connect(const ConnectionInfo&) {}
  // The program at `from` wrote `bytes`; whether they arrive is another question.
  virtual void on_send(const ConnectionInfo&, Side /*from*/, const Rope& /*bytes*/) {}
  // So many bytes have reached the kernel of the other side of `from`: at `arrived`, which may be
  // earlier than anybody looked.
  virtual void on_deliver(const ConnectionInfo&, Side /*from*/, std::size_t /*bytes*/,
                          Instant /*arrived*/) {}
  // Of what `from` wrote, the next `last` bytes arrived just now, and none of the others will.
  virtual void on_lose(const ConnectionInfo&, Side /*from*/, Loss, std::size_t /*last*/) {}
  virtual void on_close(const ConnectionInfo&) {}  // No end is open any more.
};

// Breaks connections at once, both ends knowing.
enum class ResetMode : std::uint8_t {
  before_delivery,  // Bytes on the way are lost; of the first write a part may have arrived.
  after_delivery,   // They had arrived already.
};

struct NetworkCounters {
  std::uint64_t connections = 0;
  std::uint64_t segments = 0;
  std::uint64_t bytes = 0;
  std::uint64_t resets = 0;
  std::uint64_t give_ups = 0;  // Connections broken because the peer was out of reach for long.
};

class Network {
 public:
  Network(std::uint64_t seed, Scheduler& scheduler, NetworkModel model = {});
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  HostId add_host(const std::string& name, NodeId node);  // Names are unique. It is up.

  // ---- For the programs of a host ----

  IoResult<std::unique_ptr<Stream>> connect(Env& env, HostId from, const Address& to,
                                            Instant deadline);
  IoResult<std::unique_ptr<Listener>> listen(HostId host, std::uint16_t port);

  // ---- For its machine ----

  void crash(HostId host);      // The process ended; the kernel closes what it had.
  void power_off(HostId host);  // Silence. Until `boot` nothing reaches it.
  void boot(HostId host);

  // ---- Faults ----

  // Overlays. Ids are never reused; removing one that is gone does nothing.
  std::uint64_t add(LinkFault fault);
  void remove_fault(std::uint64_t id);
  // How often it held or delayed a segment, or an attempt to connect.
  std::int64_t effects(std::uint64_t id) const { return links_.effects(id); }
  // Of all connections between the two; returns how many there were.
  std::int64_t reset(HostId a, HostId b, ResetMode mode);

  // Observers live as long as the network.
  void observe(NetworkObserver& observer) { observers_.push_back(&observer); }
  const NetworkCounters& counters() const { return counters_; }
  std::size_t open_connections() const { return connections_.size(); }

 private:
  friend class SimStream;
  friend class SimListener;
  using ConnectionPtr = std::shared_ptr<Connection>;
  struct Accepting {
    std::deque<ConnectionPtr> backlog;
    FiberId acceptor;
    bool is_closed = false;
  };
  using AcceptingPtr = std::shared_ptr<Accepting>;
  struct HostState {
    std::string name;
    NodeId node;
    bool is_up = true;
    std::uint16_t last_port = 32767;
    std::map<std::uint16_t, AcceptingPtr> listeners;
    std::map<std::pair<HostId, std::uint16_t>, std::uint64_t> connects;  // By server: an ordinal.
  };

  // What streams and listeners do.
  IoResult<std::size_t> read(Env& env, const ConnectionPtr& c, Side side,
                             std::span<std::uint8_t> into, Instant deadline);
  IoResult<Done> write(Env& env, const ConnectionPtr& c, Side side, Rope bytes, Instant deadline);
  IoResult<ConnectionPtr> accept(Env& env, Accepting& accepting);
  void stop_listening(HostId host, std::uint16_t port);

  // Connecting.
  bool is_reachable(HostId from, HostId to) const;
  AcceptingPtr listener_at(HostId host, std::uint16_t port) const;
  ConnectionPtr establish(HostId from, HostId to, std::uint16_t port, Accepting& accepting);

  // Moving bytes.
  void send(const ConnectionPtr& c, Side from, Segment segment);
  void settle(const ConnectionPtr& c, Side to);
  void arm(const ConnectionPtr& c, Side side);
  void wake(const ConnectionPtr& c, Side side);
  Wake wait(Env& env, const ConnectionPtr& c, Side side, FiberId End::*who, Instant deadline);
  void open_window(const ConnectionPtr& c, Side reader);

  // Breaking connections.
  void close_end(const ConnectionPtr& c, Side side);
  void break_end(const ConnectionPtr& c, Side side, Loss why);
  void answer_with_reset(const ConnectionPtr& c, Side from);
  void drop_if_over(const ConnectionPtr& c);
  void cut_in_flight(Connection& c, Side from, ResetMode mode);
  void give_back_link(const Connection& c, Side from);
  void lose(Connection& c, Side from, Loss why);
  void tell_loss(const Connection& c, Side from, Loss why, std::size_t last = 0);

  // Faults: whatever changes what is held goes through `change`.
  bool is_held(const Connection& c, Side from) const;
  bool is_out_of_reach(const Connection& c, Side from) const;
  void refresh(const ConnectionPtr& c, Side from);
  void change_pace(const ConnectionPtr& c, Side from);
  void resume(const ConnectionPtr& c, Side from);
  void watch(const ConnectionPtr& c, Side from);
  void change(const std::function<void()>& what);
  template <class Call>
  void for_each_end(Call&& call);

  Scheduler& scheduler_;
  Random random_;
  Links links_;
  std::vector<HostState> hosts_;
  std::map<std::string, HostId, std::less<>> by_name_;
  std::map<std::uint64_t, ConnectionPtr> connections_;
  std::uint64_t last_connection_ = 0;
  std::vector<NetworkObserver*> observers_;
  NetworkCounters counters_;
};

}  // namespace brokersim::sim
