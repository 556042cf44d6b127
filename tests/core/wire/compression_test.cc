// Codecs: bytes that gzip, lz4 and zstd wrote on a command line and snappy's by hand from its
// format; random blocks there and back; and input that lies, is cut off, or unfolds into too much.
#include "core/wire/compression.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace brokersim::wire {
namespace {

constexpr std::size_t size_limit = 1 << 20;
constexpr Codec all_codecs[] = {Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd};
constexpr std::string_view quote = "to be, or not to be, or not to be";

// gzip -n9
const Bytes gzip_file{0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x2b, 0xc9, 0x57,
                      0x48, 0x4a, 0xd5, 0x51, 0xc8, 0x2f, 0x52, 0xc8, 0xcb, 0x2f, 0x51, 0x28, 0xc1,
                      0xe4, 0x01, 0x00, 0x2f, 0x6f, 0xa5, 0xd0, 0x21, 0x00, 0x00, 0x00};
// lz4 -c; byte 6 is the header's checksum.
const Bytes lz4_file{0x04, 0x22, 0x4d, 0x18, 0x64, 0x40, 0xa7, 0x17, 0x00, 0x00, 0x00,
                     0xea, 0x74, 0x6f, 0x20, 0x62, 0x65, 0x2c, 0x20, 0x6f, 0x72, 0x20,
                     0x6e, 0x6f, 0x74, 0x20, 0x0e, 0x00, 0x50, 0x74, 0x6f, 0x20, 0x62,
                     0x65, 0x00, 0x00, 0x00, 0x00, 0x86, 0x9f, 0xb2, 0xd1};
// zstd -c
const Bytes zstd_file{0x28, 0xb5, 0x2f, 0xfd, 0x24, 0x21, 0xa5, 0x00, 0x00, 0x70, 0x74,
                      0x6f, 0x20, 0x62, 0x65, 0x2c, 0x20, 0x6f, 0x72, 0x20, 0x6e, 0x6f,
                      0x74, 0x20, 0x01, 0x00, 0x91, 0x4c, 0x25, 0x6d, 0x71, 0xa8, 0x2a};
// The size, a literal of 14 bytes, a copy of 19 from 14 back.
const Bytes raw_snappy{33,  13 << 2, 't', 'o', ' ', 'b', 'e',         ',', ' ', 'o',
                       'r', ' ',     'n', 'o', 't', ' ', 18 << 2 | 2, 14,  0};

Bytes concatenated(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

// Version 1, readable by 1.
const Bytes xerial_head{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1};
Bytes xerial_of(std::initializer_list<Bytes> chunks) {
  Bytes all = xerial_head;
  for (const auto& chunk : chunks) {
    all = concatenated({all, {0, 0, 0, static_cast<std::uint8_t>(chunk.size())}, chunk});
  }
  return all;
}

const Bytes& file_of(Codec codec) {
  switch (codec) {
    case Codec::gzip: return gzip_file;
    case Codec::lz4: return lz4_file;
    case Codec::zstd: return zstd_file;
    default: return raw_snappy;
  }
}

std::string unfolded(Codec codec, const Bytes& input, std::size_t max_size = size_limit) {
  const auto output = decompress(codec, input, max_size);
  return output ? std::string(as_text(*output)) : std::string(name_of(output.error()));
}

TEST(Compression, reads_what_the_formats_own_tools_write) {
  for (const Codec codec : all_codecs) EXPECT_EQ(unfolded(codec, file_of(codec)), quote);
  EXPECT_EQ(unfolded(Codec::none, bytes_of(quote)), quote);
}

TEST(Compression, reads_snappy_with_and_without_xerials_chunks) {
  EXPECT_EQ(unfolded(Codec::snappy, xerial_of({raw_snappy})), quote);
  const Bytes to_be{5, 4 << 2, 't', 'o', ' ', 'b', 'e'};
  EXPECT_EQ(unfolded(Codec::snappy, xerial_of({to_be, to_be})), "to beto be");
  EXPECT_EQ(unfolded(Codec::snappy, xerial_head), "");
  EXPECT_EQ(unfolded(Codec::snappy, {0}), "");
}

TEST(Compression, writes_snappy_in_xerials_chunks) {
  const Bytes twice(64 * 1024, 'x');
  const Bytes written = compress(Codec::snappy, twice);
  ASSERT_GT(written.size(), xerial_head.size());
  EXPECT_TRUE(std::equal(xerial_head.begin(), xerial_head.end(), written.begin()));
  const auto chunk_at = [&](std::size_t at) {
    return static_cast<std::size_t>(written[at + 2] << 8 | written[at + 3]);
  };
  const std::size_t second = xerial_head.size() + 4 + chunk_at(xerial_head.size());
  EXPECT_EQ(second + 4 + chunk_at(second), written.size());
}

TEST(Compression, writes_frames_whose_first_bytes_are_the_formats) {
  const auto begins_with = [](Codec codec, const Bytes& head) {
    const Bytes written = compress(codec, as_bytes(quote));
    return std::equal(head.begin(), head.end(), written.begin());
  };
  EXPECT_TRUE(begins_with(Codec::gzip, {0x1f, 0x8b, 8}));
  // Version 1, independent blocks of 64 KiB; the checksum is of these two bytes, without the magic.
  EXPECT_TRUE(begins_with(Codec::lz4, {0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82}));
  EXPECT_TRUE(begins_with(Codec::zstd, {0x28, 0xb5, 0x2f, 0xfd}));
}

TEST(Compression, a_wrong_header_checksum_of_lz4_is_malformed) {
  Bytes file = lz4_file;
  file[6] ^= 1;
  EXPECT_EQ(unfolded(Codec::lz4, file), "malformed");
}

TEST(Compression, frames_and_members_may_follow_each_other) {
  for (const Codec codec : {Codec::gzip, Codec::lz4, Codec::zstd}) {
    const Bytes twice = concatenated({file_of(codec), file_of(codec)});
    EXPECT_EQ(unfolded(codec, twice), std::string(quote) + std::string(quote));
  }
}

TEST(Compression, what_follows_the_end_and_is_no_frame_is_malformed) {
  for (const Codec codec : all_codecs) {
    EXPECT_EQ(unfolded(codec, concatenated({file_of(codec), {0xff, 0xff, 0xff}})), "malformed")
        << name_of(codec);
  }
}

TEST(Compression, input_cut_off_anywhere_is_malformed) {
  for (const Codec codec : all_codecs) {
    const Bytes& whole = file_of(codec);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_EQ(unfolded(codec, part), "malformed") << name_of(codec) << " " << size;
    }
  }
  // Between two chunks of xerial's nothing says that there was to be more.
  const Bytes whole = xerial_of({raw_snappy, raw_snappy});
  const std::size_t first = xerial_head.size() + 4 + raw_snappy.size();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const bool is_whole_chunks = size == xerial_head.size() || size == first;
    EXPECT_EQ(decompress(Codec::snappy, part, size_limit).has_value(), is_whole_chunks) << size;
  }
}

