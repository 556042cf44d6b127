// BS-T01, BS-T04, BS-T05 and BS-T06 fire when a transaction is torn, when a zombie goes on, when
// what a task read counts twice or not at all, and when a transaction never ends; and not when what
// happened is the nearest that is fine.

#include <gtest/gtest.h>

#include "tests/properties/history.h"

namespace brokersim::properties {

namespace {

const TopicPartition input{"input", 0};
const TopicPartition output{"output", 0};
const TopicPartition other_output{"output", 1};
constexpr std::int64_t task_producer = 7;

// All replicas of all partitions hold everything; broker 1 leads them.
class PipelineHistory : public History {
 public:
  explicit PipelineHistory(std::int16_t transaction_version = 2, Duration cleanup_interval = 10s)
      : History({.transaction_cleanup_interval = cleanup_interval,
                 .transaction_version = transaction_version}) {
    for (const auto& name : {input, output, other_output}) lead(name, 1, 0);
  }

  EventId lead(const TopicPartition& name, int leader, int epoch) {
    epochs_[name] = LeaderEpoch{epoch};
    PartitionCommitted body{name, NodeId{leader}, LeaderEpoch{epoch}};
    body.partition_epoch = PartitionEpoch{epoch};
    body.metadata_offset = ++metadata_;
    body.replicas = nodes({1, 2, 3});
    body.isr = nodes({1, 2, 3});
    return add(-1, body);
  }

  BatchRef next(const TopicPartition& name, BatchRole role, std::int16_t epoch = 0) {
    auto& end = ends_[name];
    BatchRef batch{end, end, epochs_[name], 1000 + ++digests_, role};
    ++end;
    if (role == BatchRole::data) return batch;
    batch.producer_id = task_producer;
    batch.producer_epoch = epoch;
    if (role == BatchRole::transactional) batch.base_sequence = sequences_[{name, epoch}]++;
    return batch;
  }
  BatchRef put(const TopicPartition& name, BatchRole role, std::int16_t epoch = 0) {
    const auto batch = next(name, role, epoch);
    for (int node = 1; node <= 3; ++node) add(node, BatchStored{name, batch});
    return batch;
  }

  // Broker 1 alone is in sync with `name` then, and has lost all from `end` on.
  void lose_from(const TopicPartition& name, Offset end) {
    PartitionCommitted body{name, NodeId{1}, LeaderEpoch{1}};
    body.partition_epoch = PartitionEpoch{1};
    body.metadata_offset = ++metadata_;
    body.replicas = nodes({1, 2, 3});
    body.isr = nodes({1});
    add(-1, body);
    stopped(1, NodeStopped::How::power_loss);
    add(1, LogCut{name, end, true});
    started(1, 1);
    lead(name, 1, 2);
    for (int node = 2; node <= 3; ++node) add(node, LogCut{name, end, false});
    ends_[name] = end;
  }

