// The metadata log with its snapshots on a simulated disk: wherever a crash or a loss of power
// strikes while snapshots are taken, received and old ones deleted, the two fit again afterwards,
// and together hold everything that was safe.
#include "core/broker/metadata_log.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/world.h"

namespace brokersim::broker {
namespace {

Bytes value_at(Offset offset) { return bytes_of(std::to_string(offset)); }

std::vector<Bytes> values_before(Offset end) {
  std::vector<Bytes> values;
  for (Offset offset = 0; offset < end; ++offset) values.push_back(value_at(offset));
  return values;
}

raft::Snapshot snapshot_before(Offset end) { return {1000 + end, values_before(end)}; }

class MetadataDisk {
 public:
  explicit MetadataDisk(std::uint64_t seed) : world_(seed) {
    config_.metadata_log_segment_bytes = 300;
    config_.metadata_max_retention_bytes = 0;
  }

  // Writes, takes a snapshot, receives one, deletes what is old, and again.
  void live(Env& env) {
    auto opened = MetadataLog::open(env, config_, false);
    ASSERT_TRUE(opened) << log::name_of(opened.error());
    MetadataLog& log = **opened;
    for (int round = 0; round < 3; ++round) {
      append(env, log, LeaderEpoch(2 * round + 1));
      take_snapshot(env, log);
      append(env, log, LeaderEpoch(2 * round + 1));
      take_snapshot(env, log);
      receive_snapshot(env, log, {log.end_offset() + 10, LeaderEpoch(2 * round + 2)});
    }
  }

  // Of a leader that was deposed before anybody had its last records, and that its successor has
  // left behind.
  void live_deposed(Env& env) {
    auto opened = MetadataLog::open(env, config_, false);
    ASSERT_TRUE(opened) << log::name_of(opened.error());
    MetadataLog& log = **opened;
    append(env, log, LeaderEpoch(5));
    take_snapshot(env, log);
    append(env, log, LeaderEpoch(7));
    receive_snapshot(env, log, {log.end_offset() + 10, LeaderEpoch(6)});
  }

  // Of a leader of which nobody had the last records either; but the first snapshot ends among
  // them.
  void live_replaced(Env& env) {
    auto opened = MetadataLog::open(env, config_, false);
    ASSERT_TRUE(opened) << log::name_of(opened.error());
    MetadataLog& log = **opened;
    append(env, log, LeaderEpoch(2));
    append(env, log, LeaderEpoch(2));
    safe_end_ = log.end_offset() - 6;
    receive_snapshot(env, log, {safe_end_, LeaderEpoch(3)});
  }

  // Where logs are cut like those of topics, and may be as large as they like.
  void live_without_bound(Env& env) {
    config_.rules.quorum.deletes_log_before_snapshots_only = false;
    config_.metadata_max_retention_bytes.reset();
    auto opened = MetadataLog::open(env, config_, false);
    ASSERT_TRUE(opened) << log::name_of(opened.error());
    MetadataLog& log = **opened;
    append(env, log, LeaderEpoch(1));
    ASSERT_GT(log.log().active_base(), 0);
    EXPECT_FALSE(log.needs_cleaning(log.end_offset(), 0));
  }

  void append(Env& env, MetadataLog& log, LeaderEpoch epoch) {
    for (int i = 0; i < 4; ++i) {
      wire::BatchBuilder builder;
      for (Offset offset = log.end_offset(); offset < log.end_offset() + 2; ++offset) {
        builder.add({1000 + offset, std::nullopt, value_at(offset), {}});
      }
      auto batch = builder.finish();
      ASSERT_TRUE(log.log().append_as_leader(env, std::span(&batch, 1), epoch));
    }
    ASSERT_TRUE(log.log().sync(env));
    safe_end_ = log.end_offset();
  }

  void take_snapshot(Env& env, MetadataLog& log) {
    const raft::SnapshotId id{log.end_offset() - 2, log.last_epoch()};
    ASSERT_TRUE(log.snapshots().write(env, id, snapshot_before(id.end_offset)));
    ASSERT_TRUE(log.clean(env, log.end_offset(), 0));
    EXPECT_EQ(log.snapshots().all().size(), 1u);  // The retention keeps no more than that.
    const bool is_first = log.start().end_offset == 0;
    if (!is_first) {
      EXPECT_EQ(log.start(), id);
    }
  }

