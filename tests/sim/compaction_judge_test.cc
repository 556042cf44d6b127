// What the disk tap says of compaction: of a real log's on a simulated disk, that it is right and
// what it took; and of bytes that no compaction may leave, what is wrong with them.
#include "sim/compaction_judge.h"

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/log/log.h"
#include "sim/disk_tap.h"
#include "sim/world.h"

namespace brokersim::sim {
namespace {

const TopicPartition latest_0{"latest", 0};

struct KeyAndValue {
  std::string key;
  std::optional<std::string> value;
};

Bytes text(std::string_view text) { return Bytes(text.begin(), text.end()); }

wire::Batch pairs_at(Offset base, const std::vector<KeyAndValue>& pairs) {
  wire::BatchBuilder builder;
  for (const auto& [key, value] : pairs) {
    wire::Record record{.timestamp = 1000 + base, .key = text(key), .value = {}, .headers = {}};
    if (value) record.value = text(*value);
    builder.add(record);
  }
  auto batch = builder.finish();
  batch.header.base_offset = base;
  batch.header.leader_epoch = LeaderEpoch(3);
  return batch;
}

const std::vector<wire::Batch> as_written{pairs_at(0, {{"a", "1"}, {"b", "1"}}),
                                          pairs_at(2, {{"a", "2"}}), pairs_at(3, {{"c", {}}}),
                                          pairs_at(4, {{"b", "2"}})};

// `as_written`, compacted before offset 4, left as `after`.
LogCompacted judge(const std::vector<wire::Batch>& after) {
  return judge_compaction({.before = as_written, .end = 4, .after = after});
}
// What is wrong with `after` in the place of all that lay before `end`, at that time.
std::string wrong_with(const std::vector<wire::Batch>& before, Offset end,
                       const std::vector<wire::Batch>& after,
                       const std::vector<wire::Batch>& earlier = {}, std::int64_t now = 9000) {
  return judge_compaction({.earlier = earlier,
                           .before = before,
                           .end = end,
                           .after = after,
                           .now = WallTime{now}})
      .wrong;
}
wire::Batch goes_at(const wire::Batch& batch, std::int64_t horizon) {
  return wire::compacted(batch, *wire::records_of(batch), horizon);
}

TEST(CompactionJudge, what_later_records_stand_for_may_go) {
  const auto told = judge({as_written[1], as_written[2]});
  EXPECT_EQ(told.wrong, "");
  EXPECT_EQ(told.removed, (std::vector<Offset>{0, 1}));
  EXPECT_EQ(told.decided_by, 4);
  EXPECT_EQ(told.end_offset, 4);
  ASSERT_EQ(told.batches.size(), 2u);
  EXPECT_EQ(told.batches[0], as_written[1].ref());
}

TEST(CompactionJudge, the_last_of_a_key_may_not) {
  EXPECT_EQ(judge({as_written[2]}).wrong, "the record at 2 is gone, and none of its key follows");
}

TEST(CompactionJudge, nor_a_tombstone_before_its_time_was_set) {
  EXPECT_EQ(judge({as_written[1]}).wrong,
            "the tombstone at 3 is gone before anybody could be told when it goes");
  auto before = as_written;
  before[2] = goes_at(as_written[2], 5000);
  EXPECT_EQ(wrong_with(before, 4, {as_written[1]}, {}, 5000), "");
  EXPECT_EQ(wrong_with(before, 4, {as_written[1]}, {}, 4999),
            "the tombstone at 3 is gone too early");
}

TEST(CompactionJudge, nor_before_the_value_that_it_deletes) {
  const auto value = pairs_at(0, {{"c", "1"}});
  const auto tombstone = goes_at(pairs_at(1, {{"c", {}}}), 5000);
  EXPECT_EQ(wrong_with({value, tombstone}, 2, {value}),
            "the tombstone at 1 is gone, the value at 0 is not");
  EXPECT_EQ(wrong_with({tombstone}, 2, {}, {value}),
            "the tombstone at 1 is gone, the value at 0 is not");
  EXPECT_EQ(wrong_with({tombstone}, 2, {}, {pairs_at(0, {{"d", "1"}})}), "");
}

TEST(CompactionJudge, that_a_batch_has_a_time_to_go_at_takes_no_value) {
  const auto both = goes_at(pairs_at(0, {{"a", "1"}, {"c", {}}}), 5000);
  EXPECT_EQ(wrong_with({both}, 2, {}), "the record at 0 is gone, and none of its key follows");
}

// ---- Transactions ------------------------------------------------------------------------------

wire::Batch sent_by(std::int64_t producer, wire::Batch batch) {
  batch.header.set_transactional();
  batch.set_producer(producer, 0, static_cast<std::int32_t>(batch.header.base_offset));
  return batch;
}

wire::Batch marker_at(Offset offset, std::int64_t producer, bool is_commit) {
  auto batch = wire::marker_batch({producer, 0, is_commit, 0}, 1000 + offset);
  batch.header.base_offset = offset;
  batch.header.leader_epoch = LeaderEpoch(3);
  return batch;
}

TEST(CompactionJudge, what_was_aborted_may_go_and_what_was_committed_or_is_open_may_not) {
  const auto data = sent_by(7, pairs_at(0, {{"a", "1"}}));
  const std::vector<wire::Batch> aborted{data, marker_at(1, 7, false), pairs_at(2, {{"a", "2"}})};
  const auto told = judge_compaction({.before = aborted, .end = 1});
  EXPECT_EQ(told.wrong, "");
  EXPECT_EQ(told.decided_by, -1);  // For nobody's sake.
  const std::string gone = "the record at 0 is gone, and none of its key follows";
  EXPECT_EQ(wrong_with({data, marker_at(1, 7, true)}, 1, {}), gone);
  EXPECT_EQ(wrong_with({data, marker_at(1, 8, false)}, 1, {}), gone);
  EXPECT_EQ(wrong_with({data}, 1, {}), gone);
}

TEST(CompactionJudge, what_was_aborted_stands_for_nothing) {
  const auto old = pairs_at(0, {{"a", "1"}});
  const auto data = sent_by(7, pairs_at(1, {{"a", "2"}}));
  EXPECT_EQ(wrong_with({old, data, marker_at(2, 7, true)}, 1, {}), "");
  EXPECT_EQ(wrong_with({old, data, marker_at(2, 7, false)}, 1, {}),
            "the record at 0 is gone, and none of its key follows");
}

TEST(CompactionJudge, a_marker_stays_until_its_time_has_come) {
  const auto marker = marker_at(1, 7, false);
  EXPECT_EQ(wrong_with({marker}, 2, {}), "the marker at 1 is gone too early");
  EXPECT_EQ(wrong_with({goes_at(marker, 5000)}, 2, {}, {}, 4999),
            "the marker at 1 is gone too early");
  EXPECT_EQ(wrong_with({goes_at(marker, 5000)}, 2, {}, {}, 5000), "");
}

TEST(CompactionJudge, and_as_long_as_anything_of_its_transaction_is_there) {
  const auto first = sent_by(7, pairs_at(0, {{"a", "1"}}));
  const auto end_of_first = marker_at(1, 7, true);
  const auto second = sent_by(7, pairs_at(2, {{"b", "1"}}));
  const auto marker = goes_at(marker_at(3, 7, true), 5000);
  const std::string too_early = "the marker at 3 is gone, a batch of its transaction, at 2, is not";
  EXPECT_EQ(wrong_with({first, end_of_first, second, marker}, 4, {first, end_of_first, second}),
            too_early);
  EXPECT_EQ(wrong_with({marker}, 4, {}, {first, end_of_first, second}), too_early);
  EXPECT_EQ(wrong_with({marker}, 4, {}, {first, end_of_first}), "");
  EXPECT_EQ(wrong_with({marker}, 4, {}, {sent_by(8, pairs_at(2, {{"b", "1"}}))}), "");
}

TEST(CompactionJudge, what_is_left_is_what_was_there) {
  const auto part = wire::compacted(as_written[0], {wire::records_of(as_written[0])->at(1)}, {});
  EXPECT_EQ(judge({part, as_written[1], as_written[2]}).wrong, "");
  EXPECT_EQ(judge({pairs_at(0, {{"a", "9"}, {"b", "1"}}), as_written[1], as_written[2]}).wrong,
            "the record at 0 is another one");
  auto shorter = part;
  shorter.header.last_offset_delta = 0;
  EXPECT_EQ(judge({shorter, as_written[1], as_written[2]}).wrong,
            "there was no batch at 0..0 with its producer and epoch");
  EXPECT_EQ(judge({as_written[1], as_written[2], pairs_at(3, {{"c", "3"}})}).wrong,
            "the record at 3 is another one");
}

// ---- On a disk ---------------------------------------------------------------------------------

class CompactedDisk : public ::testing::Test {
 protected:
  CompactedDisk() {
    world_.recorder().listen([this](const Event& event) {
      if (const auto* told = std::get_if<LogCompacted>(&event.body)) compacted_.push_back(*told);
      if (std::holds_alternative<LogCut>(event.body)) ++cuts_;
      if (std::holds_alternative<LogBegun>(event.body)) ++begun_;
      if (std::holds_alternative<BatchStored>(event.body)) ++stored_;
    });
    machine_.disk().observe(tap_);
  }
  void run(const std::function<void(Env&)>& program) {
    world_.start(machine_, [program](Env& env) { program(env); });
    world_.run_until([this] { return !machine_.is_up(); }, world_.now() + 60s);
  }
  // Three batches a segment; `keys` are letters.
  static std::unique_ptr<log::Log> written_log(Env& env, std::string_view keys) {
    log::LogConfig config{.segment_bytes = 3 * pairs_at(0, {{"a", "1"}}).size()};
    config.compaction = {.is_compacted = true, .deletes = false};
    auto log = *log::Log::open(env, latest_0, "latest-0", config, {});
    for (const char key : keys) {
      auto batch = pairs_at(log->end_offset(), {{std::string(1, key), "1"}});
      EXPECT_TRUE(log->append_as_leader(env, {&batch, 1}, LeaderEpoch(3)).has_value());
    }
    EXPECT_TRUE(log->sync(env).has_value());
    return log;
  }
  static void clean(Env& env, log::Log& log) {
    EXPECT_TRUE(*log.clean(
        env, {.range = log.dirty_range(log.end_offset(), WallTime{5000}), .now = WallTime{5000}}));
  }