TEST(Compression, the_limit_is_kept_to_the_byte) {
  const std::size_t size = quote.size();
  for (const Codec codec : all_codecs) {
    EXPECT_EQ(unfolded(codec, file_of(codec), size), quote) << name_of(codec);
    EXPECT_EQ(unfolded(codec, file_of(codec), size - 1), "too_large") << name_of(codec);
    EXPECT_EQ(unfolded(codec, file_of(codec), 0), "too_large") << name_of(codec);
  }
  EXPECT_EQ(unfolded(Codec::snappy, xerial_of({raw_snappy, raw_snappy}), 2 * size - 1),
            "too_large");
  EXPECT_EQ(unfolded(Codec::none, bytes_of(quote), size - 1), "too_large");
}

TEST(Compression, a_bomb_ends_at_the_limit) {
  const Bytes zeros(50 << 20);
  for (const Codec codec : all_codecs) {
    const Bytes bomb = compress(codec, zeros);
    EXPECT_LT(bomb.size(), zeros.size() / 20) << name_of(codec);
    EXPECT_EQ(unfolded(codec, bomb), "too_large") << name_of(codec);
  }
}

TEST(Compression, a_claim_of_size_that_is_not_kept_costs_no_memory) {
  // 2 GiB - 1, then nothing, or one byte.
  const Bytes claim{0xff, 0xff, 0xff, 0xff, 0x07};
  constexpr std::size_t most = 0x7fffffff;
  EXPECT_EQ(unfolded(Codec::snappy, claim, most), "malformed");
  EXPECT_EQ(unfolded(Codec::snappy, concatenated({claim, {0, 'x'}}), most), "malformed");
  EXPECT_EQ(unfolded(Codec::snappy, xerial_of({claim}), most), "malformed");
}

