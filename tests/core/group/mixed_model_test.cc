// A group whose members change their protocol whenever they begin anew, so that it becomes one of
// consumers and a classic one again and again (KIP-848): they come, go, crash, miss answers and are
// late, over a log that commits late, refuses, and outlives its coordinator. Whatever happens: of
// those whom the group goes on to take for members no two have one partition (G1), what was
// committed stays committed (G2), the next coordinator remembers the same (G8), and once all is
// well everything is somebody's, and nobody waits (G5).
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/core/group/classics.h"

namespace brokersim::group {
namespace {

constexpr std::int32_t partitions_of_orders = 4;

class MixedWorld {
 public:
  MixedWorld() {
    c_.learn(topics_with(partitions_of_orders));
    for (int i = 0; i < 4; ++i) {
      seats_.push_back({TestConsumer(c_, ""), TestClassic(c_)});
      auto& seat = seats_.back();
      if (i == 3) seat.consumer.instance = seat.classic.instance = "i";
      seat.classic.is_eager = i == 2;
      seat.classic.rebalance_ms = seat.consumer.rebalance_ms = 20'000;
      begin_anew(seat, i % 2 == 0);
    }
  }

  void step() {
    auto& seat = seats_[*rc::gen::inRange<std::size_t>(0, seats_.size())];
    switch (*rc::gen::inRange(0, 20)) {
      case 0: return leave(seat);
      case 1: return begin_anew(seat, *rc::gen::arbitrary<bool>());  // It crashed.
      case 2: return miss(seat);
      case 3: return c_.pass(*rc::gen::inRange(1, 20'000) * 1ms);
      case 4: c_.commits_at_once = !c_.commits_at_once; return c_.commit_log();
      case 5:
        c_.refuses = c_.refuses ? std::nullopt : std::optional(ErrorCode::not_enough_replicas);
        return;
      case 6: return fail_over();
      case 7: return commit(seat);
      default: moves_ = *rc::gen::inRange(0, 4); return act(seat);
    }
  }

  void look() {
    const auto consumers = c_.shard->describe_consumers("g");
    if (consumers.error_code == ErrorCode::none) {
      std::map<std::string, std::int32_t> epochs;
      for (const auto& member : consumers.members) epochs[member.member_id] = member.member_epoch;
      check_owners(epochs);
      return;
    }
    std::map<std::string, std::int32_t> generations;
    std::int32_t latest = -1;
    for (const auto& seat : seats_) latest = std::max(latest, generation_in_classic(seat));
    for (const auto& seat : seats_) {
      if (generation_in_classic(seat) == latest) generations[seat.classic.id] = latest;
    }
    check_owners(generations);
  }

  void settle() {
    c_.refuses.reset();
    c_.commits_at_once = true;
    c_.commit_log();
    moves_ = 0;
    for (int round = 0; round < 300; ++round) {
      for (auto& seat : seats_) act(seat);
      look();
      c_.pass(500ms);
    }
    const auto rows = c_.shard->list();
    RC_ASSERT(rows.size() == 1u);
    RC_ASSERT(rows[0].group_state == "Stable");
    PartitionSet owned;
    for (const auto& seat : seats_) {
      RC_ASSERT(!have_common(owned, seat.has));
      add(owned, seat.has);
    }
    RC_ASSERT(owned[orders_id].size() == static_cast<std::size_t>(partitions_of_orders));
    RC_ASSERT(c_.fetch() == committed_);
    for (const auto request : c_.requests) RC_ASSERT(!c_.is_parked(request));
  }

 private:
  enum class Step { outside, joining, joined, syncing, inside };
  struct Seat {
    TestConsumer consumer;
    TestClassic classic;
    bool speaks_classic = false;
    PartitionSet has = {};  // What it has not given up.
    std::optional<RequestId> asked = {};
    Step step = Step::outside;  // Of one that speaks the classic protocol.
    std::map<std::string, PartitionSet> shares = {};
  };

  // ---- Either way ----

  void act(Seat& seat) { seat.speaks_classic ? act_classic(seat) : act_consumer(seat); }

  void begin_anew(Seat& seat, bool as_classic) {
    give_up_everything(seat);
    seat.speaks_classic = as_classic;
    seat.classic.id.clear();
    seat.consumer.id = "m" + std::to_string(++lives_);
  }

  void give_up_everything(Seat& seat) {
    seat.has.clear();
    seat.asked.reset();
    seat.step = Step::outside;
    seat.classic.owned.clear();
    seat.classic.generation = seat.classic.held_since = -1;
    seat.consumer.owned.clear();
    seat.consumer.epoch = 0;
  }

  void leave(Seat& seat) {
    const bool is_static = seat.classic.instance.has_value();
    if (seat.speaks_classic) {
      if (!is_static && !seat.classic.id.empty()) c_.leave(seat.classic.id);
    } else if (seat.consumer.epoch > 0) {
      seat.consumer.leave(is_static ? epoch_of_static_leave : epoch_of_leaving);
    }
    begin_anew(seat, *rc::gen::arbitrary<bool>());
  }

  // It asks again, whatever becomes of what it asked.
  void miss(Seat& seat) {
    if (seat.asked) seat.consumer.is_unsure = true;
    seat.asked.reset();
    const bool waited = seat.step == Step::joining || seat.step == Step::syncing;
    if (waited) seat.step = Step::outside;
  }

  void commit(const Seat& seat) {
    if (!c_.commits_at_once || c_.refuses) return;
    const auto& id = seat.speaks_classic ? seat.classic.id : seat.consumer.id;
    const auto generation = seat.speaks_classic ? seat.classic.generation : seat.consumer.epoch;
    if (generation < 1) return;
    const auto offset = ++offset_;
    if (c_.committed(c_.commit(offset, id, generation)) == ErrorCode::none) committed_ = offset;
  }

  void fail_over() {
    c_.commit_log();
    const auto before = remembered();
    c_.fail_over();
    RC_ASSERT(remembered() == before);
  }

  // One that nobody is in becomes what comes to it, which it may be about to.
  api::ConsumerGroupDescribeResponse::DescribedGroup remembered() const {
    const auto group = c_.shard->describe_consumers("g");
    if (group.members.empty()) return {};
    return group;
  }

  void check_owners(const std::map<std::string, std::int32_t>& generations) const {
    PartitionSet owned;
    for (const auto& seat : seats_) {
      const auto& id = seat.speaks_classic ? seat.classic.id : seat.consumer.id;
      const auto known = generations.find(id);
      const auto its = seat.speaks_classic ? seat.classic.generation : seat.consumer.epoch;
      if (known == generations.end() || known->second != its) continue;
      RC_ASSERT(!have_common(owned, seat.has));
      add(owned, seat.has);
    }
  }

  // Of a member of a classic group; of others -1.
  std::int32_t generation_in_classic(const Seat& seat) const {
    const auto group = c_.shard->describe("g");
    const bool is_in =
        std::any_of(group.members.begin(), group.members.end(),
                    [&seat](const auto& member) { return member.member_id == seat.classic.id; });
    return seat.speaks_classic && is_in ? seat.classic.generation : -1;
  }

  // ---- By the protocol of consumers ----

  void act_consumer(Seat& seat) {
    auto& consumer = seat.consumer;
    if (seat.asked) return hear_consumer(seat);
    if (consumer.epoch == 0) {
      seat.has.clear();
      seat.asked = consumer.join();
    } else {
      seat.has = common(seat.has, consumer.owned);
      auto asked = consumer.next_request();
      asked.topic_partitions = listed<TestConsumer::Request::TopicPartitions>(seat.has);
      seat.asked = c_.beat(asked);
    }
    if (moves_ != 1) hear_consumer(seat);
  }

  void hear_consumer(Seat& seat) {
    if (!seat.asked || c_.is_parked(*seat.asked)) return;
    const auto error = seat.consumer.take(*std::exchange(seat.asked, std::nullopt));
    if (error == ErrorCode::none) return add(seat.has, seat.consumer.owned);
    if (error == ErrorCode::fenced_instance_id) return begin_anew(seat, false);
    const bool is_out = error == ErrorCode::unknown_member_id ||
                        error == ErrorCode::fenced_member_epoch ||
                        error == ErrorCode::group_id_not_found;
    if (is_out) give_up_everything(seat);
  }

  // ---- By the classic protocol ----

  void act_classic(Seat& seat) {
    auto& classic = seat.classic;
    switch (seat.step) {
      case Step::outside:
        ask_who_it_is(seat);
        seat.has = classic.is_eager ? PartitionSet() : common(seat.has, classic.owned);
        classic.owned = seat.has;
        seat.asked = classic.join();
        seat.step = Step::joining;
        return hear_joined(seat);
      case Step::joining: return hear_joined(seat);
      case Step::joined:
        seat.asked = classic.sync(seat.shares);
        seat.step = Step::syncing;
        return hear_synced(seat);
      case Step::syncing: return hear_synced(seat);
      case Step::inside: return take_error(seat, classic.beat());
    }
  }

  // A static member keeps its place in a rebalance that it misses (KAFKA-8220), but not what it
  // had, which is others' then. Only heartbeats tell it so, which go on until it joins again.
  void ask_who_it_is(Seat& seat) {
    const bool keeps_its_place = seat.classic.instance && seat.classic.generation > 0;
    if (keeps_its_place) take_error(seat, seat.classic.beat());
  }

  void hear_joined(Seat& seat) {
    if (c_.is_parked(*seat.asked)) return;
    const auto& joined = c_.joined(*seat.asked);
    seat.step = Step::outside;
    RC_ASSERT(joined.error_code != ErrorCode::inconsistent_group_protocol);
    const auto error = seat.classic.hear_joined(*std::exchange(seat.asked, std::nullopt));
    if (error != ErrorCode::none) return take_error(seat, error);
    seat.step = Step::joined;
    seat.shares.clear();
    const bool leads = joined.leader == joined.member_id && !joined.skip_assignment;
    if (leads) assign(seat, joined);
  }

  void hear_synced(Seat& seat) {
    if (c_.is_parked(*seat.asked)) return;
    seat.step = Step::outside;
    const auto error = seat.classic.hear_synced(*std::exchange(seat.asked, std::nullopt));
    if (error != ErrorCode::none) return take_error(seat, error);
    // What it has besides it has until it joins again.
    if (includes(seat.classic.owned, seat.has)) seat.step = Step::inside;
    add(seat.has, seat.classic.owned);
  }

  void take_error(Seat& seat, ErrorCode error) {
    switch (error) {
      case ErrorCode::none: return;
      case ErrorCode::unknown_member_id:
      case ErrorCode::fenced_instance_id: return begin_anew(seat, true);
      case ErrorCode::illegal_generation: return give_up_everything(seat);
      default: seat.step = Step::outside; return;
    }
  }

  // What somebody has stays with him, or is given to nobody this time (KIP-429).
  void assign(Seat& leader, const api::JoinGroupResponse& joined) {
    std::map<std::int32_t, std::pair<std::int32_t, std::string>> claims;
    for (const auto& member : joined.members) {
      leader.shares[member.member_id];
      const auto said = read_subscription(member.metadata, *c_.known_topics);
      const auto owned = said->owned.find(orders_id);
      if (owned == said->owned.end()) continue;
      for (const auto partition : owned->second) {
        auto& claim = claims[partition];
        claim = std::max(claim, std::pair(said->generation, member.member_id));
      }
    }
    for (std::int32_t p = 0; p < partitions_of_orders; ++p) {
      const auto claim = claims.find(p);
      if (claim == claims.end()) {
        const auto& to = joined.members[static_cast<std::size_t>(p) % joined.members.size()];
        leader.shares[to.member_id][orders_id].insert(p);
      } else if (p >= moves_) {
        leader.shares[claim->second.second][orders_id].insert(p);
      }
    }
  }

  Coordinated c_;
  std::vector<Seat> seats_;
  int lives_ = 0;
  int moves_ = 0;  // So many partitions are to change hands.
  Offset offset_ = 0;
  Offset committed_ = -1;
};

RC_GTEST_PROP(MixedModel, partitions_have_one_owner_in_groups_of_both_kinds_and_between, ()) {
  MixedWorld world;
  const int steps = *rc::gen::inRange(1, 150);
  for (int i = 0; i < steps; ++i) {
    world.step();
    world.look();
  }
  world.settle();
}

}  // namespace
}  // namespace brokersim::group
