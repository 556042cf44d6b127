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
    EXPECT_EQ(address_of(*look_up(address)), address);
  }
}

TEST(Endpoint, of_a_name_is_not_known_without_looking_it_up) {
  for (const auto* name : {"localhost", "broker-1", "", "1.2.3.4.5", "127.0.0.1:9092"}) {
    EXPECT_FALSE(numeric({name, 9092})) << name;
  }
}

}  // namespace
}  // namespace brokersim::live
