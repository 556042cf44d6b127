// Every kind of fault takes effect on a small busy world and is gone when it ends; targets that do
// not exist, or are in no state for a fault, are no-ops.
#include "sim/fault.h"

#include <gtest/gtest.h>

namespace brokersim::sim {
namespace {

class FaultTest : public ::testing::Test {
 protected:
  FaultTest() {
    world_.recorder().listen([this](const Event& event) { events_.push_back(event); });
    for (Machine* machine : {&a_, &b_, &c_}) world_.start(*machine, busy(machine->name()));
  }

  // Answers its peers, sends them something, writes, syncs and looks at the clock, for ever.
  static Machine::Program busy(const std::string& name) {
    return [name](Env& env) {
      env.spawn("server", [](Env& own) { serve(own); });
      while (env.sleep(50ms)) {
        (void)env.wall_clock();
        if (const auto file = env.files().open("log", OpenMode::create)) {
          (void)(*file)->append(Rope(Bytes(100)));
          (void)(*file)->sync(env);
        }
        for (const auto* peer : {"a", "b", "c"}) {
          if (peer != name) call(env, peer);
        }
      }
    };
  }
  static void serve(Env& env) {
    auto listener = env.listen(1);
    if (!listener) return;
    for (int n = 0;; ++n) {
      auto accepted = (*listener)->accept(env);
      if (!accepted) return;
      auto stream = std::make_shared<std::unique_ptr<Stream>>(*std::move(accepted));
      env.spawn(fmt::format("connection-{}", n), [stream](Env& own) {
        std::uint8_t buffer[16];
        while ((*stream)->read(own, buffer, never).value_or(0) > 0) {
          if (!(*stream)->write(own, Rope(Bytes(16)), never)) return;
        }
      });
    }
  }
  static void call(Env& env, const char* peer) {
    const auto stream = env.connect({peer, 1}, env.now() + 100ms);
    if (!stream || !(*stream)->write(env, Rope(Bytes(16)), never)) return;
    std::uint8_t buffer[16];
    (void)(*stream)->read(env, buffer, env.now() + 100ms);
  }

  template <class Body>
  std::vector<Body> all() const {
    std::vector<Body> found;
    for (const auto& event : events_) {
      if (const auto* body = std::get_if<Body>(&event.body)) found.push_back(*body);
    }
    return found;
  }

  World world_{3};
  Machine& a_ = world_.add_machine("a", NodeId(1));
  Machine& b_ = world_.add_machine("b", NodeId(2));
  Machine& c_ = world_.add_machine("c", NodeId(3));
  std::vector<Event> events_;
};

TEST_F(FaultTest, every_kind_takes_effect_and_all_machines_run_afterwards) {
  Faults faults(world_);
  std::int32_t number = 0;
  for (const auto& kind : fault_kinds()) {
    ++number;
    faults.inject({.kind = std::string(kind.name),
                   .at = Instant{number * 10s},
                   .lasting = 3s,
                   .targets = {"a"}},
                  number);
  }
  world_.run_until(Instant{(number + 1) * 10s});
  for (const auto& kind : fault_kinds()) {
    const auto count = faults.counts().find(std::string(kind.name));
    ASSERT_NE(count, faults.counts().end()) << kind.name;
    EXPECT_EQ(count->second.begun, 1) << kind.name;
    // Connections here are short: none need be there at the instant of a reset.
    const bool needs_luck = kind.name == "link_reset";
    EXPECT_TRUE(needs_luck || count->second.effective == 1) << kind.name;
  }
  EXPECT_EQ(all<FaultBegan>().size(), fault_kinds().size());
  EXPECT_EQ(all<FaultEnded>().size(), fault_kinds().size());
  for (const Machine* machine : {&a_, &b_, &c_}) {
    EXPECT_EQ(machine->state(), Machine::State::running);
  }
}

TEST_F(FaultTest, a_reset_breaks_a_connection_that_is_open) {
  Machine& d = world_.add_machine("d", NodeId(4));
  std::string end;
  world_.start(d, [&end](Env& env) {
    const auto stream = env.connect({"b", 1}, never);
    std::uint8_t buffer[16];
    const auto got = (*stream)->read(env, buffer, never);
    end = got ? "bytes" : std::string(name_of(got.error()));
  });
  Faults faults(world_);
  faults.inject({.kind = "link_reset", .at = Instant{3s}, .targets = {"b"}, .peers = {"d"}}, 1);
  world_.run_until(Instant{2s});
  EXPECT_EQ(end, "");
  world_.run_until(Instant{4s});
  EXPECT_EQ(end, "reset");
  EXPECT_EQ(faults.counts().at("link_reset").effective, 1);
}

TEST_F(FaultTest, what_cannot_be_hit_is_left_alone) {
  Faults faults(world_);
  faults.inject({.kind = "crash", .at = Instant{1s}, .lasting = 1s, .targets = {"nobody"}}, 1);
  faults.inject({.kind = "no_such_kind", .at = Instant{1s}, .targets = {"a"}}, 2);
  faults.inject({.kind = "crash", .at = Instant{2s}, .lasting = 10s, .targets = {"a"}}, 3);
  faults.inject({.kind = "power_loss", .at = Instant{3s}, .lasting = 1s, .targets = {"a"}}, 4);
  world_.run_until(Instant{6s});
  EXPECT_EQ(a_.state(), Machine::State::down);  // The second did not start what the first stopped.
  EXPECT_EQ(faults.counts().at("power_loss").effective, 0);
  world_.run_until(Instant{13s});
  EXPECT_EQ(a_.state(), Machine::State::running);
  EXPECT_EQ(faults.counts().at("crash").begun, 2);
  EXPECT_EQ(faults.counts().at("crash").effective, 1);
}

TEST_F(FaultTest, lifting_ends_all_and_lets_none_begin) {
  Faults faults(world_);
  faults.inject({.kind = "power_loss", .at = Instant{1s}, .lasting = 1h, .targets = {"a"}}, 1);
  faults.inject(
      {.kind = "partition", .at = Instant{1s}, .lasting = 1h, .targets = {"b"}, .peers = {"c"}}, 2);
  faults.inject({.kind = "pause", .at = Instant{8s}, .lasting = 1h, .targets = {"c"}}, 3);
  world_.run_until(Instant{5s});
  faults.lift_all();
  world_.run_until(Instant{10s});
  EXPECT_EQ(a_.state(), Machine::State::running);
  EXPECT_EQ(c_.state(), Machine::State::running);
  EXPECT_EQ(all<FaultEnded>().size(), 2u);
  EXPECT_EQ(all<FaultsLifted>().size(), 1u);
  EXPECT_EQ(all<FaultBegan>().size(), 2u);
}

TEST_F(FaultTest, targets_are_resolved_when_the_fault_begins) {
  Faults faults(world_, [this](const std::string& target) {
    EXPECT_EQ(target, "leader");
    EXPECT_GE(world_.now().since_start, 2s);
    return std::vector<Machine*>{&b_};
  });
  faults.inject({.kind = "crash", .at = Instant{2s}, .lasting = 1s, .targets = {"leader"}}, 1);
  world_.run_until(Instant{2500ms});
  EXPECT_EQ(b_.state(), Machine::State::down);
}

}  // namespace
}  // namespace brokersim::sim
