// Record batches: a batch by hand, and random batches against what was put in.
#include "core/wire/record_batch.h"

#include <limits>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/wire/wire.h"

namespace brokersim::wire {
namespace {

Bytes text(std::string_view s) { return Bytes(as_bytes(s).begin(), as_bytes(s).end()); }

Record plain(std::int64_t timestamp, std::string_view key, std::string_view value) {
  return {timestamp, text(key), text(value), {}};
}

Batch batch_of(const std::vector<Record>& records, BatchHeader proto = {}) {
  BatchBuilder builder(proto);
  for (const auto& record : records) builder.add(record);
  return builder.finish();
}

Batch reparsed(const Batch& batch) {
  auto parsed = parse_batch(batch.bytes().joined());
  EXPECT_TRUE(parsed);
  return parsed ? *parsed : Batch{};
}

TEST(RecordBatch, has_the_bytes_of_the_protocol_guide) {
  const auto batch = batch_of({plain(1000, "k", "v"), {1003, std::nullopt, text("w"), {}}});
  const Bytes golden{
      0,   0,   0,   0,   0,   0,   0,   0,        // base offset
      0,   0,   0,   66,                           // 49 bytes of header, 17 of records
      0,   0,   0,   0,                            // leader epoch
      2,                                           // magic
      0,   0,   0,   0,                            // CRC, set below
      0,   0,                                      // attributes
      0,   0,   0,   1,                            // last offset delta
      0,   0,   0,   0,   0,   0,   3,   0xe8,     // base timestamp
      0,   0,   0,   0,   0,   0,   3,   0xeb,     // max timestamp
      255, 255, 255, 255, 255, 255, 255, 255,      // producer id
      255, 255,                                    // producer epoch
      255, 255, 255, 255,                          // base sequence
      0,   0,   0,   2,                            // record count
      16,  0,   0,   0,   2,   'k', 2,   'v',  0,  // 8 bytes: attributes, deltas, key, value
      14,  0,   6,   2,   1,   2,   'w', 0,        // 7 bytes: +3 ms, +1, null key, value
  };
  auto bytes = batch.bytes().flat();
  std::fill_n(bytes.begin() + 17, 4, std::uint8_t{0});
  EXPECT_EQ(bytes, golden);
  EXPECT_TRUE(batch.crc_is_valid());
}

TEST(RecordBatch, of_a_real_client_is_read_and_built_alike) {
  // Recorded from kafka-python 2.0.2: one record without a key, value "x0".
  const Bytes recorded{0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x3a,
                       0x00, 0x00, 0x00, 0x00, 0x02, 0xd4, 0x4a, 0xe6, 0x1e, 0x00, 0x00, 0x00,
                       0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0xa2, 0x03, 0x41, 0xb5, 0xae, 0x00,
                       0x00, 0x01, 0xa2, 0x03, 0x41, 0xb5, 0xae, 0xff, 0xff, 0xff, 0xff, 0xff,
                       0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00,
                       0x01, 0x10, 0x00, 0x00, 0x00, 0x01, 0x04, 0x78, 0x30, 0x00};
  const auto batch = parse_batch(Slice(recorded));
  ASSERT_TRUE(batch);
  EXPECT_TRUE(batch->crc_is_valid());
  const auto records = records_of(*batch);
  ASSERT_TRUE(records);
  ASSERT_EQ(records->size(), 1u);
  EXPECT_EQ(records->front().record, (Record{0x1a20341b5ae, std::nullopt, text("x0"), {}}));
  EXPECT_EQ(batch_of({records->front().record}).bytes().flat(), recorded);
}

TEST(RecordBatch, offset_and_epoch_are_outside_the_crc) {
  auto batch = batch_of({plain(1, "k", "v")});
  const auto digest = batch.ref().digest;
  batch.header.base_offset = 77;
  batch.header.leader_epoch = LeaderEpoch{5};
  EXPECT_TRUE(batch.crc_is_valid());
  EXPECT_EQ(batch.ref().digest, digest);
  const auto records = records_of(reparsed(batch));
  ASSERT_TRUE(records);
  EXPECT_EQ(records->front().offset, 77);
}

TEST(RecordBatch, each_flipped_bit_of_what_the_crc_covers_is_noticed) {
  const auto bytes = batch_of({plain(1, "key", "value")}).bytes().flat();
  for (std::size_t bit = 17 * 8; bit < bytes.size() * 8; ++bit) {
    auto flipped = bytes;
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ (1u << (bit % 8)));
    const auto batch = parse_batch(Slice(flipped));
    EXPECT_FALSE(batch && batch->crc_is_valid()) << bit;
  }
}

TEST(RecordBatch, errors_are_told_apart) {
  const auto bytes = batch_of({plain(1, "k", "v")}).bytes().flat();
  const auto error_of = [&](std::size_t at, std::uint8_t value) {
    auto changed = bytes;
    changed[at] = value;
    return parse_batch(Slice(changed)).error();
  };
  EXPECT_EQ(error_of(16, 1), BatchError::old_magic);
  EXPECT_EQ(error_of(16, 3), BatchError::bad_magic);
  EXPECT_EQ(error_of(8, 0xff), BatchError::bad_length);
  EXPECT_EQ(error_of(11, 48), BatchError::bad_length);
  EXPECT_EQ(error_of(10, 1), BatchError::too_short);
  EXPECT_EQ(error_of(0, 0x80), BatchError::bad_records);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(parse_batch(Slice(bytes).sub(0, size)).error(), BatchError::too_short);
  }
}

