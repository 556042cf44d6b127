// BS-G11: static members keep their places; what it flags, and each thing that is not promised.
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/properties/history.h"

namespace brokersim::properties {
namespace {

const TopicPartition log_of_static{"__consumer_offsets", 0};
constexpr Duration static_session = 20s;

StaticMember static_member(std::string client, bool is_alone = true) {
  return {.group = "g",
          .client = std::move(client),
          .instance = "fixed",
          .session_timeout = static_session,
          .is_alone = is_alone};
}

// A group of "fixed", which is static, and "other". Broker 1 coordinates, until another one does.
class StaticHistory : public History {
 public:
  explicit StaticHistory(std::vector<StaticMember> members = {static_member("client")})
      : History(TrialConfig{.static_members = std::move(members)}) {
    add(8, NodeStarted{"client", 0});
    add(-1, TopicCommitted{log_of_static.topic, 2, 3, 1, false});
    led(1);
  }

  void led(int leader, const std::vector<int>& isr = {1, 2, 3}) {
    PartitionCommitted body{log_of_static, NodeId{leader}, LeaderEpoch{++epoch_}};
    body.partition_epoch = PartitionEpoch{epoch_};
    body.metadata_offset = next_metadata_offset();
    body.replicas = nodes({1, 2, 3});
    body.isr = nodes(isr);
    add(-1, body);
    leader_ = leader;
  }

  // One record, told member by member at one instant.
  void wrote_alone(std::int32_t number, const std::set<std::string>& members,
                   std::string what = "generation") {
    last_ = {end_, end_, LeaderEpoch{epoch_}, ++digest_};
    add(leader_, BatchStored{log_of_static, last_});
    for (const auto& member : members) {
      at_once();
      add(leader_, GroupStateStored{.partition = log_of_static,
                                    .offset = end_,
                                    .leader_epoch = LeaderEpoch{epoch_},
                                    .group = "g",
                                    .what = what,
                                    .member = member,
                                    .epoch = number,
                                    .assigned = {{"orders", member == "fixed" ? 0 : 1}}});
    }
    ++end_;
  }
  void wrote(std::int32_t number, const std::set<std::string>& members,
             std::string what = "generation") {
    wrote_alone(number, members, std::move(what));
    for (int node = 1; node <= 3; ++node) {
      if (node != leader_) add(node, BatchStored{log_of_static, last_});
    }
  }
  // Broker 1, which alone is in sync, loses power, and with it all that it had.
  void lose_records() {
    led(1, {1});
    stopped(1, NodeStopped::How::power_loss);
    add(1, LogCut{log_of_static, 0, true});
    started(1, 1);
    led(1, {1});
    end_ = 0;
  }

  void synced(std::int32_t number, const std::string& client = "client",
              std::vector<TopicPartition> assigned = {orders}) {
    add(leader_, SyncGroupAnswered{client, "g", "fixed", number, 0, std::move(assigned)});
  }
  void joined(std::int32_t number, int error, const std::string& client = "client") {
    add(leader_, JoinGroupAnswered{client, "g", "fixed-id", number, error});
  }
  void beat(std::int32_t number, int error = 0) {
    add(leader_, HeartbeatAnswered{"client", "g", "fixed", number, error});
  }
  void committed(std::int32_t number, const std::string& client, std::int64_t asked_at_ns) {
    add(leader_, OffsetCommitAnswered{client, "g", "fixed", number, orders, 5, 0, asked_at_ns});
  }
  void committed(std::int32_t number, const std::string& client = "client") {
    wait(1ms);
    committed(number, client, now().ns());
  }
  // In generation 1, of which "fixed" has its part.
  void begin() {
    wrote(1, {"fixed", "other"});
    synced(1);
  }

  Fired found() {
    Fired result;
    for (const auto& one : fired()) {
      if (one.starts_with("BS-G11/")) result.push_back(one);
    }
    return result;
  }

