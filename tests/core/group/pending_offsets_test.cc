// Offsets that a transaction commits: they count once it does, and nobody who asks for stable
// offsets is told of what it may change before. Story by story, and against what the log says.
#include "core/group/pending_offsets.h"

#include <optional>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/group/offsets.h"
#include "tests/core/group/coordinated.h"

namespace brokersim::group {
namespace {

TEST(PendingOffsets, count_once_the_transaction_is_committed) {
  Coordinated c;
  c.commit(3);
  EXPECT_EQ(c.pending(c.commit_pending(5, 7)), ErrorCode::none);
  EXPECT_EQ(c.fetch(), 3);
  EXPECT_EQ(c.stability(), ErrorCode::unstable_offset_commit);
  c.end_transaction(7, true);
  EXPECT_EQ(c.fetch(), 5);
  EXPECT_EQ(c.stability(), ErrorCode::none);
}

TEST(PendingOffsets, are_nothing_that_is_listed_where_nothing_is_committed) {
  Coordinated c;
  c.commit_pending(5, 7);
  EXPECT_TRUE(c.shard->fetch_offsets({.group_id = "g"}, true).topics.empty());
  c.end_transaction(7, true);
  EXPECT_EQ(c.shard->fetch_offsets({.group_id = "g"}, true).topics.size(), 1u);
}

TEST(PendingOffsets, of_an_aborted_transaction_are_forgotten) {
  Coordinated c;
  c.commit(3);
  c.commit_pending(5, 7);
  c.end_transaction(8, true);
  EXPECT_EQ(c.stability(), ErrorCode::unstable_offset_commit) << "another producer's marker";
  c.end_transaction(7, false);
  EXPECT_EQ(c.fetch(), 3);
  EXPECT_EQ(c.stability(), ErrorCode::none);
}

TEST(PendingOffsets, stay_undecided_until_the_marker_is_committed) {
  Coordinated c;
  c.commit_pending(5, 7);
  c.commits_at_once = false;
  c.end_transaction(7, true);
  EXPECT_EQ(c.fetch(), -1);
  EXPECT_EQ(c.stability(), ErrorCode::unstable_offset_commit);
  c.commit_log();
  EXPECT_EQ(c.fetch(), 5);
  EXPECT_EQ(c.stability(), ErrorCode::none);
}

TEST(PendingOffsets, what_was_committed_after_them_stays) {
  Coordinated c;
  c.commit_pending(5, 7);
  c.commit(9);
  c.end_transaction(7, true);
  EXPECT_EQ(c.fetch(), 9);
  c.commit_pending(11, 7);
  c.commit_pending(12, 7);
  c.end_transaction(7, true);
  EXPECT_EQ(c.fetch(), 12);
}

TEST(PendingOffsets, are_known_to_the_next_coordinator) {
  Coordinated c;
  c.commit_pending(5, 7);
  c.fail_over();
  EXPECT_EQ(c.stability(), ErrorCode::unstable_offset_commit);
  c.end_transaction(7, true);
  EXPECT_EQ(c.fetch(), 5);
  c.fail_over();
  EXPECT_EQ(c.fetch(), 5);
  EXPECT_EQ(c.stability(), ErrorCode::none);
}

TEST(PendingOffsets, what_is_deleted_is_brought_back_by_no_transaction) {
  Coordinated c;
  c.commit(3);
  c.commit_pending(5, 7);
  EXPECT_EQ(c.deleted(c.delete_group()), ErrorCode::none);
  c.end_transaction(7, true);
  EXPECT_EQ(c.fetch(), -1);
}

// They are the first that the group commits.
TEST(PendingOffsets, of_partitions_that_are_deleted_are_brought_back_by_no_transaction) {
  for (const bool is_topic : {false, true}) {
    Coordinated c;
    c.commit_pending(5, 7);
    if (is_topic) {
      c.forget_topic("orders");
    } else {
      c.delete_offsets("orders");
    }
    EXPECT_EQ(c.stability(), ErrorCode::none);
    c.end_transaction(7, true);
    EXPECT_EQ(c.fetch(), -1);
    c.fail_over();
    EXPECT_EQ(c.fetch(), -1);
  }
}

TEST(PendingOffsets, do_not_expire_under_a_transaction) {
  Coordinated c;
  c.commit(3);
  c.commit_pending(5, 7);
  c.pass(8 * 24h);
  EXPECT_EQ(c.fetch(), 3);
  c.end_transaction(7, false);
  c.pass(1h);
  EXPECT_EQ(c.fetch(), -1);
}

TEST(PendingOffsets, went_with_what_they_would_have_replaced_once) {
  GroupRules rules;
  rules.keeps_offsets_under_transactions = false;  // Redpanda's #31483
  Coordinated c({}, {}, rules);
  c.commit(3);
  c.commit_pending(5, 7);
  c.pass(8 * 24h);
  c.end_transaction(7, true);
  EXPECT_EQ(c.fetch(), -1);
}

TEST(PendingOffsets, come_from_members_of_the_present_generation) {
  Coordinated c;
  const auto ids = c.stable({{}});
  const auto generation = c.stable_generation;
  EXPECT_EQ(c.pending(c.commit_pending(5, 7, ids[0], generation)), ErrorCode::none);
  EXPECT_EQ(c.pending(c.commit_pending(5, 7, ids[0], generation - 1)),
            ErrorCode::illegal_generation);
  EXPECT_EQ(c.pending(c.commit_pending(5, 7, "nobody", generation)), ErrorCode::unknown_member_id);
  EXPECT_EQ(c.pending(c.commit_pending(5, 7)), ErrorCode::none) << "before KIP-447";
}

TEST(PendingOffsets, of_a_group_that_is_not_there_come_from_no_generation) {
  Coordinated c;
  EXPECT_EQ(c.pending(c.commit_pending(5, 7, "m", 1)), ErrorCode::illegal_generation);
  EXPECT_EQ(c.pending(c.commit_pending(5, 7)), ErrorCode::none);
}

TEST(PendingOffsets, come_from_zombies_where_nobody_looks) {
  Coordinated c({}, {.checks_members_of_groups = false});  // KAFKA-9365
  const auto ids = c.stable({{}});
  EXPECT_EQ(c.pending(c.commit_pending(5, 7, ids[0], c.stable_generation - 1)), ErrorCode::none);
}

// ---- Against the log ---------------------------------------------------------------------------

struct OffsetsRecord {
  enum class Kind : std::uint8_t { commit, deletion, pending_commit, marker };
  Kind kind = Kind::commit;
  TopicPartition partition;
  std::int64_t producer_id = -1;
  bool is_commit = false;  // Of a marker.
};

// The model: a group's log, read from its beginning whenever somebody asks. What each record
// commits is its own place.
struct OffsetsLog {
  using Kind = OffsetsRecord::Kind;
  std::vector<OffsetsRecord> records;