  World world_{7};
  Machine& machine_ = world_.add_machine("broker-1", NodeId(1));
  DiskTap tap_{world_.recorder()};
  std::vector<LogCompacted> compacted_;
  int cuts_ = 0;
  int begun_ = 0;
  int stored_ = 0;
};

TEST_F(CompactedDisk, each_replacement_is_told_once_and_is_right) {
  run([](Env& env) {
    const auto log = written_log(env, "abaacbaad");
    clean(env, *log);
  });
  ASSERT_EQ(compacted_.size(), 2u);
  EXPECT_EQ(compacted_[0].partition, latest_0);
  EXPECT_EQ(compacted_[0].removed, (std::vector<Offset>{0, 1, 2}));
  EXPECT_EQ(compacted_[0].decided_by, 5);
  EXPECT_EQ(compacted_[0].wrong + compacted_[1].wrong, "");
  EXPECT_EQ(compacted_[1].start_offset, 3);
  EXPECT_EQ(compacted_[1].end_offset, 6);
  EXPECT_EQ(cuts_, 0);
  EXPECT_EQ(begun_, 0);
  EXPECT_EQ(stored_, 9);
}

TEST_F(CompactedDisk, segments_that_become_one_leave_without_a_word) {
  run([](Env& env) {
    const auto log = written_log(env, "abcabcdef");
    auto config = log->config();
    config.segment_bytes *= 10;
    log->configure(config);
    clean(env, *log);
  });
  ASSERT_EQ(compacted_.size(), 1u);
  EXPECT_EQ(compacted_[0].removed, (std::vector<Offset>{0, 1, 2}));
  EXPECT_EQ(compacted_[0].end_offset, 6);
  EXPECT_EQ(compacted_[0].wrong, "");
  EXPECT_EQ(cuts_, 0);
  EXPECT_EQ(begun_, 0);
}

TEST_F(CompactedDisk, of_a_segment_that_was_emptied_its_leaving_tells) {
  run([](Env& env) {
    const auto log = written_log(env, "abcabcabc");
    auto config = log->config();
    config.segment_bytes *= 10;
    log->configure(config);
    auto batch = pairs_at(9, {{"a", "9"}});
    EXPECT_TRUE(log->append_as_leader(env, {&batch, 1}, LeaderEpoch(3)).has_value());
    clean(env, *log);
  });
  std::vector<Offset> removed;
  for (const auto& told : compacted_) {
    EXPECT_EQ(told.wrong, "");
    removed.insert(removed.end(), told.removed.begin(), told.removed.end());
  }
  EXPECT_EQ(removed, (std::vector<Offset>{0, 1, 2}));
  EXPECT_EQ(cuts_, 0);
}

}  // namespace
}  // namespace brokersim::sim
