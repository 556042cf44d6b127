// Sockets on loopback, between fibers of one reactor: what peers do that no simulated network does.
#include "sim/live/live_network.h"

#include <array>
#include <atomic>
#include <latch>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <numeric>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "core/broker/server.h"
#include "sim/live/endpoint.h"
#include "sim/live/live_env.h"

namespace brokersim::live {
namespace {

// An address of this process's own, so that tests may run beside each other.
Address own_address() {
  static std::uint16_t port = 21000;
  const int own = getpid();
  return {fmt::format("127.97.{}.{}", own / 250 % 250 + 1, own % 250 + 1), ++port};
}

struct Net {
  Net()
      : env(reactor, {.node = NodeId(1),
                      .data_directory = testing::TempDir(),
                      .on_event = [](const Event&) { return EventId{}; }}) {}

  // Runs both ends of a connection.
  void run(std::function<void(Stream&)> server, std::function<void(Stream&)> client) {
    const auto listener = listen_on(reactor, address);
    ASSERT_TRUE(listener.has_value());
    env.spawn("server", [&](Env& on) {
      auto accepted = (*listener)->accept(on);
      ASSERT_TRUE(accepted.has_value());
      server(**accepted);
    });
    env.spawn("client", [&](Env& on) {
      auto connected = on.connect(address, on.now() + 5s);
      ASSERT_TRUE(connected.has_value());
      client(**connected);
    });
    reactor.run();
  }

  Instant soon(Duration duration) { return reactor.now() + duration; }