  void receive_snapshot(Env& env, MetadataLog& log, raft::SnapshotId id) {
    const Rope file = raft::encode_snapshot(id, snapshot_before(id.end_offset));
    auto& snapshots = log.snapshots();
    ASSERT_TRUE(snapshots.receive(env, file.sub(0, 100), id, 0));
    ASSERT_TRUE(snapshots.receive(env, file.sub(100, file.size() - 100), id, 100));
    EXPECT_EQ(*snapshots.judge_received(env), "");
    ASSERT_TRUE(log.begin_at_received(env, id));
    EXPECT_EQ(log.start(), id);
    EXPECT_EQ(log.last_epoch(), id.epoch);
    safe_end_ = id.end_offset;
  }

  // Everything from the first offset on is there once, in a snapshot and the log behind it.
  void inspect(Env& env) {
    auto opened = MetadataLog::open(env, config_, false);
    ASSERT_TRUE(opened) << log::name_of(opened.error());
    MetadataLog& log = **opened;
    EXPECT_GE(log.end_offset(), safe_end_);
    if (const auto latest = log.latest_snapshot()) {
      const auto of_epoch = log.end_offset_for_epoch(latest->epoch);
      EXPECT_EQ(of_epoch.epoch, latest->epoch);
      EXPECT_GE(of_epoch.end_offset, latest->end_offset);
    }
    std::vector<Bytes> values;
    if (log.start().end_offset > 0) {
      const auto snapshot = log.snapshots().load(env, log.start());
      ASSERT_TRUE(snapshot);
      EXPECT_EQ(log.snapshots().oldest(), log.start());
      values = snapshot->records;
    }
    ASSERT_EQ(static_cast<Offset>(values.size()), log.start().end_offset);
    const auto read = log.log().read(env, log.start().end_offset);
    ASSERT_TRUE(read);
    const auto batches = wire::parse_batches(read->bytes.joined());
    ASSERT_TRUE(batches);
    for (const auto& batch : *batches) {
      const auto records = wire::records_of(batch);
      ASSERT_TRUE(records);
      for (const auto& [offset, record] : *records) {
        // A snapshot ends between two batches, but a segment may begin before it.
        if (offset >= log.start().end_offset) values.push_back(*record.value);
      }
    }
    EXPECT_EQ(values, values_before(log.end_offset()));
  }

  using Program = void (MetadataDisk::*)(Env&);
  bool run(Program program) {
    world_.start(machine_, [this, program](Env& env) { (this->*program)(env); });
    return world_.run_until([this] { return !machine_.is_up(); }, world_.now() + 60s);
  }
  // How often it waits in its life, if nothing strikes.
  std::uint64_t suspensions(Program life) {
    EXPECT_TRUE(run(life));
    return world_.suspensions(machine_);
  }
  void strike_at(Program life, std::uint64_t suspension, bool is_power_loss) {
    world_.crash_at_suspension(machine_, suspension);
    ASSERT_TRUE(run(life));
    if (is_power_loss) machine_.disk().power_loss();
    ASSERT_TRUE(run(&MetadataDisk::inspect));
  }

 private:
  sim::World world_;
  sim::Machine& machine_ = world_.add_machine("controller-1", NodeId(1));
  NodeConfig config_;
  Offset safe_end_ = 0;
};

void strike_everywhere(MetadataDisk::Program life) {
  const auto count = MetadataDisk(1).suspensions(life);
  ASSERT_GT(count, 5u);
  for (std::uint64_t at = 1; at <= count; ++at) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      SCOPED_TRACE(fmt::format("seed {}, struck at suspension {} of {}", seed, at, count));
      MetadataDisk(seed).strike_at(life, at, false);
      MetadataDisk(seed).strike_at(life, at, true);
      if (::testing::Test::HasFailure()) return;
    }
  }
}

TEST(MetadataLogs, survive_a_crash_and_a_loss_of_power_wherever_they_wait) {
  strike_everywhere(&MetadataDisk::live);
}

// Else it is asked to give up, by truncation, what its snapshot says is committed.
TEST(MetadataLogs, of_a_later_epoch_give_way_to_the_snapshot_that_took_their_place) {
  strike_everywhere(&MetadataDisk::live_deposed);
}

// What is left of the old one behind the snapshot is of an earlier epoch than the snapshot is.
TEST(MetadataLogs, that_are_longer_give_way_to_the_first_snapshot_of_a_later_epoch) {
  strike_everywhere(&MetadataDisk::live_replaced);
}

TEST(MetadataLogs, are_not_cut_by_their_size_where_it_has_no_bound) {
  ASSERT_TRUE(MetadataDisk(1).run(&MetadataDisk::live_without_bound));
}

TEST(MetadataLogs, keep_what_is_new_and_delete_what_a_later_snapshot_stands_for) {
  MetadataDisk disk(1);
  ASSERT_TRUE(disk.run(&MetadataDisk::live));
  ASSERT_TRUE(disk.run(&MetadataDisk::inspect));
}

}  // namespace
}  // namespace brokersim::broker
