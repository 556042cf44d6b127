// The wire tap understands the frames of a connection however they are cut, and tells what was
// answered to whom.
#include "sim/wire_tap.h"

#include <gtest/gtest.h>

#include "core/wire/record_batch.h"

namespace brokersim::sim {
namespace {

wire::Batch batch_of(std::string_view value) {
  wire::BatchBuilder builder;
  builder.add({.timestamp = 1, .value = Bytes(value.begin(), value.end())});
  builder.add({.timestamp = 1, .value = Bytes(3)});
  return builder.finish();
}

wire::RequestHeader header(api::ApiKey key, std::int16_t version, std::int32_t correlation) {
  return {static_cast<std::int16_t>(key), version, correlation, "producer-1"};
}

class WireTapTest : public ::testing::Test {
 protected:
  WireTapTest() {
    recorder_.listen([this](const Event& event) { events_.push_back(event); });
  }
  void ask(const Rope& frame) { tap_.on_send(info_, Side::client, frame); }
  void answer(const Rope& frame) { tap_.on_send(info_, Side::server, frame); }
  template <class Body>
  const Body& only() const {
    EXPECT_EQ(events_.size(), 1u);
    return std::get<Body>(events_.at(0).body);
  }
  Rope produce(std::int32_t correlation, std::int16_t acks) const {
    api::ProduceRequest request;
    request.acks = acks;
    request.topic_data = {{.name = "orders", .partition_data = {{.index = 2}}}};
    request.topic_data[0].partition_data[0].records = wire::Records(batch_of("x").bytes());
    return wire::request_frame(header(api::ApiKey::produce, 9, correlation), request);
  }
  static Rope produced(std::int32_t correlation, api::ErrorCode error, Offset offset) {
    api::ProduceResponse response;
    response.responses = {{.name = "orders", .partition_responses = {{.index = 2}}}};
    response.responses[0].partition_responses[0].error_code = error;
    response.responses[0].partition_responses[0].base_offset = offset;
    return wire::response_frame(correlation, response, 9);
  }

