// Hosts, connecting and the calls of programs; sim/network_flow.cc moves the bytes.
#include "sim/network.h"

#include <algorithm>

namespace brokersim::sim {
namespace {

constexpr Duration first_retry = 1s;  // Of a handshake; doubles.

}  // namespace

// A program's hold on one end.
class SimStream final : public Stream {
 public:
  SimStream(Network& network, std::shared_ptr<Connection> connection, Side side)
      : network_(network), connection_(std::move(connection)), side_(side) {}
  ~SimStream() override { close(); }
  SimStream(const SimStream&) = delete;
  SimStream& operator=(const SimStream&) = delete;

  IoResult<std::size_t> read(Env& env, std::span<std::uint8_t> into, Instant deadline) override {
    return network_.read(env, connection_, side_, into, deadline);
  }
  IoResult<Done> write(Env& env, Rope bytes, Instant deadline) override {
    return network_.write(env, connection_, side_, std::move(bytes), deadline);
  }
  // What is written is under way at once.
  IoResult<Done> drain(Env&, Instant) override { return Done{}; }
  std::size_t queued() const override { return 0; }
  void close() override { network_.close_end(connection_, side_); }
  const Address& peer() const override { return connection_->end(other(side_)).address; }

 private:
  Network& network_;
  std::shared_ptr<Connection> connection_;
  Side side_;
};

class SimListener final : public Listener {
 public:
  SimListener(Network& network, HostId host, std::uint16_t port, Network::AcceptingPtr accepting)
      : network_(network), host_(host), port_(port), accepting_(std::move(accepting)) {}
  ~SimListener() override { close(); }
  SimListener(const SimListener&) = delete;
  SimListener& operator=(const SimListener&) = delete;

  IoResult<std::unique_ptr<Stream>> accept(Env& env) override {
    TRY(auto connection, network_.accept(env, *accepting_));
    return std::unique_ptr<Stream>(
        std::make_unique<SimStream>(network_, std::move(connection), Side::server));
  }
  void close() override {
    if (!accepting_->is_closed) network_.stop_listening(host_, port_);
  }

