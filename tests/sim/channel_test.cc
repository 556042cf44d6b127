// What a channel makes of answers by their length, from a peer that says what it is told to.
#include "core/wire/channel.h"

#include <optional>

#include <gtest/gtest.h>

#include "core/api/heartbeat.h"
#include "sim/world.h"

namespace brokersim::wire {
namespace {

const Bytes heartbeat_answer{0, 0, 0, 6, 0, 0, 0, 0, 0, 0};  // length, correlation id, error

// What a call comes to if `answer` is all that comes.
CallResult<api::HeartbeatResponse> call_answered_by(const Bytes& answer,
                                                    FrameLimits limits = of_any_size) {
  sim::World world{3};
  auto& peer = world.add_machine("peer", NodeId(1));
  auto& caller = world.add_machine("caller", NodeId(2));
  world.start(peer, [&](Env& env) {
    const auto listener = env.listen(9092);
    const auto stream = (*listener)->accept(env);
    (void)(*stream)->write(env, Rope(answer), never);
    env.sleep(3600s);
  });
  std::optional<CallResult<api::HeartbeatResponse>> result;
  world.start(caller, [&](Env& env) {
    env.sleep(10ms);
    Channel channel({"peer", 9092}, "caller", limits);
    result = channel.call(env, api::HeartbeatRequest{}, 0, env.now() + 10s);
  });
  EXPECT_TRUE(world.run_until([&] { return result.has_value(); }, world.now() + 60s));
  return result.value_or(Unexpected(CallError::cancelled));
}

TEST(Channel, takes_an_answer_that_is_longer_than_any_request_may_be) {
  Bytes begun;
  Writer(begun).fixed(static_cast<std::int32_t>(max_frame_size + 1));
  const auto answered = call_answered_by(begun);
  ASSERT_FALSE(answered);
  EXPECT_EQ(answered.error(), CallError::timed_out);  // It waits for the rest.
}

TEST(Channel, may_be_told_how_long_an_answer_may_be) {
  EXPECT_TRUE(call_answered_by(heartbeat_answer, {.max_size = 6}));
  const auto refused = call_answered_by(heartbeat_answer, {.max_size = 5});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), CallError::disconnected);
}

}  // namespace
}  // namespace brokersim::wire