  Offset end() const { return static_cast<Offset>(records.size()); }
  const OffsetsRecord& record(Offset at) const { return records[static_cast<std::size_t>(at)]; }

  bool deletes(Offset at, const TopicPartition& partition) const {
    return record(at).kind == Kind::deletion && record(at).partition == partition;
  }
  // Of a pending commit.
  std::optional<Offset> marker_of(Offset at) const {
    for (Offset later = at + 1; later < end(); ++later) {
      const bool is_theirs = record(later).producer_id == record(at).producer_id;
      if (record(later).kind == Kind::marker && is_theirs) return later;
    }
    return std::nullopt;
  }
  bool is_deleted(Offset at, Offset before) const {
    for (Offset later = at + 1; later < before; ++later) {
      if (deletes(later, record(at).partition)) return true;
    }
    return false;
  }
  // As of which record it says what the partition's offset is, unless it never does.
  std::optional<Offset> counts_from(Offset at) const {
    if (record(at).kind == Kind::marker) return std::nullopt;
    if (record(at).kind != Kind::pending_commit) return at;
    const auto marker = marker_of(at);
    if (!marker || !record(*marker).is_commit || is_deleted(at, *marker)) return std::nullopt;
    return marker;
  }
  // The last one written of those that count by then.
  std::optional<Offset> committed(const TopicPartition& partition, Offset high_watermark) const {
    std::optional<Offset> found;
    for (Offset at = 0; at < end(); ++at) {
      if (record(at).partition != partition || counts_from(at).value_or(end()) >= high_watermark) {
        continue;
      }
      found = record(at).kind == Kind::deletion ? std::nullopt : std::optional(at);
    }
    return found;
  }
  bool is_undecided(const TopicPartition& partition, Offset high_watermark) const {
    for (Offset at = 0; at < end(); ++at) {
      if (record(at).kind != Kind::pending_commit || record(at).partition != partition) continue;
      const bool has_ended = marker_of(at).value_or(end()) < high_watermark;
      if (!has_ended && !is_deleted(at, end())) return true;
    }
    return false;
  }
  // Whether anything is left to say of the partition to who knows the log up to there.
  bool speaks_of(const TopicPartition& partition, Offset high_watermark) const {
    bool speaks = committed(partition, high_watermark).has_value();
    for (Offset at = 0; at < end(); ++at) {
      speaks = speaks || (record(at).partition == partition &&
                          counts_from(at).value_or(-1) >= high_watermark);
    }
    return speaks;
  }
  // A transaction commits what another record has replaced since.
  bool has_overtaken() const {
    for (Offset at = 0; at < end(); ++at) {
      for (Offset later = at + 1; later < counts_from(at).value_or(-1); ++later) {
        const bool is_same = record(later).partition == record(at).partition;
        if (is_same && counts_from(later).value_or(end()) < *counts_from(at)) return true;
      }
    }
    return false;
  }
};

// Commits, deletions, and transactions of two producers, each followed by what a shard does.
struct OffsetsHistory {
  using Kind = OffsetsRecord::Kind;
  const std::vector<TopicPartition> partitions{{"orders", 0}, {"orders", 1}};
  OffsetsLog log;
  Offset known = 0;  // Before it everything is known to be committed.
  Offsets offsets;
  PendingOffsets pending;

