// What a scraper, and whoever else finds the port, is told over HTTP: in the simulated world, since
// the server is written against the seam.
#include "sim/live/metrics_server.h"

#include <array>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "sim/world.h"

namespace brokersim::live {
namespace {

// What comes back for `sent`, each on a connection of its own, in parts of `part` bytes.
struct Exchange {
  std::string sent;
  std::string got;
};

void converse(std::vector<Exchange>& exchanges, std::size_t part = 4096, Duration page_takes = 0s) {
  sim::World world(1);
  world.add_machine("server", NodeId(1));
  MetricsServer server(9100, [&](Env& env) {
    env.sleep(page_takes);
    return std::string("a_total 1\n");
  });
  world.start(*world.find("server"), [&](Env& env) { (void)server.run(env); });
  std::size_t running = exchanges.size();
  for (std::size_t i = 0; i < exchanges.size(); ++i) {
    auto& machine = world.add_machine(fmt::format("client-{}", i), NodeId(int(100 + i)));
    world.start(machine, [&, i](Env& env) {
      auto stream = env.connect({"server", 9100}, env.now() + 5s);
      ASSERT_TRUE(stream.has_value());
      auto& [sent, got] = exchanges[i];
      for (std::size_t at = 0; at < sent.size(); at += part) {
        (void)(*stream)->write(env, Rope(bytes_of(sent.substr(at, part))), env.now() + 5s);
      }
      std::array<std::uint8_t, 4096> buffer{};
      while (true) {
        const auto n = (*stream)->read(env, buffer, env.now() + 60s);
        if (!n || *n == 0) break;
        got += as_text(ByteView(buffer).first(*n));
      }
      --running;
    });
  }
  world.run_until([&] { return running == 0; }, Instant{300s});
  EXPECT_EQ(running, 0u);
  world.run_until(Instant{400s});
}

std::string answer_to(const std::string& sent, std::size_t part = 4096) {
  std::vector<Exchange> one{{sent, ""}};
  converse(one, part);
  return one.front().got;
}

TEST(MetricsServer, gives_the_page_whole_with_its_type_and_length) {
  for (const std::size_t part : {4096u, 1u, 7u}) {
    EXPECT_EQ(answer_to("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", part),
              "HTTP/1.1 200 OK\r\n"
              "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
              "Content-Length: 10\r\n"
              "Connection: close\r\n\r\n"
              "a_total 1\n");
  }
  const auto head = answer_to("HEAD /metrics?x=y HTTP/1.0\r\n\r\n");
  EXPECT_NE(head.find("Content-Length: 10\r\n"), std::string::npos);
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
}

TEST(MetricsServer, says_what_is_wrong_with_other_requests) {
  const std::map<std::string, std::string> statuses{
      {"GET / HTTP/1.1\r\n\r\n", "404 Not Found"},
      {"GET /metricsandmore HTTP/1.1\r\n\r\n", "404 Not Found"},
      {"POST /metrics HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", "405 Method Not Allowed"},
      {"GET /metrics HTTP/2.0\r\n\r\n", "505 HTTP Version Not Supported"},
      {"GET /metrics\r\n\r\n", "400 Bad Request"},
      {"\r\n\r\n", "400 Bad Request"},
      {"GET  HTTP/1.1\r\n\r\n", "400 Bad Request"},
      {"GET a b HTTP/1.1\r\n\r\n", "400 Bad Request"},
      {std::string(20'000, 'x'), "431 Request Header Fields Too Large"},
      {"GET /metrics HT", "408 Request Timeout"},
  };
  std::vector<Exchange> exchanges;
  for (const auto& [sent, status] : statuses) exchanges.push_back({sent, ""});
  converse(exchanges);
  for (const auto& [sent, got] : exchanges) {
    EXPECT_TRUE(got.starts_with("HTTP/1.1 " + statuses.at(sent) + "\r\n")) << sent << "\n" << got;
  }
  EXPECT_NE(answer_to("DELETE /metrics HTTP/1.1\r\n\r\n").find("Allow: GET, HEAD\r\n"),
            std::string::npos);
}

TEST(MetricsServer, serves_some_at_a_time_and_closes_on_the_others) {
  std::vector<Exchange> exchanges(40, {"GET /metrics HTTP/1.1\r\n\r\n", ""});
  converse(exchanges, 4096, 1s);
  std::size_t served = 0;
  for (const auto& each : exchanges) {
    if (each.got.empty()) continue;
    ++served;
    EXPECT_TRUE(each.got.ends_with("a_total 1\n"));
  }
  EXPECT_EQ(served, 16u);
}

}  // namespace
}  // namespace brokersim::live
