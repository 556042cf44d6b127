// The text format of metrics, against what Prometheus' documentation says of it.
#include "sim/live/exposition.h"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "sim/live/metrics_page.h"

namespace brokersim::live {
namespace {

TEST(Exposition, escapes_what_would_end_a_label_or_a_line) {
  Exposition out;
  out.family("a_total", Exposition::Type::counter, "Back\\slash and\nline \"quoted\".");
  out.sample({{"x", "b\\s\nl\"q"}, {"y", "é"}}, 18446744073709551615u);
  out.sample({}, -1);
  EXPECT_EQ(out.text(),
            "# HELP a_total Back\\\\slash and\\nline \"quoted\".\n"
            "# TYPE a_total counter\n"
            "a_total{x=\"b\\\\s\\nl\\\"q\",y=\"é\"} 18446744073709551615\n"
            "a_total -1\n");
}

TEST(Exposition, times_are_exact_seconds) {
  EXPECT_EQ(seconds_text(0s), "0");
  EXPECT_EQ(seconds_text(100us), "0.0001");
  EXPECT_EQ(seconds_text(2500ms), "2.5");
  EXPECT_EQ(seconds_text(30s), "30");
  EXPECT_EQ(seconds_text(1ns), "0.000000001");
}

TEST(Exposition, buckets_of_a_histogram_are_cumulative_and_end_with_all) {
  LatencyHistogram histogram;
  histogram.add(50us);
  histogram.add(2ms);
  histogram.add(100s);
  Exposition out;
  out.family("h_seconds", Exposition::Type::histogram, "H.");
  out.sample({{"api", "Fetch"}}, histogram);
  const auto& text = out.text();
  const auto has = [&](const std::string& line) {
    EXPECT_NE(text.find("\n" + line + "\n"), std::string::npos) << line << "\n" << text;
  };
  has(R"(h_seconds_bucket{api="Fetch",le="0.0001"} 1)");
  has(R"(h_seconds_bucket{api="Fetch",le="0.001"} 1)");
  has(R"(h_seconds_bucket{api="Fetch",le="0.0025"} 2)");
  has(R"(h_seconds_bucket{api="Fetch",le="30"} 2)");
  has(R"(h_seconds_bucket{api="Fetch",le="+Inf"} 3)");
  has(R"(h_seconds_sum{api="Fetch"} 100.00205)");
  has(R"(h_seconds_count{api="Fetch"} 3)");
}

TEST(MetricsPage, a_familys_samples_of_all_nodes_stand_together) {
  ScrapedNode broker{.id = NodeId(1), .look = {}, .fibers = 5, .syncs = {}};
  broker.look.broker.emplace();
  broker.look.broker->replicas.push_back({.partition = {"orders", 3},
                                          .is_leader = true,
                                          .end_offset = 42,
                                          .replicas = 3,
                                          .in_sync = 2,
                                          .min_in_sync = 2});
  ScrapedNode controller{.id = NodeId(101), .look = {}, .fibers = 4, .syncs = {}};
  controller.look.controller.emplace().is_active = true;
  const auto text = metrics_page({broker, controller});
  const auto has = [&](const std::string& lines) {
    EXPECT_NE(text.find("\n" + lines), std::string::npos) << lines;
  };
  has("brokersim_fibers{broker=\"1\"} 5\nbrokersim_fibers{controller=\"101\"} 4\n");
  has("brokersim_under_replicated_partitions{broker=\"1\"} 1\n");
  has("brokersim_under_min_isr_partitions{broker=\"1\"} 0\n");
  has("brokersim_log_end_offset{broker=\"1\",topic=\"orders\",partition=\"3\"} 42\n");
  has("brokersim_controller_active{controller=\"101\"} 1\n");
  EXPECT_EQ(text.find("brokersim_controller_active{broker"), std::string::npos);
}

TEST(MetricsPage, each_family_is_documented) {
  std::stringstream document;
  document << std::ifstream(BROKERSIM_SOURCE_DIR "/docs/serve.md").rdbuf();
  const auto text = metrics_page({});
  std::size_t families = 0;
  for (std::size_t at = 0; (at = text.find("# TYPE ", at)) != std::string::npos; ++at) {
    const auto name = text.substr(at + 7, text.find(' ', at + 7) - at - 7);
    EXPECT_NE(document.str().find("\n| `" + name + "` |"), std::string::npos) << name;
    ++families;
  }
  EXPECT_GT(families, 40u);
}

}  // namespace
}  // namespace brokersim::live
