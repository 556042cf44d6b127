// Metadata records: their framing by hand, and that every type survives it.
#include "core/controller/records.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/core/api/definition_check.h"
#include "tests/core/api/random_message.h"

namespace brokersim::controller {
namespace {

TEST(MetadataRecords, are_framed_with_type_and_version) {
  const auto bytes = encode_record(TopicRecord{.name = "ab", .topic_id = Uuid{1}});
  Bytes golden{1, 2,   0,        // frame version, type, version
               3, 'a', 'b', 1};  // name, and the first byte of the topic's id
  golden.insert(golden.end(), 15, 0);
  golden.push_back(0);  // no tags
  EXPECT_EQ(bytes, golden);
}

TEST(MetadataRecords, a_change_names_only_what_changes) {
  const auto bytes = encode_record(
      PartitionChangeRecord{.partition_id = 3, .isr = std::vector{NodeId{2}}, .leader = NodeId{2}});
  Bytes golden{1, 5, 2, 0, 0, 0, 3};     // frame version, type, version, partition
  golden.insert(golden.end(), 16, 0);    // topic id
  const Bytes tags{2,                    // two tags
                   0, 5, 2, 0, 0, 0, 2,  // isr: one, 2
                   1, 4, 0, 0, 0, 2};    // leader: 2
  golden.insert(golden.end(), tags.begin(), tags.end());
  EXPECT_EQ(bytes, golden);
}

TEST(MetadataRecords, that_are_unknown_are_refused) {
  EXPECT_FALSE(decode_record({}));
  EXPECT_EQ(decode_record(Bytes{0, 20, 0, 0}).error(), "metadata record in an unknown frame");
  EXPECT_EQ(decode_record(Bytes{1, 99, 0, 0}).error(), "metadata record of an unknown type");
  EXPECT_EQ(decode_record(Bytes{1, 20, 1, 0}).error(), "metadata record of an unknown version");
  EXPECT_EQ(decode_record(Bytes{1, 20, 0, 0, 0}).error(), "bytes follow a metadata record");
  EXPECT_TRUE(decode_record(Bytes{1, 20, 0, 0}));
}

TEST(MetadataRecords, print_as_json) {
  EXPECT_EQ(to_string(FeatureLevelRecord{.name = "metadata.version", .feature_level = 25}),
            R"(FeatureLevelRecord {"name":"metadata.version","featureLevel":25})");
}

// Calls `f.template operator()<Record>()` for each type of record.
template <class F, class... Record>
void for_each_record(F&& f, std::variant<Record...>*) {
  (f.template operator()<Record>(), ...);
}
template <class F>
void for_each_record(F&& f) {
  for_each_record(f, static_cast<MetadataRecord*>(nullptr));
}

RC_GTEST_PROP(MetadataRecords, decode_to_what_was_encoded, (std::uint64_t seed)) {
  api::Draws draws(seed);
  for_each_record([&]<class Record>() {
    const auto version = Record::description.versions.last;
    const MetadataRecord record = api::random_message<Record>(version, draws);
    const auto bytes = encode_record(record);
    const auto back = decode_record(bytes);
    RC_ASSERT(back.has_value());
    RC_ASSERT(*back == record);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      RC_ASSERT(!decode_record(ByteView(bytes).first(size)));
    }
  });
}

TEST(MetadataRecords, agree_with_the_published_definitions) {
  const auto folder = api::shared_folder("kafka-messages");
  if (folder.empty()) GTEST_SKIP() << "no protocol definitions next to the sources";
  for_each_record([&]<class Record>() {
    EXPECT_EQ(wire::check_description<Record>(), "");
    const auto name = std::string(name_of(MetadataRecord(Record{})));
    api::expect_defined_like<Record>(folder + "metadata/" + name + ".json");
  });
}

}  // namespace
}  // namespace brokersim::controller
