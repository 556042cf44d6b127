// Shows what a log is after crashes: cut at the first byte that is no part of it, wherever that
// is, never short of what was synced, with leader epochs that say what its batches say.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/core/log/log_fixture.h"

namespace brokersim::log {

namespace {

const LogRecovered& recovered(const LogFixture& f) {
  return std::get<LogRecovered>(f.env.events.back());
}

}  // namespace

TEST(Recovery, every_cut_of_the_tail_keeps_the_whole_batches_before_it) {
  LogFixture original;
  std::vector<std::size_t> ends{0};
  for (int i = 0; i < 3; ++i) {
    original.append(i, 2);
    ends.push_back(original.env.disk.data(first_segment).size());
  }
  const Bytes whole = original.env.disk.data(first_segment);
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    LogFixture f;
    f.env.disk.data(first_segment).assign(whole.begin(), whole.begin() + std::ptrdiff_t(size));
    f.reopen_after_crash();
    const auto next = std::upper_bound(ends.begin(), ends.end(), size);
    const auto batches = std::size_t(next - ends.begin()) - 1;
    ASSERT_EQ(f.log->end_offset(), Offset(2 * batches)) << size;
    ASSERT_EQ(f.env.disk.data(first_segment).size(), ends[batches]);
    ASSERT_EQ(f.log->epochs().entries().size(), batches);
    ASSERT_TRUE(epochs_agree_with_batches(f));
    ASSERT_EQ(recovered(f).bytes_cut, std::int64_t(size - ends[batches]));
  }
}

TEST(Recovery, a_corrupt_byte_anywhere_cuts_its_batch_or_is_outside_the_crc) {
  LogFixture original;
  for (int i = 0; i < 3; ++i) original.append(2, 1);
  const Bytes whole = original.env.disk.data(first_segment);
  const std::size_t size = whole.size() / 3;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      LogFixture f;
      f.env.disk.data(first_segment) = whole;
      f.env.disk.data(first_segment)[at] ^= static_cast<std::uint8_t>(flip);
      f.reopen_after_crash();
      // Base offset and leader epoch are outside the CRC: only their order can be checked.
      const std::size_t in_batch = at % size;
      const bool is_covered = (in_batch >= 8 && in_batch < 12) || in_batch >= 16;
      if (is_covered) {
        ASSERT_EQ(f.log->end_offset(), Offset(at / size)) << at;
      }
      ASSERT_GE(f.log->end_offset(), Offset(at / size)) << at;
      ASSERT_TRUE(epochs_agree_with_batches(f));
    }
  }
}

TEST(Recovery, zeros_behind_the_log_are_cut) {
  LogFixture f;
  f.append(1, 2);
  f.env.disk.data(first_segment).resize(5000);
  f.reopen_after_crash();
  EXPECT_EQ(f.log->end_offset(), 2);
}

TEST(Recovery, a_segment_that_lost_its_end_takes_the_later_ones_with_it) {
  LogFixture f({2 * batch_of(1).size()});
  for (int i = 0; i < 6; ++i) f.append(1, 1);
  Bytes& first = f.env.disk.data(first_segment);
  first.resize(first.size() / 2);
  f.reopen_after_crash();
  EXPECT_EQ(f.log->end_offset(), 1);
  EXPECT_EQ(f.env.disk.names().size(), 1u);
  EXPECT_EQ(f.append(2, 1), 1);
}

TEST(Recovery, an_empty_last_segment_is_where_appends_go_on) {
  LogFixture f({2 * batch_of(1).size()});
  for (int i = 0; i < 3; ++i) f.append(1, 1);
  f.env.disk.data("orders-0/00000000000000000002.log").clear();
  f.reopen_after_crash();
  EXPECT_EQ(f.log->end_offset(), 2);
  EXPECT_EQ(f.append(1, 1), 2);
}

TEST(Recovery, a_lost_truncation_brings_no_old_records_back_behind_new_ones) {
  LogFixture f;
  for (int i = 0; i < 3; ++i) f.append(1, 1);
  const Bytes before = f.env.disk.data(first_segment);
  ASSERT_TRUE(f.log->truncate_to(f.env, 1, "diverged").has_value());
  f.append(2, 1);
  // The new batch is of the size of the old one, whose successor then fits behind it.
  Bytes& now = f.env.disk.data(first_segment);
  now.insert(now.end(), before.begin() + std::ptrdiff_t(now.size()), before.end());
  f.reopen_after_crash();
  EXPECT_EQ(f.log->end_offset(), 2);
  EXPECT_EQ(f.log->last_epoch(), LeaderEpoch(2));
}

