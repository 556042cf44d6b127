// Graphviz may be missing, fail or hang: whatever it does, one sentence comes back in time. The
// programs here are shell scripts that behave as badly as asked.

#include "reports/graphviz.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace brokersim::reports {
namespace {

namespace fs = std::filesystem;

class FakeGraphviz : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::path(testing::TempDir()) / fmt::format("graphviz-{}-{}", getpid(), test->name());
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  Graphviz script(std::string_view body, Duration patience = 10s) {
    const fs::path path = folder_ / "dot";
    std::ofstream(path) << "#!/bin/sh\n" << body << "\n";
    fs::permissions(path, fs::perms::owner_all);
    return {.program = path.string(), .patience = patience};
  }
  fs::path folder_;
};

TEST_F(FakeGraphviz, gets_the_text_on_its_input_and_the_engine_as_an_option) {
  const auto fake = script(R"(echo "<?xml?><svg><desc>$1 $2 $(cat)</desc></svg>")");
  EXPECT_EQ(*svg_by_graphviz("digraph {}", Layout::given, fake),
            "<svg><desc>-Knop2 -Tsvg digraph {}</desc></svg>\n");
  EXPECT_EQ(*svg_by_graphviz("digraph {}", Layout::by_graphviz, fake),
            "<svg><desc>-Kdot -Tsvg digraph {}</desc></svg>\n");
}

TEST_F(FakeGraphviz, may_write_before_it_has_read_more_than_a_pipe_holds) {
  const std::string large(1'000'000, 'x');
  const auto fake =
      script("echo '<svg>'; head -c 300000 /dev/zero | tr '\\0' y; wc -c; echo '</svg>'");
  const auto svg = svg_by_graphviz(large, Layout::given, fake);
  ASSERT_TRUE(svg) << svg.error();
  EXPECT_NE(svg->find("1000000"), std::string::npos);
}

TEST_F(FakeGraphviz, that_is_missing_is_named) {
  const auto svg = svg_by_graphviz("digraph {}", Layout::given, {.program = "no-such-graphviz"});
  ASSERT_FALSE(svg);
  EXPECT_EQ(svg.error(), "Graphviz is not installed (no-such-graphviz was not found)");
}

TEST_F(FakeGraphviz, that_fails_is_quoted) {
  const auto fake = script("cat > /dev/null; echo 'syntax error in line 1' >&2; exit 3");
  const auto svg = svg_by_graphviz("digraph {", Layout::given, fake);
  ASSERT_FALSE(svg);
  EXPECT_EQ(svg.error(),
            "Graphviz (" + fake.program + ") failed with status 3: syntax error in line 1");
}

TEST_F(FakeGraphviz, that_reads_nothing_and_ends_does_no_harm) {
  const auto svg = svg_by_graphviz(std::string(1'000'000, 'x'), Layout::given, script("exit 0"));
  ASSERT_FALSE(svg);
  EXPECT_NE(svg.error().find("wrote no picture"), std::string::npos);
}

TEST_F(FakeGraphviz, that_hangs_is_stopped_with_all_that_it_started) {
  const auto fake = script("sleep 1000 & sleep 1000", 50ms);
  const auto svg = svg_by_graphviz("digraph {}", Layout::given, fake);
  ASSERT_FALSE(svg);
  EXPECT_EQ(svg.error(),
            "Graphviz (" + fake.program + ") did not finish within 50 ms and was stopped");
}

TEST_F(FakeGraphviz, that_closes_its_output_and_hangs_is_stopped) {
  const auto fake = script("exec >&- 2>&-; sleep 1000", 50ms);
  EXPECT_FALSE(svg_by_graphviz("digraph {}", Layout::given, fake));
}

TEST_F(FakeGraphviz, that_is_killed_is_said_to_be) {
  const auto fake = script("kill -9 $$");
  const auto svg = svg_by_graphviz("digraph {}", Layout::given, fake);
  ASSERT_FALSE(svg);
  EXPECT_EQ(svg.error(), "Graphviz (" + fake.program + ") was ended by signal 9");
}

TEST(CleanedSvg, tooltips_become_titles_and_invalid_colours_none) {
  EXPECT_EQ(cleaned_svg("<?xml?>\n<!DOCTYPE svg>\n<svg>"
                        "<g id=\"node1\" class=\"node\"><title>n0</title>"
                        "<a xlink:title=\"what happened\">"
                        "<polygon fill=\"#0072B2\" stroke=\"transparent\"/></a></g></svg>"),
            "<svg><g class=\"node\"><a><title>what happened</title>"
            "<polygon fill=\"#0072B2\" stroke=\"none\"/></a></g></svg>");
}

TEST(CleanedSvg, keeps_the_names_that_we_gave) {
  EXPECT_EQ(cleaned_svg("<svg><g id=\"e611\" class=\"node\"></g></svg>"),
            "<svg><g id=\"e611\" class=\"node\"></g></svg>");
}

}  // namespace
}  // namespace brokersim::reports
