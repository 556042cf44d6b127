// Every kind of fault takes effect on a small busy world and is gone when it ends; targets that do
// not exist, or are in no state for a fault, are no-ops.
#include "sim/fault.h"

#include <algorithm>
#include <map>

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
          (void)(*file)->read(env, 0, 100);
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

// What a machine that reads its file each 10 ms finds in its page cache, at these times.
class ColdCacheTest : public FaultTest {
 protected:
  ColdCacheTest() {
    world_.start(d_, [this](Env& env) {
      const auto file = *env.files().open("file", OpenMode::create);
      (void)file->append(Rope(Bytes(1000)));
      while (env.sleep(10ms)) {
        was_cached_[env.now()] = file->cached(0, 1000).has_value();
        const Instant begun = env.now();
        EXPECT_EQ(file->read(env, 0, 1000)->size(), 1000u);
        has_waited_[begun] = env.now() - begun >= 40us;
      }
    });
  }
  static std::int64_t count(const std::map<Instant, bool>& seen, Instant from, Instant to) {
    return std::count_if(seen.lower_bound(from), seen.lower_bound(to),
                         [](const auto& each) { return each.second; });
  }

  Machine& d_ = world_.add_machine("d", NodeId(4));
  std::map<Instant, bool> was_cached_;
  std::map<Instant, bool> has_waited_;
};

TEST_F(ColdCacheTest, lets_each_read_wait_and_is_warm_again_once_the_fault_is_gone) {
  Faults faults(world_);
  faults.inject({.kind = "cold_cache", .at = Instant{2s}, .lasting = 3s, .targets = {"d"}}, 1);
  world_.run_until(Instant{7s});
  EXPECT_EQ(count(has_waited_, {}, Instant{2s}), 0);
  EXPECT_EQ(count(was_cached_, Instant{2s}, Instant{5s}), 0);
  const auto waited = count(has_waited_, Instant{2s}, Instant{5s});
  EXPECT_GT(waited, 280);
  EXPECT_EQ(faults.counts().at("cold_cache").effects, waited);
  EXPECT_EQ(count(has_waited_, Instant{5s}, Instant{7s}), 0);
  EXPECT_GT(count(was_cached_, Instant{5s}, Instant{7s}), 180);
}

TEST_F(ColdCacheTest, may_be_emptied_again_and_again_and_keep_what_is_read_meanwhile) {
  Faults faults(world_);
  const Fault fault{.kind = "cold_cache",
                    .at = Instant{2s},
                    .lasting = 3s,
                    .targets = {"d"},
                    .parameters = {{"every", Duration(450ms)}}};
  faults.inject(fault, 1);
  world_.run_until(Instant{7s});
  EXPECT_EQ(count(has_waited_, {}, Instant{2s}), 0);
  EXPECT_EQ(count(has_waited_, Instant{2s}, Instant{5s}), 7);
  EXPECT_EQ(count(has_waited_, Instant{5s}, Instant{7s}), 0);
  EXPECT_EQ(faults.counts().at("cold_cache").effects, 7);
}

TEST_F(FaultTest, what_cannot_be_hit_is_left_alone) {
  Faults faults(world_);
  faults.inject({.kind = "crash", .at = Instant{1s}, .lasting = 1s, .targets = {"nobody"}}, 1);
  faults.inject({.kind = "no_such_kind", .at = Instant{1s}, .targets = {"a"}}, 2);
  faults.inject({.kind = "crash", .at = Instant{2s}, .lasting = 10s, .targets = {"a"}}, 3);
  faults.inject({.kind = "power_loss", .at = Instant{3s}, .lasting = 1s, .targets = {"a"}}, 4);
  faults.inject({.kind = "power_loss", .at = Instant{8s}, .lasting = 1s, .targets = {"a"}}, 5);
  world_.run_until(Instant{6s});
  // The second did not start what the first stopped, whose memory it took.
  EXPECT_EQ(a_.state(), Machine::State::off);
  EXPECT_EQ(faults.counts().at("power_loss").effective, 1);
  world_.run_until(Instant{13s});
  EXPECT_EQ(a_.state(), Machine::State::running);
  EXPECT_EQ(faults.counts().at("crash").begun, 2);
  EXPECT_EQ(faults.counts().at("crash").effective, 1);
}

