// Snapshot files are Kafka's, and a damaged one is never taken for whole; a snapshot is there
// completely or not at all, and old ones go when they may.
#include <algorithm>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/raft/snapshot_file.h"
#include "core/raft/snapshot_retention.h"
#include "core/raft/snapshot_store.h"
#include "core/wire/record_batch.h"
#include "tests/core/log/memory_env.h"

namespace brokersim::raft {
namespace {

constexpr SnapshotId early{250, LeaderEpoch(3)};
constexpr SnapshotId late{400, LeaderEpoch(4)};

Snapshot snapshot_of(std::initializer_list<std::string_view> records, std::int64_t timestamp = 7) {
  Snapshot snapshot{timestamp, {}};
  for (const auto record : records) snapshot.records.push_back(bytes_of(record));
  return snapshot;
}

// ---- Files -------------------------------------------------------------------------------------

TEST(SnapshotFiles, are_named_by_the_offset_behind_them_and_the_epoch_before_it) {
  EXPECT_EQ(snapshot_file_name(early), "00000000000000000250-0000000003.checkpoint");
  EXPECT_EQ(snapshot_id_of("00000000000000000250-0000000003.checkpoint"), early);
  for (const std::string_view name : {"00000000000000000250.log", "250-3.checkpoint",
                                      "00000000000000000250-000000000x.checkpoint",
                                      "00000000000000000250-0000000003.checkpoint.part",
                                      "00000000000000000250_0000000003.checkpoint"}) {
    EXPECT_EQ(snapshot_id_of(name), std::nullopt) << name;
  }
}

TEST(SnapshotFiles, are_batches_from_offset_0_between_a_header_and_a_footer) {
  const auto file = encode_snapshot(early, snapshot_of({"a", "b"})).joined();
  const auto batches = wire::parse_batches(file);
  ASSERT_TRUE(batches);
  ASSERT_EQ(batches->size(), 3u);
  EXPECT_EQ(wire::control_record_of(batches->front())->type, 3);
  EXPECT_EQ(wire::control_record_of(batches->back())->type, 4);
  Offset next = 0;
  for (const auto& batch : *batches) {
    EXPECT_EQ(batch.header.base_offset, next);
    EXPECT_EQ(batch.header.leader_epoch, early.epoch);
    next = batch.header.next_offset();
  }
  EXPECT_EQ(next, 4);
}

TEST(SnapshotFiles, give_back_what_was_put_into_them) {
  for (const auto& snapshot : {snapshot_of({"a", "b"}), snapshot_of({})}) {
    const auto decoded = decode_snapshot(early, encode_snapshot(early, snapshot).joined());
    ASSERT_TRUE(decoded) << decoded.error();
    EXPECT_EQ(*decoded, snapshot);
  }
}

// Behind the header, in its batch, as Kafka's are: 5 is KRaftVersion, 6 Voters (KIP-853).
TEST(SnapshotFiles, name_the_voters_if_the_log_does) {
  auto snapshot = snapshot_of({"a"});
  snapshot.voters =
      VoterSet(std::vector<Voter>{{{NodeId(1), {7}}, {{"CONTROLLER", "host", 9093}}, {}}});
  const auto file = encode_snapshot(early, snapshot).joined();
  const auto controls = wire::control_records_of(wire::parse_batches(file)->front());
  ASSERT_TRUE(controls);
  ASSERT_EQ(controls->size(), 3u);
  EXPECT_EQ((*controls)[1].type, 5);
  EXPECT_EQ((*controls)[2].type, 6);
  const auto decoded = decode_snapshot(early, file);
  ASSERT_TRUE(decoded) << decoded.error();
  EXPECT_EQ(*decoded, snapshot);
}

TEST(SnapshotFiles, are_refused_with_any_byte_changed_and_any_end_missing) {
  const Bytes whole = encode_snapshot(early, snapshot_of({"one", "two"})).flat();
  for (std::size_t i = 0; i < whole.size(); ++i) {
    Bytes damaged = whole;
    damaged[i] = static_cast<std::uint8_t>(damaged[i] ^ 1);
    EXPECT_FALSE(decode_snapshot(early, Slice(damaged))) << "byte " << i;
    EXPECT_FALSE(decode_snapshot(
        early, Slice(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(i)))))
        << "cut at " << i;
  }
  EXPECT_FALSE(decode_snapshot(late, Slice(whole)));
}

// ---- The store ---------------------------------------------------------------------------------

struct Stored {
  SnapshotStore store{"log"};
  log::MemoryEnv env;

