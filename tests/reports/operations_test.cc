// Client operations as a reader needs them: what was asked, what was told, nearest to the facts
// first.
#include "reports/operations.h"

#include <gtest/gtest.h>

#include "tests/reports/tale.h"

namespace brokersim::reports {

namespace {

TEST(Operations, a_send_that_never_ended_has_an_unknown_end) {
  Tale run;
  run.add(1s, 1000, SendInvoked{1, "host-01", orders, 9});
  const auto all = operations_of(run.events);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_FALSE(all[0].ended.has_value());
  EXPECT_EQ(operations_csv(all),
            "operation,kind,client,topic,partition,begun_ms,ended_ms,outcome,error,acks,offset\r\n"
            "op1,send,host-01,orders,0,1000.000,,unknown,,,\r\n");
}

TEST(Operations, a_csv_field_with_a_comma_is_quoted) {
  Tale run;
  run.add(1s, 1000, RecordDelivered{"a, \"b\"", orders, 3, 9});
  EXPECT_NE(operations_csv(operations_of(run.events)).find(",read,\"a, \"\"b\"\"\",orders,"),
            std::string::npos);
}

TEST(Operations, those_on_the_record_come_first_then_those_nearest_to_the_facts) {
  Tale run;
  for (int i = 1; i <= 9; ++i) {
    run.add(i * 1s, 1000, SendInvoked{i, "host-01", orders, 9});
    run.add(i * 1s + 1ms, 1000, SendEnded{i, "host-01", orders, Outcome::ok, 0, 1, i});
  }
  Focus focus{.partition = orders};
  focus.offset = 1;
  const auto chosen = operations_around(operations_of(run.events), focus, {Instant{7s}}, 4);
  std::vector<std::int64_t> ops;
  for (const auto& each : chosen) ops.push_back(each.op);
  EXPECT_EQ(ops, (std::vector<std::int64_t>{1, 6, 7, 8}));
}

}  // namespace

}  // namespace brokersim::reports
