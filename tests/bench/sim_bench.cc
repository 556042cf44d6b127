// What the simulator itself costs: a fiber switch against the bare routine underneath, and CPU per
// simulated event (dispatch, hash and all, nobody listening).
#include <algorithm>
#include <functional>
#include <memory>
#include <vector>

#include <benchmark/benchmark.h>
#include <boost/context/detail/fcontext.hpp>

#include "sim/fiber.h"
#include "sim/world.h"

namespace brokersim::sim {
namespace {

namespace context = boost::context::detail;

void bounce(context::transfer_t from) {
  while (true) from = context::jump_fcontext(from.fctx, nullptr);
}

// There and back: two switches.
void bare_switch_pair(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  constexpr std::size_t size = 64 * 1024;
  std::vector<std::unique_ptr<char[]>> stacks;
  std::vector<context::fcontext_t> fibers;
  for (std::size_t i = 0; i < count; ++i) {
    stacks.push_back(std::make_unique<char[]>(size));
    fibers.push_back(context::make_fcontext(stacks.back().get() + size, size, bounce));
  }
  std::size_t next = 0;
  for (auto _ : state) {
    fibers[next] = context::jump_fcontext(fibers[next], nullptr).fctx;
    next = next + 1 == count ? 0 : next + 1;
  }
}
BENCHMARK(bare_switch_pair)->Arg(1)->Arg(100)->Arg(1000);

void fiber_switch_pair(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  Fibers fibers;
  std::vector<Fiber*> all;
  for (std::size_t i = 0; i < count; ++i) {
    all.push_back(fibers.create([&] {
      while (true) fibers.suspend();
    }));
  }
  std::size_t next = 0;
  for (auto _ : state) {
    fibers.resume(*all[next]);
    next = next + 1 == count ? 0 : next + 1;
  }
}
BENCHMARK(fiber_switch_pair)->Arg(1)->Arg(100)->Arg(1000);

void fiber_create_run_end(benchmark::State& state) {
  Fibers fibers;
  for (auto _ : state) fibers.resume(*fibers.create([] {}));
}
BENCHMARK(fiber_create_run_end);

// Fibers that sleep again and again; an event is one wake-up.
void sleep_event(benchmark::State& state) {
  World world(1);
  Machine& machine = world.add_machine("m", NodeId(1));
  const auto count = state.range(0);
  world.start(machine, [count](Env& env) {
    for (std::int64_t i = 0; i < count; ++i) {
      env.spawn(fmt::format("{}", i), [i, count](Env& own) {
        for (Instant next = own.now(); own.sleep_until(next); next += (count + i) * 2us) {
        }
      });
    }
  });
  for (auto _ : state) world.run_until(world.now() + 10ms);
  const auto& counts = world.scheduler().counts();
  state.counters["events"] =
      benchmark::Counter(static_cast<double>(counts.dispatches), benchmark::Counter::kIsRate);
  state.counters["s/event"] =
      benchmark::Counter(static_cast<double>(counts.dispatches),
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(sleep_event)->Arg(1)->Arg(10)->Arg(1000);

// A request of 171 bytes and its answer, over connections of their own; an event is a delivery.
void ping_pong_event(benchmark::State& state) {
  World world(1);
  Machine& server = world.add_machine("server", NodeId(1));
  Machine& client = world.add_machine("client", NodeId(2));
  world.start(server, [](Env& env) {
    const auto listener = env.listen(9092);
    while (auto accepted = (*listener)->accept(env)) {
      env.spawn("serve", [stream = std::shared_ptr<Stream>(*std::move(accepted))](Env& own) {
        const Slice answer(Bytes(64));
        Bytes buffer(4096);
        while (stream->read(own, buffer, never)) {
          if (!stream->write(own, Rope(answer), never)) return;
        }
      });
    }
  });
  const auto connections = state.range(0);
  world.start(client, [connections](Env& env) {
    for (std::int64_t i = 0; i < connections; ++i) {
      env.spawn(fmt::format("{}", i), [](Env& own) {
        const auto stream = own.connect({"server", 9092}, never);
        const Slice request(Bytes(171));
        Bytes buffer(4096);
        while ((*stream)->write(own, Rope(request), own.now() + 30s)) {
          if (!(*stream)->read(own, buffer, own.now() + 30s)) return;
        }
      });
    }
  });
  world.run_until(Instant{100ms});
  const auto before = world.network().counters().segments;
  for (auto _ : state) world.run_until(world.now() + 10ms);
  const auto segments = static_cast<double>(world.network().counters().segments - before);
  state.counters["s/event"] =
      benchmark::Counter(segments, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(ping_pong_event)->Arg(1)->Arg(10)->Arg(1000);

}  // namespace
}  // namespace brokersim::sim
