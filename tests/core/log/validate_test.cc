// Shows which records of producers a leader refuses, with which error, and what it makes of others.
#include "core/log/validate.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/wire/crc32c.h"
#include "tests/core/log/log_fixture.h"

namespace brokersim::log {

namespace {

using api::ErrorCode;
constexpr WallTime now{1'000'000'000};

Expected<wire::Batch, Refusal> validate(const wire::Batch& batch, const ProduceRules& rules = {}) {
  return validate_produced({&batch, 1}, rules, now);
}

ErrorCode judge(const wire::Batch& batch, const ProduceRules& rules = {}) {
  const auto validated = validate(batch, rules);
  return validated ? ErrorCode::none : validated.error().error;
}

wire::Batch good() { return batch_of(2, "v", now.ms); }

// The same batch with the CRC a producer would have given it.
wire::Batch sealed(wire::Batch batch) {
  const Bytes bytes = batch.bytes().flat();
  batch.header.crc = wire::crc32c(ByteView(bytes).subspan(21));
  return batch;
}

// One record without key, its bytes by hand.
wire::Batch with_body(Bytes body) {
  wire::Batch batch = batch_of(1, "v", now.ms);
  batch.body = Slice(std::move(body));
  return sealed(batch);
}

// The same records in another codec.
wire::Batch in_codec(wire::Batch batch, wire::Codec codec) {
  batch.header.set_codec(codec);
  batch.body = Slice(wire::compress(codec, batch.body.view()));
  return sealed(batch);
}

const std::vector<wire::Codec> all_codecs{wire::Codec::gzip, wire::Codec::snappy, wire::Codec::lz4,
                                          wire::Codec::zstd};

// Four records, of which the middle two have no key.
wire::Batch partly_keyless() {
  wire::BatchBuilder builder;
  for (const bool has_key : {true, false, false, true}) {
    wire::Record record{.timestamp = now.ms};
    if (has_key) record.key = Bytes{'k'};
    builder.add(record);
  }
  return builder.finish();
}

// length 6, attributes, timestamp delta, offset delta, null key, empty value, no headers
const Bytes keyless{12, 0, 0, 0, 1, 0, 0};

}  // namespace

TEST(Validate, a_sound_batch_may_be_appended) {
  EXPECT_EQ(judge(good()), ErrorCode::none);
  EXPECT_EQ(judge(with_body(keyless)), ErrorCode::none);
  for (const auto codec : all_codecs) EXPECT_EQ(judge(in_codec(good(), codec)), ErrorCode::none);
}

TEST(Validate, what_is_sound_is_kept_byte_for_byte) {
  for (const auto& batch : {good(), in_codec(good(), wire::Codec::snappy)}) {
    const auto validated = validate(batch);
    ASSERT_TRUE(validated);
    EXPECT_EQ(validated->bytes().flat(), batch.bytes().flat());
    EXPECT_EQ(validated->body.data(), batch.body.data());
  }
}

TEST(Validate, a_partition_gets_exactly_one_batch) {
  const std::vector<wire::Batch> two{good(), good()};
  EXPECT_EQ(validate_produced(two, {}, now).error().error, ErrorCode::invalid_record);
  EXPECT_EQ(validate_produced({}, {}, now).error().error, ErrorCode::invalid_record);
}

TEST(Validate, a_wrong_crc_is_corrupt) {
  wire::Batch batch = good();
  batch.header.crc ^= 1;
  EXPECT_EQ(judge(batch), ErrorCode::corrupt_message);
}

TEST(Validate, size_limits_have_their_own_errors) {
  const std::size_t size = good().size();
  EXPECT_EQ(judge(good(), {.max_message_bytes = size}), ErrorCode::none);
  EXPECT_EQ(judge(good(), {.max_message_bytes = size - 1}), ErrorCode::message_too_large);
  EXPECT_EQ(judge(good(), {.segment_bytes = size - 1}), ErrorCode::record_list_too_large);
}

TEST(Validate, counts_must_agree) {
  wire::Batch batch = good();
  batch.header.last_offset_delta = 2;
  EXPECT_EQ(judge(sealed(batch)), ErrorCode::invalid_record);
  batch.header.record_count = 3;
  EXPECT_EQ(judge(sealed(batch)), ErrorCode::invalid_record);
  batch.header.last_offset_delta = 0;
  batch.header.record_count = 1;
  EXPECT_EQ(judge(sealed(batch)), ErrorCode::invalid_record);
  batch.header.last_offset_delta = -1;
  batch.header.record_count = 0;
  EXPECT_EQ(judge(sealed(batch)), ErrorCode::invalid_record);
}

TEST(Validate, control_batches_are_not_the_producers_to_write) {
  wire::Batch batch = good();
  batch.header.attributes = 0x20;
  EXPECT_EQ(judge(sealed(batch)), ErrorCode::invalid_record);
}

TEST(Validate, an_idempotent_batch_has_a_sequence) {
  wire::Batch batch = good();
  batch.header.producer_id = 7;
  batch.header.producer_epoch = 0;
  EXPECT_EQ(judge(sealed(batch)), ErrorCode::invalid_record);
  batch.header.base_sequence = 0;
  EXPECT_EQ(judge(sealed(batch)), ErrorCode::none);
}

TEST(Validate, offsets_begin_at_zero) {
  wire::Batch batch = good();
  batch.header.base_offset = 1;
  EXPECT_EQ(judge(batch), ErrorCode::invalid_record);
}

TEST(Validate, a_compacted_topic_needs_keys_and_says_which_lack) {
  EXPECT_EQ(judge(good(), {.is_compacted = true}), ErrorCode::none);
  EXPECT_EQ(judge(partly_keyless()), ErrorCode::none);
  std::vector<wire::Batch> batches{partly_keyless()};
  for (const auto codec : all_codecs) batches.push_back(in_codec(partly_keyless(), codec));
  for (const auto& batch : batches) {
    const auto validated = validate(batch, {.is_compacted = true});
    ASSERT_FALSE(validated);
    EXPECT_EQ(validated.error().error, ErrorCode::invalid_record);
    ASSERT_EQ(validated.error().records.size(), 2u);
    EXPECT_EQ(validated.error().records[0].index, 1);
    EXPECT_EQ(validated.error().records[1].index, 2);
  }
}

TEST(Validate, of_very_many_bad_records_the_first_are_named) {
  wire::BatchBuilder builder;
  for (int i = 0; i < 1000; ++i) builder.add({.timestamp = now.ms});
  const auto validated = validate(builder.finish(), {.is_compacted = true});
  ASSERT_FALSE(validated);
  EXPECT_EQ(validated.error().records.size(), 100u);
}

TEST(Validate, a_bad_timestamp_outweighs_a_missing_key) {
  wire::BatchBuilder builder;
  builder.add({.timestamp = now.ms});
  builder.add({.timestamp = now.ms + 501, .key = Bytes{}});
  builder.add({.timestamp = now.ms});
  const auto validated = validate(builder.finish(), {.is_compacted = true, .after_max_ms = 500});
  ASSERT_FALSE(validated);
  EXPECT_EQ(validated.error().error, ErrorCode::invalid_timestamp);
  EXPECT_EQ(validated.error().records.size(), 3u);
}

TEST(Validate, malformed_records_are_refused) {
  for (const Bytes& body :
       {Bytes{}, Bytes{12}, Bytes{10, 0, 0, 0, 1, 0, 0}, Bytes{14, 0, 0, 0, 1, 0, 0, 0},
        Bytes{12, 0, 0, 2, 1, 0, 0}, Bytes{12, 0, 0, 0, 3, 0, 0}, Bytes{12, 0, 0, 0, 1, 0, 2},
        Bytes{12, 0, 0, 0, 1, 0, 0, 0}, Bytes{12, 0, 0, 0, 1, 0, 1}, Bytes{1}}) {
    EXPECT_EQ(judge(with_body(body)), ErrorCode::invalid_record);
    for (const auto codec : all_codecs) {
      EXPECT_EQ(judge(in_codec(with_body(body), codec)), ErrorCode::invalid_record);
    }
  }
}

TEST(Validate, a_header_that_lies_about_compressed_records_is_refused) {
  for (const auto codec : all_codecs) {
    const wire::Batch sound = in_codec(good(), codec);
    wire::Batch batch = sound;
    batch.header.record_count = 3;
    batch.header.last_offset_delta = 2;
    EXPECT_EQ(judge(sealed(batch)), ErrorCode::invalid_record);
    batch.header.record_count = 1;
    batch.header.last_offset_delta = 0;
    EXPECT_EQ(judge(sealed(batch)), ErrorCode::invalid_record);
    batch = sound;
    batch.body = sound.body.sub(0, sound.body.size() - 1);
    EXPECT_EQ(judge(sealed(batch)), ErrorCode::invalid_record);
    batch.body = good().body;
    EXPECT_EQ(judge(sealed(batch)), ErrorCode::invalid_record);
  }
}

TEST(Validate, a_batch_that_unfolds_into_too_much_is_too_large) {
  const wire::Batch batch = batch_of(1, std::string(100'000, 'x'), now.ms);
  const std::size_t size = batch.body.size();
  for (const auto codec : all_codecs) {
    const wire::Batch bomb = in_codec(batch, codec);
    EXPECT_EQ(judge(bomb, {.max_uncompressed_bytes = size}), ErrorCode::none);
    EXPECT_EQ(judge(bomb, {.max_uncompressed_bytes = size - 1}), ErrorCode::message_too_large);
  }
}

TEST(Validate, timestamps_far_from_now_are_refused) {
  const ProduceRules rules{.before_max_ms = 1000, .after_max_ms = 500};
  EXPECT_EQ(judge(batch_of(1, "v", now.ms + 500), rules), ErrorCode::none);
  EXPECT_EQ(judge(batch_of(1, "v", now.ms + 501), rules), ErrorCode::invalid_timestamp);
  EXPECT_EQ(judge(batch_of(1, "v", now.ms - 1000), rules), ErrorCode::none);
  EXPECT_EQ(judge(batch_of(1, "v", now.ms - 1001), rules), ErrorCode::invalid_timestamp);
  EXPECT_EQ(judge(batch_of(1, "v", -1), rules), ErrorCode::none);
  EXPECT_EQ(judge(batch_of(1, "v", std::numeric_limits<std::int64_t>::max()), rules),
            ErrorCode::invalid_timestamp);
}

TEST(Validate, timestamps_inside_compressed_batches_count) {
  const ProduceRules rules{.after_max_ms = 500};
  for (const auto codec : all_codecs) {
    const wire::Batch batch = in_codec(batch_of(3, "v", now.ms + 499), codec);  // The last: + 501.
    const auto validated = validate(batch, rules);
    ASSERT_FALSE(validated);
    EXPECT_EQ(validated.error().error, ErrorCode::invalid_timestamp);
    ASSERT_EQ(validated.error().records.size(), 1u);
    EXPECT_EQ(validated.error().records[0].index, 2);
  }
}

TEST(Validate, the_largest_timestamp_is_that_of_the_records) {
  wire::Batch batch = good();
  batch.header.max_timestamp = now.ms + 1000;
  const auto validated = validate(sealed(batch));
  ASSERT_TRUE(validated);
  EXPECT_EQ(validated->bytes().flat(), good().bytes().flat());
}

TEST(Validate, the_leaders_time_is_the_records_where_the_topic_says_so) {
  const ProduceRules rules{.sets_append_time = true, .after_max_ms = 500};
  for (const auto& batch :
       {batch_of(2, "v", now.ms + 10'000), in_codec(good(), wire::Codec::lz4)}) {
    const auto validated = validate(batch, rules);
    ASSERT_TRUE(validated);
    EXPECT_EQ(validated->header.max_timestamp, now.ms);
    EXPECT_TRUE(validated->crc_is_valid());
    EXPECT_TRUE(validated->header.has_append_time());
    EXPECT_EQ(validated->header.codec(), batch.header.codec());
    EXPECT_EQ(validated->ref().digest, batch.ref().digest);
    const auto records = wire::records_of(*validated);
    ASSERT_TRUE(records);
    for (const auto& [offset, record] : *records) EXPECT_EQ(record.timestamp, now.ms);
  }
}

TEST(Validate, no_producer_sets_the_time_of_appending) {
  wire::Batch batch = good();
  batch.header.set_append_time(true);
  for (const bool sets_append_time : {false, true}) {
    const auto validated = validate(sealed(batch), {.sets_append_time = sets_append_time});
    ASSERT_FALSE(validated);
    EXPECT_EQ(validated.error().error, ErrorCode::invalid_timestamp);
    EXPECT_EQ(validated.error().records.size(), 2u);
  }
}

TEST(Validate, the_topics_codec_replaces_the_producers) {
  auto sources = all_codecs;
  sources.push_back(wire::Codec::none);
  const wire::Batch plain = batch_of(50, "value", now.ms);
  for (const auto from : sources) {
    const wire::Batch batch = from == wire::Codec::none ? plain : in_codec(plain, from);
    for (const auto to : sources) {
      const auto validated = validate(batch, {.codec = to});
      ASSERT_TRUE(validated);
      const auto& stored = *validated;
      EXPECT_EQ(stored.header.codec(), to);
      EXPECT_TRUE(stored.crc_is_valid());
      EXPECT_EQ(wire::uncompressed_body(stored)->view().size(), plain.body.size());
      EXPECT_EQ(stored.ref().digest, plain.ref().digest);
      EXPECT_EQ(stored.body.data() == batch.body.data(), to == from);
    }
  }
}

TEST(Validate, a_level_is_that_of_the_topics_codec) {
  const wire::Batch batch = batch_of(1000, "value", now.ms);
  const auto size_at = [&](std::int32_t level) {
    return validate(batch, {.codec = wire::Codec::gzip, .level = level})->size();
  };
  EXPECT_LT(size_at(9), size_at(1));
}

TEST(Validate, what_a_topic_decompresses_has_to_fit_then) {
  const wire::Batch plain = batch_of(1, std::string(10'000, 'x'), now.ms);
  const wire::Batch batch = in_codec(plain, wire::Codec::zstd);
  ProduceRules rules{.max_message_bytes = 1000, .codec = wire::Codec::none};
  EXPECT_EQ(judge(batch, {.max_message_bytes = 1000}), ErrorCode::none);
  EXPECT_EQ(judge(batch, rules), ErrorCode::message_too_large);
  rules.max_message_bytes = plain.size();
  EXPECT_EQ(judge(batch, rules), ErrorCode::none);
  rules.segment_bytes = plain.size() - 1;
  EXPECT_EQ(judge(batch, rules), ErrorCode::record_list_too_large);
}

TEST(Validate, codecs_have_to_be_known_and_allowed) {
  const wire::Batch zstd = in_codec(good(), wire::Codec::zstd);
  EXPECT_EQ(judge(zstd), ErrorCode::none);
  EXPECT_EQ(judge(zstd, {.may_use_zstd = false}), ErrorCode::unsupported_compression_type);
  EXPECT_EQ(judge(in_codec(good(), wire::Codec::lz4), {.may_use_zstd = false}), ErrorCode::none);
  for (std::uint8_t codec = 5; codec <= 7; ++codec) {
    wire::Batch batch = good();
    batch.header.set_codec(wire::Codec{codec});
    EXPECT_EQ(judge(sealed(batch)), ErrorCode::unsupported_compression_type);
  }
}

TEST(Validate, bytes_that_are_no_batches_have_their_errors) {
  EXPECT_EQ(error_code_of(wire::BatchError::old_magic), ErrorCode::invalid_record);
  EXPECT_EQ(error_code_of(wire::BatchError::bad_magic), ErrorCode::corrupt_message);
  EXPECT_EQ(error_code_of(wire::BatchError::bad_length), ErrorCode::corrupt_message);
}

RC_GTEST_PROP(Validate, any_body_is_judged_without_harm, (const Bytes& body, std::int32_t count)) {
  wire::Batch batch = with_body(body);
  batch.header.record_count = count;
  batch.header.last_offset_delta = count > 0 ? count - 1 : 0;
  batch.header.set_codec(wire::Codec{*rc::gen::inRange<std::uint8_t>(0, 6)});
  batch = sealed(batch);
  // What is accepted can be read.
  if (judge(batch) == ErrorCode::none) RC_ASSERT(wire::records_of(batch).has_value());
}

}  // namespace brokersim::log
