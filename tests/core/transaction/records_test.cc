// The records of __transaction_state, byte by byte.
#include "core/transaction/records.h"

#include "tests/core/api/definition_check.h"

namespace brokersim::transaction {
namespace {

Bytes hex(const std::string& text) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(text.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

Standing some_standing() {
  return {.state = State::prepare_commit,
          .producer_id = 7,
          .next_producer_id = 9,
          .epoch = 3,
          .timeout_ms = 60'000,
          .partitions = {{"t", 0}, {"t", 2}, {"u", 1}},
          .started_at = 256,
          .updated_at = 257,
          .transaction_version = 2};
}

TEST(TransactionRecords, agree_with_their_definitions) {
  const auto root = api::shared_folder("kafka-messages");
  if (root.empty()) GTEST_SKIP() << "no protocol definitions next to the sources";
  const auto folder = root + "transaction-coordinator/";
  api::expect_defined_like<TransactionLogKey>(folder + "TransactionLogKey.json");
  api::expect_defined_like<TransactionLogValue>(folder + "TransactionLogValue.json");
}

TEST(TransactionRecords, are_written_as_kafka_does) {
  const auto old = encode_entry({"a", some_standing()}, 0, 257);
  EXPECT_EQ(old.key, hex("0000"
                         "000161"));
  EXPECT_EQ(old.value, hex("0000"
                           "0000000000000007"
                           "0003"
                           "0000ea60"
                           "02"
                           "00000002"
                           "000174"
                           "00000002"
                           "00000000"
                           "00000002"
                           "000175"
                           "00000001"
                           "00000001"
                           "0000000000000101"
                           "0000000000000100"));
  const auto flexible = encode_entry({"a", some_standing()}, 1, 257);
  EXPECT_EQ(flexible.value, hex("0001"
                                "0000000000000007"
                                "0003"
                                "0000ea60"
                                "02"
                                "03"
                                "0274"
                                "03"
                                "00000000"
                                "00000002"
                                "00"
                                "0275"
                                "02"
                                "00000001"
                                "00"
                                "0000000000000101"
                                "0000000000000100"
                                "02"
                                "01"
                                "08"
                                "0000000000000009"
                                "02"
                                "02"
                                "0002"));
  EXPECT_EQ(encode_entry({"a", std::nullopt}, 1, 257).value, std::nullopt);
}

TEST(TransactionRecords, what_is_empty_has_no_partitions_rather_than_none) {
  const auto record = encode_entry({"a", Standing{.producer_id = 7, .epoch = 0}}, 0, 1);
  EXPECT_EQ(record.value, hex("0000"
                              "0000000000000007"
                              "0000"
                              "00000000"
                              "00"
                              "ffffffff"
                              "ffffffffffffffff"
                              "ffffffffffffffff"));
}

TEST(TransactionRecords, are_read_as_they_were_written) {
  const auto read = decode_entry(encode_entry({"a", some_standing()}, 2, 257));
  ASSERT_TRUE(read);
  EXPECT_EQ(std::get<TransactionEntry>(*read).standing, some_standing());
}

TEST(TransactionRecords, of_kinds_or_states_that_nobody_knows_are_told_apart) {
  const auto unknown = decode_entry({.key = Bytes{0, 9, 0, 1, 'a'}});
  ASSERT_TRUE(unknown);
  EXPECT_EQ(std::get<UnknownEntry>(*unknown).kind, 9);
  auto damaged = encode_entry({"a", some_standing()}, 0, 257);
  (*damaged.value)[16] = 7;
  EXPECT_FALSE(decode_entry(damaged));
  EXPECT_FALSE(decode_entry({}));
}

}  // namespace
}  // namespace brokersim::transaction