  EventId begin(std::int64_t op) { return add(9, TransactionBegan{op, "task-01", "task-01"}); }
  EventId end(std::int64_t op, bool is_commit, Outcome outcome = Outcome::ok) {
    return add(9, TransactionEnded{op, "task-01", is_commit, outcome});
  }
  // Sent, stored and acknowledged.
  Offset send(std::int64_t op, const TopicPartition& name, std::uint64_t record,
              std::int16_t epoch = 0) {
    add(9, SendInvoked{op, "task-01", name, record});
    const auto batch = put(name, BatchRole::transactional, epoch);
    add(9, SendEnded{op, "task-01", name, Outcome::ok, 0, -1, batch.base_offset});
    return batch.base_offset;
  }
  EventId begun_anew(std::int16_t epoch, int coordinator = 1) {
    return add(coordinator, InitProducerIdAnswered{"task-01", "task-01", task_producer, epoch,
                                                   10'000, 0, now().ns()});
  }
  EventId ended_by(std::int16_t epoch, Instant asked_at, int coordinator = 1) {
    return add(coordinator,
               EndTxnAnswered{"zombie", "task-01", task_producer, epoch, true, 0, asked_at.ns()});
  }

  // The task's own request.
  EventId asked_to_end(bool is_commit, Instant asked_at) {
    return add(1,
               EndTxnAnswered{"task-01", "task-01", task_producer, 0, is_commit, 0, asked_at.ns()});
  }

  EventId processed(Offset offset, std::vector<std::uint64_t> made,
                    ProcessingGuarantee guarantee = ProcessingGuarantee::exactly_once) {
    return add(9,
               RecordProcessed{"task-01", "pipeline", input, offset, guarantee, std::move(made)});
  }
  EventId offsets_sent(Offset offset, std::int32_t generation = 3, Instant asked_at = {}) {
    return add(1, TxnOffsetCommitAnswered{"task-01", "task-01", task_producer, 0, "pipeline",
                                          "task-01", generation, input, offset, 0, asked_at.ns()});
  }
  // The output, to somebody who reads from there on.
  void shown_to_be_committed(Offset from = 0) {
    add(1, FetchAnswered{"reader", no_node, output, 0, from, ends_[output], {}});
  }
  // The reader of committed output has come to `position`.
  void read_up_to(Offset position) {
    shown_to_be_committed(position);
    add(1, ReadCommittedAnswered{"reader", output, ends_[output], ends_[output], {}, {}});
  }
  EventId read(Offset offset, std::uint64_t record, const TopicPartition& from = output) {
    return add(8, RecordDelivered{"reader", from, offset, record});
  }

 private:
  std::map<TopicPartition, LeaderEpoch> epochs_;
  std::map<TopicPartition, Offset> ends_;
  std::map<std::pair<TopicPartition, std::int16_t>, std::int32_t> sequences_;
  std::uint64_t digests_ = 0;
  Offset metadata_ = 1000;
};

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

// ---- Below transaction.version 2 ---------------------------------------------------------------

namespace {

// A transaction that its producer ends so; when it asked for that.
Instant first_transaction(PipelineHistory& h, bool is_commit) {
  h.begin(1);
  h.send(2, output, 20);
  const Instant asked = h.now();
  h.asked_to_end(is_commit, h.now());
  h.put(output, is_commit ? BatchRole::commit : BatchRole::abort);
  h.end(1, is_commit);
  return asked;
}

struct LateEnd {
  bool is_commit = true;                 // As was asked for late.
  bool is_late = true;                   // Or answered in time.
  BatchRole marker = BatchRole::commit;  // What the first record of the next transaction got.
  std::int16_t marker_epoch = 0;
};

// Of the transaction after that one record gets what the late request asks for, the other one what
// its producer does.
Fired torn_by(const LateEnd& late, std::int16_t transaction_version) {
  PipelineHistory h(transaction_version);
  const Instant asked = first_transaction(h, late.is_commit);
  if (!late.is_late) h.asked_to_end(late.is_commit, asked);
  h.begin(3);
  h.send(4, output, 40);
  if (late.is_late) h.asked_to_end(late.is_commit, asked);
  h.put(output, late.marker, late.marker_epoch);
  h.send(5, other_output, 50);
  const bool is_commit = late.marker == BatchRole::abort;
  h.asked_to_end(is_commit, h.now());
  h.put(other_output, is_commit ? BatchRole::commit : BatchRole::abort);
  h.end(3, is_commit);
  return h.fired();
}

}  // namespace

TEST(LateRequests, may_end_the_next_transaction_where_it_has_no_epoch_of_its_own) {
  using enum BatchRole;
  for (const auto& late : {LateEnd{}, LateEnd{.is_commit = false, .marker = abort}}) {
    EXPECT_EQ(torn_by(late, 0), Fired{});
    EXPECT_EQ(torn_by(late, 1), Fired{});
    EXPECT_EQ(torn_by(late, 2), Fired{"BS-T01/torn"});
  }
}

TEST(LateRequests, excuse_nothing_but_the_end_that_they_asked_for) {
  using enum BatchRole;
  // Answered before the next one began; an end of the other kind; an end of another epoch.
  for (const auto& late : {LateEnd{.is_late = false}, LateEnd{.marker = abort},
                           LateEnd{.is_commit = false, .marker = abort, .marker_epoch = 1}}) {
    EXPECT_EQ(torn_by(late, 1), Fired{"BS-T01/torn"});
  }
}

TEST(LateRequests, excuse_no_end_that_the_transaction_had_asked_for_itself) {
  PipelineHistory h(1);
  const Instant asked = first_transaction(h, true);
  h.begin(3);
  h.send(4, output, 40);
  h.send(5, other_output, 50);
  h.asked_to_end(true, h.now());
  h.put(output, BatchRole::commit);
  h.asked_to_end(true, asked);
  h.put(other_output, BatchRole::abort);
  h.end(3, true);
  EXPECT_EQ(h.fired(), Fired{"BS-T01/torn"});
}

TEST(LateRequests, may_show_what_was_given_up) {
  for (const std::int16_t version : {std::int16_t{1}, std::int16_t{2}}) {
    PipelineHistory h(version);
    const Instant asked = first_transaction(h, true);
    h.begin(3);
    h.send(4, output, 40);
    h.asked_to_end(true, asked);
    h.put(output, BatchRole::commit);
    h.asked_to_end(false, h.now());
    h.end(3, false);
    h.read_up_to(0);
    h.read(0, 20);
    h.read(2, 40);
    const Fired undone{"BS-T01/abort_undone", "BS-T01/aborted_record_read"};
    EXPECT_EQ(h.fired(), version < 2 ? Fired{} : undone);
  }
}

// The task gives its transaction up, whose record is committed by then, and makes it again.
TEST(LateRequests, may_commit_what_a_task_makes_again) {
  for (const std::int16_t version : {std::int16_t{1}, std::int16_t{2}}) {
    PipelineHistory h(version);
    h.put(input, BatchRole::data);
    const Instant asked = first_transaction(h, true);
    h.processed(0, {40});
    h.begin(3);
    h.send(4, output, 40);
    h.asked_to_end(true, asked);
    h.put(output, BatchRole::commit);
    h.asked_to_end(false, h.now());
    h.end(3, false);
    h.begin(5);
    h.send(6, output, 40);
    h.asked_to_end(true, h.now());
    h.put(output, BatchRole::commit);
    h.end(5, true);
    h.read_up_to(0);
    h.read(0, 20);
    h.read(2, 40);
    h.read(4, 40);
    EXPECT_EQ(has(h.fired(), "BS-T05/output_repeated"), version == 2);
  }
}

TEST(LateRequests, may_abort_what_a_task_has_made) {
  for (const std::int16_t version : {std::int16_t{1}, std::int16_t{2}}) {
    PipelineHistory h(version);
    h.put(input, BatchRole::data);
    const Instant asked = first_transaction(h, false);
    h.processed(0, {40});
    h.begin(3);
    h.send(4, output, 40);
    h.asked_to_end(false, asked);
    h.put(output, BatchRole::abort);
    h.offsets_sent(1, 3, h.now());
    h.asked_to_end(true, h.now());
    h.end(3, true);
    h.read_up_to(0);
    h.read_up_to(4);
    EXPECT_EQ(has(h.fired(), "BS-T05/output_missing"), version == 2);
  }
}

// Offsets that were committed in the transaction before, and come once more, set the group back.
TEST(LateRequests, may_have_a_group_process_again_what_it_had_committed) {
  for (const std::int16_t version : {std::int16_t{1}, std::int16_t{2}}) {
    for (const bool is_late : {false, true}) {
      PipelineHistory h(version);
      h.put(input, BatchRole::data);
      const Instant asked = first_transaction(h, true);
      h.processed(0, {40});
      h.begin(3);
      h.send(4, output, 40);
      h.offsets_sent(1, 3, h.now());
      h.offsets_sent(0, 3, is_late ? asked : h.now());
      h.put(output, BatchRole::commit);
      h.end(3, true);
      h.begin(5);
      h.send(6, output, 40);
      h.put(output, BatchRole::commit);
      h.end(5, true);
      h.read_up_to(0);
      h.read(0, 20);
      h.read(2, 40);
      h.read(4, 40);
      EXPECT_EQ(has(h.fired(), "BS-T05/output_repeated"), version == 2 || !is_late);
    }
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
