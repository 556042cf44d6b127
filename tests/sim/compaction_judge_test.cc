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
  return judge_compaction(as_written, 4, after);
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
  before[2] = wire::compacted(as_written[2], *wire::records_of(as_written[2]), 5000);
  EXPECT_EQ(judge_compaction(before, 4, std::vector{as_written[1]}).wrong, "");
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
