// Shows what a leader decides about transactional batches and markers, as tables; and that a log
// knows its open and its aborted transactions whatever happens to it, against a model that looks at
// nothing but the batches.
#include <algorithm>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/core/log/log_fixture.h"

namespace brokersim::log {

namespace {

using api::ErrorCode;
using Origin = AppendTerms::Origin;
using LateMarker = AppendRules::LateMarker;

constexpr int each_epoch_writes_many = 1;  // transaction.version
constexpr int each_epoch_writes_one = 2;

wire::BatchHeader transactional(std::int64_t id, int epoch, std::int32_t sequence) {
  wire::BatchHeader header;
  header.set_transactional();
  header.record_count = 1;
  header.producer_id = id;
  header.producer_epoch = static_cast<std::int16_t>(epoch);
  header.base_sequence = sequence;
  return header;
}

// What a leader knows, fed by what it accepted.
class Transactions {
 public:
  std::string check(const wire::BatchHeader& batch, const AppendTerms& terms = {}) const {
    const auto verdict = state.check(batch, terms);
    if (!verdict) return std::string(name_of(verdict.error()));
    return *verdict ? fmt::format("offset {}", (*verdict)->first_offset()) : "append";
  }
  std::string produce(wire::BatchHeader batch, const AppendTerms& terms = {}) {
    const auto verdict = check(batch, terms);
    if (verdict != "append") return verdict;
    batch.base_offset = end++;
    state.apply(indexed(batch, 0, 0));
    return verdict;
  }
  std::string write(std::int64_t id, int epoch, std::int32_t sequence) {
    return produce(transactional(id, epoch, sequence));
  }
  std::string end_transaction(std::int64_t id, int epoch, bool is_commit, int coordinator_epoch = 0,
                              int version = each_epoch_writes_many, AppendRules rules = {}) {
    const wire::TransactionMarker marker{id, static_cast<std::int16_t>(epoch), is_commit,
                                         coordinator_epoch};
    const auto error = state.check_marker(marker, version, rules);
    if (error != ErrorCode::none) return std::string(name_of(error));
    auto header = wire::marker_batch(marker, 1000).header;
    header.base_offset = end++;
    ended = state.apply(indexed(header, 0, 0, marker));
    return "append";
  }
  std::optional<Offset> open_since(std::int64_t id) const {
    const auto* producer = state.find(id);
    return producer ? producer->open_since : std::nullopt;
  }

