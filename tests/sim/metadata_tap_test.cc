// Metadata counts as committed exactly when a majority of the controllers can no longer lose it,
// and each change is told once, in the order of the log.
#include "sim/metadata_tap.h"

#include <gtest/gtest.h>

#include "core/raft/voter_set.h"

namespace brokersim::sim {
namespace {

using controller::MetadataRecord;

constexpr NodeId one{1};
constexpr NodeId two{2};
constexpr NodeId three{3};

wire::Batch batch_of(Offset offset, std::int32_t epoch,
                     const std::vector<MetadataRecord>& records) {
  wire::BatchBuilder builder;
  for (const auto& record : records) {
    builder.add({.timestamp = 1, .value = controller::encode_record(record)});
  }
  wire::Batch batch = builder.finish();
  batch.header.base_offset = offset;
  batch.header.leader_epoch = LeaderEpoch(epoch);
  return batch;
}

wire::Batch nothing_at(Offset offset, std::int32_t epoch) {
  return batch_of(offset, epoch, {controller::NoOpRecord{}});
}

std::vector<MetadataRecord> topic_records() {
  controller::PartitionRecord partition;
  partition.partition_id = 0;
  partition.topic_id = {7};
  partition.replicas = {one, two, three};
  partition.isr = {one, two, three};
  partition.leader = one;
  partition.leader_epoch = LeaderEpoch(0);
  partition.partition_epoch = PartitionEpoch(0);
  controller::ConfigRecord config;
  config.resource_type = 2;
  config.resource_name = "orders";
  config.name = "min.insync.replicas";
  config.value = "2";
  return {controller::TopicRecord{.name = "orders", .topic_id = {7}}, partition, config};
}

class MetadataTapTest : public ::testing::Test {
 protected:
  MetadataTapTest() {
    recorder_.listen([this](const Event& event) { events_.push_back(event); });
  }
  void store(NodeId node, const wire::Batch& batch) {
    tap_.on_batch(node, batch);
    tap_.on_synced(node, batch.header.next_offset());
  }
  Recorder recorder_;
  std::vector<Event> events_;
  MetadataTap tap_{recorder_, {one, two, three}};
};

TEST_F(MetadataTapTest, what_a_majority_has_synced_is_committed_once) {
  const auto batch = batch_of(0, 1, topic_records());
  store(one, batch);
  tap_.on_batch(two, batch);
  EXPECT_TRUE(events_.empty());  // In the page cache of the second only.
  tap_.on_synced(two, batch.header.next_offset());
  ASSERT_EQ(events_.size(), 2u);
  const auto& topic = std::get<TopicCommitted>(events_[0].body);
  EXPECT_EQ(topic.topic, "orders");
  EXPECT_EQ(topic.partitions, 1);
  EXPECT_EQ(topic.replication_factor, 3);
  EXPECT_EQ(topic.min_insync_replicas, 2);
  EXPECT_FALSE(topic.may_elect_uncleanly);
  const auto& partition = std::get<PartitionCommitted>(events_[1].body);
  EXPECT_EQ(partition.leader, one);
  EXPECT_EQ(partition.metadata_offset, 1);
  store(three, batch);
  EXPECT_EQ(events_.size(), 2u);
}

MetadataRecord broker_config(const std::string& broker, const std::string& key,
                             const std::string& value) {
  controller::ConfigRecord config;
  config.resource_type = 4;
  config.resource_name = broker;
  config.name = key;
  config.value = value;
  return config;
}

// The default of all brokers is that of every topic that does not say otherwise.
TEST_F(MetadataTapTest, what_new_defaults_change_for_topics_is_told_of_those) {
  auto records = topic_records();
  controller::PartitionRecord partition = std::get<controller::PartitionRecord>(records[1]);
  partition.topic_id = {8};
  records.push_back(controller::TopicRecord{.name = "payments", .topic_id = {8}});
  records.push_back(partition);
  const std::vector<wire::Batch> batches{
      batch_of(0, 1, records), batch_of(5, 1, {broker_config("", "min.insync.replicas", "3")}),
      batch_of(6, 1, {broker_config("1", "min.insync.replicas", "1")}),
      batch_of(7, 1, {broker_config("", "log.segment.bytes", "1048576")}),
      batch_of(8, 1, {broker_config("", "unclean.leader.election.enable", "true")})};
  for (const auto& batch : batches) {
    for (const NodeId node : {one, two}) store(node, batch);
  }
  std::vector<std::string> told;
  for (const auto& event : events_) {
    const auto* topic = std::get_if<TopicCommitted>(&event.body);
    if (topic == nullptr) continue;
    told.push_back(fmt::format("{} {}{}", topic->topic, topic->min_insync_replicas,
                               topic->may_elect_uncleanly ? " unclean" : ""));
  }
  EXPECT_EQ(told, (std::vector<std::string>{"orders 2", "payments 1", "payments 3",
                                            "orders 2 unclean", "payments 3 unclean"}));
}

// The second is none that a controller may give: the image does not take it.
TEST_F(MetadataTapTest, producer_ids_are_told_also_where_they_had_been_given) {
  for (const NodeId node : {one, two}) {
    store(node, batch_of(0, 1, {controller::ProducerIdsRecord{.next_producer_id = 1000}}));
    store(node, batch_of(1, 1, {controller::ProducerIdsRecord{.next_producer_id = 500}}));
  }
  ASSERT_EQ(events_.size(), 3u);
  EXPECT_EQ(std::get<ProducerIdsCommitted>(events_[0].body).next_producer_id, 1000);
  EXPECT_EQ(std::get<ProducerIdsCommitted>(events_[1].body).next_producer_id, 500);
  EXPECT_EQ(std::get<ProducerIdsCommitted>(events_[1].body).metadata_offset, 1);
}

TEST_F(MetadataTapTest, who_is_unregistered_is_told_as_fenced) {
  constexpr BrokerEpoch epoch{0};
  for (const NodeId node : {one, two}) {
    store(node, batch_of(0, 1,
                         {controller::RegisterBrokerRecord{.broker_id = one, .broker_epoch = epoch},
                          controller::UnfenceBrokerRecord{one, epoch}}));
    store(node, batch_of(2, 1, {controller::UnregisterBrokerRecord{one, epoch}}));
  }
  ASSERT_FALSE(events_.empty());
  EXPECT_FALSE(std::get<BrokerCommitted>(events_[events_.size() - 2].body).is_fenced);
  const auto& last = std::get<BrokerCommitted>(events_.back().body);
  EXPECT_EQ(last.broker, one);
  EXPECT_EQ(last.broker_epoch, epoch);
  EXPECT_TRUE(last.is_fenced);
  EXPECT_EQ(last.metadata_offset, 2);
  EXPECT_EQ(tap_.image().find_broker(one), nullptr);
}

TEST_F(MetadataTapTest, a_topic_that_is_deleted_is_told_once) {
  for (const NodeId node : {one, two}) {
    store(node, batch_of(0, 1, topic_records()));
    store(node, batch_of(3, 1, {controller::RemoveTopicRecord{.topic_id = {7}}}));
  }
  ASSERT_EQ(events_.size(), 3u);
  EXPECT_EQ(std::get<TopicRemoved>(events_[2].body).topic, "orders");
}

TEST_F(MetadataTapTest, what_a_topic_was_is_told_before_the_next_one_of_its_name) {
  auto again = topic_records();
  std::get<controller::TopicRecord>(again[0]).topic_id = {9};
  std::get<controller::PartitionRecord>(again[1]).topic_id = {9};
  again.insert(again.begin(), controller::RemoveTopicRecord{.topic_id = {7}});
  for (const NodeId node : {one, two}) {
    store(node, batch_of(0, 1, topic_records()));
    store(node, batch_of(3, 1, again));
  }
  EXPECT_TRUE(tap_.was_removed("orders"));
  ASSERT_EQ(events_.size(), 5u);
  EXPECT_EQ(std::get<TopicCommitted>(events_[0].body).topic_id, Uuid{7});
  EXPECT_EQ(std::get<TopicRemoved>(events_[2].body).topic_id, Uuid{7});
  EXPECT_EQ(std::get<TopicCommitted>(events_[3].body).topic_id, Uuid{9});
  EXPECT_TRUE(std::holds_alternative<PartitionCommitted>(events_[4].body));
}

TEST_F(MetadataTapTest, replaying_goes_on_from_where_it_ended_and_begins_anew_before) {
  for (const NodeId node : {one, two}) {
    store(node, batch_of(0, 1, topic_records()));
    store(node, batch_of(3, 1, {controller::TopicRecord{.name = "later", .topic_id = {8}}}));
  }
  for (const Offset end : {3, 4, 3, 4}) {
    const auto& image = tap_.replay_to(end);
    EXPECT_NE(image.find_topic("orders"), nullptr);
    EXPECT_EQ(image.find_topic("later") != nullptr, end == 4) << end;
  }
}

// Where a topic is only compacted nothing is deleted for its age.
TEST_F(MetadataTapTest, what_logs_are_asked_for_beside_the_defaults_is_told_before_the_topic) {
  auto records = topic_records();
  const auto set = [&](const std::string& name, const std::string& value) {
    auto config = std::get<controller::ConfigRecord>(records[2]);
    config.name = name;
    config.value = value;
    return config;
  };
  const std::vector<MetadataRecord> later{set("retention.ms", "1000"),
                                          broker_config("", "log.retention.bytes", "500"),
                                          set("cleanup.policy", "compact")};
  records.push_back(set("flush.messages", "1"));
  for (const NodeId node : {one, two}) store(node, batch_of(0, 1, records));
  Offset end = 4;
  for (const auto& record : later) {
    const auto batch = batch_of(end, 1, {record});
    for (const NodeId node : {one, two}) store(node, batch);
    end = batch.header.next_offset();
  }
  std::vector<LogSettingsCommitted> told;
  for (const auto& event : events_) {
    const auto* settings = std::get_if<LogSettingsCommitted>(&event.body);
    if (settings != nullptr) told.push_back(*settings);
  }
  EXPECT_TRUE(std::holds_alternative<LogSettingsCommitted>(events_[0].body));
  EXPECT_TRUE(std::holds_alternative<TopicCommitted>(events_[1].body));
  constexpr auto week = LogSettingsCommitted::week_ms;
  EXPECT_EQ(told, (std::vector<LogSettingsCommitted>{{"orders", week, -1, 1},
                                                     {"orders", 1000, -1, 1},
                                                     {"orders", 1000, 500, 1},
                                                     {"orders", week, -1, 1}}));
}

TEST_F(MetadataTapTest, an_old_batch_on_a_majority_waits_for_one_of_the_latest_epoch) {
  // Raft's figure 8: three has written in epoch 3, and may yet overwrite what one and two hold.
  store(three, nothing_at(0, 3));
  const auto old = batch_of(0, 2, topic_records());
  store(one, old);
  store(two, old);
  EXPECT_EQ(tap_.committed_end(), 0);
  const auto next = nothing_at(old.header.next_offset(), 4);
  store(one, next);
  EXPECT_EQ(tap_.committed_end(), 0);
  store(two, next);
  EXPECT_EQ(tap_.committed_end(), next.header.next_offset());
  EXPECT_EQ(events_.size(), 2u);
}

TEST_F(MetadataTapTest, what_was_cut_does_not_count) {
  const auto batch = batch_of(0, 1, topic_records());
  store(one, batch);
  tap_.on_cut(one, 0);
  store(two, batch);
  EXPECT_EQ(tap_.committed_end(), 0);
  store(one, batch);
  EXPECT_EQ(tap_.committed_end(), batch.header.next_offset());
}

// ---- Voters that change (KIP-853)

wire::Batch voters_at(Offset offset, std::int32_t epoch, const std::vector<NodeId>& ids) {
  auto batch =
      wire::control_batch(raft::voters_record_type,
                          raft::encode_voters(raft::VoterSet::of_ids(ids)), LeaderEpoch(epoch), 1);
  batch.header.base_offset = offset;
  return batch;
}

TEST(MetadataTapOfChangingVoters, counts_the_majority_of_the_latest_set_also_of_what_lies_before) {
  constexpr NodeId four{4};
  Recorder recorder;
  std::vector<Event> events;
  recorder.listen([&](const Event& event) { events.push_back(event); });
  MetadataTap tap(recorder, {one, two, three, four}, {}, {one, two, three});
  const auto store = [&](NodeId node, const wire::Batch& batch) {
    tap.on_batch(node, batch);
    tap.on_synced(node, batch.header.next_offset());
  };
  const auto before = nothing_at(0, 1);
  const auto added = voters_at(1, 1, {one, two, three, four});
  store(one, before);
  store(four, before);
  EXPECT_EQ(tap.committed_end(), 0);  // Four has no vote.
  store(one, added);
  store(four, added);
  EXPECT_EQ(tap.committed_end(), 0);  // Two of four are no majority.
  store(two, before);
  EXPECT_EQ(tap.committed_end(), 1);
  store(two, added);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(std::get<VotersCommitted>(events[0].body).voters,
            (std::vector<NodeId>{one, two, three, four}));
}

TEST(MetadataTapOfChangingVoters, counts_a_smaller_set_as_soon_as_it_is_written) {
  constexpr NodeId four{4};
  Recorder recorder;
  MetadataTap tap(recorder, {one, two, three, four});
  const auto before = nothing_at(0, 1);
  for (const NodeId node : {one, two}) {
    tap.on_batch(node, before);
    tap.on_synced(node, 1);
  }
  EXPECT_EQ(tap.committed_end(), 0);  // Two of four.
  tap.on_batch(one, voters_at(1, 1, {one, two, three}));
  EXPECT_EQ(tap.committed_end(), 1);  // Two of three.
}

TEST(MetadataTapOfChangingVoters, a_set_that_was_cut_off_counts_no_more) {
  Recorder recorder;
  MetadataTap tap(recorder, {one, two, three});
  tap.on_batch(one, voters_at(0, 1, {one}));
  tap.on_cut(one, 0);
  tap.on_batch(one, nothing_at(0, 2));
  tap.on_synced(one, 1);
  EXPECT_EQ(tap.committed_end(), 0);
}

TEST_F(MetadataTapTest, a_brokers_copy_is_no_vote) {
  const auto batch = batch_of(0, 1, topic_records());
  store(one, batch);
  store(NodeId(9), batch);
  EXPECT_EQ(tap_.committed_end(), 0);
}

TEST_F(MetadataTapTest, later_batches_go_on_where_the_earlier_ended) {
  const auto first = batch_of(0, 1, topic_records());
  controller::PartitionChangeRecord change;
  change.partition_id = 0;
  change.topic_id = {7};
  change.leader = two;
  change.isr = std::vector<NodeId>{two, three};
  const auto second = batch_of(3, 1, {change});
  for (const NodeId node : {one, two}) store(node, first);
  for (const NodeId node : {two, three}) {
    if (node == three) store(node, first);
    store(node, second);
  }
  ASSERT_EQ(events_.size(), 3u);
  const auto& partition = std::get<PartitionCommitted>(events_[2].body);
  EXPECT_EQ(partition.leader, two);
  EXPECT_EQ(partition.leader_epoch, LeaderEpoch(1));
  EXPECT_EQ(partition.isr, (std::vector<NodeId>{two, three}));
}

}  // namespace
}  // namespace brokersim::sim
