// What a node's listener makes of peers that are no good clients: over the simulated network, byte
// by byte. Each ends with its reason, counted and told of; the others never notice.
#include "core/broker/server.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/broker/dispatch.h"
#include "sim/world.h"

namespace brokersim::broker {
namespace {

Bytes framed(const Bytes& content) {
  Bytes out;
  wire::Writer writer(out);
  writer.fixed(static_cast<std::int32_t>(content.size()));
  writer.raw(content);
  return out;
}

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

template <class Request>
Bytes request(const Request& body, std::int16_t version, std::int32_t correlation_id) {
  return wire::request_frame({.api_key = Request::description.key,
                              .api_version = version,
                              .correlation_id = correlation_id,
                              .client_id = "test"},
                             body)
      .flat();
}

// A server on a machine of its own, which answers ApiVersions, DescribeCluster and Metadata; the
// second late, as Fetch may be, if its correlation id is 1000 or more, the last with much.
struct ServerWorld {
  ServerWorld() : world(1) {
    config.node_id = NodeId(1);
    config.listener = {"broker", 9092};
    world.add_machine("broker", NodeId(1));
  }

  void start() {
    world.start(*world.find("broker"), [this](Env& env) {
      DispatchTable table;
      table.serve<api::DescribeClusterRequest>(
          [](Env& on, const RequestContext& context, const auto&) {
            if (context.header.correlation_id >= 1000) on.sleep(1s);
            return api::DescribeClusterResponse{};
          });
      table.serve<api::MetadataRequest>([this](Env&, const RequestContext&, const auto&) {
        ++answered_with_much;
        api::MetadataResponse much;
        for (int i = 0; i < 10'000; ++i) {
          much.brokers.push_back({.node_id = NodeId(i), .host = "a-host-of-some-length"});
        }
        return much;
      });
      // Abandoned with its fibers at the end.
      server = new Server(config, table, &metrics);
      (void)server->run(env);
    });
  }

  // Runs `body` as a client that is connected, until it ends.
  void client(const std::string& name, std::function<void(Env&, Stream&)> body) {
    if (!world.find(name)) world.add_machine(name, NodeId(100 + clients++));
    ++running;
    world.start(*world.find(name), [this, body = std::move(body)](Env& env) {
      auto stream = env.connect(config.listener, env.now() + 5s);
      ASSERT_TRUE(stream.has_value());
      body(env, **stream);
      --running;
    });
  }

  void run(Duration most = 60s) {
    start();
    world.run_until([this] { return running == 0; }, world.now() + most);
    EXPECT_EQ(running, 0);
    world.run_until(world.now() + 1s);  // The server sees the last client go.
  }

  // How often connections ended so.
  std::uint64_t closed(CloseReason reason) const {
    const auto count = metrics.connections_closed.find(reason);
    return count == metrics.connections_closed.end() ? 0 : count->second;
  }