  void write(SnapshotId id) {
    ASSERT_TRUE(store.write(env, id, snapshot_of({"content"}, id.end_offset)));
  }
  std::vector<std::string> files() { return *env.disk.list("log"); }
};

TEST(SnapshotStores, find_what_they_wrote_after_a_loss_of_power) {
  Stored before;
  before.write(early);
  before.write(late);
  before.env.disk.lose_power([](std::size_t) { return std::size_t{0}; }, false);
  SnapshotStore after("log");
  ASSERT_TRUE(after.open(before.env));
  EXPECT_EQ(after.all(), before.store.all());
  EXPECT_EQ(after.latest(), late);
  EXPECT_EQ(after.oldest(), early);
  EXPECT_EQ(*after.load(before.env, late), snapshot_of({"content"}, late.end_offset));
}

// It stands for no log, and would send whoever has none to a snapshot of nothing.
TEST(SnapshotStores, keep_the_checkpoint_of_the_first_voters_apart) {
  Stored s;
  auto first = snapshot_of({});
  first.voters = VoterSet(std::vector<Voter>{{{NodeId(1), {7}}, {}, {}}});
  ASSERT_TRUE(s.store.write(s.env, bootstrap_checkpoint, first));
  s.write(early);
  SnapshotStore after("log");
  ASSERT_TRUE(after.open(s.env));
  EXPECT_EQ(after.initial_voters(), first.voters);
  EXPECT_EQ(after.oldest(), early);
  ASSERT_TRUE(after.remove_before(s.env, late));
  EXPECT_EQ(s.files(), std::vector{snapshot_file_name(bootstrap_checkpoint)});
}

TEST(SnapshotStores, remove_what_was_not_finished) {
  Stored s;
  s.write(early);
  ASSERT_TRUE(s.store.receive(s.env, Rope(bytes_of("half of it")), late, 0));
  EXPECT_EQ(s.files().size(), 2u);
  SnapshotStore after("log");
  ASSERT_TRUE(after.open(s.env));
  EXPECT_EQ(s.files(), std::vector{snapshot_file_name(early)});
}

TEST(SnapshotStores, do_not_open_over_a_snapshot_that_cannot_be_read) {
  Stored s;
  s.write(early);
  auto file = *s.env.disk.open("log/" + snapshot_file_name(early), OpenMode::existing);
  ASSERT_TRUE(file->truncate(100));
  SnapshotStore after("log");
  EXPECT_FALSE(after.open(s.env));
}

TEST(SnapshotStores, put_together_what_arrives_in_pieces) {
  Stored s;
  const Rope whole = encode_snapshot(late, snapshot_of({"theirs"}));
  ASSERT_TRUE(s.store.receive(s.env, Rope(bytes_of("of an earlier attempt")), early, 0));
  ASSERT_TRUE(s.store.receive(s.env, whole.sub(0, 50), late, 0));
  ASSERT_TRUE(s.store.receive(s.env, whole.sub(50, whole.size() - 50), late, 50));
  EXPECT_EQ(*s.store.judge_received(s.env), "");
  EXPECT_EQ(s.store.latest(), std::nullopt);
  ASSERT_TRUE(s.store.install_received(s.env));
  EXPECT_EQ(s.store.latest(), late);
  EXPECT_EQ(*s.store.load(s.env, late), snapshot_of({"theirs"}));
  EXPECT_EQ(s.files(), std::vector{snapshot_file_name(late)});
}

TEST(SnapshotStores, say_what_is_wrong_with_what_arrived) {
  Stored s;
  ASSERT_TRUE(s.store.receive(s.env, Rope(bytes_of("no snapshot")), late, 0));
  EXPECT_NE(*s.store.judge_received(s.env), "");
}

TEST(SnapshotStores, read_ranges_and_remove_what_is_older) {
  Stored s;
  s.write(early);
  s.write(late);
  const auto whole = encode_snapshot(early, snapshot_of({"content"}, early.end_offset));
  EXPECT_EQ(s.store.read(s.env, early, 10, 20)->flat(), whole.sub(10, 20).flat());
  ASSERT_TRUE(s.store.remove_before(s.env, late));
  EXPECT_EQ(s.files(), std::vector{snapshot_file_name(late)});
  EXPECT_EQ(s.store.read(s.env, early, 10, 20).error(), IoError::not_found);
}

// ---- Retention ---------------------------------------------------------------------------------

TEST(SnapshotRetention, gives_up_the_oldest_by_size_or_age_but_never_the_last) {
  const SnapshotRetention retention{.max_bytes = 100, .max_age = 1s};
  const SnapshotStore::All one{{early, {200, 0}}};
  EXPECT_FALSE(may_drop_oldest(one, 1000, 1'000'000, retention));
  const SnapshotStore::All two{{early, {20, 5000}}, {late, {30, 9000}}};
  EXPECT_FALSE(may_drop_oldest(two, 50, 6000, retention));
  EXPECT_TRUE(may_drop_oldest(two, 51, 6000, retention));
  EXPECT_TRUE(may_drop_oldest(two, 50, 6001, retention));
}

TEST(SnapshotRetention, without_a_bound_keeps_them_all) {
  const SnapshotStore::All two{{early, {20, 5000}}, {late, {30, 9000}}};
  EXPECT_FALSE(may_drop_oldest(two, 50, 6001, {.max_bytes = {}, .max_age = {}}));
  EXPECT_TRUE(may_drop_oldest(two, 51, 6001, {.max_bytes = 100, .max_age = {}}));
  EXPECT_TRUE(may_drop_oldest(two, 51, 6001, {.max_bytes = {}, .max_age = 1s}));
}

// Snapshots of a log with one byte a record, which begins at the oldest of them.
struct KeptSnapshots {
  SnapshotStore::All all;
  Offset log_end = 0;
  std::int64_t now_ms = *rc::gen::element(10, 20, 30);

