// A transactional id's life: its producers begin, add, commit and abort; others take it over; its
// transactions take too long; its coordinator fails in between.
#include "tests/core/transaction/coordinated.h"

namespace brokersim::transaction {
namespace {

// ---- Begin, add, end ---------------------------------------------------------------------------

TEST(Transactions, are_committed_once_every_partition_has_its_marker) {
  Coordinated c;
  const auto producer = c.begin_with({p0, p1});
  EXPECT_EQ(c.state(), "Ongoing");
  EXPECT_EQ(c.error(c.end(producer, true)), ErrorCode::none);
  EXPECT_EQ(c.state(), "PrepareCommit");
  const auto due = c.shard->unmarked();
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].producer, producer);
  EXPECT_TRUE(due[0].is_commit);
  EXPECT_EQ(due[0].partitions, (std::set<TopicPartition>{p0, p1}));
  c.mark(due[0].round, p1);
  EXPECT_EQ(c.state(), "PrepareCommit");
  c.mark(due[0].round, p0);
  EXPECT_EQ(c.state(), "CompleteCommit");
  EXPECT_TRUE(c.shard->unmarked().empty());
}

TEST(Transactions, are_answered_once_what_was_decided_is_committed) {
  Coordinated c;
  c.commits_at_once = false;
  const auto init = c.init();
  EXPECT_TRUE(c.is_waiting(init));
  c.commit_log();
  const auto producer = c.producer(init);
  const auto add = c.add(producer, {p0});
  EXPECT_TRUE(c.is_waiting(add));
  EXPECT_EQ(c.error(c.add(producer, {p1})), ErrorCode::concurrent_transactions);
  EXPECT_EQ(c.error(c.end(producer, true)), ErrorCode::concurrent_transactions);
  c.commit_log();
  EXPECT_EQ(c.error(add), ErrorCode::none);
  const auto end = c.end(producer, true);
  EXPECT_TRUE(c.is_waiting(end));
  EXPECT_TRUE(c.shard->unmarked().empty()) << "no marker before the decision is committed";
  c.commit_log();
  EXPECT_EQ(c.error(end), ErrorCode::none);
  EXPECT_EQ(c.shard->unmarked().size(), 1u);
}

TEST(Transactions, a_partition_that_is_in_already_is_not_written_again) {
  Coordinated c;
  const auto producer = c.begin_with({p0, p1});
  const auto size = c.log.size();
  EXPECT_EQ(c.error(c.add(producer, {p1})), ErrorCode::none);
  EXPECT_EQ(c.log.size(), size);
  c.end(producer, true);
  EXPECT_EQ(c.error(c.add(producer, {p0})), ErrorCode::concurrent_transactions);
  c.mark_all();
  EXPECT_EQ(c.error(c.add(producer, {p1})), ErrorCode::none);
  EXPECT_EQ(c.shard->describe("a").topics.at(0).partitions, std::vector<std::int32_t>{1});
}

TEST(Transactions, of_ids_that_nobody_began_or_of_other_producers_are_refused) {
  Coordinated c;
  EXPECT_EQ(c.error(c.add({1, 0}, {p0})), ErrorCode::invalid_producer_id_mapping);
  EXPECT_EQ(c.error(c.end({1, 0}, true)), ErrorCode::invalid_producer_id_mapping);
  const auto producer = c.begin_with({p0});
  EXPECT_EQ(c.error(c.add({producer.id + 1, 0}, {p0})), ErrorCode::invalid_producer_id_mapping);
  EXPECT_EQ(c.error(c.add({producer.id, 5}, {p0})), ErrorCode::producer_fenced);
  EXPECT_EQ(c.error(c.end({producer.id + 1, 0}, true)), ErrorCode::invalid_producer_id_mapping);
  EXPECT_EQ(c.shard->describe("other").error_code, ErrorCode::transactional_id_not_found);
}

