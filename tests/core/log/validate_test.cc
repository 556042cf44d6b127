// Shows which records of producers a leader refuses, and with which error.
#include "core/log/validate.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/wire/crc32c.h"
#include "tests/core/log/log_fixture.h"

namespace brokersim::log {

namespace {

using api::ErrorCode;
constexpr WallTime now{1'000'000'000};

ErrorCode judge(const wire::Batch& batch, const ProduceRules& rules = {}) {
  return validate_produced({&batch, 1}, rules, now);
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

// length 6, attributes, timestamp delta, offset delta, null key, empty value, no headers
const Bytes keyless{12, 0, 0, 0, 1, 0, 0};

}  // namespace

TEST(Validate, a_sound_batch_may_be_appended) {
  EXPECT_EQ(judge(good()), ErrorCode::none);
  EXPECT_EQ(judge(with_body(keyless)), ErrorCode::none);
}

TEST(Validate, a_partition_gets_exactly_one_batch) {
  const std::vector<wire::Batch> two{good(), good()};
  EXPECT_EQ(validate_produced(two, {}, now), ErrorCode::invalid_record);
  EXPECT_EQ(validate_produced({}, {}, now), ErrorCode::invalid_record);
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

TEST(Validate, a_compacted_topic_needs_keys) {
  EXPECT_EQ(judge(with_body(keyless), {.is_compacted = true}), ErrorCode::invalid_record);
  EXPECT_EQ(judge(good(), {.is_compacted = true}), ErrorCode::none);
}

TEST(Validate, malformed_records_are_refused) {
  for (const Bytes& body :
       {Bytes{}, Bytes{12}, Bytes{10, 0, 0, 0, 1, 0, 0}, Bytes{14, 0, 0, 0, 1, 0, 0, 0},
        Bytes{12, 0, 0, 2, 1, 0, 0}, Bytes{12, 0, 0, 0, 3, 0, 0}, Bytes{12, 0, 0, 0, 1, 0, 2},
        Bytes{12, 0, 0, 0, 1, 0, 0, 0}, Bytes{12, 0, 0, 0, 1, 0, 1}, Bytes{1}}) {
    EXPECT_EQ(judge(with_body(body)), ErrorCode::invalid_record);
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

TEST(Validate, codecs_have_to_be_known_and_allowed) {
  wire::Batch batch = good();
  batch.header.attributes = 4;
  EXPECT_EQ(judge(sealed(batch)), ErrorCode::none);
  EXPECT_EQ(judge(sealed(batch), {.may_use_zstd = false}), ErrorCode::unsupported_compression_type);
  batch.header.attributes = 5;
  EXPECT_EQ(judge(sealed(batch)), ErrorCode::unsupported_compression_type);
}

RC_GTEST_PROP(Validate, any_body_is_judged_without_harm, (const Bytes& body, std::int32_t count)) {
  wire::Batch batch = with_body(body);
  batch.header.record_count = count;
  batch.header.last_offset_delta = count > 0 ? count - 1 : 0;
  batch = sealed(batch);
  // What is accepted can be read.
  if (judge(batch) == ErrorCode::none) RC_ASSERT(wire::records_of(batch).has_value());
}

}  // namespace brokersim::log
