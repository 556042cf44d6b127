// CRC-32C against its published check value and the vectors of RFC 3720, appendix B.4.
#include "core/wire/crc32c.h"

#include <gtest/gtest.h>

namespace brokersim::wire {
namespace {

TEST(Crc32c, of_known_inputs) {
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xE3069283u);
  EXPECT_EQ(crc32c(Bytes(32, 0x00)), 0x8A9136AAu);
  EXPECT_EQ(crc32c(Bytes(32, 0xff)), 0x62A8AB43u);
  EXPECT_EQ(crc32c({}), 0u);
}

TEST(Crc32c, continues_over_parts) {
  EXPECT_EQ(crc32c(as_bytes("6789"), crc32c(as_bytes("12345"))), 0xE3069283u);
}

}  // namespace
}  // namespace brokersim::wire