 private:
  Network& network_;
  HostId host_;
  std::uint16_t port_;
  Network::AcceptingPtr accepting_;
};

Network::Network(std::uint64_t seed, Scheduler& scheduler, NetworkModel model)
    : scheduler_(scheduler), random_(seed, "network"), links_(seed, model) {}

Network::~Network() = default;

HostId Network::add_host(const std::string& name, NodeId node) {
  const HostId id = links_.add_host(name);
  const bool is_new = by_name_.emplace(name, id).second;
  REQUIRE(is_new, name);
  hosts_.push_back({.name = name, .node = node});
  return id;
}

// ---- Connecting --------------------------------------------------------------------------------

bool Network::is_reachable(HostId from, HostId to) const {
  if (!hosts_[to.value].is_up) return false;
  if (links_.is_cut(from, to) || links_.is_stalled(from, to)) return false;
  return !links_.is_cut(to, from) && !links_.is_stalled(to, from);
}

Network::AcceptingPtr Network::listener_at(HostId host, std::uint16_t port) const {
  const auto& listeners = hosts_[host.value].listeners;
  const auto found = listeners.find(port);
  return found == listeners.end() ? nullptr : found->second;
}

IoResult<std::unique_ptr<Stream>> Network::connect(Env& env, HostId from, const Address& to,
                                                   Instant deadline) {
  const auto found = by_name_.find(to.host);
  if (found == by_name_.end()) return Unexpected(IoError::not_found);
  const HostId host = found->second;
  for (Duration retry = first_retry;; retry *= 2) {
    const Instant begun = scheduler_.now();
    if (begun >= deadline) return Unexpected(IoError::timed_out);
    Duration round_trip = links_.latency(from, host, begun);
    round_trip += links_.latency(host, from, begun);
    if (is_reachable(from, host) && begun + round_trip <= deadline) {
      if (!env.sleep_until(begun + round_trip)) return Unexpected(IoError::cancelled);
      if (is_reachable(from, host)) {
        const auto accepting = listener_at(host, to.port);
        if (!accepting) return Unexpected(IoError::refused);
        if (accepting->backlog.size() < links_.model().backlog) {
          auto connection = establish(from, host, to.port, *accepting);
          return std::unique_ptr<Stream>(
              std::make_unique<SimStream>(*this, std::move(connection), Side::client));
        }
      }
    }
    links_.count_no_handshake(from, host);
    if (!env.sleep_until(std::min(deadline, begun + retry))) return Unexpected(IoError::cancelled);
  }
}

Network::ConnectionPtr Network::establish(HostId from, HostId to, std::uint16_t port,
                                          Accepting& accepting) {
  HostState& client = hosts_[from.value];
  const auto ordinal = ++client.connects[{to, port}];
  client.last_port =
      static_cast<std::uint16_t>(client.last_port == 65535 ? 32768 : client.last_port + 1);
  auto c = std::make_shared<Connection>();
  c->id = ++last_connection_;
  c->key = random_.with(client.name, hosts_[to.value].name, port, ordinal).key();
  c->end(Side::client).host = from;
  c->end(Side::client).address = {client.name, client.last_port};
  c->end(Side::server).host = to;
  c->end(Side::server).address = {hosts_[to.value].name, port};
  c->info = {c->id, c->end(Side::client).address, c->end(Side::server).address, client.node,
             hosts_[to.value].node};
  connections_.emplace(c->id, c);
  ++counters_.connections;
  for (auto* observer : observers_) observer->on_connect(c->info);
  accepting.backlog.push_back(c);
  if (accepting.acceptor.value != 0) scheduler_.unpark(accepting.acceptor);
  return c;
}

IoResult<std::unique_ptr<Listener>> Network::listen(HostId host, std::uint16_t port) {
  auto& place = hosts_[host.value].listeners[port];
  if (place) return Unexpected(IoError::exists);
  place = std::make_shared<Accepting>();
  return std::unique_ptr<Listener>(std::make_unique<SimListener>(*this, host, port, place));
}

void Network::stop_listening(HostId host, std::uint16_t port) {
  auto& listeners = hosts_[host.value].listeners;
  const auto found = listeners.find(port);
  REQUIRE(found != listeners.end(), port);
  const AcceptingPtr accepting = found->second;
  listeners.erase(found);
  accepting->is_closed = true;
  for (const auto& c : accepting->backlog) close_end(c, Side::server);
  accepting->backlog.clear();
  if (accepting->acceptor.value != 0) scheduler_.unpark(accepting->acceptor);
}

IoResult<Network::ConnectionPtr> Network::accept(Env& env, Accepting& accepting) {
  while (!accepting.is_closed) {
    if (env.is_cancelled()) return Unexpected(IoError::cancelled);
    if (!accepting.backlog.empty()) {
      ConnectionPtr c = std::move(accepting.backlog.front());
      accepting.backlog.pop_front();
      return c;
    }
    REQUIRE(accepting.acceptor.value == 0);
    accepting.acceptor = env.self();
    env.park(never);
    accepting.acceptor = {};
  }
  return Unexpected(IoError::closed);
}

// ---- Reading and writing -----------------------------------------------------------------------

namespace {

IoError error_of(const End& end) {
  return end.state == End::State::closed ? IoError::closed : IoError::reset;
}
IoError error_of(Wake wake) {
  return wake == Wake::cancelled ? IoError::cancelled : IoError::timed_out;
}

}  // namespace

Wake Network::wait(Env& env, const ConnectionPtr& c, Side side, FiberId End::*who,
                   Instant deadline) {
  FiberId& waiter = c->end(side).*who;
  REQUIRE(waiter.value == 0, c->id);
  waiter = env.self();
  arm(c, side);
  const Wake wake = env.park(deadline);
  waiter = {};
  return wake;
}

IoResult<std::size_t> Network::read(Env& env, const ConnectionPtr& c, Side side,
                                    std::span<std::uint8_t> into, Instant deadline) {
  REQUIRE(!into.empty());
  End& end = c->end(side);
  Pipe& pipe = c->to(side);
  while (true) {
    settle(c, side);
    if (end.state == End::State::closed) return Unexpected(IoError::closed);
    if (pipe.received_bytes > 0) {
      const auto taken = pipe.take(into);
      open_window(c, side);
      return taken;
    }
    if (!end.is_open()) return Unexpected(error_of(end));
    if (end.peer_has_closed) return std::size_t{0};
    const Wake wake = wait(env, c, side, &End::reader, deadline);
    if (wake != Wake::notified) return Unexpected(error_of(wake));
  }
}

IoResult<Done> Network::write(Env& env, const ConnectionPtr& c, Side side, Rope bytes,
                              Instant deadline) {
  End& end = c->end(side);
  while (true) {
    settle(c, side);
    if (!end.is_open()) return Unexpected(error_of(end));
    if (c->from(side).unread() < links_.model().window) break;
    const Wake wake = wait(env, c, side, &End::writer, deadline);
    if (wake != Wake::notified) return Unexpected(error_of(wake));
  }
  if (bytes.empty()) return Done{};
  for (auto* observer : observers_) observer->on_send(c->info, side, bytes);
  send(c, side, {.kind = Segment::Kind::data, .bytes = std::move(bytes)});
  return Done{};
}

}  // namespace brokersim::sim
