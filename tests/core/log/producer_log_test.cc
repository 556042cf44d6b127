// Shows that a log knows its producers again: after a roll, a truncation, a restart in order, a
// crash and a loss of power, whatever that left of the snapshots.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/core/log/log_fixture.h"

namespace brokersim::log {

namespace {

class ProducerLog : public LogFixture {
 public:
  using LogFixture::LogFixture;

  // One record of producer `id`; returns its offset, that of the batch it repeats, or -1.
  Offset produce(std::int64_t id, std::int32_t sequence, int leader_epoch = 0) {
    wire::Batch batch = sequenced(id, sequence);
    const auto known = log->producers().check(batch.header);
    if (!known) return -1;
    if (*known) return (*known)->first_offset();
    return log->append_as_leader(env, {&batch, 1}, LeaderEpoch(leader_epoch))->first_offset;
  }
  static wire::Batch sequenced(std::int64_t id, std::int32_t sequence) {
    wire::BatchHeader proto;
    proto.producer_id = id;
    proto.producer_epoch = 0;
    proto.base_sequence = sequence;
    wire::BatchBuilder builder(proto);
    builder.add({1000, {}, bytes_of("v"), {}});
    return builder.finish();
  }
  Offset any_offset() const { return *rc::gen::inRange<Offset>(0, log->end_offset() + 1); }
  std::vector<Offset> snapshots() const {
    std::vector<Offset> offsets;
    for (const auto& [path, node] : env.disk.names()) {
      const auto name = std::string_view(path).substr(path.rfind('/') + 1);
      if (const auto offset = ProducerSnapshots::offset_of(name)) offsets.push_back(*offset);
    }
    return offsets;
  }
  Bytes& snapshot(Offset offset) {
    return env.disk.data("orders-0/" + ProducerSnapshots::file_name(offset));
  }
};

const std::size_t batch_size = ProducerLog::sequenced(1, 0).size();
using Offsets = std::vector<Offset>;

}  // namespace

TEST(ProducerLog, a_log_of_one_segment_without_idempotent_producers_has_no_snapshots) {
  ProducerLog f({2 * batch_of(1).size()});
  for (int i = 0; i < 2; ++i) f.append(0, 1);
  f.reopen_in_order();
  ASSERT_TRUE(f.log->truncate_to(f.env, 1, "test"));
  EXPECT_EQ(f.snapshots(), Offsets{});
}

TEST(ProducerLog, an_empty_snapshot_says_that_nobody_has_to_be_looked_for_in_earlier_segments) {
  ProducerLog f({2 * batch_of(1).size()});
  for (int i = 0; i < 3; ++i) f.append(0, 1);
  EXPECT_EQ(f.snapshots(), (Offsets{2}));
  EXPECT_EQ(ProducerState::decode(f.snapshot(2)), ProducerState());
}

TEST(ProducerLog, a_roll_takes_a_snapshot_and_each_segment_keeps_its_own) {
  ProducerLog f({2 * batch_size});
  for (int i = 0; i < 3; ++i) f.produce(7, i);
  EXPECT_EQ(f.snapshots(), (Offsets{2}));
  for (int i = 3; i < 7; ++i) f.produce(7, i);
  EXPECT_EQ(f.snapshots(), (Offsets{2, 4, 6}));
}

TEST(ProducerLog, a_restart_in_order_knows_the_last_batch_of_each_again) {
  ProducerLog f;
  for (int i = 0; i < 3; ++i) f.produce(7, i);
  f.produce(8, 0);
  f.reopen_in_order();
  EXPECT_EQ(f.snapshots(), (Offsets{4}));
  EXPECT_EQ(f.produce(7, 2), 2);
  EXPECT_EQ(f.produce(8, 0), 3);
  EXPECT_EQ(f.produce(7, 1), -1);  // A snapshot keeps one batch: the depth has to fill again.
  EXPECT_EQ(f.produce(7, 3), 4);
  EXPECT_EQ(f.produce(7, 2), 2);
}

TEST(ProducerLog, after_a_crash_the_batches_behind_the_last_snapshot_are_replayed) {
  ProducerLog f({2 * batch_size});
  for (int i = 0; i < 6; ++i) f.produce(7, i);
  f.env.disk.lose_power([](std::size_t unsynced) { return unsynced; });
  f.reopen_after_crash();
  EXPECT_EQ(f.log->end_offset(), 6);
  for (int i = 3; i < 6; ++i) EXPECT_EQ(f.produce(7, i), i);
  EXPECT_EQ(f.produce(7, 6), 6);
}

TEST(ProducerLog, a_sync_forces_the_snapshots_to_disk_and_then_their_names) {
  ProducerLog f({2 * batch_size});
  for (int i = 0; i < 3; ++i) f.produce(7, i);
  ASSERT_TRUE(f.log->sync(f.env, f.log->active_base()));
  f.env.disk.lose_power([](std::size_t) { return 0; }, false);
  EXPECT_EQ(f.snapshots(), (Offsets{2}));
  EXPECT_TRUE(ProducerState::decode(f.snapshot(2)));
}

TEST(ProducerLog, a_snapshot_that_cannot_be_read_is_removed_and_an_earlier_one_taken) {
  ProducerLog f({2 * batch_size});
  for (int i = 0; i < 5; ++i) f.produce(7, i);
  ASSERT_EQ(f.snapshots(), (Offsets{2, 4}));
  f.snapshot(4)[8] ^= 1;
  f.open({true, 5, 0});
  EXPECT_EQ(f.snapshots(), (Offsets{2, 5}));
  EXPECT_EQ(f.produce(7, 4), 4);
  EXPECT_EQ(f.produce(7, 1), 1);  // Of the snapshot at 2.
  EXPECT_EQ(f.produce(7, 0), -1);
}

TEST(ProducerLog, a_truncation_forgets_what_it_took) {
  ProducerLog f({2 * batch_size});
  for (int i = 0; i < 5; ++i) f.produce(7, i);
  f.produce(8, 0);
  ASSERT_TRUE(f.log->truncate_to(f.env, 3, "test"));
  EXPECT_EQ(f.snapshots(), (Offsets{2, 3}));
  EXPECT_EQ(f.log->producers().find(8), nullptr);
  EXPECT_EQ(f.produce(7, 2), 2);
  EXPECT_EQ(f.produce(7, 4), -1);
  EXPECT_EQ(f.produce(7, 3), 3);
  ASSERT_TRUE(f.log->truncate_fully_and_start_at(f.env, 10, "test"));
  EXPECT_EQ(f.snapshots(), Offsets{});
  EXPECT_TRUE(f.log->producers().empty());
}

TEST(ProducerLog, what_deleted_records_told_of_a_producer_is_still_known_after_a_restart) {
  ProducerLog f({2 * batch_size});
  for (int i = 0; i < 2; ++i) f.produce(7, i);
  for (int i = 0; i < 2; ++i) f.produce(8, i);
  ASSERT_TRUE(f.log->raise_start_offset(f.env, 2));
  for (const bool is_clean : {true, false}) {
    is_clean ? f.reopen_in_order() : f.reopen_after_crash();
    EXPECT_EQ(f.produce(7, 1), 1);
  }
  EXPECT_EQ(f.produce(7, 2), 4);
}

TEST(ProducerLog, a_snapshot_of_an_earlier_life_of_the_log_is_not_believed_after_a_crash) {
  // KAFKA-9892: or is, as the rule says.
  for (const bool is_checked : {true, false}) {
    ProducerLog f(
        {.segment_bytes = 2 * batch_size, .rules = {.checks_snapshots_after_crash = is_checked}});
    for (int i = 0; i < 3; ++i) f.produce(7, i);
    const Bytes earlier = f.snapshot(2);
    ASSERT_TRUE(f.log->truncate_to(f.env, 0, "test"));
    for (int i = 0; i < 3; ++i) f.produce(8, i, 1);
    ASSERT_TRUE(f.log->sync(f.env));
    f.snapshot(2) = earlier;  // Its removal was undone.
    f.reopen_after_crash();
    EXPECT_EQ(f.log->producers().find(7) == nullptr, is_checked);
    EXPECT_EQ(f.produce(8, 1), is_checked ? 1 : -1);
  }
}

TEST(ProducerLog, a_snapshot_that_lacks_a_producer_of_the_log_is_not_believed_after_a_crash) {
  ProducerLog f;
  f.produce(7, 0);
  ASSERT_TRUE(f.log->snapshot_producers(f.env));
  f.snapshot(1) = ProducerState().encode();
  f.reopen_after_crash();
  EXPECT_EQ(f.produce(7, 0), 0);
}

TEST(ProducerLog, what_a_follower_replicates_it_knows) {
  ProducerLog f;
  ASSERT_TRUE(f.replicate({placed(f.sequenced(7, 3), 0, 1), placed(f.sequenced(7, 4), 1, 1),
                           placed(f.sequenced(7, 9), 2, 1)},
                          1));
  EXPECT_EQ(f.produce(7, 3, 2), 0);
  EXPECT_EQ(f.produce(7, 9, 2), 2);
  EXPECT_EQ(f.produce(7, 10, 2), 3);
}

// P5. Whatever happens to node and disk: each producer's last batch in the log is known again, and
// what is known is in the log.
RC_GTEST_PROP(ProducerLog, the_producers_are_those_of_the_batches_in_the_log, ()) {
  LogConfig config{.segment_bytes = 3 * batch_size};
  config.roll.index_interval_bytes = *rc::gen::element<std::uint64_t>(1, 4096);
  ProducerLog f(config);
  std::map<std::int64_t, std::int32_t> next;
  const auto steps = *rc::gen::inRange(1, 40);
  for (int i = 0; i < steps; ++i) {
    switch (*rc::gen::inRange(0, 12)) {
      case 0: RC_ASSERT(f.log->sync(f.env)); break;
      case 1: f.reopen_in_order(f.any_offset()); break;
      case 2: {
        const bool keeps_names = *rc::gen::arbitrary<bool>();
        f.env.disk.lose_power(
            [](std::size_t size) { return *rc::gen::inRange<std::size_t>(0, size + 1); },
            keeps_names);
        f.reopen(false, f.any_offset());
        break;
      }
      case 3: f.reopen(false, f.any_offset()); break;
      case 4: {
        const auto end = f.any_offset();
        RC_ASSERT(f.log->load_batches(f.env));
        RC_ASSERT(f.log->truncate_to(f.env, end, "test"));
        break;
      }
      default: {
        const std::int64_t id = *rc::gen::inRange(1, 4);
        f.produce(id, next[id], i);
      }
    }
    std::map<std::int64_t, std::int32_t> last;
    ProducerState replayed;
    for (const auto& batch : f.batches(0)) {
      last[batch.header.producer_id] = batch.header.base_sequence;
      replayed.apply(indexed(batch.header, 0, 0));
    }
    next.clear();
    for (const auto& [id, sequence] : last) next[id] = sequence + 1;
    const auto& known = f.log->producers();
    RC_ASSERT(known.condensed() == replayed.condensed());
    for (const auto& [id, producer] : known.producers()) {
      const auto& all = replayed.find(id)->batches;
      RC_ASSERT(std::equal(producer.batches.rbegin(), producer.batches.rend(), all.rbegin()));
    }
  }
}

}  // namespace brokersim::log
