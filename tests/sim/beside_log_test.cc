// What lies beside a log is held against its batches: what contradicts them is told, and what they
// cannot know is not.
#include "sim/beside_log.h"

#include <vector>

#include <gtest/gtest.h>

#include "core/log/checkpoint.h"
#include "core/log/leader_epochs.h"
#include "core/log/producer_snapshots.h"
#include "core/log/producer_state.h"
#include "sim/disk_tap.h"

namespace brokersim::sim {
namespace {

std::string checkpoint(const std::vector<log::EpochEntry>& entries) {
  log::LeaderEpochs epochs;
  for (const auto& entry : entries) epochs.assign(entry.epoch, entry.start_offset);
  return epochs.encode();
}

// Epoch 1 from 0 to 39, epoch 3 from 40 to 54; batches begin each ten.
const std::vector<EpochRun> two_epochs{{LeaderEpoch{1}, 0, 30}, {LeaderEpoch{3}, 40, 50}};
constexpr Offset end_of_two = 55;

TEST(EpochCheckpoint, says_of_each_batch_its_epoch) {
  const auto difference = [](const std::vector<log::EpochEntry>& entries) {
    return difference_of_epochs(checkpoint(entries), two_epochs, end_of_two);
  };
  EXPECT_EQ(difference({{LeaderEpoch{1}, 0}, {LeaderEpoch{3}, 40}}), "");
  EXPECT_NE(difference({{LeaderEpoch{1}, 0}}), "");
  EXPECT_NE(difference({{LeaderEpoch{1}, 0}, {LeaderEpoch{3}, 30}}), "");
  EXPECT_NE(difference({{LeaderEpoch{1}, 0}, {LeaderEpoch{3}, 45}}), "");
  EXPECT_NE(difference({{LeaderEpoch{1}, 0}, {LeaderEpoch{2}, 40}}), "");
}

TEST(EpochCheckpoint, may_know_epochs_without_batches_up_to_the_end) {
  const auto difference = [](Offset start) {
    return difference_of_epochs(
        checkpoint({{LeaderEpoch{1}, 0}, {LeaderEpoch{3}, 40}, {LeaderEpoch{4}, start}}),
        two_epochs, end_of_two);
  };
  EXPECT_EQ(difference(end_of_two), "");
  EXPECT_NE(difference(end_of_two + 1), "");
}

TEST(EpochCheckpoint, says_nothing_of_what_was_deleted_and_is_not_believed_in_part) {
  const auto begun = checkpoint({{LeaderEpoch{1}, 25}, {LeaderEpoch{3}, 40}});
  EXPECT_EQ(difference_of_epochs(begun, two_epochs, end_of_two), "");
  EXPECT_EQ(difference_of_epochs(checkpoint({{LeaderEpoch{3}, 55}}), two_epochs, end_of_two), "");
  EXPECT_EQ(difference_of_epochs("0\n2\n1 0\n", two_epochs, end_of_two), "");
  EXPECT_EQ(difference_of_epochs("0\n2\n1 0\n3 4", two_epochs, end_of_two), "");
  EXPECT_NE(difference_of_epochs("0\n2\n1 0\n3 4\n", two_epochs, end_of_two), "");
}

// Of producer 7, sequences as offsets.
BatchRef produced(Offset first, Offset last, std::int16_t epoch = 0,
                  BatchRole role = BatchRole::data) {
  return {.base_offset = first,
          .last_offset = last,
          .role = role,
          .producer_id = 7,
          .producer_epoch = epoch,
          .base_sequence = is_marker(role) ? -1 : static_cast<std::int32_t>(first)};
}

log::ProducerState state_of(const std::vector<BatchRef>& batches) {
  log::ProducerState state;
  for (const BatchRef& batch : batches) {
    state.apply({.base_offset = batch.base_offset,
                 .last_offset = batch.last_offset,
                 .producer_id = batch.producer_id,
                 .producer_epoch = batch.producer_epoch,
                 .role = batch.role,
                 .base_sequence = batch.base_sequence});
  }
  return state;
}

std::string difference_with(const std::vector<BatchRef>& told, const std::vector<BatchRef>& there,
                            Offset from = 0) {
  return difference_of_producers(state_of(told).condensed().encode(), from, there);
}

TEST(ProducersBesideLog, says_what_the_batches_say) {
  const std::vector<BatchRef> log{produced(0, 4), produced(5, 5), produced(6, 9, 1)};
  EXPECT_EQ(difference_with(log, log), "");
  EXPECT_NE(difference_with({log[0], log[1]}, log), "");          // An earlier epoch.
  EXPECT_NE(difference_with({log[0]}, {log[0], log[1]}), "");     // An earlier batch.
  EXPECT_NE(difference_with(log, {log[0], log[1]}), "");          // A later one.
  EXPECT_NE(difference_with({log[0], produced(6, 9)}, log), "");  // The epoch is not raised.
  EXPECT_NE(difference_with({produced(0, 3)}, {log[0]}), "");     // Another end.
}

TEST(ProducersBesideLog, knows_which_transactions_are_open) {
  const auto data = produced(0, 4, 0, BatchRole::transactional);
  const auto marker = produced(5, 5, 1, BatchRole::commit);
  const auto next = produced(6, 6, 1, BatchRole::transactional);
  EXPECT_EQ(difference_with({data, marker, next}, {data, marker, next}), "");
  EXPECT_EQ(difference_with({data, marker}, {marker}, 5), "");
  EXPECT_NE(difference_with({data}, {data, marker}), "");
  // Open since before the part that is looked at, or not at all.
  const auto later = produced(5, 9, 0, BatchRole::transactional);
  EXPECT_EQ(difference_with({data, later}, {later}, 5), "");
  EXPECT_NE(difference_with({produced(5, 9)}, {later}, 5), "");
}

TEST(ProducersBesideLog, is_not_contradicted_by_what_is_not_there) {
  const std::vector<BatchRef> log{produced(0, 4), produced(5, 9)};
  EXPECT_EQ(difference_with({}, log), "");      // It has expired.
  EXPECT_EQ(difference_with(log, {}, 10), "");  // It wrote nothing since.
  EXPECT_NE(difference_with(log, {}, 9), "");   // It is said to have.
  EXPECT_EQ(difference_of_producers(Bytes{1, 2}, 0, log), "");
  const BatchRef plain{.base_offset = 10, .last_offset = 10};
  EXPECT_EQ(difference_with(log, {log[0], log[1], plain}), "");
}

// ---- As the disk tap sees it -------------------------------------------------------------------

class BesideScene {
 public:
  BesideScene() {
    recorder_.listen([this](const Event& event) {
      if (const auto* told = std::get_if<LogContradicted>(&event.body)) files.push_back(told->file);
    });
    disk_.observe(tap_);
    (void)disk_.make_directory("orders-0");
  }
  static std::string segment(Offset base) { return fmt::format("orders-0/{:020}.log", base); }
  void append(const std::string& path, const Slice& bytes) {
    auto file = disk_.open(path, OpenMode::create);
    (void)(*file)->truncate(0);
    (void)(*file)->append(Rope(bytes));
  }
  // One record of producer 7 in this epoch.
  static Slice batch_of(Offset offset, int epoch) {
    wire::BatchBuilder builder;
    builder.add({.timestamp = 1, .value = Bytes(10, 1)});
    wire::Batch batch = builder.finish();
    batch.header.base_offset = offset;
    batch.header.leader_epoch = LeaderEpoch{epoch};
    batch.header.producer_id = 7;
    batch.header.producer_epoch = 0;
    batch.header.base_sequence = static_cast<std::int32_t>(offset);
    return batch.bytes().joined();
  }
  // As a file of its own.
  void store(Offset offset, int epoch) { append(segment(offset), batch_of(offset, epoch)); }
  // Behind what the first file has.
  void store_on(Offset offset, int epoch) {
    auto file = disk_.open(segment(0), OpenMode::existing);
    (void)(*file)->append(Rope(batch_of(offset, epoch)));
  }
  void cut_first_to(std::uint64_t batches) {
    auto file = disk_.open(segment(0), OpenMode::existing);
    (void)(*file)->truncate(batches * batch_of(0, 0).size());
  }
  void write(const std::string& name, ByteView content) {
    append("orders-0/" + name, Slice::copy_of(content));
  }