TEST(RecordBatch, a_partial_batch_at_the_end_is_dropped) {
  const auto one = batch_of({plain(1, "a", "b")}).bytes();
  auto two = one;
  two.append(one);
  const auto whole = two.joined();
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const auto batches = parse_batches(whole.sub(0, size));
    ASSERT_TRUE(batches);
    EXPECT_EQ(batches->size(), size / one.size());
  }
}

TEST(RecordBatch, no_more_batches_are_parsed_than_are_asked_for) {
  const auto one = batch_of({plain(1, "a", "b")}).bytes();
  auto input = one;
  input.append(one);
  input.append(Slice(Bytes(100, 0xff)));
  EXPECT_FALSE(parse_batches(input.joined()));
  EXPECT_FALSE(parse_batches(input.joined(), 3));
  const auto batches = parse_batches(input.joined(), 2);
  ASSERT_TRUE(batches);
  EXPECT_EQ(batches->size(), 2u);
}

TEST(RecordBatch, compressed_records_are_not_guessed_at) {
  auto batch = batch_of({plain(1, "k", "v")});
  batch.header.set_codec(Codec::zstd);
  EXPECT_EQ(records_of(batch).error(), BatchError::bad_compression);
  batch.header.set_codec(Codec{5});
  EXPECT_EQ(records_of(batch).error(), BatchError::unknown_codec);
}