TEST(Recovery, an_epoch_without_records_is_forgotten) {
  LogFixture f;
  f.append(1, 2);
  f.log->begin_epoch(LeaderEpoch(4));
  ASSERT_TRUE(f.log->flush_epochs(f.env).has_value());
  f.reopen_after_crash();
  EXPECT_EQ(f.log->last_epoch(), LeaderEpoch(1));
}

TEST(Recovery, a_log_that_ends_before_its_start_starts_afresh) {
  LogFixture f;
  f.append(1, 2);
  f.open({false, 0, 50});
  EXPECT_EQ(f.log->start_offset(), 50);
  EXPECT_EQ(f.log->end_offset(), 50);
  EXPECT_EQ(f.append(1, 1), 50);
}

TEST(Recovery, leftovers_are_removed_and_strange_files_left_alone) {
  LogFixture f;
  f.append(1, 2);
  for (const auto* name : {"00000000000000000007.log.deleted", "x.tmp", "7.log", "notes"}) {
    ASSERT_TRUE(f.env.disk.open(std::string("orders-0/") + name, OpenMode::create).has_value());
  }
  f.reopen_after_crash();
  EXPECT_EQ(f.log->end_offset(), 2);
  EXPECT_FALSE(f.env.disk.exists("orders-0/x.tmp"));
  EXPECT_FALSE(f.env.disk.exists("orders-0/00000000000000000007.log.deleted"));
  EXPECT_TRUE(f.env.disk.exists("orders-0/7.log"));
}

TEST(Recovery, a_deletion_half_undone_by_power_loss_does_not_cost_the_rest) {
  LogFixture f({2 * batch_of(1).size()});
  for (int i = 0; i < 6; ++i) f.append(1, 1);
  ASSERT_TRUE(f.env.disk.remove("orders-0/00000000000000000002.log").has_value());
  f.open({false, 0, 4});
  EXPECT_EQ(f.log->start_offset(), 4);
  EXPECT_EQ(f.log->end_offset(), 6);
}

TEST(Recovery, what_was_cut_does_not_come_back_before_what_was_synced_since) {
  LogFixture f({2 * batch_of(1).size()});
  f.append(1, 1);
  ASSERT_TRUE(f.log->sync(f.env).has_value());
  f.append(1, 1);
  // The second batch is torn, and cut at the first start; a second one finds nothing to cut.
  f.env.disk.lose_power([](std::size_t n) { return n / 2; });
  for (int i = 0; i < 2; ++i) f.reopen_after_crash();
  ASSERT_EQ(f.log->end_offset(), 1);
  wire::Batch large = batch_of(3);
  ASSERT_TRUE(f.log->append_as_leader(f.env, {&large, 1}, LeaderEpoch(1)).has_value());
  ASSERT_TRUE(f.env.disk.exists("orders-0/00000000000000000001.log"));
  ASSERT_TRUE(f.log->sync(f.env).has_value());
  f.env.disk.lose_power([](std::size_t) { return 0; });
  f.reopen_after_crash();
  EXPECT_EQ(f.log->end_offset(), 4);
}

TEST(Recovery, a_cut_before_a_stop_does_not_cost_what_was_synced_after_it) {
  LogFixture f({2 * batch_of(1).size()});
  for (int i = 0; i < 3; ++i) f.append(1, 1);
  ASSERT_TRUE(f.log->sync(f.env).has_value());
  ASSERT_TRUE(f.log->truncate_to(f.env, 1, "diverged").has_value());
  // It does not fit behind what is left, so that the cut segment ends at the recovery point.
  f.append(2, 3);
  ASSERT_EQ(f.log->recovery_point(), 1);
  ASSERT_TRUE(f.env.disk.exists("orders-0/00000000000000000001.log"));
  f.reopen_after_crash();
  ASSERT_TRUE(f.log->sync(f.env).has_value());
  ASSERT_EQ(f.log->recovery_point(), 4);
  f.env.disk.lose_power([](std::size_t) { return 0; }, false);
  f.reopen_after_crash();
  const std::vector<std::pair<Offset, int>> expected{{0, 1}, {1, 2}, {2, 2}, {3, 2}};
  EXPECT_EQ(offsets_and_epochs(f), expected);
}

