// The tap of __transaction_state tells what each record says of its transactional id, once, however
// many logs hold it.
#include "sim/transaction_log_tap.h"

#include <gtest/gtest.h>

#include "core/transaction/records.h"

namespace brokersim::sim {
namespace {

const TopicPartition state_0{"__transaction_state", 0};

class TransactionLogScene {
 public:
  TransactionLogScene() {
    recorder_.listen([this](const Event& event) {
      const auto* state = std::get_if<TransactionStateStored>(&event.body);
      if (state == nullptr) return;
      told.push_back(*state);
      tellers.push_back(event.node);
    });
  }

  static wire::Batch batch_of(Offset offset, int epoch,
                              const transaction::TransactionEntry& entry) {
    wire::BatchBuilder builder;
    builder.add(transaction::encode_entry(entry, 2, 1));
    wire::Batch batch = builder.finish();
    batch.header.base_offset = offset;
    batch.header.leader_epoch = LeaderEpoch{epoch};
    return batch;
  }
  void stored(int node, Offset offset, int epoch, const transaction::TransactionEntry& entry) {
    tap_.on_batch(NodeId{node}, state_0, batch_of(offset, epoch, entry));
  }
  // As the disk tap finds it.
  void written(const std::string& path, const transaction::TransactionEntry& entry) {
    disk_tap_.tell_of(transaction::state_topic, tap_);
    disk_tap_.on_append(disk_, path, 0, batch_of(0, 0, entry).bytes());
  }

  std::vector<TransactionStateStored> told;
  std::vector<NodeId> tellers;

 private:
  Recorder recorder_;
  TransactionLogTap tap_{recorder_};
  Disk disk_{1, NodeId{4}};
  DiskTap disk_tap_{recorder_};
};

transaction::TransactionEntry prepared() {
  transaction::Standing standing;
  standing.state = transaction::State::prepare_commit;
  standing.producer_id = 7;
  standing.next_producer_id = 9;
  standing.epoch = 3;
  standing.transaction_version = 2;
  standing.partitions = {{"a", 1}, {"b", 0}};
  return {"host-01", standing};
}

TEST(TransactionLogTap, tells_what_a_record_says) {
  TransactionLogScene scene;
  scene.stored(1, 5, 4, prepared());
  ASSERT_EQ(scene.told.size(), 1U);
  const auto& told = scene.told[0];
  EXPECT_EQ(told.partition, state_0);
  EXPECT_EQ(told.offset, 5);
  EXPECT_EQ(told.leader_epoch, LeaderEpoch{4});
  EXPECT_EQ(told.transactional_id, "host-01");
  EXPECT_EQ(told.state, "PrepareCommit");
  EXPECT_EQ(told.producer_id, 7);
  EXPECT_EQ(told.producer_epoch, 3);
  EXPECT_EQ(told.next_producer_id, 9);
  EXPECT_EQ(told.transaction_version, 2);
  EXPECT_EQ(told.partitions, (std::vector<TopicPartition>{{"a", 1}, {"b", 0}}));
}

TEST(TransactionLogTap, tells_of_a_tombstone_that_the_id_is_dead) {
  TransactionLogScene scene;
  scene.stored(1, 0, 0, {"host-01", std::nullopt});
  ASSERT_EQ(scene.told.size(), 1U);
  EXPECT_EQ(scene.told[0].state, "Dead");
  EXPECT_EQ(scene.told[0].producer_id, -1);
}

TEST(TransactionLogTap, tells_of_each_once_where_it_is_stored_first) {
  TransactionLogScene scene;
  scene.stored(2, 0, 0, prepared());
  scene.stored(1, 0, 0, prepared());
  scene.stored(1, 0, 1, prepared());  // Of another epoch: another record.
  EXPECT_EQ(scene.tellers, (std::vector{NodeId{2}, NodeId{1}}));
}

TEST(TransactionLogTap, hears_of_the_logs_of_its_topic) {
  TransactionLogScene scene;
  scene.written("__transaction_state-0/00000000000000000000.log", prepared());
  EXPECT_EQ(scene.tellers, std::vector{NodeId{4}});
  TransactionLogScene other;
  other.written("orders-0/00000000000000000000.log", prepared());
  EXPECT_EQ(other.told.size(), 0U);
}

}  // namespace
}  // namespace brokersim::sim
