// The network as programs see it: order and delay, back-pressure, closing and resets as TCP has
// them, and what each fault does and undoes.
#include "sim/network.h"

#include <gtest/gtest.h>

#include "sim/world.h"
#include "tests/sim/text_rope.h"

namespace brokersim::sim {
namespace {

constexpr Duration long_time = 300s;

// What a program saw on a stream: the bytes, then why they ended.
struct Seen {
  std::string text;
  Instant first_at{};
  Instant end_at{};
  std::string end;  // "eof" or the error.
};

void read_all(Env& env, Stream& stream, Seen& seen) {
  std::uint8_t buffer[4096];
  while (true) {
    const auto got = stream.read(env, buffer, never);
    if (!got || *got == 0) {
      seen.end = got ? "eof" : std::string(name_of(got.error()));
      seen.end_at = env.now();
      return;
    }
    if (seen.text.empty()) seen.first_at = env.now();
    seen.text += as_text(ByteView(buffer).first(*got));
  }
}

class NetworkTest : public ::testing::Test {
 protected:
  // Accepts connections for ever; each is handed to `serve` on a fiber of its own.
  void serve(std::function<void(Env&, Stream&)> serve) {
    world_.start(server_, [serve](Env& env) {
      auto listener = *env.listen(9092);
      for (int n = 0;; ++n) {
        auto accepted = listener->accept(env);
        if (!accepted) return;
        auto stream = std::make_shared<std::unique_ptr<Stream>>(*std::move(accepted));
        env.spawn(fmt::format("connection-{}", n),
                  [serve, stream](Env& own) { serve(own, **stream); });
      }
    });
  }
  void collect() {
    serve([this](Env& env, Stream& stream) { read_all(env, stream, seen_); });
  }
  void dial(const std::function<void(Env&, Stream&)>& talk) {
    world_.start(client_, [talk](Env& env) {
      env.sleep(1ms);
      auto stream = env.connect({"server", 9092}, never);
      ASSERT_TRUE(stream.has_value()) << name_of(stream.error());
      talk(env, **stream);
    });
  }
  void run_for(Duration time) { world_.run_until(world_.now() + time); }
  std::uint64_t cut(bool both_ways = true) {
    return world_.network().add({.kind = LinkFault::Kind::partition,
                                 .from = {client_.host()},
                                 .to = {server_.host()},
                                 .both_ways = both_ways});
  }

