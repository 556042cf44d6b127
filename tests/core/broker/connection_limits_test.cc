// Who may have a connection, counted.
#include "core/broker/connection_limits.h"

#include <gtest/gtest.h>

#include "core/broker/foreign_protocol.h"

namespace brokersim::broker {
namespace {

TEST(ConnectionLimits, count_all_and_those_of_each_host) {
  ConnectionLimits limits(3, 2);
  EXPECT_EQ(limits.admit("a"), std::nullopt);
  EXPECT_EQ(limits.admit("a"), std::nullopt);
  EXPECT_EQ(limits.admit("a"), CloseReason::too_many_connections_per_ip);
  EXPECT_EQ(limits.admit("b"), std::nullopt);
  EXPECT_EQ(limits.admit("c"), CloseReason::too_many_connections);
  limits.leave("a");
  EXPECT_EQ(limits.admit("c"), std::nullopt);
  EXPECT_EQ(limits.open(), 3);
}

TEST(ConnectionLimits, of_zero_admit_nobody) {
  EXPECT_EQ(ConnectionLimits(0, 5).admit("a"), CloseReason::too_many_connections);
  EXPECT_EQ(ConnectionLimits(5, 0).admit("a"), CloseReason::too_many_connections_per_ip);
}

TEST(ConnectionLimits, of_some_hosts_are_their_own) {
  ConnectionLimits limits(9, 1, {{"a", 2}, {"b", 0}});
  EXPECT_EQ(limits.admit("a"), std::nullopt);
  EXPECT_EQ(limits.admit("a"), std::nullopt);
  EXPECT_EQ(limits.admit("a"), CloseReason::too_many_connections_per_ip);
  EXPECT_EQ(limits.admit("b"), CloseReason::too_many_connections_per_ip);
  EXPECT_EQ(limits.admit("c"), std::nullopt);
  EXPECT_EQ(limits.admit("c"), CloseReason::too_many_connections_per_ip);
}

TEST(ForeignProtocol, is_told_by_what_would_be_a_frames_length) {
  EXPECT_EQ(foreign_protocol(0x16030100), CloseReason::tls_hello);
  EXPECT_EQ(foreign_protocol(0x16030303), CloseReason::tls_hello);
  EXPECT_EQ(foreign_protocol(0x47455420), CloseReason::http_request);  // "GET "
  EXPECT_EQ(foreign_protocol(0x50524920), CloseReason::http_request);  // "PRI " of HTTP/2
  EXPECT_EQ(foreign_protocol(0x7fffffff), std::nullopt);
  EXPECT_EQ(foreign_protocol(-1), std::nullopt);
}

}  // namespace
}  // namespace brokersim::broker