TEST_F(FaultTest, power_fails_where_nothing_runs_and_takes_what_was_never_synced) {
  Machine& d = world_.add_machine("d", NodeId(4));
  world_.start(d, [](Env& env) {
    const auto file = *env.files().open("file", OpenMode::create);
    EXPECT_TRUE(file->append(Rope(Bytes(100))).has_value());
    env.park(never);
  });
  Faults faults(world_);
  faults.inject({.kind = "restart", .at = Instant{1s}, .lasting = 10s, .targets = {"d"}}, 1);
  faults.inject({.kind = "power_loss", .at = Instant{3s}, .lasting = 1s, .targets = {"d"}}, 2);
  world_.run_until(Instant{2s});
  EXPECT_EQ(d.state(), Machine::State::down);
  EXPECT_EQ(d.disk().dirty_bytes(), 100u);
  world_.run_until(Instant{6s});
  EXPECT_EQ(d.state(), Machine::State::off);
  EXPECT_EQ(d.disk().counters().power_losses, 1u);
  EXPECT_EQ(d.disk().dirty_bytes(), 0u);
  ASSERT_EQ(all<NodeStopped>().size(), 2u);
  EXPECT_EQ(all<NodeStopped>()[1].how, NodeStopped::How::power_loss);
  EXPECT_EQ(faults.counts().at("power_loss").effects, 1);
  world_.run_until(Instant{12s});
  EXPECT_EQ(d.state(), Machine::State::running);
}