TEST(Transactions, may_last_up_to_a_limit) {
  Coordinated c;
  EXPECT_EQ(c.error(c.init({}, 900'001)), ErrorCode::invalid_transaction_timeout);
  EXPECT_EQ(c.error(c.init({}, 0)), ErrorCode::invalid_transaction_timeout);
  EXPECT_EQ(c.error(c.init({}, 900'000)), ErrorCode::none);
}

TEST(Transactions, producers_without_an_id_to_give_are_asked_to_come_back) {
  Coordinated c;
  c.has_producer_ids = false;
  EXPECT_EQ(c.error(c.init()), ErrorCode::coordinator_load_in_progress);
  c.has_producer_ids = true;
  EXPECT_EQ(c.error(c.init()), ErrorCode::none);
}

// ---- What EndTxn is answered in each state -----------------------------------------------------

struct EndCase {
  std::string state;
  std::int16_t version = 1;
  int epoch = 0;  // Relative to the present one.
  ErrorCode commit;
  ErrorCode abort;
};

// Brings a producer into `state`, by EndTxn of `version`; returns its present epoch.
ProducerAndEpoch bring_to(Coordinated& c, const std::string& state, std::int16_t version) {
  const auto producer = c.begin();
  if (state == "Empty") return producer;
  c.add(producer, {p0});
  if (state == "Ongoing") return producer;
  c.end(producer, state.ends_with("Commit"), version);
  if (state.starts_with("Complete")) c.mark_all();
  return c.present();
}

TEST(Transactions, end_txn_is_answered_by_state_and_epoch) {
  const auto none = ErrorCode::none;
  const auto invalid = ErrorCode::invalid_txn_state;
  const auto concurrent = ErrorCode::concurrent_transactions;
  const auto fenced = ErrorCode::producer_fenced;
  const EndCase cases[] = {
      {"Empty", 1, 0, invalid, invalid},
      {"Ongoing", 1, 0, none, none},
      {"Ongoing", 1, -1, fenced, fenced},
      {"Ongoing", 1, 1, fenced, fenced},
      {"PrepareCommit", 1, 0, concurrent, invalid},
      {"PrepareAbort", 1, 0, invalid, concurrent},
      {"CompleteCommit", 1, 0, none, invalid},
      {"CompleteAbort", 1, 0, invalid, none},
      {"CompleteAbort", 1, -1, fenced, fenced},
      // With an epoch for each transaction the same request has the epoch before.
      {"Empty", 2, 0, invalid, none},
      {"Empty", 2, -1, fenced, fenced},
      {"Ongoing", 2, 0, none, none},
      {"Ongoing", 2, -1, fenced, fenced},
      {"PrepareCommit", 2, -1, concurrent, invalid},
      {"PrepareCommit", 2, 0, concurrent, concurrent},
      {"PrepareAbort", 2, -1, invalid, concurrent},
      {"CompleteCommit", 2, -1, none, invalid},
      {"CompleteCommit", 2, 0, invalid, none},
      {"CompleteCommit", 2, 1, fenced, fenced},
      {"CompleteAbort", 2, -1, invalid, none},
      {"CompleteAbort", 2, 0, invalid, none},
  };
  for (const auto& one : cases) {
    for (const bool is_commit : {true, false}) {
      Coordinated c;
      c.level = 2;
      auto producer = bring_to(c, one.state, one.version);
      ASSERT_EQ(c.state(), one.state);
      producer.epoch = static_cast<std::int16_t>(producer.epoch + one.epoch);
      EXPECT_EQ(c.error(c.end(producer, is_commit, one.version)),
                is_commit ? one.commit : one.abort)
          << one.state << ", version " << one.version << ", epoch " << one.epoch
          << (is_commit ? ", commit" : ", abort");
    }
  }
}

TEST(Transactions, each_has_its_own_epoch_from_version_two_on) {
  Coordinated c;
  c.level = 2;
  const auto first = c.begin_with({p0});
  const auto second = c.producer(c.end(first, true, 2));
  EXPECT_EQ(second, (ProducerAndEpoch{first.id, 1}));
  EXPECT_EQ(c.shard->unmarked().at(0).producer, second) << "markers have the epoch after";
  c.mark_all();
  EXPECT_EQ(c.error(c.add(first, {p0})), ErrorCode::producer_fenced);
  EXPECT_EQ(c.error(c.add(second, {p0})), ErrorCode::none);
  EXPECT_EQ(c.error(c.end(first, true, 2)), ErrorCode::producer_fenced)
      << "a late copy of the first EndTxn ends the second transaction";
}

TEST(Transactions, whoever_missed_the_answer_to_end_txn_gets_its_next_epoch_again) {
  Coordinated c;
  c.level = 2;
  const auto first = c.begin_with({p0});
  const auto second = c.producer(c.end(first, false, 2));
  c.mark_all();
  EXPECT_EQ(c.producer(c.end(first, false, 2)), second);
}

// Its successor ended a transaction without an epoch of its own: that was no repeat of EndTxn.
TEST(Transactions, whoever_has_lost_its_epoch_is_not_told_its_successors) {
  Coordinated c;
  c.level = 2;
  const auto zombie = c.begin();
  const auto successor = c.begin();
  ASSERT_EQ(successor, (ProducerAndEpoch{zombie.id, 1}));
  c.level = 1;
  c.add(successor, {p0});
  EXPECT_EQ(c.error(c.end(successor, false, 1)), ErrorCode::none);
  c.mark_all();
  EXPECT_EQ(c.state(), "CompleteAbort");
  EXPECT_EQ(c.error(c.end(zombie, false, 2)), ErrorCode::producer_fenced);
}

// Until the markers of the one before are written it has not begun: only who repeats itself may
// ask, and who goes on is told to wait (KAFKA-18464).
TEST(Transactions, whoever_gives_the_next_one_up_at_once_asks_again) {
  Coordinated c;
  c.level = 2;
  const auto first = c.begin_with({p0});
  const auto second = c.producer(c.end(first, true, 2));
  EXPECT_EQ(c.error(c.end(second, false, 2)), ErrorCode::concurrent_transactions);
  EXPECT_EQ(c.error(c.end({second.id, 2}, false, 2)), ErrorCode::producer_fenced);
  c.mark_all();
  EXPECT_EQ(c.producer(c.end(second, false, 2)), (ProducerAndEpoch{second.id, 2}));
}

// ---- Other producers ---------------------------------------------------------------------------

TEST(Transactions, whoever_begins_later_fences_the_one_before) {
  Coordinated c;
  const auto zombie = c.begin_with({p0});
  EXPECT_EQ(c.error(c.init()), ErrorCode::concurrent_transactions);
  EXPECT_EQ(c.state(), "PrepareAbort");
  EXPECT_EQ(c.error(c.init()), ErrorCode::concurrent_transactions);
  EXPECT_EQ(c.shard->unmarked().at(0).producer, (ProducerAndEpoch{zombie.id, 1}));
  c.mark_all();
  EXPECT_EQ(c.producer(c.init()), (ProducerAndEpoch{zombie.id, 2}));
  EXPECT_EQ(c.error(c.add(zombie, {p0})), ErrorCode::producer_fenced);
  EXPECT_EQ(c.error(c.end(zombie, true)), ErrorCode::producer_fenced);
  EXPECT_EQ(c.error(c.init(zombie)), ErrorCode::producer_fenced);
}

TEST(Transactions, a_producer_goes_on_with_the_next_epoch) {
  Coordinated c;
  const auto first = c.begin();
  const auto second = c.producer(c.init(first));
  EXPECT_EQ(second, (ProducerAndEpoch{first.id, 1}));
  EXPECT_EQ(c.producer(c.init(first)), second) << "the answer was lost, and it asks again";
  EXPECT_EQ(c.producer(c.init(second)), (ProducerAndEpoch{first.id, 2}));
  EXPECT_EQ(c.error(c.init(first)), ErrorCode::producer_fenced);
  EXPECT_EQ(c.error(c.init(ProducerAndEpoch{first.id + 7, 2})), ErrorCode::producer_fenced);
}

TEST(Transactions, what_has_lost_its_epoch_ends_nobodys_transaction) {
  Coordinated c;
  const auto zombie = c.begin();
  const auto present = c.begin_with({p0});
  EXPECT_EQ(c.error(c.init(zombie)), ErrorCode::producer_fenced);
  EXPECT_EQ(c.error(c.end(present, true)), ErrorCode::none);
}

// ---- Epochs are used up ------------------------------------------------------------------------

TEST(Transactions, after_the_last_epoch_there_is_another_producer_id) {
  Coordinated c;
  const auto first = c.begin();
  c.exhaust(first);
  const ProducerAndEpoch last{first.id, last_epoch_of_producers};
  const auto next = c.producer(c.init(last));
  EXPECT_NE(next.id, first.id);
  EXPECT_EQ(next.epoch, 0);
  EXPECT_EQ(c.producer(c.init(last)), next) << "the answer was lost, and it asks again";
  c.fail_over();
  EXPECT_EQ(c.producer(c.init(last)), next);
}

// No record of Kafka 4.0 says with which epoch a producer asked for the present one (KAFKA-20357).
TEST(Transactions, who_asks_for_an_epoch_again_is_not_known_to_the_next_coordinator) {
  Coordinated c;
  const auto first = c.begin();
  const auto second = c.producer(c.init(first));
  EXPECT_EQ(c.producer(c.init(first)), second) << "the answer was lost, and it asks again";
  c.fail_over();
  EXPECT_EQ(c.error(c.init(first)), ErrorCode::producer_fenced);
  EXPECT_EQ(c.present(), second) << "and nobody else has got an epoch by that";
}

TEST(Transactions, whoever_takes_over_at_the_last_epoch_fences_the_one_before) {
  Coordinated c;
  const auto first = c.begin();
  c.exhaust(first);
  const auto next = c.begin();
  EXPECT_NE(next.id, first.id);
  c.fail_over();
  const ProducerAndEpoch zombie{first.id, last_epoch_of_producers};
  EXPECT_EQ(c.error(c.init(zombie)), ErrorCode::producer_fenced);
  EXPECT_EQ(c.error(c.end(zombie, true)), ErrorCode::invalid_producer_id_mapping);
}

TEST(Transactions, the_last_epoch_is_ended_by_a_marker_of_the_one_after_it) {
  for (const bool fails_over : {false, true}) {
    Coordinated c;
    c.level = 2;
    const auto first = c.begin();
    c.exhaust(first, State::ongoing);
    const ProducerAndEpoch last{first.id, last_epoch_of_producers};
    const auto next = c.producer(c.end(last, true, 2));
    EXPECT_NE(next.id, first.id);
    EXPECT_EQ(next.epoch, 0);
    EXPECT_EQ(c.shard->unmarked().at(0).producer,
              (ProducerAndEpoch{first.id, std::int16_t{last_epoch_of_producers + 1}}));
    if (fails_over) c.fail_over();
    // It has the next id, and is only early.
    EXPECT_EQ(c.error(c.add(next, {p0})), ErrorCode::concurrent_transactions);
    EXPECT_EQ(c.error(c.init(next)), ErrorCode::concurrent_transactions);
    EXPECT_EQ(c.error(c.end(next, false, 2)), ErrorCode::concurrent_transactions);
    c.mark_all();
    EXPECT_EQ(c.present(), next);
    if (fails_over) c.fail_over();
    EXPECT_EQ(c.producer(c.end(last, true, 2)), next) << "the answer was lost, and it asks again";
    EXPECT_EQ(c.error(c.add(next, {p0})), ErrorCode::none);
  }
}

// Where it has an epoch of its own it is followed by that id (below).
TEST(Transactions, fencing_the_last_epoch_leaves_room_for_another_id) {
  Coordinated c;
  const auto first = c.begin();
  c.exhaust(first, State::ongoing);
  EXPECT_EQ(c.error(c.init()), ErrorCode::concurrent_transactions);
  EXPECT_EQ(c.shard->unmarked().at(0).producer.epoch, last_epoch_of_producers + 1);
  c.mark_all();
  const auto next = c.begin();
  EXPECT_NE(next.id, first.id);
  EXPECT_EQ(next.epoch, 0);
}

TEST(Transactions, the_epoch_that_only_fences_is_nobodys) {
  for (const std::int16_t level : {std::int16_t{1}, std::int16_t{2}}) {
    Coordinated c;
    c.level = level;
    const auto first = c.begin();
    c.exhaust(first, State::ongoing);
    EXPECT_EQ(c.error(c.init()), ErrorCode::concurrent_transactions);
    c.mark_all();
    const ProducerAndEpoch made_up{first.id, std::int16_t{last_epoch_of_producers + 1}};
    ASSERT_EQ(c.present(), made_up);
    EXPECT_EQ(c.error(c.add(made_up, {p0})), ErrorCode::producer_fenced);
    EXPECT_EQ(c.error(c.end(made_up, false, level)), ErrorCode::producer_fenced);
    EXPECT_EQ(c.error(c.init(made_up)), ErrorCode::producer_fenced);
    EXPECT_EQ(c.begin().epoch, 0);
  }
}

// Where its transaction has an epoch of its own (KAFKA-20090).
TEST(Transactions, whoever_is_fenced_in_the_last_epoch_is_followed_by_another_id) {
  for (const bool fails_over : {false, true}) {
    Coordinated c({.last_epoch = 1});
    c.level = 2;
    const auto first = c.begin();
    const auto last = c.producer(c.end(first, false, 2));
    ASSERT_EQ(last, (ProducerAndEpoch{first.id, 1}));
    EXPECT_EQ(c.error(c.add(last, {p0})), ErrorCode::none);
    EXPECT_EQ(c.error(c.init()), ErrorCode::concurrent_transactions);
    EXPECT_EQ(c.shard->unmarked().at(0).producer, (ProducerAndEpoch{first.id, 2}));
    if (fails_over) c.fail_over();
    c.mark_all();
    const auto between = c.present();
    EXPECT_NE(between.id, first.id);
    EXPECT_EQ(between.epoch, 0);
    if (fails_over) c.fail_over();
    EXPECT_EQ(c.error(c.init(last)), ErrorCode::producer_fenced);
    EXPECT_EQ(c.begin(), (ProducerAndEpoch{between.id, 1}));
    EXPECT_EQ(c.error(c.init(last)), ErrorCode::producer_fenced);
    EXPECT_EQ(c.error(c.end(last, false, 2)), ErrorCode::invalid_producer_id_mapping);
  }
}

// As a plan may have it, so that a run comes to the last one.
TEST(Transactions, epochs_may_end_sooner) {
  for (const bool fails_over : {false, true}) {
    Coordinated c({.last_epoch = 2});
    c.level = 2;
    auto producer = c.begin();
    const auto first = producer;
    std::vector<std::int16_t> epochs;
    for (int i = 0; i < 7; ++i) {
      epochs.push_back(producer.epoch);
      EXPECT_EQ(c.error(c.add(producer, {p0})), ErrorCode::none);
      const auto ended = producer;
      producer = c.producer(c.end(producer, true, 2));
      if (fails_over) c.fail_over();
      c.mark_all();
      EXPECT_EQ(c.producer(c.end(ended, true, 2)), producer) << "the answer was lost";
    }
    EXPECT_EQ(epochs, (std::vector<std::int16_t>{0, 1, 2, 0, 1, 2, 0}));
    EXPECT_NE(producer.id, first.id);
    const ProducerAndEpoch made_up{producer.id, 3};
    EXPECT_EQ(c.error(c.add(made_up, {p0})), ErrorCode::producer_fenced);
  }
}

// One that comes late of the id before, which had come as far, takes nothing from the present one.
TEST(Transactions, the_last_epoch_of_the_id_before_is_not_that_of_the_present_one) {
  Coordinated c({.last_epoch = 1});
  const auto first = c.producer(c.init(c.begin()));
  ASSERT_EQ(first.epoch, 1);
  const auto next = c.producer(c.init(c.producer(c.init(first))));
  ASSERT_NE(next.id, first.id);
  ASSERT_EQ(next.epoch, 1);
  EXPECT_EQ(c.error(c.init(first)), ErrorCode::producer_fenced);
  EXPECT_EQ(c.error(c.add(next, {p0})), ErrorCode::none);
  EXPECT_EQ(c.error(c.init(first)), ErrorCode::producer_fenced);
  EXPECT_EQ(c.error(c.end(next, true)), ErrorCode::none);
}

// Its coordinator has aborted it in the meantime, and had another id at hand or had not.
TEST(Transactions, whoever_ends_the_last_epoch_late_is_not_given_the_one_that_only_fences) {
  for (const bool has_another : {false, true}) {
    for (const bool is_commit : {false, true}) {
      Coordinated c({.last_epoch = 1});
      c.level = 2;
      const auto first = c.begin();
      const auto last = c.producer(c.end(first, false, 2));
      c.mark_all();
      EXPECT_EQ(c.error(c.add(last, {p0})), ErrorCode::none);
      c.has_producer_ids = has_another;
      c.fail_over();
      c.pass(71s);
      c.mark_all();
      ASSERT_EQ(c.state(), "CompleteAbort");
      const auto present = c.present();
      EXPECT_EQ(present.id == first.id, !has_another);
      const auto ended = c.end(last, is_commit, 2);
      if (!has_another) {
        EXPECT_EQ(c.error(ended), ErrorCode::producer_fenced);
      } else if (is_commit) {
        EXPECT_EQ(c.error(ended), ErrorCode::invalid_txn_state);
      } else {
        EXPECT_EQ(c.producer(ended), (ProducerAndEpoch{present.id, 0}));
      }
    }
  }
}

// ---- Time --------------------------------------------------------------------------------------

TEST(Transactions, that_take_too_long_are_aborted_and_cost_the_epoch) {
  Coordinated c;
  const auto producer = c.producer(c.init({}, 30'000));
  c.add(producer, {p0});
  c.pass(30s);
  EXPECT_EQ(c.state(), "Ongoing");
  c.pass(11s);
  EXPECT_EQ(c.state(), "PrepareAbort");
  EXPECT_EQ(c.shard->unmarked().at(0).producer, (ProducerAndEpoch{producer.id, 1}));
  c.mark_all();
  EXPECT_EQ(c.state(), "CompleteAbort");
  EXPECT_EQ(c.error(c.end(producer, true)), ErrorCode::producer_fenced);
  EXPECT_EQ(c.error(c.add(producer, {p0})), ErrorCode::producer_fenced);
}

// Its abort is a repeat of its coordinator's, and it has to learn the epoch that this has cost.
TEST(Transactions, whoever_aborts_what_took_too_long_goes_on_in_the_epoch_after_that) {
  Coordinated c;
  c.level = 2;
  const auto producer = c.producer(c.init({}, 30'000));
  c.add(producer, {p0});
  c.pass(41s);
  c.mark_all();
  EXPECT_EQ(c.state(), "CompleteAbort");
  const auto next = c.producer(c.end(producer, false, 2));
  EXPECT_EQ(next, (ProducerAndEpoch{producer.id, 1}));
  EXPECT_EQ(c.error(c.add(next, {p0})), ErrorCode::none);
  EXPECT_NE(c.error(c.end(producer, true, 2)), ErrorCode::none);
}

TEST(Transactions, take_as_long_as_they_take_however_the_clock_is_set) {
  Coordinated c;
  const auto producer = c.producer(c.init({}, 30'000));
  c.add(producer, {p0});
  c.now.wall.ms -= 3'600'000;
  EXPECT_EQ(c.error(c.add(producer, {p1})), ErrorCode::none);
  c.pass(1h + 41s);
  EXPECT_EQ(c.state(), "PrepareAbort");
}

TEST(Transactions, ids_that_nobody_uses_expire) {
  Coordinated c;
  const auto producer = c.begin_with({p0});
  c.end(producer, true);
  c.mark_all();
  c.pass(7 * 24h - 1s);
  EXPECT_EQ(c.state(), "CompleteCommit");
  c.pass(1h + 1s);
  EXPECT_EQ(c.shard->describe("a").error_code, ErrorCode::transactional_id_not_found);
  EXPECT_EQ(c.error(c.add(producer, {p0})), ErrorCode::invalid_producer_id_mapping);
  c.fail_over();
  EXPECT_EQ(c.shard->describe("a").error_code, ErrorCode::transactional_id_not_found);
  EXPECT_NE(c.begin().id, producer.id);
}

// ---- Markers -----------------------------------------------------------------------------------

TEST(Transactions, markers_are_due_until_they_are_written_or_somebody_newer_decides) {
  Coordinated c;
  const auto producer = c.begin_with({p0});
  c.end(producer, true);
  for (const auto error : {ErrorCode::not_leader_or_follower, ErrorCode::not_enough_replicas,
                           ErrorCode::request_timed_out, ErrorCode::kafka_storage_error,
                           ErrorCode::unknown_server_error}) {
    c.mark_all(error);
    EXPECT_EQ(c.shard->unmarked().size(), 1u);
  }
  c.mark_all(ErrorCode::transaction_coordinator_fenced);
  EXPECT_TRUE(c.shard->unmarked().empty());
  EXPECT_EQ(c.state(), "PrepareCommit");
}

TEST(Transactions, a_late_answer_to_a_marker_counts_for_its_own_transaction) {
  Coordinated c;
  const auto producer = c.begin_with({p0});
  c.end(producer, true);
  const auto first = c.shard->unmarked().at(0).round;
  c.mark(first, p0);
  c.add(producer, {p0});
  c.end(producer, false);
  c.mark(first, p0);
  EXPECT_EQ(c.state(), "PrepareAbort");
  c.mark_all();
  EXPECT_EQ(c.state(), "CompleteAbort");
}

TEST(Transactions, completion_that_cannot_be_written_is_tried_again) {
  Coordinated c;
  const auto producer = c.begin_with({p0});
  c.end(producer, true);
  c.refuses = ErrorCode::not_enough_replicas;
  c.mark_all();
  EXPECT_EQ(c.state(), "PrepareCommit");
  c.pass(1s);
  c.refuses.reset();
  c.pass(1s);
  EXPECT_EQ(c.state(), "CompleteCommit");
}

// ---- Failed and late writes --------------------------------------------------------------------

TEST(Transactions, what_could_not_be_written_has_not_happened) {
  Coordinated c;
  const auto producer = c.begin();
  c.refuses = ErrorCode::not_enough_replicas;
  EXPECT_EQ(c.error(c.add(producer, {p0})), ErrorCode::coordinator_not_available);
  EXPECT_EQ(c.error(c.init()), ErrorCode::coordinator_not_available);
  EXPECT_EQ(c.state(), "Empty");
  c.refuses.reset();
  EXPECT_EQ(c.error(c.add(producer, {p0})), ErrorCode::none);
}

TEST(Transactions, fencing_that_could_not_be_written_uses_up_no_epoch) {
  Coordinated c;
  const auto producer = c.begin_with({p0});
  c.refuses = ErrorCode::not_enough_replicas;
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(c.error(c.init()), ErrorCode::coordinator_not_available);
  }
  c.refuses.reset();
  EXPECT_EQ(c.error(c.init()), ErrorCode::concurrent_transactions);
  EXPECT_EQ(c.shard->unmarked().at(0).producer, (ProducerAndEpoch{producer.id, 1}));
}

TEST(Transactions, a_late_write_takes_effect_although_nobody_waits_for_it) {
  Coordinated c;
  const auto producer = c.begin_with({p0});
  c.commits_at_once = false;
  const auto end = c.end(producer, true);
  c.pass(6s);
  EXPECT_EQ(c.error(end), ErrorCode::coordinator_not_available);
  EXPECT_EQ(c.error(c.end(producer, false)), ErrorCode::concurrent_transactions)
      << "two decisions about one transaction";
  c.commit_log();
  EXPECT_EQ(c.state(), "PrepareCommit");
}

// ---- Failover in each state --------------------------------------------------------------------

TEST(Transactions, another_coordinator_goes_on_where_the_log_ends) {
  for (const std::string state :
       {"Empty", "Ongoing", "PrepareCommit", "PrepareAbort", "CompleteCommit", "CompleteAbort"}) {
    Coordinated c;
    c.level = 2;
    bring_to(c, state, 2);
    const auto before = c.shard->describe("a");
    c.fail_over();
    EXPECT_EQ(c.shard->describe("a"), before);
    EXPECT_EQ(c.shard->unmarked().size(), state.starts_with("Prepare") ? 1u : 0u) << state;
    c.mark_all();
    c.pass(80s);
    c.mark_all();
    const auto idle = c.state();
    EXPECT_TRUE(idle == "Empty" || idle.starts_with("Complete")) << state << " became " << idle;
  }
}

TEST(Transactions, whoever_waits_is_sent_to_another_coordinator) {
  Coordinated c;
  const auto producer = c.begin();
  c.commits_at_once = false;
  const auto add = c.add(producer, {p0});
  c.fail_over();
  EXPECT_EQ(c.error(add), ErrorCode::not_coordinator);
}

// ---- Asking ------------------------------------------------------------------------------------

TEST(Transactions, a_partition_is_verified_against_the_ongoing_transaction) {
  Coordinated c;
  const auto producer = c.begin_with({p0});
  EXPECT_EQ(c.verify(producer, p0), ErrorCode::none);
  EXPECT_EQ(c.verify(producer, p1), ErrorCode::transaction_abortable);
  EXPECT_EQ(c.verify({producer.id, 1}, p0), ErrorCode::producer_fenced);
  EXPECT_EQ(c.verify({producer.id + 1, 0}, p0), ErrorCode::invalid_producer_id_mapping);
  c.commits_at_once = false;
  c.add(producer, {p1});
  EXPECT_EQ(c.verify(producer, p0), ErrorCode::none) << "KAFKA-14904";
  c.commit_log();
  c.end(producer, true);
  c.commit_log();
  EXPECT_EQ(c.verify(producer, p0), ErrorCode::concurrent_transactions);
  c.mark_all();
  c.commit_log();
  EXPECT_EQ(c.verify(producer, p0), ErrorCode::transaction_abortable);
}

TEST(Transactions, are_listed_by_state_producer_and_duration) {
  Coordinated c;
  const auto a = c.begin_with({p0});
  const auto b = c.producer(c.init({}, 60'000, "b"));
  const auto list = [&](api::ListTransactionsRequest asked) {
    std::string ids;
    for (const auto& row : c.shard->list(c.now, asked)) ids += row.transactional_id;
    return ids;
  };
  EXPECT_EQ(list({}), "ab");
  EXPECT_EQ(list({.state_filters = {"Empty", "Dead"}}), "b");
  EXPECT_EQ(list({.producer_id_filters = {a.id}}), "a");
  EXPECT_EQ(list({.producer_id_filters = {b.id + 1}}), "");
  // What has never begun has lasted for ever.
  EXPECT_EQ(list({.duration_filter = 1'000}), "b");
  c.pass(2s);
  EXPECT_EQ(list({.duration_filter = 1'000}), "ab");
}

// KIP-1228: the marker of whoever fences it says what the producer speaks, be it the first.
TEST(Transactions, are_fenced_in_the_version_that_their_producer_speaks) {
  for (const std::int16_t level : {std::int16_t{0}, epoch_per_transaction}) {
    Coordinated c;
    c.level = level;
    c.begin_with({p0});
    c.pass(71s);
    ASSERT_EQ(c.shard->unmarked().size(), 1u);
    EXPECT_EQ(c.shard->unmarked()[0].transaction_version, level);
  }
}

}  // namespace
}  // namespace brokersim::transaction