  ProducerState state;
  Offset end = 0;
  std::optional<EndedTransaction> ended;  // By the last marker.
};

const std::string refused_transaction{name_of(ErrorCode::invalid_txn_state)};
const std::string refused_epoch{name_of(ErrorCode::invalid_producer_epoch)};
const std::string refused_order{name_of(ErrorCode::out_of_order_sequence_number)};
const std::string refused_coordinator{name_of(ErrorCode::transaction_coordinator_fenced)};
const AppendTerms unverified{.is_verified = false};

}  // namespace

// ---- Beginning and ending ----------------------------------------------------------------------

TEST(Transactions, begin_with_a_producers_first_batch_and_end_with_its_marker) {
  Transactions leader;
  leader.write(7, 0, 0);
  leader.write(8, 0, 0);
  leader.write(7, 0, 1);
  EXPECT_EQ(leader.open_since(7), 0);
  EXPECT_EQ(leader.state.first_open_offset(), 0);
  EXPECT_EQ(leader.end_transaction(7, 0, true), "append");
  EXPECT_EQ(leader.ended, (EndedTransaction{7, 0, 3, false}));
  EXPECT_EQ(leader.open_since(7), std::nullopt);
  EXPECT_EQ(leader.state.first_open_offset(), 1);
  leader.end_transaction(8, 0, false);
  EXPECT_EQ(leader.ended, (EndedTransaction{8, 1, 4, true}));
  EXPECT_EQ(leader.state.first_open_offset(), std::nullopt);
  leader.write(7, 0, 2);
  EXPECT_EQ(leader.open_since(7), 5);
}

TEST(Transactions, that_wrote_nothing_end_nothing) {
  Transactions leader;
  EXPECT_EQ(leader.end_transaction(7, 3, true), "append");
  EXPECT_EQ(leader.ended, std::nullopt);
  EXPECT_EQ(leader.write(7, 2, 0), refused_epoch);
  EXPECT_EQ(leader.write(7, 3, 5), refused_order);  // A marker is known, and no batch before.
  EXPECT_EQ(leader.write(7, 3, 0), "append");
}

TEST(Transactions, a_marker_of_the_same_epoch_keeps_the_sequences_and_a_later_one_ends_them) {
  Transactions leader;
  leader.write(7, 0, 0);
  leader.end_transaction(7, 0, true);
  EXPECT_EQ(leader.write(7, 0, 0), "offset 0");  // Sent again, however late.
  EXPECT_EQ(leader.write(7, 0, 1), "append");
  leader.end_transaction(7, 1, false);
  EXPECT_EQ(leader.write(7, 0, 1), refused_epoch);
  EXPECT_EQ(leader.write(7, 1, 2), refused_order);
  EXPECT_EQ(leader.write(7, 1, 0), "append");
}

TEST(Transactions, nothing_else_of_the_producer_comes_between_their_batches) {
  Transactions leader;
  leader.write(7, 0, 0);
  auto plain = transactional(7, 0, 1);
  plain.attributes = 0;
  EXPECT_EQ(leader.produce(plain), refused_transaction);
  plain.producer_id = 8;
  plain.base_sequence = 0;
  EXPECT_EQ(leader.produce(plain), "append");
}

TEST(Transactions, of_a_coordinator_have_epochs_and_no_sequences) {
  Transactions leader;
  const AppendTerms by_coordinator{.origin = Origin::coordinator};
  EXPECT_EQ(leader.produce(transactional(7, 1, -1), by_coordinator), "append");
  EXPECT_EQ(leader.produce(transactional(7, 1, -1), by_coordinator), "append");
  EXPECT_EQ(leader.open_since(7), 0);
  EXPECT_EQ(leader.produce(transactional(7, 0, -1), by_coordinator), refused_epoch);
  EXPECT_EQ(
      leader.check(transactional(8, 0, -1), {.origin = Origin::coordinator, .is_verified = false}),
      refused_transaction);
}

// ---- Fencing -----------------------------------------------------------------------------------

TEST(Transactions, a_marker_of_an_earlier_epoch_or_coordinator_is_refused) {
  Transactions leader;
  leader.write(7, 2, 0);
  EXPECT_EQ(leader.end_transaction(7, 1, true), refused_epoch);
  EXPECT_EQ(leader.end_transaction(7, 2, true, 5), "append");
  EXPECT_EQ(leader.end_transaction(7, 2, true, 4), refused_coordinator);
  EXPECT_EQ(leader.end_transaction(7, 3, true, 4), refused_coordinator);
  EXPECT_EQ(leader.end_transaction(7, 2, true, 5), "append");
}

// KIP-1228, KAFKA-19999; what the rules were before brings TXN-17 and TXN-18 back.
TEST(Transactions, with_an_epoch_each_are_not_ended_by_the_marker_of_the_one_before) {
  struct Row {
    LateMarker rule;
    int version;
    bool is_open;
    std::string expected;
  };
  const Row rows[] = {
      {LateMarker::refused_while_open, each_epoch_writes_one, true, refused_epoch},
      {LateMarker::refused_while_open, each_epoch_writes_one, false, "append"},
      {LateMarker::refused_while_open, each_epoch_writes_many, true, "append"},
      {LateMarker::accepted, each_epoch_writes_one, true, "append"},
      {LateMarker::accepted, each_epoch_writes_one, false, "append"},
      {LateMarker::refused, each_epoch_writes_one, true, refused_epoch},
      {LateMarker::refused, each_epoch_writes_one, false, refused_epoch},
      {LateMarker::refused, each_epoch_writes_many, false, "append"},
  };
  for (const auto& row : rows) {
    Transactions leader;
    leader.write(7, 0, 0);
    ASSERT_EQ(leader.end_transaction(7, 1, true, 0, each_epoch_writes_one), "append");
    if (row.is_open) {
      ASSERT_EQ(leader.write(7, 1, 0), "append");
    }
    EXPECT_EQ(leader.end_transaction(7, 1, true, 0, row.version, {.late_marker = row.rule}),
              row.expected)
        << static_cast<int>(row.rule) << ' ' << row.version << ' ' << row.is_open;
  }
}

// ---- Verification ------------------------------------------------------------------------------

TEST(Transactions, are_verified_before_their_first_batch_and_not_again) {
  Transactions leader;
  const auto batch = transactional(7, 1, 0);
  EXPECT_EQ(leader.check(batch, unverified), refused_transaction);
  EXPECT_EQ(leader.produce(batch), "append");
  EXPECT_EQ(leader.produce(transactional(7, 1, 1), unverified), "append");
  leader.end_transaction(7, 1, false);
  EXPECT_EQ(leader.check(transactional(7, 1, 2), unverified), refused_transaction);
  EXPECT_EQ(leader.check(transactional(7, 1, 1), unverified), "offset 1");
}

// KAFKA-18575: the one before is still completing.
TEST(Transactions, of_the_next_epoch_do_not_continue_the_one_that_is_open) {
  Transactions leader;
  leader.write(7, 1, 0);
  EXPECT_TRUE(leader.state.continues_transaction(7, 1));
  EXPECT_FALSE(leader.state.continues_transaction(7, 2));
  EXPECT_FALSE(leader.state.continues_transaction(8, 1));
  EXPECT_EQ(leader.check(transactional(7, 2, 0), unverified), refused_transaction);
  auto terms = unverified;
  terms.rules.continues_transactions_by_epoch = false;
  EXPECT_EQ(leader.check(transactional(7, 2, 0), terms), "append");
}

// KAFKA-19690: INVALID_TXN_STATE would be the end of the application, and this is not.
TEST(Transactions, of_who_is_fenced_are_refused_for_that) {
  Transactions leader;
  leader.end_transaction(7, 2, false);
  EXPECT_EQ(leader.check(transactional(7, 1, 0), unverified), refused_epoch);
  auto terms = unverified;
  terms.rules.checks_epoch_before_verification = false;
  EXPECT_EQ(leader.check(transactional(7, 1, 0), terms), refused_transaction);
}

// KAFKA-14920
TEST(Transactions, do_not_begin_with_a_batch_that_overtook_another) {
  Transactions leader;
  AppendTerms terms{.lowest_sequence = 3};
  EXPECT_EQ(leader.check(transactional(7, 1, 4), terms), refused_order);
  EXPECT_EQ(leader.check(transactional(7, 1, 3), terms), "append");
  terms.rules.keeps_order_through_verification = false;
  EXPECT_EQ(leader.check(transactional(7, 1, 4), terms), "append");
}

// ---- What is kept ------------------------------------------------------------------------------

TEST(Transactions, that_are_open_keep_their_producer_from_being_forgotten) {
  Transactions leader;
  leader.write(7, 0, 0);  // At 0 ms.
  leader.state.expire(WallTime{5000}, 1000ms);
  EXPECT_EQ(leader.open_since(7), 0);
  leader.end_transaction(7, 0, true);  // At 1000 ms, which counts (KAFKA-9144).
  leader.state.expire(WallTime{1999}, 1000ms);
  EXPECT_FALSE(leader.state.empty());
  leader.state.expire(WallTime{2000}, 1000ms);
  EXPECT_TRUE(leader.state.empty());
}

TEST(Transactions, are_in_snapshots_byte_for_byte_as_kafkas) {
  Transactions leader;
  leader.end = 40;
  leader.write(258, 3, 10);
  leader.end_transaction(258, 4, true, 6);
  leader.write(258, 4, 0);
  leader.end_transaction(259, 1, true, 7);
  const Bytes expected{
      0,    1,                                               // Version.
      0,    0,    0,    0,                                   // CRC-32C, below.
      0,    0,    0,    2,                                   // Entries.
      0,    0,    0,    0,    0,    0,    1,    2,           // Producer id.
      0,    4,                                               // Epoch.
      0,    0,    0,    0,                                   // Last sequence.
      0,    0,    0,    0,    0,    0,    0,    42,          // Last offset.
      0,    0,    0,    0,                                   // Offset delta.
      0,    0,    0,    0,    0,    0,    0,    0,           // Timestamp.
      0,    0,    0,    6,                                   // Coordinator epoch.
      0,    0,    0,    0,    0,    0,    0,    42,          // First offset of a transaction.
      0,    0,    0,    0,    0,    0,    1,    3,    0, 1,  // A marker and nothing else.
      0xff, 0xff, 0xff, 0xff,                                // No sequence,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,        // no offset,
      0,    0,    0,    0,    0,    0,    0,    0,    0, 0, 0x03, 0xe8,  // its time,
      0,    0,    0,    7,                                               // its coordinator's epoch,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};                   // no transaction.
  const Bytes bytes = leader.state.encode();
  ASSERT_EQ(bytes.size(), expected.size());
  EXPECT_TRUE(std::equal(bytes.begin() + 6, bytes.end(), expected.begin() + 6));
  const auto decoded = ProducerState::decode(bytes);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, leader.state.condensed());
  EXPECT_EQ(decoded->first_open_offset(), 42);
}

// ---- In a log ----------------------------------------------------------------------------------

namespace {

class TransactionalLog : public LogFixture {
 public:
  using LogFixture::LogFixture;