  World world_{11};
  Machine& server_ = world_.add_machine("server", NodeId(1));
  Machine& client_ = world_.add_machine("client", NodeId(2));
  Seen seen_;
};

TEST_F(NetworkTest, bytes_arrive_in_order_and_late_and_closing_ends_them) {
  collect();
  Instant sent{};
  dial([&](Env& env, Stream& stream) {
    sent = env.now();
    for (int i = 0; i < 100; ++i) {
      EXPECT_TRUE(stream.write(env, rope(fmt::format("{},", i)), never).has_value());
    }
  });
  run_for(1s);
  std::string expected;
  for (int i = 0; i < 100; ++i) expected += fmt::format("{},", i);
  EXPECT_EQ(seen_.text, expected);
  EXPECT_EQ(seen_.end, "eof");
  EXPECT_GT(seen_.first_at - sent, 80us);
  EXPECT_EQ(world_.network().open_connections(), 0u);
}

TEST_F(NetworkTest, connecting_takes_a_round_trip_and_is_refused_where_nobody_listens) {
  std::optional<IoError> error;
  Duration taken{};
  world_.start(client_, [&](Env& env) {
    const Instant begun = env.now();
    error = env.connect({"server", 1}, never).error();
    taken = env.now() - begun;
    EXPECT_EQ(env.connect({"nowhere", 1}, never).error(), IoError::not_found);
  });
  run_for(1s);
  EXPECT_EQ(error, IoError::refused);
  EXPECT_GT(taken, 160us);
}

TEST_F(NetworkTest, a_writer_waits_while_the_reader_does_not_read) {
  Instant written{};
  serve([&](Env& env, Stream& stream) {
    env.sleep(5s);
    read_all(env, stream, seen_);
  });
  dial([&](Env& env, Stream& stream) {
    for (int i = 0; i < 40; ++i) {
      EXPECT_TRUE(stream.write(env, Rope(Bytes(64 * 1024)), never).has_value());
    }
    written = env.now();
  });
  run_for(2s);
  EXPECT_EQ(written, Instant{});
  run_for(10s);
  EXPECT_GT(written.since_start, 5s);
  EXPECT_EQ(seen_.text.size(), 40u * 64 * 1024);
}

TEST_F(NetworkTest, a_read_ends_at_its_deadline) {
  serve([](Env& env, Stream&) { env.sleep(100s); });
  std::optional<IoError> error;
  dial([&](Env& env, Stream& stream) {
    std::uint8_t buffer[8];
    error = stream.read(env, buffer, env.now() + 2s).error();
  });
  run_for(10s);
  EXPECT_EQ(error, IoError::timed_out);
}

TEST_F(NetworkTest, a_partition_holds_bytes_until_it_heals) {
  collect();
  std::uint64_t fault = 0;
  dial([&](Env& env, Stream& stream) {
    EXPECT_TRUE(stream.write(env, rope("before "), never).has_value());
    env.sleep(1s);
    EXPECT_TRUE(stream.write(env, rope("during"), never).has_value());
    env.sleep(20s);
  });
  run_for(500ms);
  fault = cut();
  run_for(5s);
  EXPECT_EQ(seen_.text, "before ");
  world_.network().remove_fault(fault);
  const Instant healed = world_.now();
  run_for(1s);
  EXPECT_EQ(seen_.text, "before during");
  EXPECT_GE(world_.network().effects(fault), 1);
  EXPECT_LE(world_.now() - healed, 1s);
  EXPECT_EQ(seen_.end, "");
}

TEST_F(NetworkTest, a_long_partition_breaks_the_senders_end_and_not_the_idle_one) {
  collect();
  Seen client;
  dial([&](Env& env, Stream& stream) {
    env.sleep(1s);
    EXPECT_TRUE(stream.write(env, rope("lost"), never).has_value());
    read_all(env, stream, client);
  });
  run_for(500ms);
  cut();
  run_for(long_time);
  EXPECT_EQ(client.end, "reset");
  EXPECT_GT(client.end_at.since_start, 15s);
  EXPECT_LT(client.end_at.since_start, 65s);
  EXPECT_EQ(seen_.end, "");
  EXPECT_EQ(seen_.text, "");
}

TEST_F(NetworkTest, one_way_partition_holds_one_direction_only) {
  Seen at_client;
  serve([&](Env& env, Stream& stream) {
    env.sleep(1s);
    EXPECT_TRUE(stream.write(env, rope("reply"), never).has_value());
    read_all(env, stream, seen_);
  });
  dial([&](Env& env, Stream& stream) {
    env.sleep(1s);
    EXPECT_TRUE(stream.write(env, rope("request"), never).has_value());
    read_all(env, stream, at_client);
  });
  run_for(500ms);
  cut(false);
  run_for(5s);
  EXPECT_EQ(at_client.text, "reply");
  EXPECT_EQ(seen_.text, "");
  // The reply was never acknowledged, so that the server's kernel gives up too.
  run_for(long_time);
  EXPECT_EQ(seen_.end, "reset");
  EXPECT_EQ(at_client.end, "reset");
}

TEST_F(NetworkTest, connecting_through_a_partition_times_out_or_succeeds_after_it) {
  collect();
  std::optional<IoError> error;
  Instant connected{};
  const auto fault = cut();
  world_.start(client_, [&](Env& env) {
    error = env.connect({"server", 9092}, env.now() + 2s).error();
    EXPECT_TRUE(env.connect({"server", 9092}, env.now() + 60s).has_value());
    connected = env.now();
  });
  run_for(10s);
  EXPECT_EQ(error, IoError::timed_out);
  EXPECT_EQ(connected, Instant{});
  world_.network().remove_fault(fault);
  run_for(30s);
  EXPECT_GT(connected.since_start, 10s);
  EXPECT_GE(world_.network().effects(fault), 2);
}

TEST_F(NetworkTest, a_stall_delays_and_never_breaks) {
  collect();
  dial([&](Env& env, Stream& stream) {
    env.sleep(1s);
    EXPECT_TRUE(stream.write(env, rope("late"), never).has_value());
    env.sleep(500s);
  });
  run_for(500ms);
  const auto fault = world_.network().add(
      {.kind = LinkFault::Kind::stall, .from = {client_.host()}, .to = {server_.host()}});
  run_for(100s);
  EXPECT_EQ(seen_.text, "");
  world_.network().remove_fault(fault);
  run_for(1ms);
  EXPECT_EQ(seen_.text, "late");
  EXPECT_EQ(seen_.end, "");
}

TEST_F(NetworkTest, a_slow_link_delays_each_segment) {
  collect();
  world_.network().add({.kind = LinkFault::Kind::slow,
                        .from = {client_.host()},
                        .to = {server_.host()},
                        .extra = 3s});
  Instant sent{};
  dial([&](Env& env, Stream& stream) {
    sent = env.now();
    EXPECT_TRUE(stream.write(env, rope("x"), never).has_value());
  });
  run_for(60s);
  EXPECT_GT(seen_.first_at - sent, 3s);
  EXPECT_LT(seen_.first_at - sent, 4s);
}

TEST_F(NetworkTest, what_waits_for_a_slow_link_passes_at_once_when_it_is_slow_no_more) {
  collect();
  const auto slow = world_.network().add({.kind = LinkFault::Kind::slow,
                                          .from = {client_.host()},
                                          .to = {server_.host()},
                                          .bytes_per_second = 1000});
  dial([](Env& env, Stream& stream) {
    EXPECT_TRUE(stream.write(env, Rope(Bytes(100 * 1024)), never).has_value());
  });
  run_for(5s);
  EXPECT_EQ(seen_.text.size(), 0u);
  world_.network().remove_fault(slow);
  run_for(1s);
  EXPECT_EQ(seen_.text.size(), 100u * 1024);
  EXPECT_EQ(seen_.end, "eof");
}

TEST_F(NetworkTest, a_link_that_gets_slow_is_so_for_what_waits_for_it) {
  collect();
  const auto at_rate = [this](std::int64_t bytes_per_second) {
    return world_.network().add({.kind = LinkFault::Kind::slow,
                                 .from = {client_.host()},
                                 .to = {server_.host()},
                                 .bytes_per_second = bytes_per_second});
  };
  at_rate(10'000);  // Of these ten seconds one passes, and the rest becomes ninety.
  dial([](Env& env, Stream& stream) {
    EXPECT_TRUE(stream.write(env, Rope(Bytes(100'000)), never).has_value());
  });
  run_for(1s);
  at_rate(1000);
  run_for(80s);
  EXPECT_EQ(seen_.text.size(), 0u);
  run_for(15s);
  EXPECT_EQ(seen_.text.size(), 100'000u);
}

TEST_F(NetworkTest, bytes_that_are_lost_do_not_keep_a_slow_link_from_others) {
  collect();
  world_.network().add({.kind = LinkFault::Kind::slow,
                        .from = {client_.host()},
                        .to = {server_.host()},
                        .bytes_per_second = 1000});
  dial([](Env& env, Stream& stream) {
    EXPECT_TRUE(stream.write(env, Rope(Bytes(100 * 1024)), never).has_value());
    env.sleep(2s);
    const auto again = env.connect({"server", 9092}, never);
    ASSERT_TRUE(again.has_value());
    EXPECT_TRUE((*again)->write(env, rope("x"), never).has_value());
    env.sleep(10s);
  });
  run_for(1s);
  EXPECT_EQ(world_.network().reset(client_.host(), server_.host(), ResetMode::before_delivery), 1);
  run_for(3s);
  EXPECT_TRUE(seen_.text.ends_with("x"));
}

TEST_F(NetworkTest, connecting_counts_for_the_fault_that_holds_the_answer) {
  collect();
  const auto fault = world_.network().add({.kind = LinkFault::Kind::partition,
                                           .from = {server_.host()},
                                           .to = {client_.host()},
                                           .both_ways = false});
  world_.start(client_, [](Env& env) {
    EXPECT_EQ(env.connect({"server", 9092}, env.now() + 2s).error(), IoError::timed_out);
  });
  run_for(10s);
  EXPECT_GE(world_.network().effects(fault), 2);
}

TEST(NetworkResets, a_reset_before_delivery_loses_what_is_on_the_way_and_one_after_does_not) {
  for (const auto mode : {ResetMode::before_delivery, ResetMode::after_delivery}) {
    World world(5);
    Machine& server = world.add_machine("server", NodeId(1));
    Machine& client = world.add_machine("client", NodeId(2));
    Seen seen;
    Seen at_client;
    world.start(server, [&](Env& env) {
      auto listener = *env.listen(9092);
      auto stream = *listener->accept(env);
      read_all(env, *stream, seen);
    });
    bool was_sent = false;
    world.start(client, [&](Env& env) {
      auto stream = *env.connect({"server", 9092}, never);
      EXPECT_TRUE(stream->write(env, rope("request"), never).has_value());
      was_sent = true;
      read_all(env, *stream, at_client);
    });
    world.run_until([&] { return was_sent; }, Instant{10s});
    EXPECT_EQ(world.network().reset(server.host(), client.host(), mode), 1);
    world.run_until(Instant{20s});
    EXPECT_EQ(at_client.end, "reset");
    EXPECT_EQ(seen.end, "reset");
    EXPECT_EQ(seen.text == "request", mode == ResetMode::after_delivery) << seen.text;
    EXPECT_TRUE(std::string("request").starts_with(seen.text)) << seen.text;
  }
}

TEST_F(NetworkTest, a_crashed_process_closes_and_bytes_sent_to_it_are_answered_with_a_reset) {
  collect();
  std::optional<IoError> error;
  Seen client;
  dial([&](Env& env, Stream& stream) {
    read_all(env, stream, client);
    EXPECT_TRUE(stream.write(env, rope("to nobody"), never).has_value());
    env.sleep(1s);
    error = stream.write(env, rope("again"), never).error();
  });
  run_for(500ms);
  ASSERT_TRUE(world_.crash(server_));
  run_for(5s);
  EXPECT_EQ(client.end, "eof");
  EXPECT_EQ(error, IoError::reset);
}

TEST_F(NetworkTest, a_socket_closed_with_unread_bytes_resets) {
  serve([](Env& env, Stream& stream) {
    env.sleep(1s);
    stream.close();
  });
  Seen client;
  dial([&](Env& env, Stream& stream) {
    EXPECT_TRUE(stream.write(env, rope("never read"), never).has_value());
    read_all(env, stream, client);
  });
  run_for(5s);
  EXPECT_EQ(client.end, "reset");
}

TEST_F(NetworkTest, a_machine_without_power_is_silent_and_resets_once_it_is_back) {
  collect();
  Seen client;
  dial([&](Env& env, Stream& stream) {
    env.sleep(2s);
    EXPECT_TRUE(stream.write(env, rope("anyone?"), never).has_value());
    read_all(env, stream, client);
  });
  run_for(1s);
  ASSERT_TRUE(world_.power_off(server_));
  run_for(10s);
  EXPECT_EQ(client.end, "");
  ASSERT_TRUE(world_.restart(server_));
  run_for(2s);
  EXPECT_EQ(client.end, "reset");
  EXPECT_EQ(seen_.text, "");
}

TEST_F(NetworkTest, a_paused_process_receives_later_what_its_kernel_took) {
  collect();
  dial([&](Env& env, Stream& stream) {
    env.sleep(1s);
    EXPECT_TRUE(stream.write(env, rope("patience"), never).has_value());
    env.sleep(200s);
  });
  run_for(500ms);
  ASSERT_TRUE(world_.pause(server_));
  run_for(100s);
  EXPECT_EQ(seen_.text, "");
  ASSERT_TRUE(world_.resume(server_));
  run_for(1s);
  EXPECT_EQ(seen_.text, "patience");
  EXPECT_EQ(seen_.end, "");
}

TEST_F(NetworkTest, closing_a_listener_ends_accept_and_frees_its_port) {
  IoError error{};
  world_.start(server_, [&](Env& env) {
    auto listener = std::shared_ptr<Listener>(*env.listen(9092));
    EXPECT_EQ(env.listen(9092).error(), IoError::exists);
    env.spawn("closer", [listener](Env& own) {
      own.sleep(1s);
      listener->close();
    });
    error = listener->accept(env).error();
    EXPECT_TRUE(env.listen(9092).has_value());
  });
  run_for(5s);
  EXPECT_EQ(error, IoError::closed);
}

// A connection more between other hosts moves no delivery of these two.
TEST(NetworkKeys, traffic_elsewhere_changes_no_latency_here) {
  const auto arrivals = [](bool has_others) {
    World world(3);
    Machine& server = world.add_machine("server", NodeId(1));
    Machine& client = world.add_machine("client", NodeId(2));
    Machine& other = world.add_machine("other", NodeId(3));
    std::vector<Instant> times;
    world.start(server, [&](Env& env) {
      auto listener = *env.listen(1);
      auto stream = *listener->accept(env);
      std::uint8_t byte[1];
      while (stream->read(env, byte, never).value_or(0) == 1) {
        times.push_back(world.scheduler().step_time());
      }
    });
    world.start(client, [](Env& env) {
      auto stream = *env.connect({"server", 1}, never);
      for (int i = 0; i < 50; ++i) {
        env.sleep(3ms);
        EXPECT_TRUE(stream->write(env, rope("x"), never).has_value());
      }
    });
    if (has_others) {
      world.start(other, [](Env& env) {
        for (int i = 0; i < 30; ++i) {
          EXPECT_EQ(env.connect({"client", 5}, never).error(), IoError::refused);
        }
      });
    }
    world.run_until(Instant{1s});
    EXPECT_EQ(times.size(), 50u);
    return times;
  };
  EXPECT_EQ(arrivals(false), arrivals(true));
}

}  // namespace
}  // namespace brokersim::sim