  std::vector<std::string> files;

 private:
  Recorder recorder_;
  Disk disk_{1, NodeId{4}};
  DiskTap tap_{recorder_};
};

TEST(DiskTap, a_checkpoint_of_epochs_is_judged_as_it_is_written) {
  BesideScene scene;
  const std::string unfinished = "leader-epoch-checkpoint.tmp";
  scene.store(0, 3);
  const auto text = checkpoint({{LeaderEpoch{3}, 0}, {LeaderEpoch{4}, 1}});
  scene.write(unfinished, as_bytes(text));
  EXPECT_TRUE(scene.files.empty());
  scene.store(1, 3);
  scene.write(unfinished, as_bytes(text));
  EXPECT_EQ(scene.files, std::vector{unfinished});
}

TEST(DiskTap, a_checkpoint_of_epochs_is_judged_by_what_a_cut_has_left) {
  BesideScene scene;
  const std::string unfinished = "leader-epoch-checkpoint.tmp";
  scene.store(0, 3);
  scene.store_on(1, 3);
  scene.store_on(2, 4);
  scene.cut_first_to(1);
  scene.store_on(1, 5);
  const auto now = checkpoint({{LeaderEpoch{3}, 0}, {LeaderEpoch{5}, 1}});
  scene.write(unfinished, as_bytes(now));
  EXPECT_TRUE(scene.files.empty());
  const auto before = checkpoint({{LeaderEpoch{3}, 0}, {LeaderEpoch{4}, 2}});
  scene.write(unfinished, as_bytes(before));
  EXPECT_EQ(scene.files, std::vector{unfinished});
}

TEST(DiskTap, a_snapshot_of_producers_is_judged_by_the_last_segment) {
  BesideScene scene;
  scene.store(0, 3);
  scene.store(1, 3);
  const auto name = log::ProducerSnapshots::file_name(2);
  scene.write(name, state_of({produced(0, 0), produced(1, 1)}).encode());
  EXPECT_TRUE(scene.files.empty());
  scene.write(name, state_of({produced(0, 0)}).encode());
  EXPECT_EQ(scene.files, std::vector{name});
  // That of an earlier end is no news.
  scene.write(log::ProducerSnapshots::file_name(1), state_of({produced(1, 1)}).encode());
  EXPECT_EQ(scene.files.size(), 1u);
}

}  // namespace
}  // namespace brokersim::sim
