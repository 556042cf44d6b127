// The states a heartbeat moves a broker through, row by row, and how sessions end: as stories, and
// against a list of who was heard of when.
#include "core/controller/heartbeats.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace brokersim::controller {
namespace {

using S = BrokerState;

TEST(Heartbeats, move_a_broker_through_its_states) {
  struct Row {
    HeartbeatFacts facts;
    S next;
  };
  const Row rows[] = {
      {{S::fenced, false, false, false, false}, S::fenced},
      {{S::fenced, false, false, false, true}, S::unfenced},
      {{S::fenced, true, false, false, true}, S::fenced},
      {{S::fenced, false, true, false, true}, S::shutdown_now},
      {{S::fenced, true, true, false, false}, S::shutdown_now},
      {{S::unfenced, false, false, true, true}, S::unfenced},
      {{S::unfenced, false, false, false, false}, S::unfenced},
      {{S::unfenced, true, false, true, true}, S::fenced},
      {{S::unfenced, true, true, true, true}, S::shutdown_now},
      {{S::unfenced, false, true, true, true}, S::controlled_shutdown},
      {{S::unfenced, false, true, false, true}, S::shutdown_now},
      {{S::controlled_shutdown, false, true, true, true, true}, S::controlled_shutdown},
      {{S::controlled_shutdown, false, true, false, true, false}, S::controlled_shutdown},
      {{S::controlled_shutdown, false, true, false, true, true}, S::shutdown_now},
  };
  int row = 0;
  for (const auto& [facts, next] : rows) EXPECT_EQ(next_state(facts), next) << "row " << row++;
}

constexpr NodeId first{1};
constexpr NodeId second{2};
constexpr BrokerEpoch broker_epoch{7};

Instant at(Duration time) { return Instant{} + time; }

TEST(Sessions, live_until_the_timeout_after_the_last_contact) {
  Sessions sessions(9s);
  EXPECT_EQ(sessions.next_expiry(), never);
  sessions.touch(first, broker_epoch, at(1s));
  sessions.touch(first, broker_epoch, at(2s));
  EXPECT_EQ(sessions.next_expiry(), at(11s));
  EXPECT_TRUE(sessions.is_live(first, broker_epoch, at(11s - 1ns)));
  EXPECT_EQ(sessions.expired(at(11s - 1ns)), std::nullopt);
  EXPECT_FALSE(sessions.is_live(first, broker_epoch, at(11s)));
  EXPECT_EQ(sessions.expired(at(11s)), first);
}

TEST(Sessions, of_an_earlier_incarnation_is_not_live) {
  Sessions sessions(9s);
  sessions.touch(first, broker_epoch, at(1s));
  EXPECT_FALSE(sessions.is_live(first, broker_epoch.next(), at(2s)));
}

TEST(Sessions, of_a_new_incarnation_forgets_what_the_old_one_had_applied) {
  Sessions sessions(9s);
  sessions.touch(first, broker_epoch, at(1s));
  sessions.metadata_reached(first, 40);
  EXPECT_EQ(sessions.metadata_offset(first), 40);
  sessions.touch(first, broker_epoch.next(), at(1s));
  EXPECT_EQ(sessions.metadata_offset(first), -1);
}

TEST(Sessions, expire_longest_silent_first_and_lowest_id_among_equals) {
  Sessions sessions(9s);
  sessions.touch(second, broker_epoch, at(1s));
  sessions.touch(first, broker_epoch, at(2s));
  EXPECT_EQ(sessions.expired(at(60s)), second);
  sessions.touch(second, broker_epoch, at(2s));
  EXPECT_EQ(sessions.expired(at(60s)), first);
  sessions.forget(first);
  EXPECT_EQ(sessions.expired(at(60s)), second);
}

constexpr Offset highest_offset = std::numeric_limits<Offset>::max();

TEST(Sessions, tell_the_lowest_of_what_active_brokers_have_applied) {
  Sessions sessions(9s);
  EXPECT_EQ(sessions.lowest_active_metadata_offset(), highest_offset);
  sessions.touch(first, broker_epoch, at(1s));
  sessions.touch(second, broker_epoch, at(1s));
  sessions.metadata_reached(first, 40);
  EXPECT_EQ(sessions.lowest_active_metadata_offset(), highest_offset);
  sessions.set_active(first, true);
  EXPECT_EQ(sessions.lowest_active_metadata_offset(), 40);
  sessions.set_active(second, true);  // It has not said anything yet.
  EXPECT_EQ(sessions.lowest_active_metadata_offset(), -1);
  sessions.metadata_reached(second, 41);
  EXPECT_EQ(sessions.lowest_active_metadata_offset(), 40);
  sessions.set_active(first, false);
  EXPECT_EQ(sessions.lowest_active_metadata_offset(), 41);
  sessions.forget(second);
  EXPECT_EQ(sessions.lowest_active_metadata_offset(), highest_offset);
}

// Were they, this would take billions of steps, and no test is waited for so long.
TEST(Sessions, of_many_brokers_are_not_looked_at_one_by_one) {
  constexpr std::int32_t brokers = 200'000;
  Sessions sessions(9s);
  for (std::int32_t id = 0; id < brokers; ++id) {
    sessions.touch(NodeId(id), broker_epoch, at(1ns * id));
    sessions.set_active(NodeId(id), true);
  }
  for (std::int32_t id = 0; id < brokers; ++id) {
    const Instant now = at(1s + 1ns * id);
    sessions.touch(NodeId(id), broker_epoch, now);
    sessions.metadata_reached(NodeId(id), 100 + id);
    const bool is_last = id + 1 == brokers;
    ASSERT_EQ(sessions.next_expiry(), is_last ? at(10s) : at(9s + 1ns * (id + 1)));
    ASSERT_EQ(sessions.expired(now), std::nullopt);
    ASSERT_EQ(sessions.lowest_active_metadata_offset(), is_last ? 100 : -1);
  }
}

struct HeardOf {
  NodeId broker;
  BrokerEpoch epoch;
  Instant last;
  Offset applied = -1;
  bool is_active = false;
};

// The model: who was heard of, in the order in which their sessions end.
struct BySilence {
  std::vector<HeardOf> all;

