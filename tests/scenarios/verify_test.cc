// Two runs of a plan are compared item by item: honest ones agree, and where a planted source of
// chance parts them, the first item that differs is named.
#include "scenarios/verify.h"

#include <unistd.h>

#include <gtest/gtest.h>

#include "scenarios/draw_plan.h"
#include "sim/recorder.h"
#include "tests/scenarios/folder.h"

namespace brokersim::scenarios {
namespace {

// A run of 20,000 items. From item `strange` on it depends on what `chance` returns.
Record recording_with(std::uint64_t strange, std::uint64_t (*chance)()) {
  return [=](std::uint64_t first, std::uint64_t last) {
    Recording recording;
    sim::Recorder recorder;
    if (first != last) {
      recorder.watch(first, last, [&](const sim::Recorder::Trace& trace) {
        recording.watched.push_back(fmt::format("{} {:x}", trace.number, trace.a));
      });
    }
    for (std::uint64_t i = 1; i <= 20'000; ++i) {
      recorder.feed(sim::Item::callback, i == strange ? chance() : i, 0, 0);
    }
    recording.hash = recorder.hash().hex();
    recording.items = recorder.items();
    for (const auto& checkpoint : recorder.checkpoints()) {
      recording.checkpoints.push_back({checkpoint.items, checkpoint.hash.hex()});
    }
    return recording;
  };
}

std::uint64_t process_id() { return static_cast<std::uint64_t>(getpid()); }
std::uint64_t constant() { return 42; }
std::uint64_t address_on_the_heap() {
  const auto block = std::make_unique<char[]>(5000);
  return reinterpret_cast<std::uintptr_t>(block.get());
}

TEST(Verify, agrees_when_a_run_depends_on_nothing_but_itself) {
  const auto verification = verify(recording_with(9000, constant));
  ASSERT_TRUE(verification);
  EXPECT_TRUE(verification->is_same());
  EXPECT_EQ(verification->items, 20'000u);
}

TEST(Verify, names_the_first_item_that_differs) {
  for (const std::uint64_t strange : std::vector<std::uint64_t>{1, 4096, 4097, 9000, 20'000}) {
    const auto verification = verify(recording_with(strange, process_id));
    ASSERT_TRUE(verification);
    ASSERT_FALSE(verification->is_same());
    EXPECT_EQ(verification->difference->item, strange);
    EXPECT_NE(verification->difference->first, verification->difference->second);
  }
}

TEST(Verify, notices_a_run_that_depends_on_addresses) {
  const auto verification = verify(recording_with(100, address_on_the_heap));
  ASSERT_TRUE(verification);
  ASSERT_FALSE(verification->is_same());
  EXPECT_EQ(verification->difference->item, 100u);
}

TEST(Verify, tells_of_a_run_that_crashes) {
  const auto verification = verify([](std::uint64_t, std::uint64_t) -> Recording {
    REQUIRE(false);
    return {};
  });
  ASSERT_FALSE(verification);
  EXPECT_NE(verification.error().find("crash/verify_test.cc"), std::string::npos);
}

TEST(Verify, a_run_with_every_kind_of_fault_is_the_same_twice) {
  const auto plan = make_plan({.what = "chaos", .seed = 3, .folder = folder});
  ASSERT_TRUE(plan) << plan.error();
  const auto verification = verify(*plan, folder);
  ASSERT_TRUE(verification) << verification.error();
  EXPECT_TRUE(verification->is_same());
}

}  // namespace
}  // namespace brokersim::scenarios
