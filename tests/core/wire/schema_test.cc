// The interpreter of descriptions, against bytes computed by hand from the protocol guide.
#include "core/wire/schema.h"

#include <gtest/gtest.h>

#include "core/wire/describe.h"

namespace brokersim::wire {

// Descriptions with one mistake each. Not in the unnamed namespace, where nobody compares them.
struct TwiceTagged {
  MESSAGE(TwiceTagged, .versions = {0, 1}, .flexible = 0)
  FIELD(std::int32_t, one, tagged(0)) = 0;
  FIELD(std::int32_t, two, tagged(0)) = 0;
  END_FIELDS
};
struct TaggedTooEarly {
  MESSAGE(TaggedTooEarly, .versions = {0, 1}, .flexible = 1)
  FIELD(std::int32_t, one, tagged(0)) = 0;
  END_FIELDS
};
struct NeverNull {
  MESSAGE(NeverNull, .versions = {0, 1})
  FIELD(Nullable<std::string>, one);
  END_FIELDS
};
struct NeverThere {
  MESSAGE(NeverThere, .versions = {0, 1})
  FIELD(std::int32_t, one, since(2)) = 0;
  END_FIELDS
};
struct NothingIn {
  struct Part {
    FIELDS(Part)
    FIELD(std::int32_t, index, since(1)) = 0;
    END_FIELDS
  };
  MESSAGE(NothingIn, .versions = {0, 1})
  FIELD(std::vector<Part>, parts);
  END_FIELDS
};

namespace {

struct Sample {
  struct Part {
    FIELDS(Part)
    FIELD(std::int32_t, index) = 0;
    FIELD(LeaderEpoch, epoch, since(1).may_drop()) = no_epoch;
    FIELD(std::string, note, since(2).tagged(0));
    END_FIELDS
  };
  enum class Color : std::int8_t { red = 1, blue = 2 };