  Offset write(std::int64_t id) {
    wire::BatchHeader proto;
    proto.set_transactional();
    proto.producer_id = id;
    proto.producer_epoch = 0;
    proto.base_sequence = next_[id]++;
    wire::BatchBuilder builder(proto);
    builder.add({1000, {}, bytes_of("v"), {}});
    wire::Batch batch = builder.finish();
    return log->append_as_leader(env, {&batch, 1}, LeaderEpoch(0))->first_offset;
  }
  Offset end_transaction(std::int64_t id, bool is_commit) {
    wire::Batch batch = wire::marker_batch({id, 0, is_commit, 3}, 1000);
    return log->append_as_leader(env, {&batch, 1}, LeaderEpoch(0))->first_offset;
  }
  // The names and contents of the files there are.
  std::map<Offset, Bytes> index_files() const {
    std::map<Offset, Bytes> files;
    for (const auto& [path, node] : env.disk.names()) {
      const auto name = std::string_view(path).substr(path.rfind('/') + 1);
      if (const auto base = TransactionIndex::base_of(name)) files[*base] = node->data;
    }
    return files;
  }

 private:
  std::map<std::int64_t, std::int32_t> next_;
};

using Aborted = std::vector<AbortedTransaction>;
// Of one record with a value of one byte; a marker's is larger.
constexpr std::uint64_t two_or_three_batches = 200;

}  // namespace

TEST(TransactionalLog, is_stable_up_to_its_first_open_transaction) {
  TransactionalLog f;
  f.append(0, 2);
  EXPECT_EQ(f.log->last_stable_offset(2), 2);
  f.write(7);  // 2
  f.write(8);  // 3
  EXPECT_EQ(f.log->last_stable_offset(4), 2);
  EXPECT_EQ(f.log->last_stable_offset(1), 1);
  f.end_transaction(7, true);  // 4
  EXPECT_EQ(f.log->last_stable_offset(5), 3);
  f.end_transaction(8, false);  // 5
  EXPECT_EQ(f.log->last_stable_offset(6), 6);
}

// The marker may be lost with the leader: then the transaction is open again.
TEST(TransactionalLog, is_not_stable_beyond_what_ended_with_a_marker_that_is_not_committed) {
  TransactionalLog f;
  f.write(7);
  f.append(0, 1);
  f.end_transaction(7, true);  // 2
  EXPECT_EQ(f.log->last_stable_offset(2), 0);
  EXPECT_EQ(f.log->last_stable_offset(3), 3);
  f.log->committed(2);
  EXPECT_EQ(f.log->last_stable_offset(2), 0);
  f.reopen_in_order();  // Whatever the snapshot says.
  EXPECT_EQ(f.log->last_stable_offset(2), 0);
  EXPECT_EQ(f.log->last_stable_offset(3), 3);
  f.log->committed(3);
  EXPECT_EQ(f.log->last_stable_offset(3), 3);
}

TEST(TransactionalLog, without_aborted_transactions_has_no_index_of_them) {
  TransactionalLog f({two_or_three_batches});
  for (int i = 0; i < 5; ++i) {
    f.write(7);
    f.end_transaction(7, true);
  }
  f.reopen_in_order();
  f.reopen_after_crash();
  EXPECT_TRUE(f.index_files().empty());
}

TEST(TransactionalLog, lists_what_was_aborted_where_it_is_read) {
  TransactionalLog f;
  f.write(7);                   // 0
  f.write(8);                   // 1
  f.end_transaction(7, false);  // 2
  f.write(9);                   // 3
  f.end_transaction(8, true);   // 4
  f.end_transaction(9, false);  // 5
  EXPECT_EQ(f.log->aborted_in(0, 6), (Aborted{{7, 0}, {9, 3}}));
  EXPECT_EQ(f.log->aborted_in(0, 3), (Aborted{{7, 0}}));
  EXPECT_EQ(f.log->aborted_in(2, 3), (Aborted{{7, 0}}));
  EXPECT_EQ(f.log->aborted_in(3, 4), (Aborted{{9, 3}}));
  EXPECT_EQ(f.log->aborted_in(3, 3), Aborted{});
  EXPECT_EQ(f.log->aborted_in(6, 9), Aborted{});
}

TEST(TransactionalLog, index_entries_are_those_of_kafka) {
  TransactionalLog f;
  f.write(8);                                    // 0
  f.write(258);                                  // 1
  f.end_transaction(258, false);                 // 2
  const Bytes expected{0, 0,                     // Version.
                       0, 0, 0, 0, 0, 0, 1, 2,   // Producer id.
                       0, 0, 0, 0, 0, 0, 0, 1,   // First offset.
                       0, 0, 0, 0, 0, 0, 0, 2,   // Last offset: the marker's.
                       0, 0, 0, 0, 0, 0, 0, 0};  // Last stable offset: producer 8 is not done.
  EXPECT_EQ(f.index_files(), (std::map<Offset, Bytes>{{0, expected}}));
}

TEST(TransactionalLog, truncation_opens_again_what_a_lost_marker_had_ended) {
  TransactionalLog f({two_or_three_batches});
  f.write(7);                   // 0
  f.end_transaction(7, false);  // 1
  f.write(7);                   // 2
  f.end_transaction(7, false);  // 3
  f.log->committed(2);
  ASSERT_TRUE(f.log->truncate_to(f.env, 3, "test"));
  EXPECT_EQ(f.log->aborted_in(0, 9), (Aborted{{7, 0}}));
  EXPECT_EQ(f.log->last_stable_offset(3), 2);
  f.end_transaction(7, true);
  EXPECT_EQ(f.log->last_stable_offset(4), 4);
  EXPECT_EQ(f.log->aborted_in(0, 9), (Aborted{{7, 0}}));
  ASSERT_TRUE(f.log->truncate_to(f.env, 1, "test"));
  EXPECT_EQ(f.log->aborted_in(0, 9), Aborted{});
  EXPECT_TRUE(f.index_files().empty());
}

TEST(TransactionalLog, an_index_goes_with_its_segment) {
  TransactionalLog f({two_or_three_batches});
  for (int i = 0; i < 4; ++i) {
    f.write(7);
    f.end_transaction(7, false);
  }
  const auto before = f.index_files();
  ASSERT_GE(before.size(), 2u);
  ASSERT_TRUE(f.log->raise_start_offset(f.env, 7));
  EXPECT_LT(f.index_files().size(), before.size());
  EXPECT_EQ(f.log->aborted_in(7, 8), (Aborted{{7, 6}}));
  ASSERT_TRUE(f.log->truncate_fully_and_start_at(f.env, 20, "test"));
  EXPECT_TRUE(f.index_files().empty());
}

TEST(TransactionalLog, believes_its_batches_and_not_what_an_index_says) {
  TransactionalLog f({two_or_three_batches});
  for (int i = 0; i < 3; ++i) {
    f.write(7);
    f.end_transaction(7, false);
  }
  const auto before = f.index_files();
  for (const bool is_clean : {true, false}) {
    for (const auto& [base, content] : before) {
      Bytes& file = f.env.disk.data("orders-0/" + TransactionIndex::file_name(base));
      file.assign(5, 0xff);
    }
    (void)*f.env.disk.open("orders-0/" + TransactionIndex::file_name(4711), OpenMode::create);
    is_clean ? f.reopen_in_order() : f.reopen_after_crash();
    EXPECT_EQ(f.index_files(), before);
    EXPECT_EQ(f.log->aborted_in(0, 9).size(), 3u);
  }
}

TEST(TransactionalLog, believes_the_index_of_a_segment_that_it_does_not_walk) {
  LogConfig config{.segment_bytes = two_or_three_batches};
  config.roll.index_interval_bytes = 1;
  TransactionalLog f(config);
  for (int i = 0; i < 4; ++i) {
    f.write(7);
    f.end_transaction(7, false);
  }
  const Aborted before = f.log->aborted_in(0, 9);
  f.reopen_in_order(8);
  EXPECT_EQ(f.log->aborted_in(0, 9), before);
  EXPECT_FALSE(f.log->cached_read(0)->has_value()) << "it was not walked";
  // Where one is torn all are made anew.
  const auto files = f.index_files();
  f.env.disk.data("orders-0/" + TransactionIndex::file_name(0)).resize(7);
  f.reopen_in_order(8);
  EXPECT_EQ(f.log->aborted_in(0, 9), before);
  EXPECT_EQ(f.index_files(), files);
  EXPECT_TRUE(f.log->cached_read(0)->has_value());
}

TEST(TransactionalLog, walks_what_may_still_be_lost_of_the_markers_and_so_knows_them) {
  LogConfig config{.segment_bytes = two_or_three_batches};
  config.roll.index_interval_bytes = 1;
  TransactionalLog f(config);
  f.write(7);                  // 0
  f.end_transaction(7, true);  // 1
  for (int i = 0; i < 6; ++i) f.append(0, 1);
  f.reopen_in_order(1);
  EXPECT_EQ(f.log->last_stable_offset(1), 0);
  EXPECT_EQ(f.log->last_stable_offset(2), 2);
}

// The marker that ended the transaction is not in the log any more.
TEST(TransactionalLog, that_begins_anew_believes_no_snapshot_from_before_its_beginning) {
  TransactionalLog f;
  f.write(7);  // 0
  f.reopen_in_order();
  f.end_transaction(7, true);  // 1
  f.open({false, 1, 5});
  f.append(0, 1);
  EXPECT_EQ(f.log->last_stable_offset(6), 6);
}

TEST(TransactionIndex, that_could_not_be_synced_is_synced_with_the_next) {
  MemoryEnv env;
  TransactionIndex index("orders-0");
  const AbortedEntry entry{7, 1, 2, 0};
  ASSERT_TRUE(index.add(env, 0, entry));
  env.disk.syncs_fail = true;
  EXPECT_FALSE(index.sync(env));
  env.disk.syncs_fail = false;
  ASSERT_TRUE(index.sync(env));
  env.disk.lose_power([](std::size_t) { return std::size_t{0}; });
  EXPECT_EQ(env.disk.data("orders-0/" + TransactionIndex::file_name(0)),
            TransactionIndex::encode({entry}));
}

// KAFKA-7866: what is in the log has its offset for good.
TEST(TransactionalLog, a_write_error_of_the_index_takes_the_log_offline) {
  TransactionalLog f;
  f.write(7);
  f.env.disk.bad_ending = ".txnindex";
  wire::Batch marker = wire::marker_batch({7, 0, false, 3}, 1000);
  EXPECT_FALSE(f.log->append_as_leader(f.env, {&marker, 1}, LeaderEpoch(0)));
  EXPECT_EQ(f.log->end_offset(), 2);
  EXPECT_TRUE(f.log->is_offline());
}

TEST(TransactionalLog, used_the_offsets_twice_of_what_its_index_lacks) {  // LOG-02
  TransactionalLog f({.rules = {.keeps_offsets_without_index = false}});
  f.write(7);
  f.env.disk.bad_ending = ".txnindex";
  wire::Batch marker = wire::marker_batch({7, 0, false, 3}, 1000);
  EXPECT_FALSE(f.log->append_as_leader(f.env, {&marker, 1}, LeaderEpoch(0)));
  const std::size_t size = f.env.disk.data(first_segment).size();
  EXPECT_EQ(f.append(0, 1), 1) << "where the marker lies";
  EXPECT_GT(f.env.disk.data(first_segment).size(), size);
}

// ---- The model ---------------------------------------------------------------------------------

namespace {

struct WholeTransaction {
  std::int64_t producer_id = -1;
  Offset first = 0;
  std::optional<Offset> marker;  // Nothing while it is open.
  bool is_aborted = false;
};

// From all batches of the log, in order.
std::vector<WholeTransaction> transactions_in(TransactionalLog& f) {
  std::vector<WholeTransaction> all;
  std::map<std::int64_t, std::size_t> open;
  for (const auto& batch : f.batches(0)) {
    const auto id = batch.header.producer_id;
    if (batch.role() == BatchRole::transactional && !open.contains(id)) {
      open[id] = all.size();
      all.push_back({.producer_id = id, .first = batch.header.base_offset});
    } else if (is_marker(batch.role()) && open.contains(id)) {
      all[open[id]].marker = batch.header.base_offset;
      all[open[id]].is_aborted = batch.role() == BatchRole::abort;
      open.erase(id);
    }
  }
  return all;
}

void check_against(const std::vector<WholeTransaction>& all, TransactionalLog& f,
                   Offset committed) {
  const Offset end = f.log->end_offset();
  for (Offset high_watermark = committed; high_watermark <= end; ++high_watermark) {
    Offset stable = high_watermark;
    for (const auto& one : all) {
      const bool is_decided = one.marker && *one.marker < high_watermark;
      if (!is_decided) stable = std::min(stable, one.first);
    }
    RC_ASSERT(f.log->last_stable_offset(high_watermark) == stable);
  }
  for (Offset from = 0; from <= end; ++from) {
    for (Offset to = from; to <= end; ++to) {
      std::set<AbortedTransaction> expected;
      for (const auto& one : all) {
        if (!one.is_aborted || *one.marker < from || one.first >= to) continue;
        expected.insert({one.producer_id, one.first});
      }
      const auto found = f.log->aborted_in(from, to);
      RC_ASSERT(std::set(found.begin(), found.end()) == expected);
    }
  }
}

}  // namespace

// TX2, whatever happens to node and disk. Nothing that is committed is taken away.
RC_GTEST_PROP(TransactionalLog, knows_what_its_batches_say_of_transactions, ()) {
  LogConfig config{.segment_bytes = two_or_three_batches * 2};
  config.roll.index_interval_bytes = *rc::gen::element<std::uint64_t>(1, 4096);
  TransactionalLog f(config);
  Offset committed = 0;
  const auto steps = *rc::gen::inRange(1, 40);
  for (int i = 0; i < steps; ++i) {
    const std::int64_t id = *rc::gen::inRange(1, 4);
    switch (*rc::gen::inRange(0, 16)) {
      case 0: RC_ASSERT(f.log->sync(f.env)); break;
      case 1: f.reopen_in_order(committed); break;
      case 2: f.reopen(false, committed); break;
      case 3: {
        f.env.disk.lose_power(
            [](std::size_t size) { return *rc::gen::inRange<std::size_t>(0, size + 1); },
            *rc::gen::arbitrary<bool>());
        f.reopen(false, committed);
        committed = std::min(committed, f.log->end_offset());
        break;
      }
      case 4: {
        const auto end = *rc::gen::inRange<Offset>(committed, f.log->end_offset() + 1);
        RC_ASSERT(f.log->truncate_to(f.env, end, "test"));
        break;
      }
      case 5: {
        committed = *rc::gen::inRange<Offset>(committed, f.log->end_offset() + 1);
        f.log->committed(committed);
        break;
      }
      case 6:
      case 7:
      case 8: f.end_transaction(id, false); break;
      case 9:
      case 10: f.end_transaction(id, true); break;
      default: f.write(id);
    }
    check_against(transactions_in(f), f, committed);
  }
}

}  // namespace brokersim::log
