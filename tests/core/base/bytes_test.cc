// Parts of a rope are the same however they are taken from it, wherever its slices begin and end.
#include "core/base/bytes.h"

#include <gtest/gtest.h>

namespace brokersim {
namespace {

Rope rope_of(std::initializer_list<std::string_view> texts) {
  Rope rope;
  for (const auto text : texts) rope.append(Slice::copy_of(as_bytes(text)));
  return rope;
}

TEST(Rope, copies_each_part_as_it_cuts_it_out) {
  const Rope rope = rope_of({"a", "bcd", "ef", "", "ghij"});
  for (std::size_t at = 0; at <= rope.size(); ++at) {
    for (std::size_t length = 0; at + length <= rope.size(); ++length) {
      Bytes part(length);
      rope.copy_to(at, part);
      EXPECT_EQ(as_text(part), std::string_view("abcdefghij").substr(at, length));
      EXPECT_EQ(part, rope.sub(at, length).flat());
    }
  }
}

TEST(RopeDeathTest, copies_nothing_from_beyond_its_end) {
  const Rope rope = rope_of({"ab", "c"});
  Bytes two(2);
  EXPECT_DEATH(rope.copy_to(2, two), "");
}

}  // namespace
}  // namespace brokersim