  sim::World world;
  NodeConfig config;
  NodeMetrics metrics;
  Server* server = nullptr;
  int clients = 0;
  int running = 0;
  std::uint64_t answered_with_much = 0;
};

void send(Env& env, Stream& stream, Bytes bytes) {
  (void)stream.write(env, Rope(std::move(bytes)), env.now() + 10s);
}

// What comes until the connection ends, or for `most`.
Bytes all_that_comes(Env& env, Stream& stream, Duration most = 2s) {
  Bytes all;
  const Instant deadline = env.now() + most;
  std::array<std::uint8_t, 4096> buffer{};
  while (true) {
    const auto n = stream.read(env, buffer, deadline);
    if (!n || *n == 0) return all;
    all.insert(all.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*n));
  }
}

const Bytes good = request(api::ApiVersionsRequest{}, 0, 7);

Bytes header(std::int16_t api, std::int16_t version) {
  Bytes out;
  wire::Writer writer(out);
  writer.fixed(api);
  writer.fixed(version);
  writer.fixed<std::int32_t>(1);
  writer.fixed<std::int16_t>(-1);
  if (api::is_flexible(api, version)) writer.uvarint(0);
  return out;
}

TEST(Server, ends_a_connection_on_which_no_request_comes_and_says_which_kind_it_was) {
  struct Case {
    Bytes sent;
    CloseReason reason;
  };
  const std::vector<Case> cases{
      {{0xff, 0xff, 0xff, 0xff}, CloseReason::negative_frame_length},
      {{0x7f, 0xff, 0xff, 0xff}, CloseReason::oversized_frame},
      {{0x16, 0x03, 0x01, 0x02, 0x00, 0x01}, CloseReason::tls_hello},
      {bytes_of("GET /metrics HTTP/1.1\r\n\r\n"), CloseReason::http_request},
      {bytes_of("OPTIONS * HTTP/1.1\r\n\r\n"), CloseReason::http_request},
      {framed({}), CloseReason::malformed_header},
      {framed({0, 18, 0}), CloseReason::malformed_header},
      {framed(header(18, 3) + Bytes{0xff, 0xff, 0xff, 0xff, 0x0f}), CloseReason::malformed_body},
      {framed(header(32000, 0)), CloseReason::unknown_api},
      {framed(header(-1, 0)), CloseReason::unknown_api},
      {framed(header(0, 9)), CloseReason::unknown_api},  // Produce, which is not served here.
      {framed(header(60, 99)), CloseReason::unsupported_version},
      {framed(header(60, -1)), CloseReason::unsupported_version},
      {framed(header(60, 0)), CloseReason::malformed_body},
  };
  ServerWorld test;
  std::map<CloseReason, std::uint64_t> expected;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    ++expected[cases[i].reason];
    test.client(fmt::format("client-{}", i), [&, i](Env& env, Stream& stream) {
      // A good request before it is answered.
      send(env, stream, good + cases[i].sent);
      const auto answered = all_that_comes(env, stream);
      EXPECT_GT(answered.size(), 8u) << i;
    });
  }
  test.run();
  EXPECT_EQ(test.metrics.connections_closed, expected);
  EXPECT_EQ(test.metrics.connections_open, 0);
  EXPECT_EQ(test.metrics.connections_accepted, cases.size());
}

TEST(Server, tells_of_a_refusal_in_an_event_and_of_an_ordinary_end_in_none) {
  ServerWorld test;
  test.client("tls", [](Env& env, Stream& stream) {
    send(env, stream, {0x16, 0x03, 0x01, 0x02});
    all_that_comes(env, stream);
  });
  test.client("good", [](Env& env, Stream& stream) {
    send(env, stream, good);
    all_that_comes(env, stream);
  });
  test.run();
  std::vector<CloseReason> told;
  for (const auto& event : test.world.recorder().last_events()) {
    if (const auto* refused = std::get_if<ConnectionRefused>(&event.body)) {
      told.push_back(refused->reason);
      EXPECT_EQ(refused->peer.substr(0, 4), "tls:");
      EXPECT_EQ(event.node, NodeId(1));
    }
  }
  EXPECT_EQ(told, std::vector{CloseReason::tls_hello});
  EXPECT_EQ(test.closed(CloseReason::peer_closed), 1u);
}

TEST(Server, a_frame_cut_short_is_no_orderly_end) {
  ServerWorld test;
  test.client("client", [](Env& env, Stream& stream) {
    send(env, stream, good + Bytes{0, 0, 1, 0, 0, 18});
    stream.close();
  });
  test.run();
  EXPECT_EQ(test.closed(CloseReason::truncated_frame), 1u);
}

// KIP-511: the one question that is answered whatever version it has.
TEST(Server, api_versions_of_an_unknown_version_is_answered_in_version_0) {
  ServerWorld test;
  Bytes answered;
  test.client("client", [&](Env& env, Stream& stream) {
    send(env, stream, framed(header(18, 99)) + good);
    answered = all_that_comes(env, stream);
  });
  test.run();
  wire::Reader in(answered);
  in.raw(4);
  EXPECT_EQ(in.fixed<std::int32_t>(), 1);
  EXPECT_EQ(in.fixed<std::int16_t>(), 35);  // UNSUPPORTED_VERSION
  EXPECT_GT(answered.size(), 30u);          // And the next one.
  const std::pair error{api::ApiKey::api_versions, api::ErrorCode::unsupported_version};
  EXPECT_EQ(test.metrics.errors[error], 1u);
}

