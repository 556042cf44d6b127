// BS-T01, BS-T04 to BS-T06 and BS-T10 fire when a transaction is torn, when a zombie goes on, when
// what a task read counts twice or not at all, or is lost on the way, and when a transaction never
// ends; and not when what happened is the nearest that is fine.

#include <gtest/gtest.h>

#include "tests/properties/pipeline_history.h"

namespace brokersim::properties {

namespace {

// Two records in two partitions, each with its marker.
Fired of_transaction(BatchRole first, BatchRole second, bool is_commit, Outcome outcome) {
  PipelineHistory h;
  h.begin(1);
  h.send(2, output, 20);
  h.send(3, other_output, 30);
  h.put(output, first);
  h.put(other_output, second);
  h.end(1, is_commit, outcome);
  return h.fired();
}

}  // namespace

// ---- BS-T01 ------------------------------------------------------------------------------------

TEST(TransactionAtomicity, is_kept_by_a_whole_commit_and_by_a_whole_abort) {
  using enum BatchRole;
  EXPECT_EQ(of_transaction(commit, commit, true, Outcome::ok), Fired{});
  EXPECT_EQ(of_transaction(abort, abort, false, Outcome::ok), Fired{});
}

TEST(TransactionAtomicity, is_broken_by_two_ends_of_one_transaction) {
  using enum BatchRole;
  for (const auto outcome : {Outcome::ok, Outcome::unknown}) {
    EXPECT_EQ(of_transaction(commit, abort, true, outcome), Fired{"BS-T01/torn"});
    EXPECT_EQ(of_transaction(abort, commit, false, outcome), Fired{"BS-T01/torn"});
  }
}

TEST(TransactionAtomicity, is_broken_by_another_end_than_was_told) {
  using enum BatchRole;
  EXPECT_EQ(of_transaction(abort, abort, true, Outcome::ok), Fired{"BS-T01/commit_undone"});
  EXPECT_EQ(of_transaction(commit, commit, false, Outcome::ok), Fired{"BS-T01/abort_undone"});
}

TEST(TransactionAtomicity, leaves_it_open_how_ends_what_nobody_was_told_of) {
  using enum BatchRole;
  EXPECT_EQ(of_transaction(abort, abort, true, Outcome::unknown), Fired{});
  EXPECT_EQ(of_transaction(commit, commit, false, Outcome::unknown), Fired{});
}

// The abort of a later transaction ends its records, too: as broken it would show without the loss.
TEST(TransactionAtomicity, is_not_judged_where_its_marker_was_lost_with_an_excuse) {
  for (const bool is_lost : {false, true}) {
    PipelineHistory h;
    h.begin(1);
    h.send(2, output, 20);
    h.send(3, other_output, 30);
    h.put(output, BatchRole::commit);
    if (is_lost) {
      h.put(other_output, BatchRole::commit);
      h.lose_from(other_output, 1);
    }
    h.end(1, true);
    h.put(other_output, BatchRole::abort, 1);
    EXPECT_EQ(h.fired(), is_lost ? Fired{} : Fired{"BS-T01/torn"});
  }
}

TEST(TransactionAtomicity, tells_the_transactions_of_one_producer_apart) {
  PipelineHistory h;
  h.begin(1);
  h.send(2, output, 20);
  h.put(output, BatchRole::commit);
  h.end(1, true);
  h.begin(3);
  h.send(4, output, 40);
  h.put(output, BatchRole::abort);
  h.end(3, false);
  EXPECT_EQ(h.fired(), Fired{});
}

// The batch came late, when its transaction was over, and the next one swallowed it.
TEST(TransactionAtomicity, is_broken_by_a_record_that_was_given_up_and_can_be_read) {
  for (const bool is_sent_again : {false, true}) {
    PipelineHistory h;
    h.begin(1);
    h.add(9, SendInvoked{2, "task-01", output, 20});
    h.put(other_output, BatchRole::transactional);
    h.put(other_output, BatchRole::abort);
    h.end(1, false);
    h.begin(3);
    if (is_sent_again) h.add(9, SendInvoked{4, "task-01", output, 20});
    h.put(output, BatchRole::transactional);
    h.put(output, BatchRole::commit);
    h.end(3, true);
    h.read_up_to(0);
    h.read(0, 20);
    EXPECT_EQ(h.fired(), is_sent_again ? Fired{} : Fired{"BS-T01/aborted_record_read"});
  }
}

// ---- BS-T04 ------------------------------------------------------------------------------------

TEST(TransactionFencing, forbids_records_of_an_earlier_epoch) {
  PipelineHistory h;
  h.put(output, BatchRole::transactional, 0);
  h.put(output, BatchRole::abort, 1);
  const auto begun = h.begun_anew(2);
  h.put(output, BatchRole::transactional, 1);
  const auto verdict = h.verdict();
  ASSERT_EQ(verdict.violations.size(), 1U);
  EXPECT_EQ(verdict.violations[0].fingerprint(), "BS-T04/zombie_record");
  EXPECT_EQ(verdict.violations[0].facts[0], begun);
}

TEST(TransactionFencing, lets_followers_get_later_what_was_stored_before) {
  PipelineHistory h;
  const auto batch = h.next(output, BatchRole::transactional, 0);
  h.add(1, BatchStored{output, batch});
  h.begun_anew(1);
  h.add(2, BatchStored{output, batch});
  h.add(3, BatchStored{output, batch});
  h.put(output, BatchRole::abort, 1);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(TransactionFencing, does_not_mind_what_never_becomes_committed) {
  PipelineHistory h;
  h.put(output, BatchRole::transactional, 0);
  h.put(output, BatchRole::abort, 1);
  h.begun_anew(2);
  h.add(1, BatchStored{output, h.next(output, BatchRole::transactional, 1)});
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(TransactionFencing, forbids_to_end_a_transaction_for_an_earlier_epoch) {
  PipelineHistory h;
  const Instant before = h.now();
  h.begun_anew(1);
  h.ended_by(1, h.now());     // The present one.
  h.ended_by(0, before);      // Asked for before.
  h.ended_by(0, h.now(), 2);  // By whom another coordinator may have followed.
  EXPECT_EQ(h.fired(), Fired{});
  h.ended_by(0, h.now());
  EXPECT_EQ(h.fired(), Fired{"BS-T04/zombie_ended"});
}

// Its epochs were used up.
TEST(TransactionFencing, forbids_what_comes_of_the_producer_id_before) {
  for (const int coordinator : {1, 2}) {
    PipelineHistory h;
    h.begun_anew(1);
    h.add(coordinator, InitProducerIdAnswered{"task-01", "task-01", task_producer + 1, 0, 10'000, 0,
                                              h.now().ns() + 1});
    h.ended_by(1, h.now() + 1ns, coordinator);
    // Which of two coordinators came later, their answers do not tell.
    EXPECT_EQ(h.fired(), coordinator == 1 ? Fired{"BS-T04/zombie_ended"} : Fired{});
  }
}

// Two idempotent producers have nothing to do with each other.
TEST(TransactionFencing, is_of_producers_with_transactional_ids) {
  for (const std::string id : {"", "task-01"}) {
    PipelineHistory h;
    const auto begins = [&](std::int64_t producer) {
      h.add(1, InitProducerIdAnswered{"host", id, producer, 0, 10'000, 0, h.now().ns() + 1});
    };
    begins(task_producer);
    begins(task_producer + 1);
    h.ended_by(0, h.now() + 1ns);
    EXPECT_EQ(h.fired(), id.empty() ? Fired{} : Fired{"BS-T04/zombie_ended"});
  }
}

TEST(TransactionFencing, lets_the_producer_id_before_be_told_again_late) {
  PipelineHistory h;
  h.begun_anew(1);
  h.add(1, InitProducerIdAnswered{"task-01", "task-01", task_producer + 1, 0, 10'000, 0,
                                  h.now().ns() + 1});
  h.begun_anew(1);
  h.add(1, EndTxnAnswered{"task-01", "task-01", task_producer + 1, 0, true, 0, h.now().ns()});
  EXPECT_EQ(h.fired(), Fired{});
}

// ---- BS-T05 ------------------------------------------------------------------------------------

namespace {

// One input, of which one record is made, in a transaction that is committed up to offset 1.
void process_once(PipelineHistory& h, std::int64_t op, std::uint64_t record) {
  h.processed(0, {record});
  h.begin(op);
  h.send(op + 1, output, record);
  h.offsets_sent(1);
  h.put(output, BatchRole::commit);
  h.end(op, true);
}

}  // namespace

TEST(ExactlyOnce, is_kept_where_aborted_attempts_come_before) {
  PipelineHistory h;
  h.put(input, BatchRole::data);
  h.processed(0, {20});
  h.begin(1);
  h.send(2, output, 20);
  h.put(output, BatchRole::abort);
  h.end(1, false);
  process_once(h, 3, 20);
  h.read_up_to(0);
  h.read(2, 20);
  h.read_up_to(4);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(ExactlyOnce, is_broken_by_an_output_that_is_there_twice) {
  PipelineHistory h;
  h.put(input, BatchRole::data);
  process_once(h, 1, 20);
  process_once(h, 3, 20);
  h.read_up_to(0);
  const auto first = h.read(0, 20);
  h.read(0, 20);  // Handed out again: no matter.
  const auto second = h.read(2, 20);
  const auto verdict = h.verdict();
  Fired fired;
  for (const auto& violation : verdict.violations) {
    fired.push_back(violation.fingerprint());
    if (violation.id == "BS-T05") {
      EXPECT_EQ(violation.facts, (std::array{first, second}));
    }
  }
  EXPECT_TRUE(has(fired, "BS-T05/output_repeated"));
}

// A task goes back to what it is told, and commits with the next coordinator in the same
// generation.
TEST(ExactlyOnce, is_not_kept_for_whoever_asks_a_coordinator_that_was_deposed) {
  const TopicPartition records{"__consumer_offsets", 0};
  for (const int asked : {1, 2}) {
    PipelineHistory h;
    h.put(input, BatchRole::data);
    h.lead(records, 1, 0);
    h.add(1, GroupStateStored{.partition = records,
                              .group = "pipeline",
                              .what = std::string(GroupStateStored::of_generation),
                              .member = "task-01",
                              .epoch = 3});
    process_once(h, 1, 20);
    h.lead(records, 2, 1);
    h.add(asked, OffsetFetchAnswered{"task-01", "pipeline", input, 0, 0, h.now().ns()});
    process_once(h, 3, 20);
    h.read_up_to(0);
    h.read(0, 20);
    h.read(2, 20);
    EXPECT_EQ(has(h.fired(), "BS-T05/output_repeated"), asked == 2) << asked;
  }
}

TEST(ExactlyOnce, is_broken_by_an_output_that_nobody_finds) {
  PipelineHistory h;
  h.put(input, BatchRole::data);
  h.processed(0, {20});
  h.begin(1);
  h.send(2, output, 20);
  h.put(output, BatchRole::abort);
  h.end(1, false);
  // Though the group goes on behind the record.
  h.add(1, OffsetFetchAnswered{"task-02", "pipeline", input, 1, 0, 0});
  h.read_up_to(0);
  EXPECT_EQ(h.fired(), Fired{});  // The reader has not got there yet.
  h.read_up_to(2);
  EXPECT_EQ(h.fired(), Fired{"BS-T05/output_missing"});
}

TEST(ExactlyOnce, is_broken_by_an_input_that_nobody_processed) {
  PipelineHistory h;
  h.put(input, BatchRole::data);
  h.put(input, BatchRole::data);
  process_once(h, 1, 20);
  h.read_up_to(0);
  h.read(0, 20);
  h.add(1, OffsetFetchAnswered{"task-02", "pipeline", input, 2, 0, 0});
  EXPECT_EQ(h.fired(), Fired{"BS-T05/input_skipped"});
}

// A later record of its key took its place before a task came by.
TEST(ExactlyOnce, owes_nothing_of_what_was_compacted_away) {
  for (const bool is_compacted : {false, true}) {
    PipelineHistory h;
    const auto first = h.put(input, BatchRole::data);
    const auto second = h.put(input, BatchRole::data);
    h.processed(second.base_offset, {});
    if (is_compacted) h.add(2, LogCompacted{input, 0, 1, {}, {first.base_offset}, 1, ""});
    h.add(1, OffsetFetchAnswered{"task-02", "pipeline", input, 2, 0, 0});
    EXPECT_EQ(has(h.fired(), "BS-T05/input_skipped"), !is_compacted);
  }
}

TEST(ExactlyOnce, says_nothing_of_what_is_not_committed_and_of_what_was_aborted) {
  PipelineHistory h;
  h.put(input, BatchRole::data);
  h.put(input, BatchRole::transactional);
  h.put(input, BatchRole::abort);
  h.put(input, BatchRole::data);
  process_once(h, 1, 20);
  h.read_up_to(0);
  h.read(0, 20);
  h.add(1, OffsetFetchAnswered{"task-02", "pipeline", input, 3, 0, 0});
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(ExactlyOnce, is_not_what_at_least_once_tasks_promise) {
  PipelineHistory h;
  h.put(input, BatchRole::data);
  h.processed(0, {20}, ProcessingGuarantee::at_least_once);
  h.add(9, SendInvoked{1, "task-01", output, 20});
  h.add(9, SendInvoked{2, "task-01", output, 20});
  h.put(output, BatchRole::data);
  h.put(output, BatchRole::data);
  h.read_up_to(0);
  h.read(0, 20);
  h.read(1, 20);
  EXPECT_EQ(h.fired(), Fired{});
}

// ---- BS-T05, at most once ----------------------------------------------------------------------

namespace {

EventId processed_at_most_once(PipelineHistory& h, Offset offset) {
  return h.processed(offset, {}, ProcessingGuarantee::at_most_once);
}

void commit_offset(PipelineHistory& h, Offset offset) {
  h.add(1,
        OffsetCommitAnswered{"task-01", "pipeline", "task-01", 3, input, offset, 0, h.now().ns()});
}

void tell_offset(PipelineHistory& h, Offset offset) {
  h.add(1, OffsetFetchAnswered{"task-02", "pipeline", input, offset, 0, h.now().ns()});
}

}  // namespace

TEST(AtMostOnce, is_broken_by_an_input_that_is_processed_again) {
  PipelineHistory h;
  h.put(input, BatchRole::data);
  h.put(input, BatchRole::data);
  commit_offset(h, 1);
  const auto first = processed_at_most_once(h, 0);
  tell_offset(h, 1);
  processed_at_most_once(h, 1);
  EXPECT_EQ(h.fired(), Fired{});
  const auto again = processed_at_most_once(h, 0);
  const auto verdict = h.verdict();
  ASSERT_EQ(verdict.violations.size(), 1U);
  EXPECT_EQ(verdict.violations[0].fingerprint(), "BS-T05/processed_again");
  EXPECT_EQ(verdict.violations[0].facts, (std::array{first, again}));
}

// Whoever comes next begins where that is committed.
TEST(AtMostOnce, is_broken_by_who_commits_only_after_processing) {
  PipelineHistory h;
  h.put(input, BatchRole::data);
  processed_at_most_once(h, 0);
  tell_offset(h, 0);
  processed_at_most_once(h, 0);
  EXPECT_EQ(h.fired(), Fired{"BS-T05/processed_again"});
}

// A commit that came late may have set it back.
TEST(AtMostOnce, begins_anew_where_the_group_is_told_less_than_it_has_committed) {
  for (const Offset told : {0, 1}) {
    PipelineHistory h;
    h.put(input, BatchRole::data);
    h.put(input, BatchRole::data);
    commit_offset(h, 2);
    processed_at_most_once(h, 0);
    processed_at_most_once(h, 1);
    tell_offset(h, told);
    processed_at_most_once(h, told);
    EXPECT_EQ(h.fired(), Fired{});
    processed_at_most_once(h, told);
    EXPECT_EQ(h.fired(), Fired{"BS-T05/processed_again"});
  }
}

TEST(AtMostOnce, is_not_what_at_least_once_tasks_promise) {
  PipelineHistory h;
  h.put(input, BatchRole::data);
  h.processed(0, {}, ProcessingGuarantee::at_least_once);
  h.processed(0, {}, ProcessingGuarantee::at_least_once);
  EXPECT_EQ(h.fired(), Fired{});
}

// ---- BS-T10 ------------------------------------------------------------------------------------

namespace {

void process_at_least_once(PipelineHistory& h, Offset offset, std::vector<std::uint64_t> made) {
  h.processed(offset, std::move(made), ProcessingGuarantee::at_least_once);
}

// Sent, and ended so.
void send_plainly(PipelineHistory& h, std::int64_t op, std::uint64_t record, Outcome outcome) {
  h.add(9, SendInvoked{op, "task-01", output, record});
  const auto batch = h.put(output, BatchRole::data);
  const Offset offset = outcome == Outcome::ok ? batch.base_offset : -1;
  h.add(9, SendEnded{op, "task-01", output, outcome, 0, -1, offset});
}

}  // namespace

TEST(AtLeastOnce, is_kept_by_what_was_acknowledged_however_often) {
  PipelineHistory h;
  h.put(input, BatchRole::data);
  process_at_least_once(h, 0, {20, 21});
  send_plainly(h, 1, 20, Outcome::unknown);
  send_plainly(h, 2, 21, Outcome::ok);
  tell_offset(h, 0);
  process_at_least_once(h, 0, {20, 21});
  send_plainly(h, 3, 20, Outcome::ok);
  send_plainly(h, 4, 21, Outcome::ok);
  commit_offset(h, 1);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(AtLeastOnce, is_broken_by_an_output_that_nobody_was_told_of) {
  for (const bool is_committed : {false, true}) {
    PipelineHistory h;
    h.put(input, BatchRole::data);
    process_at_least_once(h, 0, {20});
    if (is_committed) commit_offset(h, 1);
    send_plainly(h, 1, 20, Outcome::unknown);
    EXPECT_EQ(h.fired(), is_committed ? Fired{"BS-T10/output_missing"} : Fired{});
  }
}

// It is there all the same.
TEST(AtLeastOnce, is_kept_by_an_output_that_somebody_is_handed) {
  PipelineHistory h;
  h.put(input, BatchRole::data);
  process_at_least_once(h, 0, {20});
  commit_offset(h, 1);
  send_plainly(h, 1, 20, Outcome::unknown);
  h.read_up_to(0);
  h.read(0, 20);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(AtLeastOnce, is_broken_by_an_input_that_nobody_processed) {
  PipelineHistory h;
  h.put(input, BatchRole::data);
  h.put(input, BatchRole::data);
  process_at_least_once(h, 0, {});
  commit_offset(h, 1);
  EXPECT_EQ(h.fired(), Fired{});
  commit_offset(h, 2);
  EXPECT_EQ(h.fired(), Fired{"BS-T10/input_skipped"});
}

TEST(AtLeastOnce, owes_nothing_of_what_was_aborted) {
  for (const auto end : {BatchRole::abort, BatchRole::commit}) {
    PipelineHistory h;
    h.put(input, BatchRole::transactional);
    h.put(input, end);
    h.put(input, BatchRole::data);
    process_at_least_once(h, 2, {});
    commit_offset(h, 3);
    EXPECT_EQ(h.fired(), end == BatchRole::abort ? Fired{} : Fired{"BS-T10/input_skipped"});
  }
}

TEST(AtLeastOnce, is_not_what_at_most_once_tasks_promise) {
  PipelineHistory h;
  h.put(input, BatchRole::data);
  commit_offset(h, 1);
  h.processed(0, {20}, ProcessingGuarantee::at_most_once);
  EXPECT_EQ(h.fired(), Fired{});
}

// ---- BS-T06 ------------------------------------------------------------------------------------

namespace {

Fired left_open_for(Duration time, bool has_marker) {
  PipelineHistory h;
  h.begun_anew(0);
  h.put(output, BatchRole::transactional);
  h.add(-1, FaultsLifted{});
  if (has_marker) h.put(output, BatchRole::abort, 1);
  h.shown_to_be_committed();
  h.wait(time);
  return h.fired();
}

}  // namespace

TEST(HangingTransactions, are_those_that_nobody_has_ended) {
  EXPECT_EQ(left_open_for(61s, false), Fired{"BS-T06/hanging"});
  EXPECT_EQ(left_open_for(61s, true), Fired{});
  EXPECT_EQ(left_open_for(50s, false), Fired{});  // There was time left.
}

TEST(HangingTransactions, have_as_long_as_coordinators_take_to_look_for_them) {
  for (const Duration interval : {10s, 60s}) {
    PipelineHistory h(2, interval);
    h.begun_anew(0);
    h.put(output, BatchRole::transactional);
    h.add(-1, FaultsLifted{});
    h.shown_to_be_committed();
    h.wait(61s);
    EXPECT_EQ(h.fired(), interval == 10s ? Fired{"BS-T06/hanging"} : Fired{});
  }
}

TEST(HangingTransactions, have_their_timeout_once_faults_are_over) {
  PipelineHistory h;
  h.add(-1, FaultsLifted{});
  h.wait(50s);
  h.begun_anew(0);
  h.put(output, BatchRole::transactional);
  h.shown_to_be_committed();
  h.wait(15s);
  EXPECT_EQ(h.fired(), Fired{});
  h.wait(15s);
  EXPECT_EQ(h.fired(), Fired{"BS-T06/hanging"});
}

TEST(HangingTransactions, are_not_excused_by_who_led_without_the_marker_though_nobody_allowed_it) {
  PipelineHistory h;
  const auto led_alone_by = [&h](int node, int epoch, int partition_epoch) {
    PartitionCommitted body{output, NodeId{node}, LeaderEpoch{epoch}};
    body.partition_epoch = PartitionEpoch{partition_epoch};
    body.metadata_offset = 2000 + partition_epoch;
    body.replicas = History::nodes({1, 2, 3});
    body.isr = History::nodes({node});
    h.add(-1, body);
  };
  h.begun_anew(0);
  h.put(output, BatchRole::transactional);
  led_alone_by(1, 0, 1);
  h.add(1, BatchStored{output, h.next(output, BatchRole::abort, 1)});
  led_alone_by(2, 1, 2);
  h.add(2, FetchAnswered{"reader", no_node, output, 0, 0, 1, {}});
  h.add(-1, FaultsLifted{});
  h.wait(61s);
  EXPECT_TRUE(has(h.fired(), "BS-T06/hanging"));
}

// ---- BS-T02, BS-G02 ----------------------------------------------------------------------------

TEST(StableOffset, does_not_go_back_while_its_leader_leads) {
  for (const bool has_new_leader : {false, true}) {
    PipelineHistory h;
    h.put(output, BatchRole::data);
    h.put(output, BatchRole::data);
    const auto show = [&h](int leader, Offset stable, Instant asked) {
      h.add(leader, FetchAnswered{"reader", no_node, output, 0, 0, 2, {}, -1, asked.ns()});
      h.add(leader, ReadCommittedAnswered{"reader", output, 2, stable, {}, {}});
    };
    const Instant before = h.now();
    show(1, 2, before);
    // On a connection that its reader has given up, an answer may come late.
    show(1, 1, before);
    show(1, 2, h.now() + 1ns);
    if (has_new_leader) h.lead(output, 2, 1);
    show(has_new_leader ? 2 : 1, 1, h.now() + 1ns);
    EXPECT_EQ(h.fired(), has_new_leader ? Fired{} : Fired{"BS-T02/went_back"});
  }
}

TEST(ZombieCommits, are_those_of_offsets_in_transactions_too) {
  PipelineHistory h;
  const auto synced = [&h](std::int32_t generation) {
    h.add(1, SyncGroupAnswered{"task-02", "pipeline", "task-02", generation, 0, {input}});
  };
  synced(3);
  h.offsets_sent(1, 3, h.now());
  const Instant before = h.now();
  synced(4);
  h.offsets_sent(1, 3, before);
  h.offsets_sent(1, -1, h.now());
  EXPECT_EQ(h.fired(), Fired{});
  h.offsets_sent(1, 3, h.now());
  EXPECT_EQ(h.fired(), Fired{"BS-G02/stale_generation"});
}

}  // namespace brokersim::properties
