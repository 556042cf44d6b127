// Shows what survives compaction: against a model that knows the last value of each key and nothing
// else, and case by case for tombstones, producers, transactions and what a batch keeps of itself.
#include "core/log/cleaning.h"

#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/core/log/log_fixture.h"

namespace brokersim::log {

namespace {

constexpr std::size_t roomy = 1000;
constexpr std::int64_t day = 86'400'000;

Bytes bytes_of(std::string_view text) {
  const auto view = as_bytes(text);
  return Bytes(view.begin(), view.end());
}

struct Pair {
  std::string key;
  std::optional<std::string> value;
};

wire::Batch batch_with(Offset base, const std::vector<Pair>& pairs, wire::BatchHeader proto = {}) {
  wire::BatchBuilder builder(proto);
  std::int64_t time = 100 * base;
  for (const auto& [key, value] : pairs) {
    wire::Record record{.timestamp = time++, .key = bytes_of(key), .value = {}, .headers = {}};
    if (value) record.value = bytes_of(*value);
    builder.add(record);
  }
  return placed(builder.finish(), base, 3);
}

// "0:a=1 2:b=null", and "[5..6]" of a batch that is empty.
std::string text_of(const std::vector<wire::Batch>& batches) {
  std::string text;
  for (const auto& batch : batches) {
    const auto records = *wire::records_of(batch);
    if (records.empty()) {
      text += fmt::format("[{}..{}] ", batch.header.base_offset, batch.header.last_offset());
    }
    for (const auto& [offset, record] : records) {
      text += fmt::format("{}:{}={} ", offset, as_text(*record.key),
                          record.value ? as_text(*record.value) : "null");
    }
  }
  return text.empty() ? text : text.substr(0, text.size() - 1);
}

struct Cleaner {
  CleaningTerms terms{.now = WallTime{1'000'000}, .delete_retention_ms = day};
  Offset from = 0;
  std::size_t capacity = roomy;