// KIP-511
TEST(Server, api_versions_wants_names_of_letters_and_digits_with_dots_and_dashes_between) {
  ServerWorld test;
  test.client("client", [](Env& env, Stream& stream) {
    const auto is_taken = [&](const std::string& name, const std::string& version) {
      const api::ApiVersionsRequest named{.client_software_name = name,
                                          .client_software_version = version};
      send(env, stream, request(named, 3, 1));
      const auto answered = all_that_comes(env, stream);
      wire::Reader in(answered);
      in.raw(8);  // Size and correlation id.
      const api::ErrorCode error{in.fixed<std::int16_t>()};
      EXPECT_TRUE(error == api::ErrorCode::none || error == api::ErrorCode::invalid_request);
      return error == api::ErrorCode::none;
    };
    EXPECT_TRUE(is_taken("apache-kafka-java", "4.1.0"));
    EXPECT_TRUE(is_taken("a", "1"));
    for (const auto* name : {"", "-a", "a.", "a b", "a_b"}) {
      EXPECT_FALSE(is_taken(name, "1")) << name;
      EXPECT_FALSE(is_taken("a", name)) << name;
    }
  });
  test.run();
}

TEST(Server, pipelined_requests_are_answered_in_their_order) {
  ServerWorld test;
  std::vector<std::int32_t> order;
  test.client("client", [&](Env& env, Stream& stream) {
    Bytes all;
    const std::vector<std::int32_t> asked{1000, 3, 1001, 1, 2};  // From 1000 on they take a while.
    for (const auto id : asked) all = all + request(api::DescribeClusterRequest{}, 0, id);
    send(env, stream, all);
    const auto answered = all_that_comes(env, stream, 10s);
    wire::Reader in(answered);
    while (in.ok() && in.remaining() > 0) {
      const auto size = in.fixed<std::int32_t>();
      order.push_back(wire::Reader(in.raw(static_cast<std::size_t>(size))).fixed<std::int32_t>());
    }
    EXPECT_EQ(order, asked);
  });
  test.run();
  EXPECT_EQ((test.metrics.requests[{api::ApiKey::describe_cluster, 0}]), 5u);
  EXPECT_EQ(test.metrics.latencies[api::ApiKey::describe_cluster].count(), 5u);
  EXPECT_GE(test.metrics.latencies[api::ApiKey::describe_cluster].sum(), 2s);
}

// ---- Limits ------------------------------------------------------------------------------------

TEST(Server, closes_a_connection_too_many_and_takes_one_again_when_there_is_room) {
  ServerWorld test;
  test.config.max_connections = 2;
  std::map<std::string, std::size_t> answered;
  const auto ask_after = [&](const std::string& name, Duration delay, Duration stay) {
    test.client(name, [&answered, name, delay, stay](Env& env, Stream& stream) {
      env.sleep(delay);
      send(env, stream, good);
      answered[name] = all_that_comes(env, stream, stay).size();
    });
  };
  ask_after("first", 0s, 2s);
  ask_after("second", 0s, 4s);
  test.start();
  test.world.run_until(Instant{1s});
  ask_after("third", 0s, 1s);
  test.world.run_until(Instant{3500ms});  // The first has gone.
  ask_after("fourth", 0s, 1s);
  test.world.run_until(Instant{10s});
  EXPECT_GT(answered["first"], 0u);
  EXPECT_GT(answered["second"], 0u);
  EXPECT_EQ(answered["third"], 0u);
  EXPECT_GT(answered["fourth"], 0u);
  EXPECT_EQ(test.closed(CloseReason::too_many_connections), 1u);
  EXPECT_EQ(test.metrics.connections_open, 0);
}

TEST(Server, limits_the_connections_of_one_host_and_not_those_of_others) {
  ServerWorld test;
  test.config.max_connections_per_ip = 1;
  std::size_t of_same = 1, of_other = 0;
  test.client("greedy", [&](Env& env, Stream&) {
    auto second = env.connect({"broker", 9092}, env.now() + 1s);
    ASSERT_TRUE(second.has_value());
    send(env, **second, good);
    of_same = all_that_comes(env, **second).size();
  });
  test.client("other", [&](Env& env, Stream& stream) {
    send(env, stream, good);
    of_other = all_that_comes(env, stream).size();
  });
  test.run();
  EXPECT_EQ(of_same, 0u);
  EXPECT_GT(of_other, 0u);
  EXPECT_EQ(test.closed(CloseReason::too_many_connections_per_ip), 1u);
}