TEST(RecordBatch, a_compressed_one_of_a_real_client_is_read) {
  // Recorded from kcat 1.7.1 (librdkafka 2.0.2): three records of one value. Its snappy is raw.
  const Bytes snappy{0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x58, 0x00,
                     0x00, 0x00, 0x00, 0x02, 0x83, 0x1f, 0x3f, 0xcc, 0x00, 0x02, 0x00, 0x00, 0x00,
                     0x02, 0x00, 0x00, 0x01, 0xa2, 0x22, 0xac, 0xc3, 0x8e, 0x00, 0x00, 0x01, 0xa2,
                     0x22, 0xac, 0xc3, 0x8e, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                     0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x03, 0x78, 0x4c, 0x4e, 0x00,
                     0x00, 0x00, 0x01, 0x42, 0x74, 0x6f, 0x20, 0x62, 0x65, 0x2c, 0x20, 0x6f, 0x72,
                     0x20, 0x6e, 0x6f, 0x74, 0x20, 0x4a, 0x0e, 0x00, 0x10, 0x00, 0x4e, 0x00, 0x00,
                     0x02, 0x9a, 0x28, 0x00, 0x00, 0x04, 0x8e, 0x28, 0x00};
  const Bytes gzip{0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x65, 0x00,
                   0x00, 0x00, 0x00, 0x02, 0x88, 0x23, 0x65, 0x16, 0x00, 0x01, 0x00, 0x00, 0x00,
                   0x02, 0x00, 0x00, 0x01, 0xa2, 0x22, 0xac, 0xbf, 0x93, 0x00, 0x00, 0x01, 0xa2,
                   0x22, 0xac, 0xbf, 0x93, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                   0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x03, 0x1f, 0x8b, 0x08, 0x00,
                   0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xf3, 0x63, 0x60, 0x60, 0x60, 0x74, 0x2a,
                   0xc9, 0x57, 0x48, 0x4a, 0xd5, 0x51, 0xc8, 0x2f, 0x52, 0xc8, 0xcb, 0x2f, 0x51,
                   0xc0, 0xc2, 0x63, 0xf0, 0x63, 0x60, 0x60, 0x22, 0x52, 0x1d, 0x0b, 0x31, 0xea,
                   0x00, 0xa2, 0x23, 0x43, 0x9f, 0x78, 0x00, 0x00, 0x00};
  for (const auto& [bytes, codec] : {std::pair(snappy, Codec::snappy), {gzip, Codec::gzip}}) {
    const auto batch = parse_batch(Slice(bytes));
    ASSERT_TRUE(batch);
    EXPECT_EQ(batch->header.codec(), codec);
    EXPECT_TRUE(batch->crc_is_valid());
    const auto records = records_of(*batch);
    ASSERT_TRUE(records) << name_of(records.error());
    ASSERT_EQ(records->size(), 3u);
    for (const auto& [offset, record] : *records) {
      EXPECT_EQ(record.value, text("to be, or not to be, or not to be"));
    }
  }
}