  std::vector<wire::Batch> clean(const std::vector<wire::Batch>& batches) const {
    LatestOffsets latest(from, capacity);
    for (const auto& batch : batches) {
      if (batch.header.base_offset < from) continue;
      if (!*latest.add(batch, Cleaning::is_aborted(terms.aborted, batch.header))) break;
    }
    Cleaning cleaning(latest, terms);
    std::vector<wire::Batch> left;
    for (const auto& batch : batches) {
      const auto cleaned = *cleaning.clean(batch);
      if (!cleaned) continue;
      EXPECT_TRUE(cleaned->crc_is_valid());
      left.push_back(*cleaned);
    }
    return left;
  }
};

wire::BatchHeader by_producer(std::int64_t id, std::int32_t sequence) {
  wire::BatchHeader header;
  header.producer_id = id;
  header.producer_epoch = 4;
  header.base_sequence = sequence;
  return header;
}

constexpr std::int16_t transactional_bit = 0x10;

wire::BatchHeader in_transaction(std::int64_t id) {
  auto header = by_producer(id, 0);
  header.attributes = transactional_bit;
  return header;
}

wire::Batch marker(Offset base, std::int64_t producer) {
  auto batch = placed(wire::control_batch(1, as_bytes("v"), LeaderEpoch(3), 50), base, 3);
  batch.header.attributes = static_cast<std::int16_t>(batch.header.attributes | transactional_bit);
  batch.set_producer(producer, 4, -1);
  return batch;
}

}  // namespace

TEST(Cleaning, of_each_key_the_latest_record_stays_where_it_was) {
  const std::vector<wire::Batch> log{batch_with(0, {{"a", "1"}, {"b", "1"}, {"a", "2"}}),
                                     batch_with(3, {{"c", "1"}, {"b", "2"}}),
                                     batch_with(5, {{"a", "3"}})};
  EXPECT_EQ(text_of(Cleaner{}.clean(log)), "3:c=1 4:b=2 5:a=3");
}

TEST(Cleaning, a_batch_keeps_its_ends_its_times_and_its_codec) {
  wire::BatchHeader proto = by_producer(7, 12);
  proto.set_codec(wire::Codec::lz4);
  const std::vector<wire::Batch> log{batch_with(0, {{"a", "1"}, {"b", "1"}, {"c", "1"}}, proto),
                                     batch_with(3, {{"a", "2"}, {"c", "2"}})};
  const auto left = Cleaner{}.clean(log);
  const auto& header = left.at(0).header;
  EXPECT_EQ(text_of(left), "1:b=1 3:a=2 4:c=2");
  EXPECT_EQ(header.base_offset, 0);
  EXPECT_EQ(header.last_offset(), 2);
  EXPECT_EQ(header.leader_epoch, LeaderEpoch(3));
  EXPECT_EQ(header.codec(), wire::Codec::lz4);
  EXPECT_EQ(header.producer_id, 7);
  EXPECT_EQ(header.base_sequence, 12);
  EXPECT_EQ(header.max_timestamp, 1);
  EXPECT_EQ(wire::records_of(left[0])->at(0).record.timestamp, 1);
  EXPECT_EQ(left[1].bytes().flat(), log[1].bytes().flat());
}

TEST(Cleaning, what_it_has_no_room_for_is_left_to_another_time) {
  const std::vector<wire::Batch> log{batch_with(0, {{"a", "1"}}), batch_with(1, {{"b", "1"}}),
                                     batch_with(2, {{"a", "2"}}), batch_with(3, {{"c", "1"}}),
                                     batch_with(4, {{"a", "3"}})};
  EXPECT_EQ(text_of(Cleaner{.capacity = 2}.clean(log)), "1:b=1 2:a=2 3:c=1 4:a=3");
}

TEST(Cleaning, a_tombstone_is_given_a_time_and_goes_at_it) {
  const std::vector<wire::Batch> log{batch_with(0, {{"a", "1"}, {"b", "1"}}),
                                     batch_with(2, {{"a", {}}}), batch_with(3, {{"x", "1"}})};
  Cleaner cleaner;
  const auto once = cleaner.clean(log);
  EXPECT_EQ(text_of(once), "1:b=1 2:a=null 3:x=1");
  EXPECT_TRUE(once[1].header.has_delete_horizon());
  EXPECT_EQ(once[1].header.base_timestamp, cleaner.terms.now.ms + day);
  EXPECT_EQ(wire::records_of(once[1])->at(0).record.timestamp, 200);
  EXPECT_FALSE(once[0].header.has_delete_horizon());
  cleaner.terms.now.ms += day - 1;
  const auto twice = cleaner.clean(once);
  EXPECT_EQ(twice[1].bytes().flat(), once[1].bytes().flat());
  cleaner.terms.now.ms += 1;
  EXPECT_EQ(text_of(cleaner.clean(twice)), "1:b=1 3:x=1");
}

TEST(Cleaning, a_tombstone_that_was_followed_by_a_value_goes_at_once) {
  const std::vector<wire::Batch> log{batch_with(0, {{"a", {}}}), batch_with(1, {{"a", "1"}})};
  EXPECT_EQ(text_of(Cleaner{}.clean(log)), "1:a=1");
}

TEST(Cleaning, the_last_batch_of_an_active_producer_stays_if_only_empty) {
  const std::vector<wire::Batch> log{batch_with(0, {{"a", "1"}}, by_producer(7, 0)),
                                     batch_with(1, {{"a", "2"}}, by_producer(7, 1)),
                                     batch_with(2, {{"a", "3"}}, by_producer(8, 0)),
                                     batch_with(3, {{"a", "4"}})};
  Cleaner cleaner;
  cleaner.terms.last_offsets = {{7, 1}};
  const auto left = cleaner.clean(log);
  EXPECT_EQ(text_of(left), "[1..1] 3:a=4");
  EXPECT_EQ(left[0].header.base_sequence, 1);
  EXPECT_EQ(left[0].header.record_count, 0);
  cleaner.terms.rules.cleaner_keeps_last_batches = false;
  EXPECT_EQ(text_of(cleaner.clean(log)), "3:a=4");
}

// ---- Transactions ------------------------------------------------------------------------------

TEST(Cleaning, what_an_aborted_transaction_wrote_goes_and_supersedes_nothing) {
  const std::vector<wire::Batch> log{batch_with(0, {{"a", "1"}}),
                                     batch_with(1, {{"a", "2"}}, in_transaction(7)), marker(2, 7),
                                     batch_with(3, {{"b", "1"}}, in_transaction(7))};
  Cleaner cleaner;
  cleaner.terms.aborted = {{7, 1, 2}};
  const auto left = cleaner.clean(log);
  ASSERT_EQ(left.size(), 3u);
  EXPECT_EQ(text_of({left[0]}), "0:a=1");
  EXPECT_TRUE(left[1].header.is_control());
  EXPECT_EQ(text_of({left[2]}), "3:b=1");
}

TEST(Cleaning, a_marker_outlives_all_that_it_decides_on) {
  std::vector<wire::Batch> log{batch_with(0, {{"a", "1"}}, in_transaction(7)), marker(1, 7),
                               batch_with(2, {{"x", "1"}})};
  Cleaner cleaner;
  EXPECT_FALSE(cleaner.clean(log)[1].header.has_delete_horizon());
  log.push_back(batch_with(3, {{"a", "2"}}));
  const auto once = cleaner.clean(log);
  ASSERT_TRUE(once[0].header.is_control());
  EXPECT_TRUE(once[0].header.has_delete_horizon());
  EXPECT_EQ(cleaner.clean(once).size(), once.size());
  cleaner.terms.now.ms += day;
  EXPECT_EQ(text_of(cleaner.clean(once)), "2:x=1 3:a=2");
}

TEST(Cleaning, a_marker_outlives_an_empty_batch_of_its_transaction) {
  const std::vector<wire::Batch> log{batch_with(0, {{"a", "1"}}, in_transaction(7)), marker(1, 7),
                                     batch_with(2, {{"a", "2"}})};
  Cleaner cleaner;
  cleaner.terms.last_offsets[7] = 0;
  auto left = cleaner.clean(log);
  for (int days = 0; days < 3; ++days) {
    cleaner.terms.now.ms += day;
    left = cleaner.clean(left);
    ASSERT_EQ(left.size(), 3u);
    EXPECT_TRUE(left[1].header.is_control());
  }
}

TEST(Cleaning, a_time_beyond_all_times_is_the_last_one) {
  Cleaner cleaner;
  cleaner.terms.delete_retention_ms = std::numeric_limits<std::int64_t>::max();
  const auto left = cleaner.clean({batch_with(0, {{"a", std::nullopt}})});
  ASSERT_EQ(text_of(left), "0:a=null");
  EXPECT_EQ(left[0].header.base_timestamp, std::numeric_limits<std::int64_t>::max());
}

// KAFKA-8351
TEST(Cleaning, a_transaction_may_reach_over_several_files) {
  const auto data = batch_with(0, {{"a", "1"}}, in_transaction(7));
  for (const bool remembers : {true, false}) {
    LatestOffsets latest(0, roomy);
    ASSERT_TRUE(*latest.add(data, false));
    ASSERT_TRUE(*latest.add(marker(1, 7), false));
    CleaningTerms terms{.now = WallTime{1000}};
    terms.rules.cleaner_remembers_transactions = remembers;
    Cleaning cleaning(latest, terms);
    cleaning.begin_segment();
    ASSERT_TRUE(cleaning.clean(data)->has_value());
    cleaning.begin_segment();
    EXPECT_EQ((*cleaning.clean(marker(1, 7)))->header.has_delete_horizon(), !remembers);
  }
}

// KAFKA-14055
TEST(Cleaning, a_users_key_is_not_a_markers) {
  const auto key = *wire::records_of(marker(0, 7))->at(0).record.key;
  const std::vector<wire::Batch> log{batch_with(0, {{"a", "1"}}, in_transaction(7)), marker(1, 7),
                                     batch_with(2, {{std::string(as_text(key)), "1"}, {"x", "1"}})};
  EXPECT_EQ(Cleaner{}.clean(log).size(), 3u);
}

TEST(Cleaning, a_logs_own_control_records_stay) {
  const std::vector<wire::Batch> log{
      placed(wire::control_batch(2, as_bytes("v"), LeaderEpoch(3), 50), 0, 3),
      batch_with(1, {{"a", "1"}})};
  EXPECT_EQ(Cleaner{}.clean(log).size(), 2u);
}

// ---- Against a model ---------------------------------------------------------------------------

// Who reads a cleaned log from its beginning ends up with what the whole log would have given: and
// so does everybody who had begun to read before, wherever he stands.
RC_GTEST_PROP(Cleaning, whoever_reads_on_knows_the_last_value_of_each_key, ()) {
  std::vector<wire::Batch> log;
  Offset end = 0;
  const auto batches = *rc::gen::inRange(1, 12);
  for (int i = 0; i < batches; ++i) {
    std::vector<Pair> pairs;
    const auto count = *rc::gen::inRange(1, 5);
    for (int j = 0; j < count; ++j) {
      const std::string key(1, static_cast<char>('a' + *rc::gen::inRange(0, 4)));
      pairs.push_back({key, fmt::format("{}", end + j)});
      if (*rc::gen::inRange(0, 4) == 0) pairs.back().value.reset();
    }
    log.push_back(batch_with(end, pairs, by_producer(*rc::gen::inRange(1, 3), i)));
    end += count;
  }
  Cleaner cleaner{.capacity = static_cast<std::size_t>(*rc::gen::inRange(1, 6))};
  for (const auto& batch : log) {
    cleaner.terms.last_offsets[batch.header.producer_id] = batch.header.last_offset();
  }
  const auto state_from = [](const std::vector<wire::Batch>& in, Offset from,
                             std::map<std::string, std::string> known) {
    for (const auto& batch : in) {
      const auto records = *wire::records_of(batch);
      for (const auto& [offset, record] : records) {
        if (offset < from) continue;
        const std::string key(as_text(*record.key));
        if (record.value) known[key] = std::string(as_text(*record.value));
        if (!record.value) known.erase(key);
      }
    }
    return known;
  };
  auto cleaned = cleaner.clean(log);
  cleaned = cleaner.clean(cleaned);
  const auto all = state_from(log, 0, {});
  const auto position = *rc::gen::inRange<Offset>(0, end + 1);
  const auto known = state_from(log, 0, {});
  std::map<std::string, std::string> before;
  for (const auto& batch : log) {
    const auto records = *wire::records_of(batch);
    for (const auto& [offset, record] : records) {
      if (offset >= position) continue;
      const std::string key(as_text(*record.key));
      if (record.value) before[key] = std::string(as_text(*record.value));
      if (!record.value) before.erase(key);
    }
  }
  RC_ASSERT(state_from(cleaned, 0, {}) == all);
  RC_ASSERT(state_from(cleaned, position, before) == known);
  // Of each producer the last batch is there, and after the horizon no tombstone is.
  std::map<std::int64_t, Offset> lasts;
  for (const auto& batch : cleaned) lasts[batch.header.producer_id] = batch.header.last_offset();
  RC_ASSERT(lasts == cleaner.terms.last_offsets);
  cleaner.terms.now.ms += day;
  cleaner.capacity = roomy;
  cleaned = cleaner.clean(cleaned);
  cleaner.terms.now.ms += day;
  cleaned = cleaner.clean(cleaned);
  std::map<std::string, int> per_key;
  for (const auto& batch : cleaned) {
    const auto records = *wire::records_of(batch);
    for (const auto& [offset, record] : records) {
      RC_ASSERT(record.value.has_value());
      ++per_key[std::string(as_text(*record.key))];
    }
  }
  RC_ASSERT(per_key.size() == all.size());
  for (const auto& [key, count] : per_key) RC_ASSERT(count == 1);
}

}  // namespace brokersim::log