  ConnectionInfo info_{7, {"client", 40000}, {"broker-1", 9092}, NodeId(50), NodeId(1)};
  Recorder recorder_;
  std::vector<Event> events_;
  WireTap tap_{recorder_, [](const Uuid& id) { return std::string(id[0] == 9 ? "orders" : ""); }};
};

TEST_F(WireTapTest, an_answer_to_produce_names_the_batch_with_the_offsets_answered) {
  recorder_.set_time(Instant{3s});
  ask(produce(5, -1));
  recorder_.set_time(Instant{4s});
  EXPECT_TRUE(events_.empty());
  answer(produced(5, api::ErrorCode::none, 100));
  const auto& answered = only<ProduceAnswered>();
  EXPECT_EQ(events_[0].node, NodeId(1));
  EXPECT_EQ(answered.peer, "producer-1");
  EXPECT_EQ(answered.partition, (TopicPartition{"orders", 2}));
  EXPECT_EQ(answered.acks, -1);
  EXPECT_EQ(answered.error, 0);
  EXPECT_EQ(answered.batch.base_offset, 100);
  EXPECT_EQ(answered.batch.last_offset, 101);
  EXPECT_EQ(answered.batch.digest, batch_of("x").ref().digest);
  EXPECT_EQ(answered.asked_at_ns, Instant{3s}.ns());
}

TEST_F(WireTapTest, answers_belong_to_requests_by_correlation_id_also_out_of_order) {
  ask(produce(1, 1));
  ask(produce(2, -1));
  answer(produced(2, api::ErrorCode::none, 0));
  answer(produced(1, api::ErrorCode::not_leader_or_follower, -1));
  answer(produced(3, api::ErrorCode::none, 0));  // Never asked.
  ASSERT_EQ(events_.size(), 2u);
  EXPECT_EQ(std::get<ProduceAnswered>(events_[0].body).acks, -1);
  EXPECT_EQ(std::get<ProduceAnswered>(events_[1].body).acks, 1);
  EXPECT_NE(std::get<ProduceAnswered>(events_[1].body).error, 0);
}

TEST_F(WireTapTest, frames_may_be_cut_and_joined_anywhere) {
  Rope asked = produce(1, -1);
  asked.append(produce(2, -1));
  for (std::size_t at = 0; at < asked.size(); at += 7) {
    ask(asked.sub(at, std::min<std::size_t>(7, asked.size() - at)));
  }
  Rope answered = produced(1, api::ErrorCode::none, 0);
  answered.append(produced(2, api::ErrorCode::none, 2));
  answer(answered);
  EXPECT_EQ(events_.size(), 2u);
}

TEST_F(WireTapTest, bytes_that_are_no_frames_are_ignored_from_then_on) {
  ask(Rope(Bytes(64, 0xff)));
  ask(produce(1, -1));
  answer(produced(1, api::ErrorCode::none, 0));
  EXPECT_TRUE(events_.empty());
}

TEST_F(WireTapTest, a_fetch_by_topic_id_is_told_with_the_topics_name_and_its_batches) {
  api::FetchRequest request;
  request.replica_state.replica_id = NodeId(3);
  request.topics = {{.topic_id = {9}, .partitions = {{.partition = 1, .fetch_offset = 40}}}};
  ask(wire::request_frame(header(api::ApiKey::fetch, 15, 8), request));
  api::FetchResponse response;
  response.responses = {{.topic_id = {9}, .partitions = {{.partition_index = 1}}}};
  response.responses[0].partitions[0].high_watermark = 41;
  response.responses[0].partitions[0].records = wire::Records(batch_of("y").bytes());
  answer(wire::response_frame(8, response, 15));
  const auto& answered = only<FetchAnswered>();
  EXPECT_EQ(answered.replica, NodeId(3));
  EXPECT_EQ(answered.partition, (TopicPartition{"orders", 1}));
  EXPECT_EQ(answered.fetch_offset, 40);
  EXPECT_EQ(answered.high_watermark, 41);
  EXPECT_EQ(answered.batches, std::vector<BatchRef>{batch_of("y").ref()});
}

TEST_F(WireTapTest, an_answer_to_who_reads_committed_records_is_told_with_what_was_aborted) {
  for (const std::int8_t isolation_level : {std::int8_t{0}, std::int8_t{1}}) {
    api::FetchRequest request{.isolation_level = isolation_level};
    request.topics = {{.topic = "orders", .partitions = {{.partition = 1, .fetch_offset = 40}}}};
    ask(wire::request_frame(header(api::ApiKey::fetch, 11, 8), request));
    api::FetchResponse response;
    response.responses = {{.topic = "orders", .partitions = {{.partition_index = 1}}}};
    auto& partition = response.responses[0].partitions[0];
    partition.high_watermark = 50;
    partition.last_stable_offset = 45;
    partition.aborted_transactions.emplace().push_back({.producer_id = 7, .first_offset = 41});
    partition.records = wire::Records(batch_of("y").bytes());
    answer(wire::response_frame(8, response, 11));
  }
  ASSERT_EQ(events_.size(), 3u);  // The first was of no such consumer.
  const auto& answered = std::get<ReadCommittedAnswered>(events_[2].body);
  EXPECT_EQ(answered.partition, (TopicPartition{"orders", 1}));
  EXPECT_EQ(answered.high_watermark, 50);
  EXPECT_EQ(answered.last_stable_offset, 45);
  EXPECT_EQ(answered.aborted, (std::vector<AbortedTransaction>{{7, 41}}));
  EXPECT_EQ(answered.batches, std::vector<BatchRef>{batch_of("y").ref()});
}

TEST_F(WireTapTest, a_transactional_producer_is_told_its_epoch_and_any_other_is_no_news) {
  api::InitProducerIdRequest request{.transaction_timeout_ms = 5000};
  const api::InitProducerIdResponse response{.producer_id = 7, .producer_epoch = 3};
  ask(wire::request_frame(header(api::ApiKey::init_producer_id, 5, 1), request));
  answer(wire::response_frame(1, response, 5));
  EXPECT_TRUE(events_.empty());
  request.transactional_id = "a";
  ask(wire::request_frame(header(api::ApiKey::init_producer_id, 5, 2), request));
  answer(wire::response_frame(2, response, 5));
  const auto& answered = only<InitProducerIdAnswered>();
  EXPECT_EQ(answered.transactional_id, "a");
  EXPECT_EQ(answered.producer_id, 7);
  EXPECT_EQ(answered.producer_epoch, 3);
  EXPECT_EQ(answered.timeout_ms, 5000);
}

TEST_F(WireTapTest, the_end_of_a_transaction_is_told_with_what_was_asked_for) {
  const api::EndTxnRequest request{
      .transactional_id = "a", .producer_id = 7, .producer_epoch = 3, .committed = true};
  ask(wire::request_frame(header(api::ApiKey::end_txn, 5, 1), request));
  // What comes with the answer is the next transaction's.
  const api::EndTxnResponse response{
      .error_code = api::ErrorCode::producer_fenced, .producer_id = 7, .producer_epoch = 4};
  answer(wire::response_frame(1, response, 5));
  const auto& answered = only<EndTxnAnswered>();
  EXPECT_EQ(answered.producer_epoch, 3);
  EXPECT_TRUE(answered.is_commit);
  EXPECT_EQ(answered.error, static_cast<std::int32_t>(api::ErrorCode::producer_fenced));
}

TEST_F(WireTapTest, offsets_in_a_transaction_are_told_with_their_member) {
  api::TxnOffsetCommitRequest request{.transactional_id = "a",
                                      .group_id = "g",
                                      .producer_id = 7,
                                      .producer_epoch = 3,
                                      .generation_id = 4,
                                      .member_id = "m"};
  request.topics = {
      {.name = "orders", .partitions = {{.partition_index = 2, .committed_offset = 17}}}};
  ask(wire::request_frame(header(api::ApiKey::txn_offset_commit, 5, 1), request));
  api::TxnOffsetCommitResponse response;
  response.topics = {{.name = "orders", .partitions = {{.partition_index = 2}}}};
  answer(wire::response_frame(1, response, 5));
  const auto& answered = only<TxnOffsetCommitAnswered>();
  EXPECT_EQ(answered.group, "g");
  EXPECT_EQ(answered.member, "m");
  EXPECT_EQ(answered.generation, 4);
  EXPECT_EQ(answered.partition, (TopicPartition{"orders", 2}));
  EXPECT_EQ(answered.offset, 17);
}

TEST_F(WireTapTest, a_commit_that_nobody_will_answer_any_more_is_told) {
  for (const bool is_answered : {true, false}) {
    events_.clear();
    api::OffsetCommitRequest request{
        .group_id = "g", .generation_id_or_member_epoch = 4, .member_id = "m"};
    request.topics = {
        {.name = "orders", .partitions = {{.partition_index = 2, .committed_offset = 17}}}};
    ask(wire::request_frame(header(api::ApiKey::offset_commit, 8, 1), request));
    api::OffsetCommitResponse response;
    response.topics = {{.name = "orders", .partitions = {{.partition_index = 2}}}};
    if (is_answered) answer(wire::response_frame(1, response, 8));
    tap_.on_close(info_);
    const auto& answered = only<OffsetCommitAnswered>();
    EXPECT_EQ(events_[0].node, NodeId(1));
    EXPECT_EQ(answered.group, "g");
    EXPECT_EQ(answered.offset, 17);
    EXPECT_EQ(answered.error, is_answered ? 0 : -1);
  }
}

TEST_F(WireTapTest, an_unclean_election_is_told_when_somebody_asks_for_it) {
  for (const bool is_of_all : {false, true}) {
    events_.clear();
    for (const std::int8_t type : {std::int8_t{0}, std::int8_t{1}}) {
      api::ElectLeadersRequest request{.election_type = type};
      if (!is_of_all) request.topic_partitions = {{.topic = "orders", .partitions = {2, 3}}};
      ask(wire::request_frame(header(api::ApiKey::elect_leaders, 2, 1), request));
    }
    const auto& asked = only<UncleanElectionAsked>();
    EXPECT_EQ(asked.peer, "producer-1");
    EXPECT_EQ(asked.is_of_all, is_of_all);
    const std::vector<TopicPartition> both{{"orders", 2}, {"orders", 3}};
    EXPECT_EQ(asked.partitions, is_of_all ? std::vector<TopicPartition>() : both);
  }
}

TEST_F(WireTapTest, a_deletion_of_records_is_told_when_somebody_asks_for_it) {
  api::DeleteRecordsRequest request;
  request.topics = {
      {.name = "orders",
       .partitions = {{.partition_index = 2, .offset = 7}, {.partition_index = 3, .offset = -1}}}};
  ask(wire::request_frame(header(api::ApiKey::delete_records, 2, 1), request));
  const auto& asked = only<RecordDeletionAsked>();
  EXPECT_EQ(asked.peer, "producer-1");
  EXPECT_EQ(asked.partitions, (std::vector<TopicPartition>{{"orders", 2}, {"orders", 3}}));
  EXPECT_EQ(asked.offsets, (std::vector<Offset>{7, -1}));
}

TEST_F(WireTapTest, votes_and_pre_votes_are_told_apart) {
  for (const bool is_pre_vote : {true, false}) {
    api::VoteRequest request;
    request.topics = {{.topic_name = "__cluster_metadata", .partitions = {{}}}};
    auto& partition = request.topics[0].partitions[0];
    partition.candidate_id = NodeId(101);
    partition.candidate_epoch = LeaderEpoch(is_pre_vote ? 3 : 4);
    partition.pre_vote = is_pre_vote;
    ask(wire::request_frame(header(api::ApiKey::vote, 2, 1), request));
    api::VoteResponse response;
    response.topics = {{.topic_name = "__cluster_metadata", .partitions = {{}}}};
    response.topics[0].partitions[0].vote_granted = true;
    answer(wire::response_frame(1, response, 2));
  }
  ASSERT_EQ(events_.size(), 2u);
  const auto& asked = std::get<PreVoteAnswered>(events_[0].body);
  EXPECT_EQ(asked.candidate, NodeId(101));
  EXPECT_EQ(asked.epoch, LeaderEpoch(3));
  EXPECT_TRUE(asked.is_granted);
  const auto& vote = std::get<VoteAnswered>(events_[1].body);
  EXPECT_EQ(vote.candidate, NodeId(101));
  EXPECT_EQ(vote.epoch, LeaderEpoch(4));
  EXPECT_TRUE(vote.is_granted);
}

TEST_F(WireTapTest, a_piece_of_a_snapshot_names_who_it_is_for) {
  for (const auto error : {api::ErrorCode::none, api::ErrorCode::fenced_leader_epoch}) {
    api::FetchSnapshotRequest request;
    request.replica_id = NodeId(103);
    request.topics = {{.name = "__cluster_metadata", .partitions = {{}}}};
    request.topics[0].partitions[0].snapshot_id.end_offset = 40;
    request.topics[0].partitions[0].position = 512;
    ask(wire::request_frame(header(api::ApiKey::fetch_snapshot, 1, 1), request));
    api::FetchSnapshotResponse response;
    response.topics = {{.name = "__cluster_metadata", .partitions = {{}}}};
    response.topics[0].partitions[0].error_code = error;
    answer(wire::response_frame(1, response, 1));
  }
  ASSERT_EQ(events_.size(), 2u);
  const auto& sent = std::get<SnapshotAnswered>(events_[0].body);
  EXPECT_EQ(events_[0].node, NodeId(1));
  EXPECT_EQ(sent.replica, NodeId(103));
  EXPECT_EQ(sent.end_offset, 40);
  EXPECT_EQ(sent.position, 512);
  EXPECT_EQ(sent.error, 0);
  EXPECT_NE(std::get<SnapshotAnswered>(events_[1].body).error, 0);
}

TEST_F(WireTapTest, a_leader_of_the_quorum_is_announced_by_itself) {
  api::BeginQuorumEpochRequest request;
  request.topics = {{.topic_name = "__cluster_metadata", .partitions = {{}}}};
  request.topics[0].partitions[0].leader_id = NodeId(50);
  request.topics[0].partitions[0].leader_epoch = LeaderEpoch(6);
  ask(wire::request_frame(header(api::ApiKey::begin_quorum_epoch, 1, 1), request));
  EXPECT_EQ(only<QuorumLeaderAnnounced>().epoch, LeaderEpoch(6));
  EXPECT_EQ(events_[0].node, NodeId(50));
}

}  // namespace
}  // namespace brokersim::sim
