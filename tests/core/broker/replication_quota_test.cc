// Quotas of replication (KIP-73): who is held back, at which rate, and what of it is configured.
#include "core/broker/replication_quota.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace brokersim::broker {
namespace {

using controller::ConfigRecord;
using controller::ThrottledReplicas;

constexpr NodeId self{1};
constexpr fetch::RateWindow::Shape shape{.samples = 11, .sample = 1s};
constexpr bool in_sync = true, out_of_sync = false;

ReplicationQuota quota_of(std::int64_t bytes_per_second, std::string_view replicas) {
  ReplicationQuota quota(self, shape);
  quota.set_rate(bytes_per_second);
  quota.throttle("t", *ThrottledReplicas::parse(replicas));
  return quota;
}

TEST(ReplicationQuota, holds_back_who_is_throttled_and_not_in_sync_once_it_is_used_up) {
  auto quota = quota_of(1000, "0:1,1:2");
  EXPECT_FALSE(quota.holds_back({}, {"t", 0}, out_of_sync));
  quota.record({}, 5000);
  EXPECT_TRUE(quota.holds_back({}, {"t", 0}, out_of_sync));
  EXPECT_FALSE(quota.holds_back({}, {"t", 0}, in_sync));
  EXPECT_FALSE(quota.holds_back({}, {"t", 1}, out_of_sync)) << "of another broker's replica";
  EXPECT_FALSE(quota.holds_back({}, {"t", 2}, out_of_sync));
  EXPECT_FALSE(quota.holds_back({}, {"u", 0}, out_of_sync));
  EXPECT_TRUE(quota.holds_back(Instant{4999ms}, {"t", 0}, out_of_sync));
  EXPECT_FALSE(quota.holds_back(Instant{5s}, {"t", 0}, out_of_sync));
  EXPECT_EQ(quota.recorded(), 5000U);
}

TEST(ReplicationQuota, of_nothing_holds_back_until_all_is_forgotten) {
  auto quota = quota_of(0, "*");
  EXPECT_FALSE(quota.holds_back({}, {"t", 7}, out_of_sync));
  quota.record({}, 1);
  EXPECT_TRUE(quota.holds_back(Instant{10999ms}, {"t", 7}, out_of_sync));
  EXPECT_FALSE(quota.holds_back(Instant{11s}, {"t", 7}, out_of_sync));
}

TEST(ReplicationQuota, is_as_configured_for_the_broker_or_for_all_until_it_is_not) {
  NodeConfig config;
  config.node_id = self;
  ReplicationQuotas quotas(config);
  controller::Image image;
  Offset offset = 0;
  const auto write = [&](std::int8_t type, std::string resource, std::string name,
                         wire::Nullable<std::string> value) {
    const auto delta =
        image.apply(ConfigRecord{type, std::move(resource), std::move(name), value}, offset++);
    ASSERT_TRUE(delta);
    quotas.apply(image, *delta);
  };
  constexpr std::int8_t topic = 2, broker = 4;
  const auto holds_back = [&](const ReplicationQuota& quota) {
    return quota.holds_back({}, {"t", 0}, out_of_sync);
  };
  quotas.as_leader.record({}, 500);
  quotas.as_follower.record({}, 500);
  write(topic, "t", "leader.replication.throttled.replicas", "0:1");
  EXPECT_FALSE(holds_back(quotas.as_leader)) << "no rate";
  write(broker, "", "leader.replication.throttled.rate", "499");
  EXPECT_TRUE(holds_back(quotas.as_leader));
  EXPECT_FALSE(holds_back(quotas.as_follower));
  write(broker, "1", "leader.replication.throttled.rate", "500");
  EXPECT_FALSE(holds_back(quotas.as_leader)) << "its own rate comes first";
  write(broker, "1", "leader.replication.throttled.rate", "fast");
  EXPECT_TRUE(holds_back(quotas.as_leader)) << "a value that is none is not in force";
  write(topic, "t", "leader.replication.throttled.replicas", "1:1");
  EXPECT_FALSE(holds_back(quotas.as_leader)) << "of another partition";

  write(topic, "t", "follower.replication.throttled.replicas", "*");
  write(broker, "1", "follower.replication.throttled.rate", "0");
  EXPECT_TRUE(holds_back(quotas.as_follower));
  write(topic, "t", "follower.replication.throttled.replicas", std::nullopt);
  EXPECT_FALSE(holds_back(quotas.as_follower));
}

TEST(ReplicationQuota, of_a_topic_goes_with_it) {
  NodeConfig config;
  config.node_id = self;
  ReplicationQuotas quotas(config);
  controller::Image image;
  const Uuid id{1};
  ASSERT_TRUE(image.apply(controller::TopicRecord{"t", id}, 0));
  auto delta = image.apply(
      ConfigRecord{2, "t", "leader.replication.throttled.replicas", std::string("*")}, 1);
  ASSERT_TRUE(delta);
  quotas.apply(image, *delta);
  EXPECT_TRUE(quotas.as_leader.is_throttled({"t", 0}));
  delta = image.apply(controller::RemoveTopicRecord{id}, 2);
  ASSERT_TRUE(delta);
  quotas.apply(image, *delta);
  EXPECT_FALSE(quotas.as_leader.is_throttled({"t", 0}));
}

struct Given {
  Instant at;
  std::int64_t bytes = 0;
};

// One who is not in sync asks and asks, at most half a second apart.
std::vector<Given> given_to(ReplicationQuota& quota, std::int64_t wanted, std::int64_t least,
                            std::int64_t most) {
  std::vector<Given> given;
  Instant now{};
  for (std::int64_t got = 0; got < wanted;) {
    now += Duration(1ms) * *rc::gen::inRange(1, 501);
    if (quota.holds_back(now, {"t", 0}, out_of_sync)) continue;
    given.push_back({now, *rc::gen::inRange(least, most + 1)});
    quota.record(now, given.back().bytes);
    got += given.back().bytes;
  }
  return given;
}

RC_GTEST_PROP(ReplicationQuota, lets_no_more_through_in_any_time_than_the_rate_and_one_response,
              ()) {
  const auto rate = *rc::gen::inRange<std::int64_t>(1, 5000);
  const auto most = *rc::gen::inRange<std::int64_t>(1, 20'000);
  auto quota = quota_of(rate, "*");
  const auto given = given_to(quota, std::min(20 * rate, 30 * most), 1 + most / 10, most);
  // As many whole samples as are surely remembered.
  const Duration whole = (shape.samples - 1) * shape.sample;
  const std::int64_t bound = rate * shape.samples + most;
  for (auto last = given.begin(); last != given.end(); ++last) {
    std::int64_t bytes = 0;
    for (auto one = given.begin(); one <= last; ++one) {
      if (last->at - one->at < whole) bytes += one->bytes;
    }
    RC_ASSERT(bytes <= bound);
  }
}

RC_GTEST_PROP(ReplicationQuota, lets_who_catches_up_have_the_rate, ()) {
  const auto rate = *rc::gen::inRange<std::int64_t>(10, 5000);
  const auto wanted = rate * *rc::gen::inRange<std::int64_t>(1, 60);
  auto quota = quota_of(rate, "*");
  const auto least = rate / 2 + 1;  // Half a second's: nobody is late because there was little.
  const auto given = given_to(quota, wanted, least, least * *rc::gen::inRange(1, 20));
  const Duration by_rate = 1ms * (wanted * 1000 / rate);
  RC_ASSERT(given.back().at - Instant{} <= by_rate + by_rate / 10 + shape.samples * shape.sample);
}

RC_GTEST_PROP(ReplicationQuota, never_holds_back_who_is_in_sync, ()) {
  auto quota = quota_of(*rc::gen::inRange(0, 100), "*");
  Instant now{};
  const int steps = *rc::gen::inRange(1, 50);
  for (int i = 0; i < steps; ++i) {
    now += Duration(1ms) * *rc::gen::inRange(0, 2000);
    quota.record(now, *rc::gen::inRange(0, 10'000));
    RC_ASSERT(!quota.holds_back(now, {"t", 0}, in_sync));
  }
}

}  // namespace
}  // namespace brokersim::broker
