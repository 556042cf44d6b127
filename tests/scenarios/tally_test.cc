// What a run has reached is counted for what it is.
#include "scenarios/tally.h"

#include <gtest/gtest.h>

#include "tests/reports/tale.h"

namespace brokersim::scenarios {
namespace {

using reports::Tale;

std::int64_t counted(const Tale& tale, const std::string& name) {
  Tally tally;
  for (const auto& event : tale.events) tally.observe(event);
  return tally.counts().at(name);
}

TransactionStateChanged prepared() { return {.transactional_id = "a", .state = "PrepareCommit"}; }
TransactionBegan began(std::int64_t op) {
  return {.op = op, .client = "task-01", .transactional_id = "a"};
}
EndTxnAnswered answered(Duration asked) {
  EndTxnAnswered answer{.peer = "task-01", .transactional_id = "a"};
  answer.asked_at_ns = asked.count();
  return answer;
}

// KAFKA-17754
TEST(Tally, counts_an_end_of_another_transaction_than_it_was_asked_for) {
  Tale tale;
  tale.add(1s, 3, began(1));
  tale.add(3s, 3, began(2));
  tale.add(4s, 1, prepared());
  tale.add(5s, 1, answered(2s));
  EXPECT_EQ(counted(tale, "anomalies_of_transaction_version_1"), 1);
}

// Who decided was paused before it could say so, and another has completed it.
TEST(Tally, does_not_count_an_end_that_was_only_answered_late) {
  Tale tale;
  tale.add(1s, 3, began(1));
  tale.add(3s, 1, prepared());
  tale.add(4s, 3, began(2));
  tale.add(5s, 1, answered(2s));
  EXPECT_EQ(counted(tale, "anomalies_of_transaction_version_1"), 0);
}

TEST(Tally, counts_what_is_processed_again_and_what_is_there_twice) {
  Tale tale;
  const TopicPartition input{"input", 0};
  const TopicPartition output{"output", 0};
  const auto process = [&](Offset offset) {
    tale.add(1s, 3,
             RecordProcessed{.group = "g",
                             .partition = input,
                             .offset = offset,
                             .outputs = {static_cast<std::uint64_t>(offset) + 70}});
  };
  const auto deliver = [&](Offset offset, std::uint64_t record) {
    tale.add(2s, 4, RecordDelivered{"reader", output, offset, record});
  };
  process(0);
  process(1);
  process(1);
  deliver(10, 70);
  deliver(11, 71);
  deliver(11, 71);  // Read once more.
  deliver(12, 71);
  deliver(13, 99);  // Nobody's output.
  EXPECT_EQ(counted(tale, "inputs_processed"), 3);
  EXPECT_EQ(counted(tale, "inputs_processed_again"), 1);
  EXPECT_EQ(counted(tale, "outputs_read"), 3);
  EXPECT_EQ(counted(tale, "outputs_repeated"), 1);
  EXPECT_EQ(counted(tale, "records_read"), 4);
}

}  // namespace
}  // namespace brokersim::scenarios