 private:
  Offset end_ = 0;
  int leader_ = 1;
  int epoch_ = -1;
  std::uint64_t digest_ = 0;
  BatchRef last_;
};

// ---- In the next generation --------------------------------------------------------------------

TEST(StaticPlaces, are_in_the_next_generation) {
  StaticHistory kept;
  kept.begin();
  kept.wrote(2, {"fixed", "other"});
  EXPECT_EQ(kept.found(), Fired{});
  StaticHistory lost;
  lost.begin();
  lost.wrote(2, {"other"});
  EXPECT_EQ(lost.found(), Fired{"BS-G11/put_out"});
}

// By the leader's return, another subscription, or somebody else who comes or goes.
TEST(StaticPlaces, may_be_in_a_rebalance_on_return) {
  StaticHistory h;
  h.begin();
  h.joined(2, 0);
  h.wrote(2, {"fixed", "other", "another"});
  h.synced(2);
  EXPECT_EQ(h.found(), Fired{});
}

TEST(StaticPlaces, are_lost_with_their_sessions) {
  for (const Duration since : {15s, 25s}) {
    StaticHistory h;
    h.begin();
    h.wait(since);
    h.wrote(2, {"other"});
    EXPECT_EQ(h.found(), since < static_session ? Fired{"BS-G11/put_out"} : Fired{});
  }
}

// When it was sent nobody knows, but that it was after that.
TEST(StaticPlaces, are_kept_from_the_answer_before_each_heartbeat) {
  for (const int beats : {1, 2}) {
    StaticHistory h;
    h.begin();
    for (int i = 0; i < beats; ++i) {
      h.wait(12s);
      h.beat(1, i == 0 ? 0 : 27);  // REBALANCE_IN_PROGRESS
    }
    h.wait(beats == 1 ? 12s : 1s);
    h.wrote(2, {"other"});
    EXPECT_EQ(h.found(), beats == 2 ? Fired{"BS-G11/put_out"} : Fired{}) << beats;
  }
}

TEST(StaticPlaces, are_kept_from_each_commit) {
  StaticHistory h;
  h.begin();
  h.wait(15s);
  h.committed(1);
  h.wait(15s);
  h.wrote(2, {"other"});
  EXPECT_EQ(h.found(), Fired{"BS-G11/put_out"});
}

// It is unknown there since when its session lasts.
TEST(StaticPlaces, are_judged_by_what_the_present_coordinator_has_heard) {
  for (const bool has_heard : {false, true}) {
    StaticHistory h;
    h.begin();
    h.led(2);
    if (has_heard) h.committed(1);
    h.wrote(2, {"other"});
    EXPECT_EQ(h.found(), has_heard ? Fired{"BS-G11/put_out"} : Fired{});
  }
}

TEST(StaticPlaces, may_be_lost_for_not_asking_for_the_part) {
  StaticHistory written;
  written.begin();
  written.wrote(2, {"fixed", "other"});
  written.wrote(3, {"other"});
  EXPECT_EQ(written.found(), Fired{});
  StaticHistory unwritten;
  unwritten.begin();
  unwritten.wrote(3, {"other"});
  EXPECT_EQ(unwritten.found(), Fired{});
}

TEST(StaticPlaces, are_not_judged_in_a_group_that_is_full) {
  StaticHistory h;
  h.begin();
  h.joined(-1, 81, "another");
  h.wrote(2, {"other"});
  EXPECT_EQ(h.found(), Fired{});
}

TEST(StaticPlaces, are_not_judged_in_a_group_of_consumers) {
  StaticHistory h;
  h.begin();
  h.wrote(2, {""}, "epoch");
  h.wrote(2, {"other"});
  EXPECT_EQ(h.found(), Fired{});
}

TEST(StaticPlaces, are_not_lost_by_what_is_not_committed) {
  StaticHistory h;
  h.begin();
  h.wrote_alone(2, {"other"});
  EXPECT_EQ(h.found(), Fired{});
}

TEST(StaticPlaces, are_not_judged_where_records_of_groups_were_lost) {
  StaticHistory h;
  h.begin();
  h.lose_records();
  h.wrote_alone(2, {"other"});
  EXPECT_EQ(h.found(), Fired{});
}

TEST(StaticPlaces, are_those_of_static_members) {
  StaticHistory h(std::vector<StaticMember>{});
  h.begin();
  h.wrote(2, {"other"});
  EXPECT_EQ(h.found(), Fired{});
}

// ---- Its part ----------------------------------------------------------------------------------

TEST(StaticPlaces, come_with_all_that_was_given) {
  for (const bool is_told : {false, true}) {
    StaticHistory h;
    h.begin();
    h.synced(1, "client", is_told ? std::vector{orders} : std::vector<TopicPartition>{});
    EXPECT_EQ(h.found(), is_told ? Fired{} : Fired{"BS-G11/part_lost"});
  }
}

TEST(StaticPlaces, may_come_with_less_in_another_generation) {
  StaticHistory h;
  h.begin();
  h.synced(2, "client", {});
  EXPECT_EQ(h.found(), Fired{});
}

// ---- Who had it before -------------------------------------------------------------------------

class TwoProcesses : public StaticHistory {
 public:
  TwoProcesses() : StaticHistory({static_member("a", false), static_member("b", false)}) {
    wrote(1, {"fixed", "other"});
    synced(1, "a");
    wait(1ms);
    before_ = now().ns();
    synced(1, "b");
  }
  std::int64_t before() const { return before_; }