  KeptSnapshots() {
    const int count = *rc::gen::element(1, 2, 3, 4, 5);
    for (int i = 0; i < count; ++i) {
      log_end += *rc::gen::element(1, 5, 10);
      auto& stored = all[{log_end, LeaderEpoch(i / 2)}];
      stored.size = *rc::gen::element(0, 1, 5, 10);
      stored.last_contained_log_timestamp = *rc::gen::element(0, 5, 10, 20);  // Clocks jump.
    }
    log_end += *rc::gen::element(0, 3);
  }
  std::int64_t log_bytes() const { return log_end - all.begin()->first.end_offset; }
  std::int64_t bytes() const {
    std::int64_t bytes = log_bytes();
    for (const auto& one : all) bytes += one.second.size;
    return bytes;
  }
  std::int64_t age_ms() const { return now_ms - all.begin()->second.last_contained_log_timestamp; }
  bool fits(const SnapshotRetention& retention) const {
    if (retention.max_bytes && bytes() > *retention.max_bytes) return false;
    return !retention.max_age || age_ms() * 1ms <= *retention.max_age;
  }
};

// Around what those are and have that remain when some are gone.
SnapshotRetention any_retention(KeptSnapshots snapshots) {
  for (auto gone = *rc::gen::inRange<std::size_t>(0, snapshots.all.size()); gone > 0; --gone) {
    snapshots.all.erase(snapshots.all.begin());
  }
  SnapshotRetention retention{.max_bytes = {}, .max_age = {}};
  const auto bytes = std::max<std::int64_t>(0, snapshots.bytes() + *rc::gen::element(-1, 0, 1));
  const auto age_ms = std::max<std::int64_t>(0, snapshots.age_ms() + *rc::gen::element(-1, 0, 1));
  if (*rc::gen::element(true, true, false)) retention.max_bytes = bytes;
  if (*rc::gen::element(true, true, false)) retention.max_age = age_ms * 1ms;
  return retention;
}

RC_GTEST_PROP(SnapshotRetention, keeps_the_most_that_fits_and_be_it_the_last_alone, ()) {
  KeptSnapshots kept;
  const auto retention = any_retention(kept);
  std::vector<KeptSnapshots> dropped_from;
  while (!kept.all.empty() &&
         may_drop_oldest(kept.all, static_cast<std::uint64_t>(kept.log_bytes()), kept.now_ms,
                         retention)) {
    dropped_from.push_back(kept);
    kept.all.erase(kept.all.begin());
  }
  RC_ASSERT(!kept.all.empty());
  RC_ASSERT(kept.all.size() == 1 || kept.fits(retention));
  for (const auto& more : dropped_from) RC_ASSERT(!more.fits(retention));
  RC_CLASSIFY(dropped_from.empty(), "all kept");
  RC_CLASSIFY(!kept.fits(retention), "the last alone does not fit");
}

}  // namespace
}  // namespace brokersim::raft
