// Where transactions have no epoch of their own, requests that come late take effect in later ones:
// that is excused in BS-T01 and BS-T05, and nothing else is (KAFKA-17754, KIP-890).
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "tests/properties/pipeline_history.h"

namespace brokersim::properties {

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

// What the coordinator writes of it.
void written(PipelineHistory& h, const std::string& state) {
  h.add(1, TransactionStateStored{.partition = {"__transaction_state", 0},
                                  .transactional_id = "task-01",
                                  .state = state,
                                  .producer_id = task_producer,
                                  .producer_epoch = 0,
                                  .partitions = {output}});
}

struct LateEnd {
  bool is_commit = true;                 // As was asked for late.
  bool is_late = true;                   // Or answered in time.
  BatchRole marker = BatchRole::commit;  // What the first record of the next transaction got.
  std::int16_t marker_epoch = 0;
};

// Of the transaction after that one record gets what the late request asks for, the other one what
// its producer does.
Fired torn_by(const LateEnd& late, std::int16_t transaction_version,
              const std::set<std::string>& older_clients = {}) {
  PipelineHistory h(transaction_version, 10s, older_clients);
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
    // Of a client that knows no epochs of transactions; but of no other.
    EXPECT_EQ(torn_by(late, 2, {"task-01"}), Fired{});
    EXPECT_EQ(torn_by(late, 2, {"task-02"}), Fired{"BS-T01/torn"});
  }
}

// Its coordinator wrote what it asked for, and was gone before it could answer.
TEST(LateRequests, are_told_by_what_was_written_where_nobody_was_answered) {
  for (const auto* state : {"", "PrepareAbort", "PrepareCommit"}) {
    for (const bool has_asked_itself : {false, true}) {
      PipelineHistory h(1);
      first_transaction(h, true);
      h.begin(3);
      h.send(4, output, 40);
      if (*state != '\0') written(h, state);
      h.put(output, BatchRole::commit);
      h.send(5, other_output, 50);
      h.put(other_output, BatchRole::abort);
      if (has_asked_itself) h.asked_to_end(true, h.now());
      h.end(3, true, Outcome::unknown);
      const bool is_excused = state == std::string("PrepareCommit") && !has_asked_itself;
      EXPECT_NE(has(h.fired(), "BS-T01/torn"), is_excused) << state;
    }
  }
}

// A coordinator decides by itself what was asked for a transaction before the last one.
TEST(LateRequests, excuse_no_decision_long_after_they_were_answered_unless_there_were_copies) {
  for (const bool was_copied : {false, true}) {
    PipelineHistory h(1);
    const Instant asked = first_transaction(h, true);
    if (was_copied) h.asked_to_end(true, asked);
    h.begin(3);
    h.send(4, output, 30);
    h.asked_to_end(false, h.now());
    h.put(output, BatchRole::abort);
    h.end(3, false);
    h.begin(5);
    h.send(6, output, 40);
    written(h, "PrepareCommit");
    h.put(output, BatchRole::commit);
    h.send(7, other_output, 50);
    h.put(other_output, BatchRole::abort);
    h.end(5, true, Outcome::unknown);
    EXPECT_NE(has(h.fired(), "BS-T01/torn"), was_copied);
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

}  // namespace brokersim::properties