TEST(Server, an_idle_connection_ends_after_connections_max_idle) {
  ServerWorld test;
  test.config.connections_max_idle = 20s;
  Duration lived{};
  test.client("client", [&](Env& env, Stream& stream) {
    const Instant begun = env.now();
    all_that_comes(env, stream, 50s);
    lived = env.now() - begun;
  });
  test.run();
  EXPECT_GE(lived, 20s);
  EXPECT_LT(lived, 21s);
  EXPECT_EQ(test.closed(CloseReason::idle), 1u);
}

// It is never idle, and would never be done.
TEST(Server, a_client_that_sends_a_byte_now_and_then_is_ended) {
  for (const std::size_t announced : {1'000u, 1'000'000u}) {
    ServerWorld test;
    Duration lived{};
    test.client("loris", [&](Env& env, Stream& stream) {
      const Instant begun = env.now();
      for (const auto byte : framed(Bytes(announced))) {
        if (!stream.write(env, Rope(Bytes{byte}), env.now() + 1s)) break;
        env.sleep(5s);
      }
      lived = env.now() - begun;
    });
    test.run(200s);
    EXPECT_LT(lived, 60s);
    EXPECT_EQ(test.closed(CloseReason::slow_request), 1u);
  }
}

TEST(Server, a_large_request_over_a_slow_link_has_all_the_time_it_needs) {
  ServerWorld test;
  test.config.connections_max_idle = 40s;
  constexpr std::size_t part = 70'000;
  test.client("slow", [&](Env& env, Stream& stream) {
    const auto frame = framed(header(18, 0) + Bytes(10 * part));
    for (std::size_t at = 0; at < frame.size(); at += part) {
      const auto end = std::min(frame.size(), at + part);
      const auto from = frame.begin();
      send(env, stream,
           Bytes(from + static_cast<std::ptrdiff_t>(at), from + static_cast<std::ptrdiff_t>(end)));
      env.sleep(20s);
    }
  });
  test.run(400s);
  // The whole of it came; what stands behind the last field is nobody's business.
  EXPECT_EQ((test.metrics.requests[{api::ApiKey::api_versions, 0}]), 1u);
}

TEST(Server, a_client_that_reads_nothing_is_ended_and_little_is_kept_for_it) {
  ServerWorld test;
  test.config.connections_max_idle = 20s;
  test.client("deaf", [](Env& env, Stream& stream) {
    Bytes many;
    for (int i = 0; i < 1000; ++i) many = many + good;
    for (int i = 0; i < 100; ++i) {
      if (!stream.write(env, Rope(many), env.now() + 30s)) return;
    }
    env.sleep(60s);
  });
  test.run(200s);
  EXPECT_EQ(test.closed(CloseReason::slow_reader), 1u);
  EXPECT_EQ(test.metrics.connections_open, 0);
}

// As many as it takes to fill the network, and one that the server has to keep.
void ask_for_much(Env& env, Stream& stream) {
  for (std::int32_t i = 0; i < 8; ++i) send(env, stream, request(api::MetadataRequest{}, 1, i));
}

// Neither is its reader's time the request's, nor has it not been dealt with if he never reads.
TEST(Server, a_request_is_counted_and_timed_when_it_is_answered) {
  ServerWorld test;
  test.config.connections_max_idle = 20s;
  test.client("late", [](Env& env, Stream& stream) {
    ask_for_much(env, stream);
    env.sleep(5s);
    all_that_comes(env, stream, 5s);
  });
  test.client("deaf", [](Env& env, Stream& stream) {
    ask_for_much(env, stream);
    env.sleep(60s);
  });
  test.run(200s);
  EXPECT_EQ(test.closed(CloseReason::slow_reader), 1u);
  EXPECT_EQ((test.metrics.requests[{api::ApiKey::metadata, 1}]), test.answered_with_much);
  EXPECT_LT(test.metrics.latencies[api::ApiKey::metadata].sum(), 1s);
}

// Those that do not read have all of the memory that may lie unread: who waits for some of it gets
// it once they are out of the way, which is soon.
TEST(Server, clients_that_read_nothing_give_way_to_one_that_does) {
  ServerWorld test;
  test.config.queued_max_request_bytes = 500'000;
  for (int i = 0; i < 5; ++i) {
    test.client(fmt::format("deaf-{}", i), [](Env& env, Stream& stream) {
      ask_for_much(env, stream);
      env.sleep(100s);
    });
  }
  std::size_t got = 0;
  std::int64_t most_held = 0;
  test.client("good", [&](Env& env, Stream& stream) {
    env.sleep(3s);  // Two of them have gone already, in favour of the next two.
    most_held = test.server->responses().held();
    send(env, stream, request(api::MetadataRequest{}, 1, 1));
    got = all_that_comes(env, stream, 3s).size();
  });
  test.run(200s);
  EXPECT_GT(got, 200'000u);
  EXPECT_GE(most_held, 500'000);
  EXPECT_LT(most_held, 1'000'000);  // One response more than the bound at most.
  EXPECT_GT(test.closed(CloseReason::slow_reader), 0u);
  EXPECT_EQ(test.server->responses().held(), 0);
}

// Nobody needs the memory: it is theirs until they are idle.
TEST(Server, a_client_that_reads_nothing_may_stay_while_there_is_memory) {
  ServerWorld test;
  test.client("deaf", [](Env& env, Stream& stream) {
    ask_for_much(env, stream);
    env.sleep(100s);
  });
  test.run(200s);
  EXPECT_EQ(test.closed(CloseReason::slow_reader), 0u);
}

// Announcing much takes nothing; sending it waits for memory, and those that send it get it in
// turn.
TEST(Server, requests_in_flight_share_a_bound_of_memory_and_all_get_through) {
  ServerWorld test;
  constexpr std::size_t size = 300'000;
  test.config.queued_max_request_bytes = 400'000;
  for (int i = 0; i < 5; ++i) {
    test.client(fmt::format("client-{}", i), [&](Env& env, Stream& stream) {
      send(env, stream, framed(header(18, 0) + Bytes(size)));
      all_that_comes(env, stream, 30s);
    });
  }
  test.client("liar", [](Env& env, Stream& stream) {
    send(env, stream, Bytes{0x05, 0xf5, 0xe0, 0xff});  // Just below 100 MB, of which nothing comes.
    env.sleep(10s);
  });
  test.run();
  EXPECT_EQ((test.metrics.requests[{api::ApiKey::api_versions, 0}]), 5u);
  EXPECT_EQ(test.closed(CloseReason::peer_closed), 5u);
  EXPECT_EQ(test.closed(CloseReason::truncated_frame), 1u);
}

TEST(Server, who_sends_a_large_request_slowly_is_in_nobodys_way) {
  ServerWorld test;
  constexpr std::int32_t size = 300'000;
  test.config.queued_max_request_bytes = 400'000;
  for (int i = 0; i < 2; ++i) {
    test.client(fmt::format("slow-{}", i), [&](Env& env, Stream& stream) {
      Bytes begun;
      wire::Writer writer(begun);
      writer.fixed(size);
      writer.raw(Bytes(200'000));
      send(env, stream, std::move(begun));
      env.sleep(25s);
    });
  }
  Bytes small;
  Bytes large;
  test.client("small", [&](Env& env, Stream& stream) {
    env.sleep(1s);
    send(env, stream, good);
    small = all_that_comes(env, stream, 100ms);
  });
  test.client("large", [&](Env& env, Stream& stream) {
    env.sleep(1s);
    send(env, stream, framed(header(18, 0) + Bytes(size)));
    large = all_that_comes(env, stream, 10s);
  });
  test.run();
  EXPECT_FALSE(small.empty());
  EXPECT_FALSE(large.empty());
  EXPECT_EQ(test.closed(CloseReason::slow_request), 2u);
}

}  // namespace
}  // namespace brokersim::broker
