// Addresses in the kernel's form and back. Nothing here asks another machine.
#include "sim/live/endpoint.h"

#include <gtest/gtest.h>

namespace brokersim::live {
namespace {

TEST(Endpoint, of_an_address_in_digits_is_that_address) {
  for (const Address& address : {Address{"127.0.0.1", 9092}, Address{"192.0.2.1", 0},
                                 Address{"::1", 65535}, Address{"2001:db8::7", 1}}) {
    const auto endpoint = numeric(address);
    ASSERT_TRUE(endpoint) << address.host;
    EXPECT_EQ(address_of(*endpoint), address);
    ASSERT_EQ(look_up(address).size(), 1u);
    EXPECT_EQ(address_of(look_up(address).front()), address);
  }
}

TEST(Endpoint, of_a_name_is_not_known_without_looking_it_up) {
  for (const auto* name : {"localhost", "broker-1", "", "1.2.3.4.5", "127.0.0.1:9092"}) {
    EXPECT_FALSE(numeric({name, 9092})) << name;
  }
}

TEST(Endpoint, that_stands_for_all_addresses_is_told_from_one) {
  for (const auto* host : {"0.0.0.0", "::", "0:0::0", "0"}) EXPECT_TRUE(is_wildcard(host)) << host;
  for (const auto* host : {"127.0.0.1", "::1", "localhost", ""}) {
    EXPECT_FALSE(is_wildcard(host)) << host;
  }
}

TEST(Endpoint, is_written_with_brackets_where_its_host_has_colons) {
  EXPECT_EQ(text_of(Address{"::1", 9092}), "[::1]:9092");
  EXPECT_EQ(text_of(Address{"broker-1", 9092}), "broker-1:9092");
}

}  // namespace
}  // namespace brokersim::live
