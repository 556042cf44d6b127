// Programs run on machines through the seam, and machines crash, lose power, pause and restart; the
// same seed gives the same run, also in a process that has had other worlds.
#include "sim/world.h"

#include <string>

#include <gtest/gtest.h>

#include "core/signal.h"

namespace brokersim::sim {
namespace {

constexpr Instant end_of_test{10min};

// Answers each connection's bytes with the same bytes, and logs them to a file it syncs.
void echo_server(Env& env) {
  const auto listener = env.listen(9092);
  while (true) {
    auto accepted = (*listener)->accept(env);
    if (!accepted) return;
    env.spawn("connection", [stream = std::shared_ptr<Stream>(*std::move(accepted))](Env& own) {
      const auto file = own.files().open("log", OpenMode::create);
      Bytes buffer(1024);
      while (true) {
        const auto count = stream->read(own, buffer, never);
        if (!count || *count == 0) return;
        const Rope bytes(Bytes(buffer.begin(), buffer.begin() + static_cast<long>(*count)));
        if (!(*file)->append(bytes) || !(*file)->sync(own)) return;
        if (!stream->write(own, bytes, never)) return;
      }
    });
  }
}

// Sends one byte after the other, connecting again whenever that fails; counts the answers.
void echo_client(Env& env, int wanted, int& answers, int& failures) {
  while (answers < wanted) {
    const auto stream = env.connect({"server", 9092}, env.now() + 1s);
    while (stream && answers < wanted) {
      std::uint8_t answer = 0;
      const auto number = static_cast<std::uint8_t>(answers);
      if (!(*stream)->write(env, Rope(Bytes{number}), env.now() + 1s)) break;
      const auto count = (*stream)->read(env, {&answer, 1}, env.now() + 1s);
      if (!count || *count != 1) break;
      EXPECT_EQ(answer, number);
      ++answers;
    }
    if (answers < wanted) ++failures;
    if (!env.sleep(20ms)) return;
  }
}

struct EchoWorld {
  explicit EchoWorld(std::uint64_t seed, int wanted = 20) : world(seed) {
    world.start(server, echo_server);
    world.start(client, [this, wanted](Env& env) { echo_client(env, wanted, answers, failures); });
  }
  bool run_to_end() {
    return world.run_until([this] { return !client.is_up(); }, end_of_test);
  }
  World world;
  Machine& server = world.add_machine("server", NodeId(1));
  Machine& client = world.add_machine("client", NodeId(2));
  int answers = 0;
  int failures = 0;
};

std::string history_of(World& world) {
  std::string out;
  for (const Event& event : world.recorder().last_events()) {
    out += fmt::format("{}:{} ", event.node, kind_of(event.body));
  }
  return out;
}

TEST(World, lets_programs_talk) {
  EchoWorld echo(1);
  EXPECT_TRUE(echo.run_to_end());
  EXPECT_EQ(echo.answers, 20);
  EXPECT_EQ(echo.failures, 0);
  EXPECT_EQ(history_of(echo.world), "1:node_started 2:node_started 2:node_stopped ");
}

std::string hash_of_run(std::uint64_t seed) {
  EchoWorld echo(seed);
  echo.world.scheduler().call_at(Instant{5ms}, 1, [&] { echo.world.power_off(echo.server); });
  echo.world.scheduler().call_at(Instant{90ms}, 1, [&] { echo.world.restart(echo.server); });
  EXPECT_TRUE(echo.run_to_end());
  return echo.world.recorder().hash().hex();
}

TEST(World, does_the_same_again_for_the_same_seed) {
  const std::string first = hash_of_run(1);
  EXPECT_NE(first, hash_of_run(2));
  EXPECT_EQ(first, hash_of_run(1));
}

TEST(World, hashes_what_goes_over_the_network) {
  std::string hashes[2];
  for (const std::uint8_t byte : {std::uint8_t{0}, std::uint8_t{1}}) {
    World world(1);
    world.start(world.add_machine("server", NodeId(1)), echo_server);
    world.start(world.add_machine("client", NodeId(2)), [byte](Env& env) {
      const auto stream = env.connect({"server", 9092}, never);
      EXPECT_TRUE((*stream)->write(env, Rope(Bytes{byte}), never));
    });
    world.run_until(Instant{1s});
    hashes[byte] = world.recorder().hash().hex();
  }
  EXPECT_NE(hashes[0], hashes[1]);
}

TEST(Machines, crash_and_come_back_with_their_files) {
  EchoWorld echo(1, 60);
  echo.world.run_until([&] { return echo.answers == 10; }, end_of_test);
  const auto size = echo.server.disk().size_of("log");
  EXPECT_TRUE(echo.world.crash(echo.server));
  EXPECT_FALSE(echo.world.crash(echo.server));
  EXPECT_EQ(echo.server.disk().size_of("log"), size);
  echo.world.run_until(echo.world.now() + 100ms);
  EXPECT_TRUE(echo.world.restart(echo.server));
  EXPECT_TRUE(echo.run_to_end());
  EXPECT_EQ(echo.answers, 60);
  EXPECT_GT(echo.failures, 0);
  EXPECT_EQ(history_of(echo.world),
            "1:node_started 2:node_started 1:node_stopped 1:node_started 2:node_stopped ");
}

TEST(Machines, lose_what_they_did_not_sync_with_their_power) {
  World world(3);
  Machine& machine = world.add_machine("m", NodeId(1));
  world.start(machine, [](Env& env) {
    const auto file = env.files().open("synced", OpenMode::create);
    EXPECT_TRUE((*file)->append(Rope(Bytes(100))));
    EXPECT_TRUE((*file)->sync(env));
    EXPECT_TRUE(env.files().sync_directory(env, ""));
    EXPECT_TRUE((*file)->append(Rope(Bytes(1'000'000))));
    env.park(never);
  });
  world.run_until(Instant{1s});
  EXPECT_TRUE(world.power_off(machine));
  EXPECT_EQ(machine.state(), Machine::State::off);
  EXPECT_GE(machine.disk().size_of("synced"), 100u);
  EXPECT_LE(machine.disk().size_of("synced"), 1'000'100u);
  EXPECT_EQ(machine.disk().counters().power_losses, 1u);
}

TEST(Machines, lose_the_page_cache_also_if_power_goes_after_a_crash) {
  World world(3);
  Machine& machine = world.add_machine("m", NodeId(1));
  world.start(machine, [](Env& env) { env.park(never); });
  world.run_until(Instant{1s});
  EXPECT_TRUE(world.crash(machine));
  EXPECT_TRUE(world.power_off(machine));
  EXPECT_FALSE(world.power_off(machine));
  EXPECT_EQ(machine.disk().counters().power_losses, 1u);
  EXPECT_TRUE(world.restart(machine));
}

TEST(Machines, do_nothing_while_paused) {
  EchoWorld echo(1, 60);
  echo.world.run_until([&] { return echo.answers == 10; }, end_of_test);
  EXPECT_TRUE(echo.world.pause(echo.server));
  EXPECT_FALSE(echo.world.pause(echo.server));
  const auto before = echo.world.suspensions(echo.server);
  echo.world.run_until(echo.world.now() + 500ms);
  EXPECT_EQ(echo.world.suspensions(echo.server), before);
  EXPECT_LE(echo.answers, 11);
  EXPECT_TRUE(echo.world.resume(echo.server));
  EXPECT_TRUE(echo.run_to_end());
  EXPECT_EQ(echo.failures, 0);
}

TEST(Machines, stop_in_order_when_the_last_fiber_has_ended) {
  World world(1);
  Machine& machine = world.add_machine("m", NodeId(1));
  world.start(machine, [](Env& env) {
    EXPECT_EQ(env.park(never), Wake::cancelled);
    env.spawn("shutdown", [](Env& own) { EXPECT_TRUE(own.sleep(5ms)); });
  });
  world.run_until(Instant{1s});
  EXPECT_TRUE(world.stop(machine));
  world.run_until([&] { return !machine.is_up(); }, end_of_test);
  EXPECT_GE(world.now(), Instant{1s + 5ms});
  EXPECT_EQ(history_of(world), "1:node_started 1:node_stopped ");
  EXPECT_EQ(std::get<NodeStopped>(world.recorder().last_events()[1].body).how,
            NodeStopped::How::shutdown);
}

TEST(Machines, may_be_crashed_at_each_of_their_suspensions) {
  std::uint64_t suspensions = 0;
  {
    EchoWorld echo(1, 5);
    ASSERT_TRUE(echo.run_to_end());
    suspensions = echo.world.suspensions(echo.server);
  }
  ASSERT_GT(suspensions, 10u);
  for (std::uint64_t nth = 1; nth <= suspensions; ++nth) {
    EchoWorld echo(1, 5);
    echo.world.crash_at_suspension(echo.server, nth);
    ASSERT_TRUE(echo.world.run_until([&] { return !echo.server.is_up(); }, end_of_test)) << nth;
    EXPECT_EQ(echo.world.suspensions(echo.server), nth);
    EXPECT_TRUE(echo.world.restart(echo.server));
    ASSERT_TRUE(echo.run_to_end()) << nth;
    EXPECT_EQ(echo.answers, 5);
  }
}

TEST(Machines, draw_the_same_again_but_not_after_a_restart) {
  World world(1);
  std::vector<std::uint64_t> drawn;
  const auto program = [&](Env& env) {
    drawn.push_back(env.random("purpose", 1));
    drawn.push_back(env.random("purpose", 1));
    drawn.push_back(env.random("purpose", 2));
    drawn.push_back(env.random("other", 1));
  };
  for (const int node : {1, 2})
    world.start(world.add_machine(fmt::format("{}", node), NodeId(node)), program);
  world.run_until(Instant{1s});
  world.restart(*world.find(NodeId(1)));
  world.run_until(Instant{2s});
  ASSERT_EQ(drawn.size(), 12u);
  EXPECT_EQ(drawn[0], drawn[1]);
  EXPECT_EQ(std::set(drawn.begin(), drawn.end()).size(), 9u);
}

TEST(Machines, wake_each_other_s_fibers_never_but_their_own) {
  World world(1);
  Machine& machine = world.add_machine("m", NodeId(1));
  Signal signal;
  std::string trace;
  world.start(machine, [&](Env& env) {
    env.spawn("waiter", [&](Env& own) {
      EXPECT_EQ(signal.wait(own), Wake::notified);
      trace += "woken";
    });
    env.sleep(1ms);
    signal.notify_all(env);
  });
  world.run_until(Instant{1s});
  EXPECT_EQ(trace, "woken");
}

TEST(Clocks, are_wrong_while_a_fault_lasts) {
  World world(1);
  Machine& machine = world.add_machine("m", NodeId(1));
  std::vector<std::int64_t> seen;
  world.start(machine, [&](Env& env) {
    for (int i = 0; i < 3; ++i) {
      seen.push_back(env.wall_clock().ms - WorldModel{}.at_start.ms);
      env.sleep_until(Instant{(i + 1) * 10s});
    }
  });
  world.run_until(Instant{5s});
  const auto skew = machine.clock().add({-3s, 0}, world.now());
  const auto drift = machine.clock().add({0s, 100'000}, world.now());
  world.run_until(Instant{15s});
  machine.clock().remove_fault(skew);
  machine.clock().remove_fault(drift);
  world.run_until(Instant{25s});
  EXPECT_EQ(seen, (std::vector<std::int64_t>{0, 7'500, 20'000}));
  EXPECT_EQ(machine.clock().effects(skew), 1);
}

TEST(WorldDeathTest, a_failed_assertion_names_seed_fiber_and_last_events) {
  EXPECT_DEATH(
      {
        World world(4711);
        world.start(world.add_machine("m", NodeId(1)),
                    [](Env& env) { env.spawn("child", [](Env&) { ASSERT(false); }); });
        world.run_until(Instant{1s});
      },
      "seed 4711.*main/child(.|\n)*\"k\":\"node_started\"");
}

}  // namespace
}  // namespace brokersim::sim
