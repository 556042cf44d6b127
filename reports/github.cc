#include "reports/github.h"

#include <algorithm>

#include <fmt/format.h>

#include "reports/summary.h"

namespace brokersim::reports {
namespace {

using End = CiCase::End;

constexpr std::size_t most_annotations = 10;
constexpr std::size_t most_bytes = 64 * 1024;

struct Wrong {
  const CiSuite* suite = nullptr;
  const CiCase* one = nullptr;
};

std::vector<Wrong> all_wrong(const std::vector<CiSuite>& suites) {
  std::vector<Wrong> wrong;
  for (const auto& suite : suites) {
    for (const auto& one : suite.cases) {
      if (one.end == End::failed || one.end == End::error) wrong.push_back({&suite, &one});
    }
  }
  return wrong;
}

// Percent first: what the others become contains it.
std::string percent_encoded(std::string_view text, bool is_property) {
  std::string out;
  for (const char c : text) {
    if (c == '%') {
      out += "%25";
    } else if (c == '\r') {
      out += "%0D";
    } else if (c == '\n') {
      out += "%0A";
    } else if (is_property && c == ':') {
      out += "%3A";
    } else if (is_property && c == ',') {
      out += "%2C";
    } else {
      out += c;
    }
  }
  return out;
}

std::string annotation(const Wrong& wrong) {
  const auto& [suite, one] = wrong;
  std::string message =
      fmt::format("{} (scenario {}, seeds {})", one->sentence, suite->scenario, suite->seeds);
  if (!one->reproduce.empty()) message += "\nreproduce: " + one->reproduce;
  return fmt::format("::error file={},line=1,title={}::{}\n", percent_encoded(suite->file, true),
                     percent_encoded(fmt::format("{} {}", one->id, one->name), true),
                     percent_encoded(message, false));
}

// In a Markdown table or sentence: no markup of its own, no line break.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n' || c == '\r') {
      out += ' ';
      continue;
    }
    if (std::string_view("\\`*_[]<>|#").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

// A fence longer than any in the text.
std::string fenced(std::string_view text) {
  std::size_t longest = 0;
  std::size_t run = 0;
  for (const char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  const std::string fence(std::max<std::size_t>(3, longest + 1), '`');
  return fmt::format("{}text\n{}{}{}\n", fence, text, text.ends_with('\n') ? "" : "\n", fence);
}

std::string section(const Wrong& wrong) {
  const auto& [suite, one] = wrong;
  std::string out = fmt::format("\n### {}: {} in {}\n\n{}\n", plain(one->id), plain(one->name),
                                plain(suite->scenario), plain(one->sentence));
  if (!one->reproduce.empty()) out += "\n" + fenced(one->reproduce);
  if (!one->text.empty()) {
    out +=
        "\n<details><summary>How it happened</summary>\n\n" + fenced(one->text) + "\n</details>\n";
  }
  return out;
}

std::string table(const std::vector<CiSuite>& suites) {
  std::string out = "\n| scenario | seeds | properties | violated |\n|---|---|---|---|\n";
  for (const auto& suite : suites) {
    std::string violated;
    for (const auto& one : suite.cases) {
      if (one.end != End::failed && one.end != End::error) continue;
      violated += fmt::format("{}{}", violated.empty() ? "" : ", ", plain(one.id));
    }
    out += fmt::format("| {} | {} | {} | {} |\n", plain(suite.scenario), plain(suite.seeds),
                       suite.cases.size(), violated.empty() ? "none" : violated);
  }
  return out;
}

std::string headline(const std::vector<CiSuite>& suites, std::size_t wrong) {
  if (wrong == 0) {
    std::ptrdiff_t unjudged = 0;
    for (const auto& suite : suites) {
      unjudged += std::count_if(suite.cases.begin(), suite.cases.end(),
                                [](const CiCase& one) { return one.end == End::skipped; });
    }
    return fmt::format("brokersim: every property {}held in {}{}",
                       unjudged == 0 ? "" : "that was judged ", counted(suites.size(), "scenario"),
                       unjudged == 0 ? "" : fmt::format(", {} not judged", unjudged));
  }
  return fmt::format("brokersim: {} violated in {}",
                     wrong == 1 ? "1 property" : fmt::format("{} properties", wrong),
                     counted(suites.size(), "scenario"));
}

}  // namespace

std::string github_annotations(const std::vector<CiSuite>& suites) {
  const auto wrong = all_wrong(suites);
  if (wrong.empty())
    return fmt::format("::notice::{}\n", percent_encoded(headline(suites, 0), false));
  std::string out;
  const bool has_more = wrong.size() > most_annotations;
  const std::size_t shown = has_more ? most_annotations - 1 : wrong.size();
  for (std::size_t i = 0; i < shown; ++i) out += annotation(wrong[i]);
  if (has_more) {
    out += fmt::format("::error title=brokersim::{} more, see the job's summary\n",
                       wrong.size() - shown);
  }
  return out;
}

std::string github_summary(const std::vector<CiSuite>& suites) {
  const auto wrong = all_wrong(suites);
  std::string out = fmt::format("## {}\n{}", headline(suites, wrong.size()), table(suites));
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    const auto next = section(wrong[i]);
    const auto rest = fmt::format("\n{} more are left out here.\n", wrong.size() - i);
    if (out.size() + next.size() + rest.size() > most_bytes) return out + rest;
    out += next;
  }
  return out;
}

}  // namespace brokersim::reports
