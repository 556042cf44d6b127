// Random producers, some of them zombies, against what must always hold: the log tells of every
// transaction whatever its producer was told, nobody acts in an epoch that another has taken, and
// nothing stays undecided.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/core/transaction/coordinated.h"

namespace brokersim::transaction {
namespace {

class TransactionWorld {
 public:
  TransactionWorld() { c_.level = 2; }

  void step() {
    switch (*rc::gen::inRange(0, 12)) {
      case 0: return take_over();
      case 1: return go_on();
      case 2:
      case 3:
      case 4: return add();
      case 5:
      case 6: return end();
      case 7:
      case 8: return c_.mark_all();
      case 9: return c_.pass(Duration(1s) * *rc::gen::inRange(0, 40));
      case 10: return fail_over();
      default: return switch_log();
    }
  }

  // Whatever was answered since the last look.
  void look() {
    for (; heard_ < asked_.size(); ++heard_) {
      const auto& asked = asked_[heard_];
      if (c_.is_waiting(asked.request)) return;
      if (c_.error(asked.request) != ErrorCode::none) continue;
      if (asked.is_add) {
        // Nobody adds to what another producer, or the coordinator, has taken from him.
        RC_ASSERT(asked.as.id > 0);
        RC_ASSERT(standings_with(asked.as, State::ongoing) > 0);
      } else if (asked.is_end) {
        RC_ASSERT(has_ended(asked));
        const auto next = c_.producer(asked.request);
        if (next.id > 0) producers_.push_back(next);
      } else {
        const auto got = c_.producer(asked.request);
        RC_ASSERT(got.epoch >= 0);
        producers_.push_back(got);
      }
    }
  }

  // Without faults everything is decided, and the next coordinator knows the same.
  void settle() {
    c_.refuses.reset();
    c_.commits_at_once = true;
    c_.commit_log();
    for (int i = 0; i < 4; ++i) {
      c_.pass(80s);
      c_.mark_all();
    }
    look();
    RC_ASSERT(heard_ == asked_.size());
    const auto before = c_.shard->describe("a");
    const auto& state = before.transaction_state;
    RC_ASSERT(state.empty() || state == "Empty" || state.rfind("Complete", 0) == 0);
    c_.fail_over();
    RC_ASSERT(c_.shard->describe("a") == before);
    check_log();
  }

 private:
  struct Asked {
    RequestId request;
    ProducerAndEpoch as;
    bool is_add = false;
    bool is_end = false;
    bool is_commit = false;
    std::int16_t version = 1;
  };

  ProducerAndEpoch any_producer() const {
    if (producers_.empty()) return {1, 0};
    // Mostly the latest, sometimes a zombie.
    const auto back = *rc::gen::weightedElement<std::size_t>({{6, 0}, {1, 1}, {1, 2}});
    return producers_[producers_.size() - 1 - std::min(back, producers_.size() - 1)];
  }
  void take_over() { asked_.push_back({.request = c_.init({}, 30'000)}); }
  void go_on() {
    const auto as = any_producer();
    asked_.push_back({.request = c_.init(as, 30'000), .as = as});
  }
  void add() {
    const auto as = any_producer();
    const TopicPartition partition{"t", *rc::gen::inRange(0, 3)};
    asked_.push_back({.request = c_.add(as, {partition}), .as = as, .is_add = true});
  }
  void end() {
    const auto as = any_producer();
    const bool is_commit = *rc::gen::arbitrary<bool>();
    const auto version = *rc::gen::element<std::int16_t>(1, 2);
    asked_.push_back({.request = c_.end(as, is_commit, version),
                      .as = as,
                      .is_end = true,
                      .is_commit = is_commit,
                      .version = version});
  }
  // What is appended and not committed may be lost with its coordinator.
  void fail_over() {
    if (!c_.commits_at_once) c_.log.resize(committed_);
    c_.fail_over();
  }
  void switch_log() {
    c_.refuses.reset();
    if (*rc::gen::arbitrary<bool>()) {
      c_.refuses = ErrorCode::not_enough_replicas;
    } else if (c_.commits_at_once) {
      committed_ = c_.log.size();
      c_.commits_at_once = false;
    } else {
      c_.commits_at_once = true;
      c_.commit_log();
    }
  }

  std::vector<Standing> standings() const {
    std::vector<Standing> all;
    for (const auto& record : c_.log) {
      all.push_back(*std::get<TransactionEntry>(*decode_entry(record)).standing);
    }
    return all;
  }
  int standings_with(const ProducerAndEpoch& producer, State state) const {
    int count = 0;
    for (const auto& one : standings()) {
      count += one.producer_id == producer.id && one.epoch == producer.epoch && one.state == state;
    }
    return count;
  }
  bool has_ended(const Asked& asked) const {
    const auto state = asked.is_commit ? State::prepare_commit : State::prepare_abort;
    auto with = asked.as;
    if (standings_with(with, state) > 0) return true;
    ++with.epoch;
    return standings_with(with, state) > 0;
  }
  // Each record may follow the one before, and of one producer id epochs never go back.
  void check_log() const {
    std::optional<Standing> before;
    for (const auto& one : standings()) {
      RC_ASSERT(one.epoch >= 0);
      if (before) {
        RC_ASSERT(may_follow(before->state, one.state));
        if (before->producer_id == one.producer_id) RC_ASSERT(before->epoch <= one.epoch);
        const bool is_completion = is_complete(one.state);
        if (is_completion) RC_ASSERT(is_prepared(before->state));
      }
      before = one;
    }
  }

  Coordinated c_;
  std::vector<Asked> asked_;
  std::size_t heard_ = 0;
  std::size_t committed_ = 0;
  std::vector<ProducerAndEpoch> producers_;
};

RC_GTEST_PROP(TransactionModel, every_transaction_is_decided_once_and_nobody_acts_for_another, ()) {
  TransactionWorld world;
  const int steps = *rc::gen::inRange(1, 80);
  for (int i = 0; i < steps; ++i) {
    world.step();
    world.look();
  }
  world.settle();
}

}  // namespace
}  // namespace brokersim::transaction
