// The message tap tells of each frame what it says, when it left and arrived, and why it did not.
#include "sim/message_tap.h"

#include <gtest/gtest.h>

#include "core/wire/record_batch.h"

namespace brokersim::sim {
namespace {

wire::Record record(std::string_view value) {
  return {.timestamp = 1, .value = Bytes(value.begin(), value.end())};
}

class MessageTapTest : public ::testing::Test {
 protected:
  void at(Duration time) { recorder_.set_time(Instant{time}); }
  template <class Request>
  Rope request(std::int32_t correlation, const Request& body, std::int16_t version) {
    return wire::request_frame({Request::description.key, version, correlation, "producer-1"},
                               body);
  }
  void client_sends(const Rope& bytes) { tap_.on_send(info_, Side::client, bytes); }
  void server_sends(const Rope& bytes) { tap_.on_send(info_, Side::server, bytes); }
  Rope produce(std::int32_t correlation) {
    wire::BatchBuilder builder;
    builder.add(record("x"));
    api::ProduceRequest body;
    body.acks = -1;
    body.topic_data = {{.name = "orders", .partition_data = {{.index = 2}}}};
    body.topic_data[0].partition_data[0].records = wire::Records(builder.finish().bytes());
    return request(correlation, body, 9);
  }
  Rope fetch(std::int32_t correlation, Offset offset) {
    api::FetchRequest body;
    body.topics = {{.topic_id = {9}, .partitions = {{.partition = 1, .fetch_offset = offset}}}};
    return request(correlation, body, 15);
  }
  Rope fetched(std::int32_t correlation, Offset high_watermark) {
    api::FetchResponse body;
    body.responses = {{.topic_id = {9}, .partitions = {{.partition_index = 1}}}};
    body.responses[0].partitions[0].high_watermark = high_watermark;
    return wire::response_frame(correlation, body, 15);
  }

  ConnectionInfo info_{7, {"client", 40000}, {"broker-1", 9092}, NodeId(50), NodeId(1)};
  Recorder recorder_;
  std::vector<Message> told_;
  MessageTap tap_{recorder_, [](const Uuid& id) { return std::string(id[0] == 9 ? "orders" : ""); },
                  [this](const Message& message) { told_.push_back(message); }};
};

TEST_F(MessageTapTest, a_request_and_its_answer_belong_together) {
  at(1ms);
  recorder_.record(NodeId(50),
                   SendInvoked{3, "p", {"orders", 2}, wire::record_digest(record("x"))});
  const Rope asked = produce(5);
  client_sends(asked);
  EXPECT_TRUE(told_.empty());  // Its fate is open.
  tap_.on_deliver(info_, Side::client, asked.size(), Instant{2ms});
  at(3ms);
  api::ProduceResponse answer;
  answer.responses = {{.name = "orders", .partition_responses = {{.index = 2, .base_offset = 42}}}};
  const Rope answered = wire::response_frame(5, answer, 9);
  server_sends(answered);
  tap_.on_deliver(info_, Side::server, answered.size(), Instant{4ms});
  ASSERT_EQ(told_.size(), 2u);
  const Message& first = told_[0];
  EXPECT_EQ(first.number, 1);
  EXPECT_EQ(first.api, "Produce");
  EXPECT_EQ(first.from, NodeId(50));
  EXPECT_EQ(first.to, NodeId(1));
  EXPECT_EQ(first.sent, Instant{1ms});
  EXPECT_EQ(first.ended, Instant{2ms});
  EXPECT_FALSE(first.is_response());
  EXPECT_EQ(first.parts, (std::vector<MessagePart>{{{"orders", 2}, "Produce op3 acks=all", true}}));
  const Message& second = told_[1];
  EXPECT_EQ(second.answers, 1);
  EXPECT_EQ(second.from, NodeId(1));
  EXPECT_EQ(second.api, "Produce");
  EXPECT_EQ(second.parts, (std::vector<MessagePart>{{{"orders", 2}, "ack offset 42", true}}));
}

TEST_F(MessageTapTest, a_frame_arrives_with_its_last_byte) {
  const Rope asked = fetch(1, 40);
  client_sends(asked.sub(0, 9));
  client_sends(asked.sub(9, asked.size() - 9));
  tap_.on_deliver(info_, Side::client, asked.size() - 1, Instant{2ms});
  EXPECT_TRUE(told_.empty());
  tap_.on_deliver(info_, Side::client, 1, Instant{5ms});
  ASSERT_EQ(told_.size(), 1u);
  EXPECT_EQ(told_[0].ended, Instant{5ms});
}

TEST_F(MessageTapTest, what_a_reset_cuts_off_is_lost_and_what_arrived_with_it_is_not) {
  const Rope first = fetch(1, 40);
  client_sends(first);
  client_sends(fetch(2, 41));
  at(6ms);
  tap_.on_lose(info_, Side::client, Loss::reset, first.size() + 3);
  ASSERT_EQ(told_.size(), 2u);
  EXPECT_EQ(told_[0].fate, Message::Fate::arrived);
  EXPECT_EQ(told_[1].fate, Message::Fate::lost);
  EXPECT_EQ(told_[1].why_lost, "connection reset");
  EXPECT_EQ(told_[1].ended, Instant{6ms});
}

TEST_F(MessageTapTest, what_is_under_way_at_the_end_of_the_run_is_told_as_that) {
  client_sends(fetch(1, 40));
  at(9ms);
  tap_.finish();
  ASSERT_EQ(told_.size(), 1u);
  EXPECT_EQ(told_[0].fate, Message::Fate::under_way);
}

TEST_F(MessageTapTest, what_a_connection_said_before_is_no_news) {
  for (const Offset offset : {40, 40, 41}) {
    client_sends(fetch(1, offset));
    server_sends(fetched(1, offset - 1));
  }
  tap_.on_close(info_);
  std::vector<bool> requests, responses;
  for (const Message& each : told_)
    (each.is_response() ? responses : requests).push_back(each.has_news);
  EXPECT_EQ(requests, (std::vector<bool>{true, false, true}));
  EXPECT_EQ(responses, (std::vector<bool>{true, false, true}));
}

TEST_F(MessageTapTest, bytes_that_are_no_protocol_tell_nothing) {
  client_sends(Rope(Bytes(64, 0xff)));
  client_sends(fetch(1, 40));
  tap_.finish();
  EXPECT_TRUE(told_.empty());
}

}  // namespace
}  // namespace brokersim::sim