  const Address address = own_address();
  Reactor reactor;
  LiveEnv env;
};

constexpr std::size_t megabyte = 1 << 20;

// The descriptor of the connection that was accepted there; -1: none.
int accepted_at(const Address& address) {
  for (int descriptor = 0; descriptor < 1024; ++descriptor) {
    Endpoint local;
    if (::getsockname(descriptor, local.get(), &local.size) != 0) continue;
    if (local.storage.ss_family != AF_INET || address_of(local) != address) continue;
    int is_listening = 0;
    socklen_t size = sizeof is_listening;
    ::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &size);
    if (is_listening == 0) return descriptor;
  }
  return -1;
}

TEST(LiveNetwork, drain_waits_until_all_that_was_written_has_left) {
  Net net;
  bool was_drained_at_once = true;
  std::size_t received = 0;
  net.run(
      [&](Stream& stream) {
        EXPECT_TRUE(stream.write(net.env, Rope(Bytes(30 * megabyte)), net.soon(5s)));
        was_drained_at_once = stream.drain(net.env, Instant{}).has_value();
        EXPECT_GT(stream.queued(), 10 * megabyte);
        EXPECT_TRUE(stream.drain(net.env, net.soon(10s)));
        EXPECT_EQ(stream.queued(), 0u);
      },
      [&](Stream& stream) {
        net.env.sleep(20ms);
        std::vector<std::uint8_t> buffer(megabyte);
        while (true) {
          const auto n = stream.read(net.env, buffer, net.soon(10s));
          if (!n || *n == 0) break;
          received += *n;
        }
      });
  EXPECT_FALSE(was_drained_at_once);
  EXPECT_EQ(received, 30 * megabyte);
}

TEST(LiveNetwork, a_writer_waits_while_its_peer_does_not_read_and_learns_that_it_went) {
  Net net;
  IoError while_deaf{}, when_gone{};
  bool is_known = false;
  net.run(
      [&](Stream& stream) {
        IoResult<Done> written = Done{};
        for (int i = 0; i < 100 && written; ++i) {
          written = stream.write(net.env, Rope(Bytes(megabyte)), Instant{});
        }
        while_deaf = written.error();
        is_known = true;
        written = stream.write(net.env, Rope(Bytes(1)), net.soon(10s));
        when_gone = written.error();
      },
      [&](Stream& stream) {
        while (!is_known) net.env.sleep(1ms);
        stream.close();
      });
  EXPECT_EQ(while_deaf, IoError::timed_out);
  EXPECT_EQ(when_gone, IoError::reset);
}

// It says so as if a deadline had passed, and is not one: who waits for that would wait for ever.
TEST(LiveNetwork, a_peer_that_the_kernel_gives_up_has_broken_the_connection) {
  Net net;
  IoError error{};
  bool is_over = false;
  net.run(
      [&](Stream& stream) {
        const unsigned int patience_ms = 300;
        EXPECT_EQ(::setsockopt(accepted_at(net.address), IPPROTO_TCP, TCP_USER_TIMEOUT,
                               &patience_ms, sizeof patience_ms),
                  0);
        EXPECT_TRUE(stream.write(net.env, Rope(Bytes(30 * megabyte)), net.soon(5s)));
        const auto drained = stream.drain(net.env, net.soon(60s));
        if (!drained) error = drained.error();
        is_over = true;
      },
      [&](Stream&) {
        while (!is_over) net.env.sleep(1ms);
      });
  EXPECT_EQ(error, IoError::reset);
}

// Whoever finds its input at hand each time would never wait, and nobody else would run.
TEST(LiveNetwork, a_fiber_with_endless_input_lets_others_run) {
  Net net;
  bool is_over = false;
  net.env.spawn("other", [&](Env& env) {
    env.sleep(30ms);
    is_over = true;
  });
  net.run(
      [&](Stream& stream) {
        std::array<std::uint8_t, 16> buffer{};
        while (!is_over && stream.read(net.env, buffer, net.soon(5s))) {
        }
      },
      [&](Stream& stream) {
        while (!is_over && stream.write(net.env, Rope(Bytes(megabyte)), net.soon(5s))) {
          net.env.sleep(1ms);
        }
      });
  EXPECT_TRUE(is_over);
}

TEST(LiveNetwork, says_why_a_port_cannot_be_had) {
  Net net;
  const auto listener = listen_on(net.reactor, net.address);
  ASSERT_TRUE(listener.has_value());
  EXPECT_EQ(listen_on(net.reactor, net.address).error(), IoError::exists);
  EXPECT_EQ(listen_on(net.reactor, {"192.0.2.1", 21000}).error(), IoError::not_found);
}

// A name may stand for addresses of which one alone is listened on, as localhost does.
TEST(LiveNetwork, of_a_names_addresses_each_is_tried) {
  Net net;
  const Address any{"127.0.0.1", static_cast<std::uint16_t>(24000 + getpid() % 4000)};
  const auto listener = listen_on(net.reactor, any);
  if (!listener) GTEST_SKIP() << "the port is taken";
  net.env.spawn("server", [&](Env& on) { EXPECT_TRUE((*listener)->accept(on).has_value()); });
  net.env.spawn("client", [&](Env& on) {
    EXPECT_TRUE(on.connect({"localhost", any.port}, on.now() + 5s).has_value());
  });
  net.reactor.run();
}

// The first attempt has too little time for it, and the second finds it done.
TEST(LiveNetwork, a_name_that_is_looked_up_slowly_is_connected_to_in_the_end) {
  Net net;
  const auto listener = listen_on(net.reactor, net.address);
  ASSERT_TRUE(listener.has_value());
  std::latch may_answer(1);
  std::atomic<int> asked = 0;
  Lookups lookups(net.reactor, [&](const std::string&) {
    ++asked;
    may_answer.wait();
    return std::vector{*numeric({net.address.host, 0})};
  });
  const Address named{"somewhere", net.address.port};
  net.env.spawn("server", [&](Env& on) { EXPECT_TRUE((*listener)->accept(on).has_value()); });
  net.env.spawn("client", [&](Env&) {
    const auto too_early = connect_to(net.reactor, lookups, named, net.soon(10ms));
    EXPECT_TRUE(!too_early && too_early.error() == IoError::timed_out);
    may_answer.count_down();
    EXPECT_TRUE(connect_to(net.reactor, lookups, named, net.soon(10s)).has_value());
  });
  net.reactor.run();
  EXPECT_EQ(asked, 1);
}

TEST(LiveNetwork, descriptors_are_kept_for_files_when_connections_take_too_many) {
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit few{100, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &few);
  Net net;
  const auto listener = listen_on(net.reactor, net.address);
  ASSERT_TRUE(listener.has_value());
  std::size_t turned_away = 0;
  std::vector<std::unique_ptr<Stream>> accepted, connected;
  const FiberId server = net.env.spawn("server", [&](Env& env) {
    while (true) {
      auto stream = (*listener)->accept(env);
      if (stream) {
        accepted.push_back(*std::move(stream));
      } else if (stream.error() == IoError::exhausted) {
        ++turned_away;
      } else {
        return;
      }
    }
  });
  net.env.spawn("clients", [&](Env& env) {
    for (int i = 0; i < 45; ++i) {
      if (auto stream = env.connect(net.address, env.now() + 1s)) {
        connected.push_back(*std::move(stream));
      }
    }
    env.sleep(50ms);
    net.env.cancel(server);
    // There is one left for what is no connection.
    EXPECT_TRUE(env.files().open("brokersim-descriptors", OpenMode::create).has_value());
  });
  net.reactor.run();
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_GT(accepted.size(), 5u);
  EXPECT_GT(turned_away, 0u);
}

TEST(LiveNetwork, a_server_counts_whom_it_turns_away_among_those_that_came) {
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit few{100, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &few);
  Reactor reactor;
  broker::NodeConfig config;
  config.listener = own_address();
  LiveEnv env(reactor, {.node = NodeId(1),
                        .data_directory = testing::TempDir(),
                        .bind_host = config.listener.host,
                        .on_event = [](const Event&) { return EventId{}; }});
  broker::NodeMetrics metrics;
  const auto nothing = [](Env&, const auto&, const Slice&) { return broker::Reply{}; };
  broker::Server server(config, nothing, &metrics);
  const FiberId main = env.spawn("server", [&](Env& on) { (void)server.run(on); });
  env.spawn("clients", [&](Env& on) {
    std::vector<std::unique_ptr<Stream>> connected;
    for (int i = 0; i < 45; ++i) {
      if (auto stream = on.connect(config.listener, on.now() + 10s)) {
        connected.push_back(*std::move(stream));
      }
    }
    while (metrics.connections_closed[CloseReason::out_of_descriptors] == 0) on.sleep(1ms);
    on.cancel(main);
    server.close_connections(on);
  });
  reactor.run();
  setrlimit(RLIMIT_NOFILE, &before);
  const auto& closed = metrics.connections_closed;
  const auto add = [](std::uint64_t sum, const auto& each) { return sum + each.second; };
  EXPECT_EQ(metrics.connections_accepted,
            std::accumulate(closed.begin(), closed.end(), std::uint64_t{0}, add));
}

}  // namespace
}  // namespace brokersim::live