  void step() {
    const Offset at = log.end();
    OffsetsRecord record;
    record.partition = *rc::gen::elementOf(partitions);
    const auto producer_id = *rc::gen::element<std::int64_t>(7, 8);
    const OffsetCommitValue value{.offset = at};
    switch (*rc::gen::element(0, 1, 1, 1, 2, 2, 3, 4)) {
      case 0: offsets.apply(at, record.partition, value); break;
      case 1:
        record.kind = Kind::pending_commit;
        record.producer_id = producer_id;
        pending.add(at, producer_id, record.partition, value);
        break;
      case 2:
        record = {.kind = Kind::marker, .producer_id = producer_id};
        record.is_commit = *rc::gen::element(true, true, false);
        pending.end(at, producer_id, record.is_commit, offsets);
        break;
      case 3:
        record.kind = Kind::deletion;
        pending.forget(record.partition);
        offsets.apply(at, record.partition, std::nullopt);
        break;
      default:
        known = *rc::gen::inRange(known, at + 1);
        offsets.advance(known);
        pending.advance(known);
        return;
    }
    log.records.push_back(record);
  }
};

std::optional<Offset> offset_in(const OffsetCommitValue* value) {
  return value ? std::optional(value->offset) : std::nullopt;
}

void check_committed(const OffsetsHistory& history, Offset high_watermark) {
  const auto all = history.offsets.committed(high_watermark);
  for (const auto& partition : history.partitions) {
    const auto expected = history.log.committed(partition, high_watermark);
    RC_ASSERT(offset_in(history.offsets.committed(partition, high_watermark)) == expected);
    const auto found = all.find(partition);
    RC_ASSERT((found != all.end()) == expected.has_value());
    if (expected) RC_ASSERT(offset_in(found->second) == expected);
  }
}

RC_GTEST_PROP(Offsets, are_those_that_the_log_says_up_to_any_high_watermark, ()) {
  OffsetsHistory history;
  const int steps = *rc::gen::resize(100, rc::gen::inRange(1, 30));
  for (int i = 0; i < steps; ++i) {
    history.step();
    const auto& log = history.log;
    for (Offset mark = history.known; mark <= log.end(); ++mark) check_committed(history, mark);
    std::vector<TopicPartition> left;
    bool is_silent = true;
    for (const auto& partition : history.partitions) {
      const auto latest = log.committed(partition, log.end());
      RC_ASSERT(offset_in(history.offsets.latest(partition)) == latest);
      if (latest) left.push_back(partition);
      is_silent = is_silent && !log.speaks_of(partition, history.known);
    }
    RC_ASSERT(history.offsets.partitions() == left);
    RC_ASSERT(history.offsets.empty() == is_silent);
  }
  RC_CLASSIFY(history.log.has_overtaken(), "replaced before its transaction is committed");
  RC_CLASSIFY(history.known > 0 && history.known < history.log.end(), "known in part");
}

RC_GTEST_PROP(PendingOffsets, are_of_transactions_that_the_log_is_not_known_to_have_ended, ()) {
  OffsetsHistory history;
  const int steps = *rc::gen::resize(100, rc::gen::inRange(1, 30));
  for (int i = 0; i < steps; ++i) {
    history.step();
    std::vector<TopicPartition> undecided;
    for (const auto& partition : history.partitions) {
      const bool is_undecided = history.log.is_undecided(partition, history.known);
      RC_ASSERT(history.pending.has(partition) == is_undecided);
      if (is_undecided) undecided.push_back(partition);
    }
    RC_ASSERT(history.pending.partitions() == undecided);
    RC_ASSERT(history.pending.empty() == undecided.empty());
  }
}

}  // namespace
}  // namespace brokersim::group
