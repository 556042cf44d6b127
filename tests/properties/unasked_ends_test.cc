// BS-E01: nodes that end by themselves, and those that may.
#include <gtest/gtest.h>

#include "tests/properties/history.h"

namespace brokersim::properties {
namespace {

using How = NodeStopped::How;

// Broker 1 has a part in the quorum; 9 is a client.
struct Ends : History {
  explicit Ends(const TrialConfig& config = {}) : History(config) {
    add(1, QuorumRoleChanged{LeaderEpoch{0}, "unattached", no_node, "started"});
  }
  void begins(const std::string& what) { add(-1, FaultBegan{1, what, "broker-1", nodes({1}), {}}); }
  bool is_violated() { return has(fired(), "BS-E01/ended_unasked"); }
};

TEST(UnaskedEnds, of_nodes_are_violations) {
  Ends h;
  h.stopped(1, How::shutdown);
  EXPECT_TRUE(h.is_violated());
}

TEST(UnaskedEnds, are_no_crashes_and_none_of_clients) {
  Ends h;
  h.stopped(9, How::shutdown);
  h.stopped(1, How::crash);
  h.started(1, 1);
  h.stopped(1, How::power_loss);
  EXPECT_FALSE(h.is_violated());
}

TEST(UnaskedEnds, are_not_those_that_somebody_asked_for) {
  Ends h;
  h.begins("restart");
  h.stopped(1, How::shutdown);
  EXPECT_FALSE(h.is_violated());
}

TEST(UnaskedEnds, were_asked_for_in_one_life_only) {
  Ends h;
  h.begins("restart");
  h.stopped(1, How::shutdown);
  h.started(1, 1);
  h.stopped(1, How::shutdown);
  EXPECT_TRUE(h.is_violated());
}

TEST(UnaskedEnds, are_excused_by_a_disk_that_failed_or_was_full_in_any_life) {
  for (const auto* what : {"disk_error", "write_error", "full_disk", "slow_disk"}) {
    Ends h;
    h.begins(what);
    h.stopped(1, How::crash);
    h.started(1, 1);
    h.stopped(1, How::shutdown);
    EXPECT_EQ(h.is_violated(), what == std::string("slow_disk")) << what;
  }
}

// A life of broker 1 that ends by itself after so long.
struct Life {
  bool is_controller;
  bool has_served;
  Duration lasting;
  bool is_violated;
};

TEST(UnaskedEnds, are_excused_where_a_broker_has_not_served_for_as_long_as_it_may_register) {
  const Life lives[] = {{false, false, 60s, false},
                        {false, false, 59s, true},
                        {false, true, 60s, true},
                        {true, false, 60s, true}};
  for (const auto& life : lives) {
    Ends h(life.is_controller ? TrialConfig{.quorum_voters = {NodeId{1}}} : TrialConfig{});
    if (life.has_served) {
      h.add(-1, BrokerCommitted{NodeId{1}, BrokerEpoch{9}, false, h.next_metadata_offset()});
    }
    h.wait(life.lasting);
    h.stopped(1, How::shutdown);
    EXPECT_EQ(h.is_violated(), life.is_violated);
  }
}

// It is held up where the network is cut, and unfences a broker that nobody is any more.
TEST(UnaskedEnds, a_heartbeat_of_an_earlier_life_is_no_service_of_this_one) {
  Ends h;
  h.add(-1, BrokerCommitted{NodeId{1}, BrokerEpoch{9}, false, h.next_metadata_offset()});
  h.stopped(1, How::crash);
  h.started(1, 1);
  h.add(-1, BrokerCommitted{NodeId{1}, BrokerEpoch{9}, true, h.next_metadata_offset()});
  h.add(-1, BrokerCommitted{NodeId{1}, BrokerEpoch{9}, false, h.next_metadata_offset()});
  h.wait(60s);
  h.stopped(1, How::shutdown);
  EXPECT_FALSE(h.is_violated());
}

}  // namespace
}  // namespace brokersim::properties
