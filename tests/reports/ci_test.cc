// What CI systems are told: XML that a strict reader takes, annotations that keep GitHub's limits,
// and no way out of either for what a record or a message says.
#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "reports/github.h"
#include "reports/junit.h"

namespace brokersim::reports {
namespace {

using End = CiCase::End;

// A strict reader of the XML that is written here: elements, attributes in double quotes, the five
// escapes. Collects "element attribute=value" and "element text" in the order of the file.
class XmlReader {
 public:
  explicit XmlReader(const std::string& text) : text_(text) {}

  // Empty: well-formed.
  std::string error() {
    const std::string_view declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    if (!rest().starts_with(declaration)) return "no declaration";
    at_ = declaration.size();
    if (!element()) return fmt::format("{} at byte {}", why_, at_);
    skip_space();
    return at_ == text_.size() ? "" : fmt::format("something after the root at byte {}", at_);
  }
  const std::vector<std::string>& found() const { return found_; }
  std::size_t count(const std::string& what) const {
    return static_cast<std::size_t>(std::count(found_.begin(), found_.end(), what));
  }

 private:
  std::string_view rest() const { return std::string_view(text_).substr(at_); }
  bool fail(std::string why) {
    if (why_.empty()) why_ = std::move(why);
    return false;
  }
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  bool take(std::string_view token) {
    if (!rest().starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  std::string name() {
    const auto begin = at_;
    while (at_ < text_.size() &&
           (std::isalpha(static_cast<unsigned char>(text_[at_])) || text_[at_] == '-')) {
      ++at_;
    }
    return text_.substr(begin, at_ - begin);
  }
  // Up to one of `ends`, which is not taken.
  bool characters(std::string_view ends, std::string& out) {
    while (at_ < text_.size() && ends.find(text_[at_]) == std::string_view::npos) {
      const auto byte = static_cast<unsigned char>(text_[at_]);
      if (byte < 0x20 && byte != '\n' && byte != '\t' && byte != '\r') return fail("control");
      if (text_[at_] == '<') return fail("a bare <");
      if (text_[at_] != '&') {
        out += text_[at_++];
      } else if (take("&amp;")) {
        out += '&';
      } else if (take("&lt;")) {
        out += '<';
      } else if (take("&gt;")) {
        out += '>';
      } else if (take("&quot;")) {
        out += '"';
      } else {
        return fail("a bare &");
      }
    }
    return at_ < text_.size() || fail("the end");
  }
  bool element() {
    if (!take("<")) return fail("an element is wanted");
    const auto tag = name();
    if (tag.empty()) return fail("a name is wanted");
    found_.push_back(tag);
    for (skip_space(); !rest().starts_with("/>") && !rest().starts_with(">"); skip_space()) {
      const auto key = name();
      std::string value;
      if (key.empty() || !take("=\"") || !characters("\"", value) || !take("\"")) {
        return fail("an attribute is wanted");
      }
      found_.push_back(tag + " " + key + "=" + value);
    }
    if (take("/>")) return true;
    take(">");
    while (!rest().starts_with("</")) {
      std::string text;
      if (!characters("<", text)) return false;
      if (text.find_first_not_of(" \n") != std::string::npos) found_.push_back(tag + " " + text);
      if (!rest().starts_with("</") && !element()) return false;
    }
    return take("</" + tag + ">") || fail("the end of " + tag);
  }

  const std::string& text_;
  std::size_t at_ = 0;
  std::string why_;
  std::vector<std::string> found_;
};

CiCase failed(const std::string& sentence) {
  return {.id = "BS-D01",
          .name = "acked record lost",
          .end = End::failed,
          .sentence = sentence,
          .text = "error[BS-D01]: acked record lost\n  " + sentence + "\n",
          .reproduce = "brokersim run out/lost.toml --set 'a=\"b\"'"};
}

CiSuite suite(std::vector<CiCase> cases) {
  return {.scenario = "chaos",
          .file = "scenarios/catalogue/chaos.toml",
          .seeds = "1..100",
          .simulated = 60s + 5ms,
          .cases = std::move(cases)};
}

// Everything that XML, a workflow command or Markdown could take for its own.
const std::string nasty = "a<b & \"c\" ]]> % :: , \x01 \xff \xed\xa0\x80 caf\xc3\xa9\n::error::x";

TEST(Junit, has_a_case_for_each_property_and_counts_that_agree) {
  const auto xml = junit_xml({suite({{.id = "BS-O01", .name = "logs disagree"},
                                     failed("Record #42 was lost."),
                                     {.id = "BS-H01",
                                      .name = "high watermark too high",
                                      .end = End::skipped,
                                      .sentence = "no witness"},
                                     {.id = "hang", .name = "hang", .end = End::error}})});
  XmlReader reader(xml);
  ASSERT_EQ(reader.error(), "") << xml;
  EXPECT_EQ(reader.count("testcase"), 4u);
  EXPECT_EQ(reader.count("testsuite tests=4"), 1u);
  EXPECT_EQ(reader.count("testsuite failures=1"), 1u);
  EXPECT_EQ(reader.count("testsuite errors=1"), 1u);
  EXPECT_EQ(reader.count("testsuite skipped=1"), 1u);
  EXPECT_EQ(reader.count("testsuites tests=4"), 1u);
  EXPECT_EQ(reader.count("testsuite time=60.005"), 1u);
  EXPECT_EQ(reader.count("testcase classname=brokersim.chaos"), 4u);
  EXPECT_EQ(reader.count("testcase name=BS-D01 acked record lost"), 1u);
  EXPECT_EQ(reader.count("failure message=Record #42 was lost."), 1u);
  EXPECT_EQ(reader.count("failure type=BS-D01"), 1u);
}

TEST(Junit, stays_well_formed_whatever_is_in_it) {
  const auto xml = junit_xml({suite({failed(nasty)})});
  XmlReader reader(xml);
  ASSERT_EQ(reader.error(), "") << xml;
  // What XML cannot hold is a question mark, the rest arrives.
  EXPECT_EQ(reader.count("failure message=a<b & \"c\" ]]> % :: , ? ? ??? caf\xc3\xa9\n::error::x"),
            1u)
      << xml;
}

TEST(Junit, of_nothing_is_still_a_document) {
  const auto xml = junit_xml({});
  EXPECT_EQ(XmlReader(xml).error(), "") << xml;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

TEST(Github, an_annotation_is_one_line_whatever_is_in_it) {
  const auto lines = lines_of(github_annotations({suite({failed(nasty)})}));
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_TRUE(lines[0].starts_with(
      "::error file=scenarios/catalogue/chaos.toml,line=1,title=BS-D01 acked record lost::a<b & "))
      << lines[0];
  EXPECT_NE(lines[0].find(" %25 :: , "), std::string::npos) << lines[0];
  EXPECT_NE(lines[0].find("%0A::error::x (scenario chaos, seeds 1..100)%0Areproduce: brokersim"),
            std::string::npos)
      << lines[0];
}

TEST(Github, colons_and_commas_of_a_property_are_escaped) {
  auto wrong = suite({failed("lost")});
  wrong.file = "a,b:c.toml";
  EXPECT_TRUE(github_annotations({wrong}).starts_with("::error file=a%2Cb%3Ac.toml,line=1,"));
}

TEST(Github, the_tenth_of_too_many_annotations_says_how_many_are_left) {
  const auto lines = lines_of(github_annotations({suite(std::vector(13, failed("lost")))}));
  ASSERT_EQ(lines.size(), 10u);
  EXPECT_EQ(lines[9], "::error title=brokersim::4 more, see the job's summary");
  EXPECT_EQ(lines_of(github_annotations({suite(std::vector(10, failed("lost")))})).size(), 10u);
}

TEST(Github, what_held_is_a_notice) {
  EXPECT_EQ(github_annotations({suite({{.id = "BS-O01", .name = "logs disagree"}})}),
            "::notice::brokersim: every property held in 1 scenario\n");
}

TEST(Github, what_was_not_judged_is_not_said_to_have_held) {
  EXPECT_EQ(github_annotations(
                {suite({{.id = "BS-O01", .name = "logs disagree"},
                        {.id = "BS-O02", .name = "consumer misled", .end = End::skipped}})}),
            "::notice::brokersim: every property that was judged held in 1 scenario, "
            "1 not judged\n");
}

TEST(Github, the_summary_says_what_is_wrong_and_how_to_see_it) {
  const auto text = github_summary({suite({failed("Record #42 | lost.")})});
  EXPECT_TRUE(text.starts_with("## brokersim: 1 property violated in 1 scenario\n")) << text;
  EXPECT_NE(text.find("| chaos | 1..100 | 1 | BS-D01 |"), std::string::npos) << text;
  EXPECT_NE(text.find("Record \\#42 \\| lost."), std::string::npos) << text;
  EXPECT_NE(text.find("```text\nbrokersim run out/lost.toml --set 'a=\"b\"'\n```\n"),
            std::string::npos)
      << text;
}

TEST(Github, no_text_ends_its_own_fence) {
  const auto text = github_summary({suite({failed("```\nnot out")})});
  EXPECT_NE(text.find("````text\nerror[BS-D01]"), std::string::npos) << text;
}

TEST(Github, the_summary_keeps_its_budget_and_says_what_is_left_out) {
  const auto text = github_summary({suite(std::vector(100, failed(std::string(2000, 'x'))))});
  EXPECT_LE(text.size(), 64u * 1024);
  EXPECT_NE(text.find(" more are left out here."), std::string::npos);
}

}  // namespace
}  // namespace brokersim::reports