TEST_F(FaultTest, a_pause_is_not_ended_by_the_end_of_one_before) {
  Faults faults(world_);
  faults.inject({.kind = "pause", .at = Instant{1s}, .lasting = 10s, .targets = {"a"}}, 1);
  faults.inject({.kind = "crash", .at = Instant{2s}, .lasting = 1s, .targets = {"a"}}, 2);
  faults.inject({.kind = "pause", .at = Instant{5s}, .lasting = 20s, .targets = {"a"}}, 3);
  world_.run_until(Instant{12s});
  EXPECT_EQ(a_.state(), Machine::State::paused);
  world_.run_until(Instant{26s});
  EXPECT_EQ(a_.state(), Machine::State::running);
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

// ---- Faults that wait for a state --------------------------------------------------------------

class WaitingFaultTest : public FaultTest {
 protected:
  // Whoever coordinates it says so; what it is about is in that state from then on.
  void becomes(const std::string& state, Machine& coordinator, const std::string& id = "id") {
    world_.emit(TransactionStateChanged{.transactional_id = id, .state = state},
                coordinator.node());
  }
  // It crashes whoever says that a transaction of `id` is prepared.
  static Fault crash_when_prepared(const std::string& id = "id") {
    return {.kind = "crash",
            .at = Instant{1s},
            .when = Trigger{.name = id, .becomes = "PrepareCommit"},
            .lasting = 1s,
            .targets = {triggering_machine}};
  }
  bool is_down_now(const Machine& machine) {
    world_.run_until(world_.now() + 1us);
    return machine.state() == Machine::State::down;
  }

  Faults faults_{world_};
};

TEST_F(WaitingFaultTest, strikes_the_machine_that_tells_of_it_and_names_what_it_waited_for) {
  faults_.inject(crash_when_prepared(), 1);
  world_.run_until(Instant{3s});
  EXPECT_TRUE(all<FaultBegan>().empty());
  becomes("Ongoing", b_);
  EXPECT_FALSE(is_down_now(b_));
  becomes("PrepareCommit", b_);
  const auto told = events_.back().id;
  EXPECT_TRUE(is_down_now(b_));
  ASSERT_EQ(all<FaultBegan>().size(), 1u);
  EXPECT_EQ(all<FaultBegan>()[0].detail, "b when transaction id becomes PrepareCommit");
  EXPECT_EQ(all<FaultBegan>()[0].targets, std::vector{b_.node()});
  for (const auto& event : events_) {
    if (std::holds_alternative<FaultBegan>(event.body)) {
      EXPECT_EQ(event.causes.ids[0], told);
    }
  }
  world_.run_until(Instant{5s});
  EXPECT_EQ(b_.state(), Machine::State::running);
  EXPECT_EQ(faults_.counts().at("crash").effective, 1);
}

TEST_F(WaitingFaultTest, is_over_after_once) {
  faults_.inject(crash_when_prepared(), 1);
  world_.run_until(Instant{2s});
  becomes("PrepareCommit", a_);
  world_.run_until(Instant{5s});
  becomes("CompleteCommit", b_);
  becomes("PrepareCommit", b_);
  EXPECT_FALSE(is_down_now(b_));
  EXPECT_EQ(faults_.counts().at("crash").begun, 1);
}

TEST_F(WaitingFaultTest, does_not_count_what_was_before_its_time) {
  faults_.inject(crash_when_prepared(), 1);
  becomes("PrepareCommit", a_);
  world_.run_until(Instant{2s});
  EXPECT_EQ(a_.state(), Machine::State::running);
  // Nor is that a state entered which it was in already, whoever says so.
  becomes("PrepareCommit", b_);
  EXPECT_FALSE(is_down_now(b_));
  becomes("CompleteCommit", b_);
  becomes("PrepareCommit", b_);
  EXPECT_TRUE(is_down_now(b_));
}

TEST_F(WaitingFaultTest, waits_for_the_nth_time_and_then_for_so_long) {
  auto fault = crash_when_prepared();
  fault.when->nth = 3;
  fault.when->after = 250us;
  faults_.inject(fault, 1);
  world_.run_until(Instant{2s});
  for (int n = 1; n <= 3; ++n) {
    EXPECT_FALSE(is_down_now(c_)) << n;
    becomes("Ongoing", c_);
    becomes("PrepareCommit", c_);
  }
  world_.run_until(world_.now() + 249us);
  EXPECT_EQ(c_.state(), Machine::State::running);
  EXPECT_TRUE(is_down_now(c_));
  EXPECT_EQ(all<FaultBegan>()[0].detail,
            "c when transaction id becomes PrepareCommit, time 3, 250us later");
}

TEST_F(WaitingFaultTest, knows_transactions_from_groups_and_one_from_another) {
  auto fault = crash_when_prepared();
  fault.when->becomes = "Empty";
  faults_.inject(fault, 1);
  world_.run_until(Instant{2s});
  world_.emit(GroupStateChanged{.group = "id", .state = "Empty"}, a_.node());
  EXPECT_FALSE(is_down_now(a_));
  becomes("Empty", b_, "another");
  EXPECT_FALSE(is_down_now(b_));
  becomes("Empty", c_);
  EXPECT_TRUE(is_down_now(c_));
}

TEST_F(WaitingFaultTest, of_any_counts_all_of_them_together) {
  auto fault = crash_when_prepared(any_name);
  fault.when->nth = 2;
  faults_.inject(fault, 1);
  world_.run_until(Instant{2s});
  becomes("PrepareCommit", a_, "one");
  becomes("PrepareCommit", b_, "another");
  EXPECT_TRUE(is_down_now(b_));
  EXPECT_EQ(a_.state(), Machine::State::running);
  EXPECT_EQ(all<FaultBegan>()[0].detail, "b when a transaction becomes PrepareCommit, time 2");
}

TEST_F(WaitingFaultTest, may_strike_others_and_what_lies_between) {
  auto cut = crash_when_prepared();
  cut.kind = "partition";
  cut.targets = {"a"};
  cut.peers = {triggering_machine};
  faults_.inject(cut, 1);
  world_.run_until(Instant{2s});
  becomes("PrepareCommit", b_);
  world_.run_until(Instant{2500ms});
  EXPECT_EQ(all<FaultBegan>()[0].targets, std::vector{a_.node()});
  EXPECT_EQ(all<FaultBegan>()[0].peers, std::vector{b_.node()});
  world_.run_until(Instant{4s});
  EXPECT_EQ(faults_.counts().at("partition").effective, 1);
}

TEST_F(WaitingFaultTest, does_not_begin_when_all_are_lifted) {
  faults_.inject(crash_when_prepared(), 1);
  auto later = crash_when_prepared();
  later.when->after = 1s;
  later.when->becomes = "Ongoing";
  faults_.inject(later, 2);
  world_.run_until(Instant{2s});
  becomes("Ongoing", a_);
  faults_.lift_all();
  becomes("PrepareCommit", b_);
  world_.run_until(Instant{5s});
  EXPECT_TRUE(all<FaultBegan>().empty());
  EXPECT_TRUE(faults_.counts().empty());
}

}  // namespace
}  // namespace brokersim::sim