  MESSAGE(Sample, .key = 99, .versions = {0, 3}, .flexible = 2)
  FIELD(Nullable<std::string>, name, null({1}));
  FIELD(Color, color) = Color::red;
  FIELD(std::vector<Part>, parts);
  FIELD(std::int16_t, limit, between(0, 1)) = 7;
  FIELD(Nullable<Records>, records, null());
  FIELD(Nullable<Part>, best, since(3).null());
  FIELD(std::int64_t, late, since(2).tagged(5)) = -1;
  FIELD(std::vector<std::int32_t>, early, since(2).tagged(1));
  END_FIELDS
};

Bytes bytes(std::initializer_list<int> values) {
  Bytes out;
  for (const int value : values) out.push_back(static_cast<std::uint8_t>(value));
  return out;
}

template <class T>
T decoded(const Bytes& input, std::int16_t version) {
  auto message = decode<T>(ByteView(input), version);
  EXPECT_TRUE(message) << (message ? "" : message.error());
  return message ? *message : T{};
}

TEST(Schema, classic_versions_have_fixed_width_lengths) {
  const Sample sample{.name = "ab", .parts = {{.index = 3, .epoch = LeaderEpoch{4}}}};
  const auto golden = bytes({
      0,    2,    'a',  'b',   // name: int16 length
      1,                       // color
      0,    0,    0,    1,     // parts: int32 count
      0,    0,    0,    3,     //   index
      0,    0,    0,    4,     //   epoch
      0,    7,                 // limit
      0xff, 0xff, 0xff, 0xff,  // records: null is -1
  });
  EXPECT_EQ(encode(sample, 1), golden);
  EXPECT_EQ(encoded_size(sample, 1), golden.size());
  EXPECT_EQ(decoded<Sample>(golden, 1), sample);
}

TEST(Schema, flexible_versions_have_compact_lengths_and_tags) {
  const Sample sample{.name = "ab",
                      .color = Sample::Color::blue,
                      .parts = {{.index = 3, .epoch = LeaderEpoch{4}, .note = "x"}},
                      .records = Records(Slice(bytes({9, 8}))),
                      .late = 6,
                      .early = {1}};
  const auto golden = bytes({
      3, 'a', 'b',                         // name: length + 1
      2,                                   // color
      2,                                   // parts: count + 1
      0, 0,   0,   3,                      //   index
      0, 0,   0,   4,                      //   epoch
      1, 0,   2,   2, 'x',                 //   one tag: 0, 2 bytes, note
      3, 9,   8,                           // records: length + 1
      2,                                   // two tags, in their order
      1, 5,   2,   0, 0,   0, 1,           //   1, 5 bytes: early
      5, 8,   0,   0, 0,   0, 0, 0, 0, 6,  //   5, 8 bytes: late
  });
  EXPECT_EQ(encode(sample, 2), golden);
  EXPECT_EQ(encoded_size(sample, 2), golden.size());
  EXPECT_EQ(decoded<Sample>(golden, 2), sample);
}

TEST(Schema, nullable_structs_are_marked_by_a_byte) {
  Sample sample{.name = "", .best = Sample::Part{.index = 1}};
  // name "", red, no parts, records null, best: present, index, epoch -1, no tags; no tags
  EXPECT_EQ(encode(sample, 3), bytes({1, 1, 1, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0, 0}));
  sample.best.reset();
  EXPECT_EQ(encode(sample, 3), bytes({1, 1, 1, 0, 0xff, 0}));
  EXPECT_EQ(decoded<Sample>(encode(sample, 3), 3), sample);
}

TEST(Schema, a_field_that_the_version_lacks_has_its_initializer) {
  // name "n", red, no parts, records null, no tags
  const auto sample = decoded<Sample>(bytes({2, 'n', 1, 1, 0, 0}), 2);
  EXPECT_EQ(sample.limit, 7);
  EXPECT_EQ(sample.late, -1);
}

TEST(Schema, a_value_may_be_dropped_only_where_the_description_says_so) {
  const Sample drops{.name = "", .parts = {{.epoch = LeaderEpoch{4}}}};
  EXPECT_EQ(decoded<Sample>(encode(drops, 0), 0).parts[0].epoch, no_epoch);
  const Sample loses{.name = "", .limit = 8};
  EXPECT_DEATH(encode(loses, 2), "limit");
}

TEST(Schema, null_is_refused_where_the_version_allows_none) {
  EXPECT_DEATH(encode(Sample{}, 0), "name");
  // name null, red, no parts, limit, records null
  const auto input = bytes({0xff, 0xff, 1, 0, 0, 0, 0, 0, 7, 0xff, 0xff, 0xff, 0xff});
  EXPECT_TRUE(decode<Sample>(ByteView(input), 1));
  EXPECT_FALSE(decode<Sample>(ByteView(input), 0));
}

TEST(Schema, unknown_tags_are_skipped) {
  const auto input = bytes({2, 'n', 1, 1, 0, 2, 3, 1, 0xaa, 200, 1, 2, 0xbb, 0xcc});
  EXPECT_EQ(decoded<Sample>(input, 2), Sample{.name = "n"});
}

TEST(Schema, tags_out_of_order_are_refused) {
  const auto input = bytes({2, 'n', 1, 1, 0, 2, 4, 1, 0xaa, 3, 1, 0xbb});
  const auto sample = decode<Sample>(ByteView(input), 2);
  ASSERT_FALSE(sample);
  EXPECT_EQ(sample.error(), "tags are not in increasing order");
}

TEST(Schema, a_tagged_field_must_fill_its_length) {
  // Tag 5 is an int64, here with nine bytes.
  const auto input = bytes({2, 'n', 1, 1, 0, 1, 5, 9, 0, 0, 0, 0, 0, 0, 0, 6, 0});
  EXPECT_FALSE(decode<Sample>(ByteView(input), 2));
}

TEST(Schema, bytes_after_the_last_field_are_ignored) {
  auto input = encode(Sample{.name = "n"}, 2);
  input.push_back(0);
  const auto message = decode<Sample>(ByteView(input), 2);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->name, "n");
}

TEST(Schema, a_version_that_is_not_described_is_the_peers_mistake_when_decoding) {
  EXPECT_FALSE(decode<Sample>(ByteView{}, 4));
  EXPECT_FALSE(decode<Sample>(ByteView{}, -1));
  EXPECT_DEATH(encode(Sample{.name = ""}, 4), "version");
}

TEST(Schema, a_count_beyond_the_input_is_refused) {
  // name "", red, 2^31 - 1 parts
  const auto input = bytes({0, 0, 1, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0});
  const auto sample = decode<Sample>(ByteView(input), 1);
  ASSERT_FALSE(sample);
  EXPECT_EQ(sample.error(), "a length exceeds the input");
}

// Parts are a few bytes on the wire and more here.
TEST(Schema, elements_take_so_much_memory_and_no_more) {
  Bytes input;
  Writer out(input);
  out.uvarint(1);  // name ""
  out.fixed<std::int8_t>(1);
  constexpr std::size_t parts = 8'000'000;
  out.uvarint(parts + 1);
  input.resize(input.size() + parts * 9);
  const auto sample = decode<Sample>(ByteView(input), 2);
  ASSERT_FALSE(sample);
  EXPECT_EQ(sample.error(), "its elements take too much memory");
}

// A version in which a Part is an index alone: four bytes each are announced by one.
TEST(Schema, what_is_announced_takes_memory_only_as_it_comes) {
  Bytes input{0, 0, 1, 0, 0x98, 0x96, 0x80};  // name "", red, 10 million parts
  input.resize(input.size() + 10'000'000);
  input[7] = 1;  // The first has an index; then come 2.5 million parts, and the end.
  Reader in{ByteView(input).first(1'000'007)};
  const auto refused = decode_from<Sample>(in, 0);
  EXPECT_EQ(in.error(), "a length exceeds the input");
  EXPECT_EQ(refused.parts.capacity(), 0u);
  Reader cut{ByteView(input)};
  EXPECT_LE(decode_from<Sample>(cut, 0).parts.capacity(), 2 * 2'500'000u);
  EXPECT_FALSE(cut.ok());
}

TEST(Schema, varints_are_of_five_bytes_at_most) {
  // name "n", red, no parts, records null; no tags, in five bytes, then in six
  EXPECT_TRUE(decode<Sample>(ByteView(bytes({2, 'n', 1, 1, 0, 0x80, 0x80, 0x80, 0x80, 0})), 2));
  EXPECT_FALSE(
      decode<Sample>(ByteView(bytes({2, 'n', 1, 1, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0})), 2));
}

TEST(Schema, any_negative_length_is_null) {
  // name, red, no parts, limit, records: -1 and lower
  const auto low = bytes({0x80, 0, 1, 0, 0, 0, 0, 0, 7, 0x80, 0, 0, 0});
  EXPECT_EQ(decoded<Sample>(low, 1), Sample{});
  // name, red, no parts, records: compact lengths beyond the positive ones
  const auto compact = bytes({0xff, 0xff, 0xff, 0xff, 0x0f, 1, 1, 0, 0});
  EXPECT_EQ(decoded<Sample>(compact, 2), Sample{});
  // A count that may not be null.
  EXPECT_FALSE(
      decode<Sample>(ByteView(bytes({0, 0, 1, 0xff, 0xff, 0xff, 0xfe, 0, 7, 0, 0, 0, 0})), 1));
}

TEST(Schema, texts_fit_up_to_what_a_classic_length_can_say) {
  Sample sample{.name = std::string(0x7fff, 'x')};
  EXPECT_TRUE(fits(sample, 1));
  EXPECT_TRUE(fits(sample, 2));
  sample.name->push_back('x');
  EXPECT_FALSE(fits(sample, 1));
  EXPECT_FALSE(fits(sample, 2));
  const Sample noted{.name = "", .parts = {{.index = 1, .note = std::string(0x8000, 'x')}}};
  EXPECT_TRUE(fits(noted, 1));  // The version has no note.
  EXPECT_FALSE(fits(noted, 2));
}

// A compact length can say more; but what came by one has to fit where a classic one stands.
TEST(Schema, a_longer_text_is_refused_whatever_its_length_is_written_in) {
  Sample sample{.name = std::string(0x7fff, 'x')};
  EXPECT_EQ(decoded<Sample>(encode(sample, 2), 2), sample);
  sample.name->push_back('x');
  const Sample noted{.name = "", .parts = {{.index = 1, .note = std::string(0x8000, 'x')}}};
  for (const auto& one : {sample, noted}) {
    const auto input = encode(one, 2);
    const auto refused = decode<Sample>(ByteView(input), 2);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), "a text is too long");
  }
}