namespace {

struct Model {
  std::vector<std::pair<Offset, int>> records;
  std::vector<Offset> ends{0};  // Of batches: where the log may be cut.
  int epoch = 1;

  void append(int count) {
    for (int i = 0; i < count; ++i) records.emplace_back(Offset(records.size()), epoch);
    ends.push_back(Offset(records.size()));
  }
  void cut(Offset end) {
    records.resize(std::size_t(end));
    while (ends.back() > end) ends.pop_back();
  }
};

// Of what lies before the high watermark only some is walked.
void reopen(LogFixture& f, bool was_clean) {
  f.open({.was_clean = was_clean,
          .recovery_point = f.log->recovery_point(),
          .start_offset = f.log->start_offset(),
          .high_watermark = *rc::gen::inRange<Offset>(0, f.log->end_offset() + 1)});
}

void lose_power(Model& model, LogFixture& f) {
  const Offset promised = f.log->recovery_point();
  const auto share = *rc::gen::inRange<std::size_t>(0, 101);
  const bool keeps_names = *rc::gen::arbitrary<bool>();
  f.env.disk.lose_power([&](std::size_t n) { return n * share / 100; }, keeps_names);
  reopen(f, false);
  const Offset end = f.log->end_offset();
  RC_ASSERT(end >= promised);
  const auto found = offsets_and_epochs(f);
  RC_ASSERT(found.size() >= std::size_t(promised));
  RC_ASSERT(std::equal(found.begin(), found.begin() + promised, model.records.begin()));
  if (end <= Offset(model.records.size())) model.cut(end);
  if (found == model.records) return;
  // A truncation that was not synced may be undone; what is there then is judged by itself.
  model.records = found;
  model.ends = {0};
  for (const auto& batch : f.batches(0)) model.ends.push_back(batch.header.next_offset());
}

void step(Model& model, LogFixture& f) {
  switch (*rc::gen::weightedElement<int>({{6, 0}, {2, 1}, {2, 2}, {1, 3}, {1, 4}, {1, 5}})) {
    case 0: {
      const int count = *rc::gen::inRange(1, 5);
      f.append(model.epoch, count);
      model.append(count);
      break;
    }
    case 1: {
      const auto end = *rc::gen::elementOf(model.ends);
      RC_ASSERT(f.log->load_batches(f.env).has_value());
      RC_ASSERT(f.log->truncate_to(f.env, end, "test").has_value());
      model.cut(end);
      ++model.epoch;
      break;
    }
    case 2: RC_ASSERT(f.log->sync(f.env).has_value()); break;
    case 3: {
      RC_ASSERT(f.log->snapshot_producers(f.env).has_value());
      RC_ASSERT(f.log->index_active(f.env).has_value());
      RC_ASSERT(f.log->sync(f.env).has_value());
      if (*rc::gen::arbitrary<bool>()) RC_ASSERT(f.log->flush_epochs(f.env).has_value());
      reopen(f, true);
      break;
    }
    case 4: reopen(f, false); break;
    default: lose_power(model, f);
  }
}

}  // namespace

RC_GTEST_PROP(Recovery, the_log_is_its_model_through_truncations_and_crashes, ()) {
  LogConfig config{.segment_bytes = *rc::gen::inRange<std::uint64_t>(70, 1000)};
  config.roll.index_interval_bytes = *rc::gen::element<std::uint64_t>(1, 100, 4096);
  LogFixture f(config);
  Model model;
  const int steps = *rc::gen::inRange(0, 40);
  for (int i = 0; i < steps; ++i) {
    step(model, f);
    RC_ASSERT(offsets_and_epochs(f) == model.records);
    RC_ASSERT(epochs_agree_with_batches(f));
    RC_ASSERT(f.log->recovery_point() <= f.log->end_offset());
    if (!model.records.empty()) {
      const auto from = *rc::gen::inRange<Offset>(0, f.log->end_offset());
      const auto first = f.batches(from, {.max_bytes = 0}).front().header;
      RC_ASSERT(first.base_offset <= from);
      RC_ASSERT(from <= first.last_offset());
    }
  }
}

}  // namespace brokersim::log