 private:
  std::int64_t before_ = 0;
};

TEST(StaticPlaces, are_of_one_process) {
  TwoProcesses h;
  h.committed(1, "b");
  EXPECT_EQ(h.found(), Fired{});
  h.committed(1, "a");
  EXPECT_EQ(h.found(), Fired{"BS-G11/former_let_in"});
}

TEST(StaticPlaces, may_be_spoken_for_by_who_asked_before_or_came_back) {
  TwoProcesses early;
  early.committed(1, "a", early.before());
  EXPECT_EQ(early.found(), Fired{});
  TwoProcesses back;
  back.joined(1, 0, "a");
  back.committed(1, "a");
  EXPECT_EQ(back.found(), Fired{});
  TwoProcesses consumer;
  consumer.add(1, ConsumerGroupHeartbeatAnswered{.peer = "a", .group = "g", .member = "fixed"});
  consumer.committed(1, "a");
  EXPECT_EQ(consumer.found(), Fired{});
}

TEST(StaticPlaces, may_be_anothers_for_a_coordinator_that_does_not_know) {
  TwoProcesses h;
  h.led(2);
  h.committed(1, "a");
  EXPECT_EQ(h.found(), Fired{});
}

// ---- Fenced by itself --------------------------------------------------------------------------

TEST(StaticPlaces, are_not_taken_by_who_has_them) {
  StaticHistory h;
  h.begin();
  h.wait(11s);
  h.joined(-1, 14);  // COORDINATOR_LOAD_IN_PROGRESS
  h.beat(1, 82);
  h.beat(1, 82);
  EXPECT_EQ(h.found(), Fired{"BS-G11/fenced_by_itself"});
}

TEST(StaticPlaces, may_be_taken_by_what_was_sent_before_they_were_given) {
  StaticHistory h;
  h.begin();
  h.wait(5s);
  h.joined(-1, 82);
  EXPECT_EQ(h.found(), Fired{});
}

TEST(StaticPlaces, may_be_taken_by_what_an_earlier_process_has_sent) {
  for (const int stopped : {8, 2}) {
    StaticHistory h;
    h.begin();
    h.wait(11s);
    h.stopped(stopped, NodeStopped::How::crash);
    h.joined(-1, 82);
    EXPECT_EQ(h.found(), stopped == 2 ? Fired{"BS-G11/fenced_by_itself"} : Fired{}) << stopped;
  }
}

// UNKNOWN_MEMBER_ID, INCONSISTENT_GROUP_PROTOCOL: it joins as somebody new.
TEST(StaticPlaces, may_be_taken_by_who_begins_anew) {
  for (const int error : {25, 23}) {
    StaticHistory h;
    h.begin();
    h.wait(11s);
    h.joined(-1, error);
    h.beat(1, 82);
    EXPECT_EQ(h.found(), Fired{}) << error;
  }
}

TEST(StaticPlaces, may_be_taken_by_another_process) {
  StaticHistory h({static_member("client", false)});
  h.begin();
  h.wait(11s);
  h.beat(1, 82);
  EXPECT_EQ(h.found(), Fired{});
}

// It may have another id there, from before.
TEST(StaticPlaces, may_be_anothers_for_a_coordinator_that_never_gave_them) {
  StaticHistory h;
  h.begin();
  h.wait(11s);
  h.led(2);
  h.beat(1, 82);
  EXPECT_EQ(h.found(), Fired{});
}

}  // namespace
}  // namespace brokersim::properties