TEST(Schema, long_arrays_decode_whole) {
  Sample sample{.name = ""};
  for (std::int32_t i = 0; i < 5000; ++i) sample.parts.push_back({.index = i});
  EXPECT_EQ(decoded<Sample>(encode(sample, 2), 2), sample);
}

TEST(Schema, records_are_spliced_in_and_sliced_out_without_copying) {
  const Slice batch(bytes({1, 2, 3, 4}));
  Rope records(batch);
  records.append(batch);
  const Sample sample{.name = "ab", .records = records, .late = 3};
  const auto rope = encode_rope(sample, 2);
  ASSERT_EQ(rope.slices().size(), 4u);
  EXPECT_EQ(rope.slices()[1].data(), batch.data());
  EXPECT_EQ(rope.slices()[2].data(), batch.data());
  EXPECT_EQ(rope.flat(), encode(sample, 2));

  const auto input = rope.joined();
  const auto back = decode<Sample>(input, 2);
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, sample);
  const auto* first = back->records->slice().data();
  EXPECT_TRUE(input.data() < first && first < input.data() + input.size());
}

TEST(Schema, json_has_camel_case_names_and_escapes) {
  const Sample sample{.name = "a\"\\\n\x01",
                      .parts = {{.index = 1, .epoch = LeaderEpoch{2}}},
                      .records = Records(Slice(bytes({0x0f, 0xa0})))};
  EXPECT_EQ(to_json(sample, 1),
            R"({"name":"a\"\\\u000a\u0001","color":1,"parts":[{"index":1,"epoch":2}],)"
            R"("limit":7,"records":"0fa0"})");
}

TEST(Schema, mistakes_in_descriptions_are_found) {
  EXPECT_EQ(check_description<Sample>(), "");
  EXPECT_EQ(check_description<TwiceTagged>(), "two shares its tag");
  EXPECT_EQ(check_description<TaggedTooEarly>(), "one is tagged in a version without tags");
  EXPECT_EQ(check_description<NeverNull>(), "one is Nullable without .null(), or the reverse");
  EXPECT_EQ(check_description<NeverThere>(), "one is in no version");
  EXPECT_EQ(check_description<NothingIn>(), "parts has elements without bytes");
}

}  // namespace
}  // namespace brokersim::wire
