// The bound on responses that nobody has read: who waits for it, in which order, and how much of it
// one may have.
#include "core/broker/response_memory.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/world.h"

namespace brokersim::broker {
namespace {

constexpr std::size_t mib = 1 << 20;

// Runs `body` on a machine of its own, until all its fibers have ended.
void in_a_world(std::function<void(Env&)> body) {
  sim::World world(1);
  world.add_machine("broker", NodeId(1));
  bool has_ended = false;
  world.start(*world.find("broker"), [&](Env& env) {
    body(env);
    has_ended = true;
  });
  world.run_until(world.now() + 100s);
  EXPECT_TRUE(has_ended);
}

TEST(ResponseMemory, gives_a_part_of_what_is_left_so_that_the_first_cannot_have_all) {
  in_a_world([](Env& env) {
    ResponseMemory memory(64 * mib);
    ResponseMemory::Share first(memory), second(memory);
    EXPECT_EQ(first.reserve(env, 100 * mib), 16 * mib);
    EXPECT_EQ(second.reserve(env, 100 * mib), 12 * mib);
    EXPECT_EQ(memory.held(), static_cast<std::int64_t>(28 * mib));
    first.hold(env, 5);
    second.hold(env, 0);
    EXPECT_EQ(memory.held(), 5);
    EXPECT_EQ(second.reserve(env, 10), 10u);
    first.hold(env, 0);
    second.hold(env, 0);
    EXPECT_EQ(memory.held(), 0);
  });
}

TEST(ResponseMemory, without_a_bound_gives_what_is_wanted) {
  in_a_world([](Env& env) {
    ResponseMemory memory(std::nullopt);
    ResponseMemory::Share share(memory);
    EXPECT_EQ(share.reserve(env, 1000 * mib), 1000 * mib);
    share.hold(env, 0);
  });
}

TEST(ResponseMemory, who_makes_a_response_anew_does_not_wait_for_what_he_holds_himself) {
  in_a_world([](Env& env) {
    ResponseMemory memory(mib);
    ResponseMemory::Share share(memory);
    EXPECT_EQ(share.reserve(env, 2 * mib), mib);
    EXPECT_EQ(share.reserve(env, 2 * mib), mib);
    EXPECT_EQ(memory.held(), static_cast<std::int64_t>(mib));
    share.hold(env, 0);
  });
}

TEST(ResponseMemory, of_no_size_lets_one_response_be_made_at_a_time) {
  in_a_world([](Env& env) {
    ResponseMemory memory(0);
    ResponseMemory::Share share(memory);
    EXPECT_EQ(share.reserve(env, 10), 10u);
    share.hold(env, 0);
  });
}

TEST(ResponseMemory, who_comes_first_has_room_first_and_a_cancelled_one_is_in_nobodys_way) {
  in_a_world([](Env& env) {
    ResponseMemory memory(mib);
    ResponseMemory::Share holder(memory);
    holder.hold(env, 2 * mib);
    std::vector<std::string> order;
    std::vector<FiberId> fibers;
    for (const std::string name : {"a", "b", "c"}) {
      fibers.push_back(env.spawn(name, [&memory, &order, name](Env& fiber) {
        ResponseMemory::Share share(memory);
        order.push_back(name + (share.wait_for_room(fiber) ? " has room" : " is cancelled"));
        share.hold(fiber, 2 * mib);
        fiber.sleep(1s);
        share.hold(fiber, 0);
      }));
      env.sleep(1ms);
    }
    EXPECT_TRUE(memory.is_short());
    env.cancel(fibers[0]);
    env.sleep(1ms);
    holder.hold(env, 0);
    env.sleep(5s);
    EXPECT_EQ(order, (std::vector<std::string>{"a is cancelled", "b has room", "c has room"}));
    EXPECT_FALSE(memory.is_short());
  });
}

}  // namespace
}  // namespace brokersim::broker