  void add(HeardOf one) {
    all.push_back(one);
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
      return std::tie(a.last, a.broker) < std::tie(b.last, b.broker);
    });
  }
  std::optional<HeardOf> take(NodeId broker) {
    for (auto one = all.begin(); one != all.end(); ++one) {
      if (one->broker != broker) continue;
      const auto taken = *one;
      all.erase(one);
      return taken;
    }
    return std::nullopt;
  }
};

struct SessionsAndModel {
  Duration timeout = *rc::gen::element(1ns, 2ns, 3ns, 5ns);
  Instant now{};
  Sessions sessions{timeout};
  BySilence model;

  void step() {
    const NodeId broker{*rc::gen::element(1, 2, 3)};
    switch (*rc::gen::element(0, 0, 0, 1, 1, 2, 3, 3, 4)) {
      case 0: {
        const BrokerEpoch epoch{*rc::gen::element<std::int64_t>(7, 7, 8)};
        sessions.touch(broker, epoch, now);
        const auto before = model.take(broker);
        const bool is_same = before && before->epoch == epoch;
        return model.add(
            {broker, epoch, now, is_same ? before->applied : -1, is_same && before->is_active});
      }
      case 1: now += *rc::gen::element(1ns, 1ns, 2ns); return;
      case 2: {
        const auto offset = *rc::gen::element<Offset>(0, 1, 2);
        sessions.metadata_reached(broker, offset);
        change(broker, [&](HeardOf& known) { known.applied = offset; });
        return;
      }
      case 3: {
        const bool is_active = *rc::gen::element(true, true, false);
        sessions.set_active(broker, is_active);
        change(broker, [&](HeardOf& known) { known.is_active = is_active; });
        return;
      }
      default: sessions.forget(broker); model.take(broker);
    }
  }

  template <class Change>
  void change(NodeId broker, const Change& apply) {
    auto known = model.take(broker);
    if (!known) return;
    apply(*known);
    model.add(*known);
  }

  void check() const {
    Offset lowest = highest_offset;
    for (const auto& one : model.all) {
      if (one.is_active) lowest = std::min(lowest, one.applied);
      for (const BrokerEpoch epoch : {BrokerEpoch(7), BrokerEpoch(8)}) {
        const bool is_live = epoch == one.epoch && now - one.last < timeout;
        RC_ASSERT(sessions.is_live(one.broker, epoch, now) == is_live);
      }
      RC_ASSERT(sessions.last_contact(one.broker) == one.last);
      RC_ASSERT(sessions.metadata_offset(one.broker) == one.applied);
    }
    RC_ASSERT(sessions.lowest_active_metadata_offset() == lowest);
    for (int id = 1; id <= 3; ++id) {
      if (BySilence(model).take(NodeId(id))) continue;
      RC_ASSERT(!sessions.is_live(NodeId(id), BrokerEpoch(7), now));
      RC_ASSERT(sessions.metadata_offset(NodeId(id)) == -1);
    }
    RC_ASSERT(sessions.next_expiry() == (model.all.empty() ? never : model.all[0].last + timeout));
  }

  // As the controller fences them. Returns how many.
  int end_those_that_are_over() {
    int ended = 0;
    while (!model.all.empty() && now - model.all[0].last >= timeout) {
      const NodeId broker = model.all[0].broker;
      RC_ASSERT(sessions.expired(now) == broker);
      sessions.forget(broker);
      model.take(broker);
      ++ended;
    }
    RC_ASSERT(!sessions.expired(now).has_value());
    return ended;
  }
};

RC_GTEST_PROP(Sessions, end_one_after_the_other_in_the_order_of_their_silence, ()) {
  SessionsAndModel world;
  int most_at_once = 0;
  const int steps = *rc::gen::resize(100, rc::gen::inRange(1, 60));
  for (int i = 0; i < steps; ++i) {
    world.step();
    world.check();
    if (*rc::gen::element(true, false, false)) {
      most_at_once = std::max(most_at_once, world.end_those_that_are_over());
      world.check();
    }
  }
  RC_CLASSIFY(most_at_once == 1, "ended one at a time");
  RC_CLASSIFY(most_at_once > 1, "ended several at once");
}

}  // namespace
}  // namespace brokersim::controller