TEST(Compression, a_chunk_of_negative_size_is_malformed) {
  EXPECT_EQ(unfolded(Codec::snappy, concatenated({xerial_head, {0xff, 0xff, 0xff, 0xff}})),
            "malformed");
}

TEST(Compression, codecs_have_kafkas_names) {
  for (const auto* name : {"none", "gzip", "snappy", "lz4", "zstd"}) {
    ASSERT_TRUE(codec_named(name)) << name;
    EXPECT_EQ(name_of(*codec_named(name)), name);
  }
  EXPECT_FALSE(codec_named("producer"));
  EXPECT_EQ(unfolded(static_cast<Codec>(5), raw_snappy), "unknown_codec");
}

TEST(Compression, every_level_of_kafkas_can_be_read_back) {
  Bytes input;
  for (int i = 0; i < 20'000; ++i) input.push_back(static_cast<std::uint8_t>(i * i >> 7));
  for (const Codec codec : all_codecs) {
    for (const std::int32_t level : {-131072, -1, 0, 1, 2, 3, 6, 9, 10, 12, 17, 22, 1000}) {
      const auto back = decompress(codec, compress(codec, input, level), input.size());
      ASSERT_TRUE(back) << name_of(codec) << " " << level;
      EXPECT_EQ(*back, input) << name_of(codec) << " " << level;
    }
  }
  // A level is heard.
  EXPECT_LT(compress(Codec::gzip, input, 9).size(), compress(Codec::gzip, input, 1).size());
  EXPECT_LT(compress(Codec::zstd, input, 19).size(), compress(Codec::zstd, input, -1000).size());
  EXPECT_LT(compress(Codec::lz4, input, 12).size(), compress(Codec::lz4, input, 9).size());
  EXPECT_EQ(compress(Codec::lz4, input), compress(Codec::lz4, input, 9));
}

// Repetitive, so that there is something to find, and longer than any first buffer at times.
rc::Gen<Bytes> blocks() {
  return rc::gen::map(
      rc::gen::pair(rc::gen::arbitrary<Bytes>(), rc::gen::inRange<std::size_t>(1, 4000)),
      [](const std::pair<Bytes, std::size_t>& part) {
        Bytes all;
        for (std::size_t i = 0; i < part.second; ++i) {
          all.insert(all.end(), part.first.begin(), part.first.end());
        }
        return all;
      });
}

RC_GTEST_PROP(Compression, gives_back_what_went_in, ()) {
  const auto input = *blocks();
  for (const Codec codec : all_codecs) {
    const auto back = decompress(codec, compress(codec, input), input.size());
    RC_ASSERT(back.has_value());
    RC_ASSERT(*back == input);
  }
}

RC_GTEST_PROP(Compression, any_input_ends_within_the_limit, ()) {
  const auto codec =
      *rc::gen::elementOf(std::vector<Codec>(std::begin(all_codecs), std::end(all_codecs)));
  Bytes input = compress(codec, *rc::gen::arbitrary<Bytes>());
  const auto changes = *rc::gen::inRange(1, 5);
  for (int i = 0; i < changes; ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, input.size());
    input[at] = *rc::gen::arbitrary<std::uint8_t>();
  }
  const auto output = decompress(codec, input, 1000);
  if (output) RC_ASSERT(output->size() <= 1000u);
}

}  // namespace
}  // namespace brokersim::wire
