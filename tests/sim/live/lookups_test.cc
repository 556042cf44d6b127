// Names whose lookup takes as long as the test says: what it brings, and whom it holds up.
#include "sim/live/lookups.h"

#include <atomic>
#include <latch>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace brokersim::live {
namespace {

const std::vector<Endpoint> found_addresses = {*numeric({"127.0.0.1", 0})};

TEST(Lookups, of_a_host_one_is_under_way_for_all_who_ask) {
  Reactor reactor;
  std::latch all_ask(1);
  std::atomic<int> asked = 0;
  std::size_t answered = 0;
  Lookups lookups(reactor, [&](const std::string&) {
    ++asked;
    all_ask.wait();
    return found_addresses;
  });
  for (int i = 0; i < 3; ++i) {
    reactor.spawn("asking", [&] {
      const auto found = lookups.find("somewhere", never);
      ASSERT_TRUE(found.has_value());
      answered += found->size();
    });
  }
  reactor.spawn("last", [&] { all_ask.count_down(); });
  reactor.run();
  EXPECT_EQ(answered, 3u);
  EXPECT_EQ(asked, 1);
}

TEST(Lookups, a_name_that_nobody_knew_is_asked_for_again) {
  Reactor reactor;
  std::atomic<int> asked = 0;
  Lookups lookups(reactor, [&](const std::string& host) {
    EXPECT_EQ(host, "somewhere");
    return asked++ == 0 ? std::vector<Endpoint>() : found_addresses;
  });
  reactor.spawn("asking", [&] {
    EXPECT_EQ(lookups.find("somewhere", never).error(), IoError::not_found);
    EXPECT_TRUE(lookups.find("somewhere", never).has_value());
    EXPECT_TRUE(lookups.find("somewhere", never).has_value());
  });
  reactor.run();
  EXPECT_EQ(asked, 2);
}

TEST(Lookups, one_that_hangs_holds_up_neither_who_is_cancelled_nor_the_end) {
  const auto may_end = std::make_shared<std::latch>(1);
  IoError error{};
  {
    Reactor reactor;
    Lookups lookups(reactor, [may_end](const std::string&) {
      may_end->wait();
      return found_addresses;
    });
    const FiberId asking =
        reactor.spawn("asking", [&] { error = lookups.find("somewhere", never).error(); });
    reactor.spawn("cancelling", [&] { reactor.cancel(asking); });
    reactor.run();
  }
  EXPECT_EQ(error, IoError::cancelled);
  may_end->count_down();
}

}  // namespace
}  // namespace brokersim::live