TEST(RecordBatch, an_uncompressed_body_is_shared_and_a_bomb_refused) {
  const auto batch = batch_of({plain(1, "k", std::string(10'000, 'x'))});
  EXPECT_EQ(uncompressed_body(batch)->data(), batch.body.data());
  BatchHeader proto;
  proto.set_codec(Codec::gzip);
  const auto small = batch_of({plain(1, "k", std::string(10'000, 'x'))}, proto);
  EXPECT_LT(small.size(), 200u);
  EXPECT_EQ(uncompressed_body(small)->size(), batch.body.size());
  EXPECT_TRUE(records_of(small, batch.body.size()));
  EXPECT_EQ(records_of(small, batch.body.size() - 1).error(), BatchError::too_large);
}

// What properties compare: a leader may store the same records in another codec, and stamp them.
TEST(RecordBatch, digest_is_of_the_records_whatever_the_leader_does_to_them) {
  const std::vector<Record> records{plain(5, "k", "v"), plain(9, "k", "w"), plain(7, "l", "x")};
  const auto digest = batch_of(records).ref().digest;
  for (const Codec codec : {Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
    BatchHeader proto;
    proto.set_codec(codec);
    auto batch = batch_of(records, proto);
    EXPECT_EQ(batch.ref().digest, digest) << name_of(codec);
    batch.header.set_append_time(true);
    batch.header.max_timestamp = 1000;
    EXPECT_EQ(batch.ref().digest, digest) << name_of(codec);
    batch.body = batch.body.sub(0, batch.body.size() - 1);
    EXPECT_NE(batch.ref().digest, digest) << name_of(codec);
  }
  BatchHeader proto;
  proto.set_codec(Codec::lz4);
  EXPECT_NE(batch_of({plain(5, "k", "v")}, proto).ref().digest, digest);
}

TEST(RecordBatch, counts_and_deltas_must_agree_with_the_header) {
  auto batch = batch_of({plain(1, "k", "v"), plain(2, "k", "w")});
  batch.header.record_count = 3;
  EXPECT_EQ(records_of(batch).error(), BatchError::bad_records);
  batch.header.record_count = 2;
  batch.header.last_offset_delta = 0;
  EXPECT_EQ(records_of(batch).error(), BatchError::bad_records);
}

TEST(RecordBatch, offsets_may_have_gaps_and_never_go_back) {
  // Each: length, attributes, deltas of time and offset, null key, empty value, no headers.
  const auto body_of = [](std::uint8_t first, std::uint8_t second) {
    return Slice(Bytes{12, 0, 0, first, 1, 0, 0, 12, 0, 0, second, 1, 0, 0});
  };
  BatchHeader header{.base_offset = 10, .last_offset_delta = 3, .record_count = 2};
  const auto records = records_of({header, body_of(2, 6)});  // Zig-zag: 1 and 3.
  ASSERT_TRUE(records);
  EXPECT_EQ((*records)[0].offset, 11);
  EXPECT_EQ((*records)[1].offset, 13);
  EXPECT_EQ(records_of({header, body_of(2, 2)}).error(), BatchError::bad_records);
  EXPECT_EQ(records_of({header, body_of(4, 2)}).error(), BatchError::bad_records);
  EXPECT_EQ(records_of({header, body_of(2, 8)}).error(), BatchError::bad_records);
  EXPECT_EQ(records_of({header, body_of(1, 2)}).error(), BatchError::bad_records);
}

// A peer may say any time; who compresses its batch anew must not stumble over it.
TEST(RecordBatch, times_may_be_as_far_apart_as_they_can_be) {
  const std::int64_t times[] = {std::numeric_limits<std::int64_t>::min(), 25,
                                std::numeric_limits<std::int64_t>::max()};
  BatchBuilder builder;
  for (const auto time : times) builder.add({time, {}, Bytes{1}, {}});
  const auto records = records_of(builder.finish());
  ASSERT_EQ(records->size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ((*records)[i].record.timestamp, times[i]);
}

TEST(RecordBatch, append_time_replaces_the_producers_timestamps) {
  auto batch = batch_of({plain(1, "k", "v")});
  batch.header.set_append_time(true);
  batch.header.max_timestamp = 500;
  EXPECT_EQ(records_of(batch)->front().record.timestamp, 500);
}

TEST(RecordBatch, control_records_carry_type_and_value) {
  const auto batch = control_batch(2, text("value"), LeaderEpoch{3}, 10);
  EXPECT_TRUE(batch.header.is_control());
  EXPECT_TRUE(batch.crc_is_valid());
  const auto control = control_record_of(reparsed(batch));
  ASSERT_TRUE(control);
  EXPECT_EQ(control->type, 2);
  EXPECT_EQ(control->value, text("value"));
  EXPECT_FALSE(control_record_of(batch_of({plain(1, "k", "v")})));
}

// By Kafka's layout, as its DumpLogSegments prints it.
TEST(RecordBatch, markers_are_transactional_control_batches_of_one_record) {
  const TransactionMarker marker{0x0102, 3, true, 0x0405};
  const auto batch = marker_batch(marker, 10);
  EXPECT_EQ(batch.header.attributes, 0x30);
  EXPECT_EQ(batch.header.producer_id, 0x0102);
  EXPECT_EQ(batch.header.producer_epoch, 3);
  EXPECT_EQ(batch.header.base_sequence, -1);
  EXPECT_EQ(batch.header.last_offset_delta, 0);
  EXPECT_EQ(batch.header.max_timestamp, 10);
  EXPECT_TRUE(batch.crc_is_valid());
  const Bytes record{32,                    // Its length, zig-zag: 16 bytes.
                     0,  0, 0,              // Attributes, both deltas.
                     8,  0, 0, 0, 1,        // A key of 4: version 0, type 1.
                     12, 0, 0, 0, 0, 4, 5,  // A value of 6: version 0, the coordinator's epoch.
                     0};                    // No headers.
  EXPECT_EQ(Bytes(batch.body.view().begin(), batch.body.view().end()), record);
  EXPECT_EQ(marker_of(reparsed(batch)), marker);
}

TEST(RecordBatch, roles_tell_markers_from_data_and_from_other_control_batches) {
  const auto data = batch_of({plain(1, "k", "v")});
  auto transactional = data;
  transactional.header.set_transactional();
  EXPECT_EQ(data.role(), BatchRole::data);
  EXPECT_EQ(transactional.role(), BatchRole::transactional);
  EXPECT_EQ(marker_batch({1, 0, true, 0}, 10).role(), BatchRole::commit);
  EXPECT_EQ(marker_batch({1, 0, false, 0}, 10).role(), BatchRole::abort);
  EXPECT_EQ(control_batch(2, text("value"), LeaderEpoch{3}, 10).role(), BatchRole::control);
  // A type that is not known yet, and a value that is too short.
  auto unknown = control_batch(9, Bytes{0, 0, 0, 0, 0, 0}, LeaderEpoch{0}, 10);
  unknown.header.set_transactional();
  EXPECT_EQ(unknown.role(), BatchRole::control);
  auto torn = control_batch(1, Bytes{0, 0, 0}, LeaderEpoch{0}, 10);
  torn.header.set_transactional();
  EXPECT_EQ(torn.role(), BatchRole::control);
}

TEST(RecordBatch, digests_tell_null_from_empty_and_key_from_value) {
  const Record records[] = {{0, std::nullopt, std::nullopt, {}}, {0, Bytes{}, std::nullopt, {}},
                            {0, std::nullopt, Bytes{}, {}},      {0, Bytes{}, Bytes{}, {}},
                            {0, text("a"), text("b"), {}},       {0, text("b"), text("a"), {}}};
  for (const auto& a : records) {
    for (const auto& b : records) {
      EXPECT_EQ(record_digest(a) == record_digest(b), &a == &b);
    }
  }
}

RC_GTEST_PROP(RecordBatch, gives_back_the_records_that_went_in, ()) {
  const auto bytes = rc::gen::arbitrary<std::vector<std::uint8_t>>();
  const auto nullable = rc::gen::map(rc::gen::maybe(bytes), [](const rc::Maybe<Bytes>& maybe) {
    return maybe ? std::optional<Bytes>(*maybe) : std::nullopt;
  });
  const auto count = *rc::gen::inRange(1, 20);
  std::vector<Record> records;
  for (int i = 0; i < count; ++i) {
    Record record{*rc::gen::inRange<std::int64_t>(0, 1'000'000), *nullable, *nullable, {}};
    const auto headers = *rc::gen::inRange(0, 3);
    for (int h = 0; h < headers; ++h) {
      record.headers.push_back({*rc::gen::arbitrary<std::string>(), *nullable});
    }
    records.push_back(std::move(record));
  }
  BatchHeader proto;
  proto.base_offset = *rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000);
  proto.producer_id = *rc::gen::inRange<std::int64_t>(-1, 1000);
  proto.set_codec(Codec{*rc::gen::inRange<std::uint8_t>(0, 5)});

  const auto batch = reparsed(batch_of(records, proto));
  RC_ASSERT(batch.crc_is_valid());
  const auto back = records_of(batch);
  RC_ASSERT(back.has_value());
  RC_ASSERT(back->size() == records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    RC_ASSERT((*back)[i].record == records[i]);
    RC_ASSERT((*back)[i].offset == proto.base_offset + static_cast<Offset>(i));
  }
}

RC_GTEST_PROP(RecordBatch, damaged_records_are_an_error_or_other_records, ()) {
  const auto value = *rc::gen::arbitrary<std::string>();
  const auto batch = batch_of({plain(1, "k", value), plain(2, value, "v")});
  auto body = batch.body.view();
  Bytes damaged(body.begin(), body.end());
  const auto at = *rc::gen::inRange<std::size_t>(0, damaged.size());
  damaged[at] = *rc::gen::arbitrary<std::uint8_t>();
  const auto records = records_of({batch.header, Slice(std::move(damaged))});
  if (records) RC_ASSERT(records->size() == 2u);
}

}  // namespace
}  // namespace brokersim::wire
