#include "reports/junit.h"

#include <algorithm>

#include <fmt/format.h>

namespace brokersim::reports {
namespace {

using End = CiCase::End;

// The length of the UTF-8 sequence that begins there and is allowed in XML; 0 if there is none.
std::size_t sequence_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u;
  };
  const auto follows = [&](std::size_t count) {
    for (std::size_t i = 1; i <= count; ++i) {
      if ((byte(i) & 0xc0) != 0x80) return false;
    }
    return true;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return first >= 0x20 || first == '\t' || first == '\n' || first == '\r' ? 1 : 0;
  if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef && follows(2)) {
    const unsigned code = (first & 0xf) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f);
    const bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
    return code >= 0x800 && !is_surrogate && code < 0xfffe ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4 && follows(3)) {
    const unsigned top = (first & 0x7) << 6 | (byte(1) & 0x3f);
    return top >= 0x10 && top <= 0x10f ? 4 : 0;
  }
  return 0;
}

struct Counts {
  std::size_t tests = 0, failures = 0, errors = 0, skipped = 0;
  std::int64_t ns = 0;
};

void count(const CiSuite& suite, Counts& counts) {
  counts.tests += suite.cases.size();
  counts.ns += suite.simulated.count();
  for (const auto& one : suite.cases) {
    counts.failures += one.end == End::failed ? 1 : 0;
    counts.errors += one.end == End::error ? 1 : 0;
    counts.skipped += one.end == End::skipped ? 1 : 0;
  }
}

std::string attributes(const Counts& counts) {
  const std::int64_t ms = counts.ns / 1'000'000;
  return fmt::format(R"(tests="{}" failures="{}" errors="{}" skipped="{}" time="{}.{:03}")",
                     counts.tests, counts.failures, counts.errors, counts.skipped, ms / 1000,
                     ms % 1000);
}

std::string dotted(std::string name) {
  std::replace(name.begin(), name.end(), '/', '.');
  return name;
}

std::string case_xml(const CiSuite& suite, const CiCase& one) {
  const std::string head = fmt::format(
      R"(  <testcase classname="brokersim.{}" name="{} {}" file="{}")",
      xml_text(dotted(suite.scenario)), xml_text(one.id), xml_text(one.name), xml_text(suite.file));
  if (one.end == End::passed) return head + "/>\n";
  if (one.end == End::skipped) {
    return fmt::format("{}>\n   <skipped message=\"{}\"/>\n  </testcase>\n", head,
                       xml_text(one.sentence));
  }
  const char* element = one.end == End::failed ? "failure" : "error";
  std::string xml =
      fmt::format("{}>\n   <{} message=\"{}\" type=\"{}\">{}</{}>\n", head, element,
                  xml_text(one.sentence), xml_text(one.id), xml_text(one.text), element);
  if (!one.reproduce.empty()) {
    xml += fmt::format("   <system-out>reproduce: {}\n</system-out>\n", xml_text(one.reproduce));
  }
  return xml + "  </testcase>\n";
}

std::string suite_xml(const CiSuite& suite) {
  Counts counts;
  count(suite, counts);
  std::string xml =
      fmt::format(" <testsuite name=\"{}\" {}>\n", xml_text(suite.scenario), attributes(counts));
  xml += fmt::format("  <properties><property name=\"seeds\" value=\"{}\"/></properties>\n",
                     xml_text(suite.seeds));
  for (const auto& one : suite.cases) xml += case_xml(suite, one);
  return xml + " </testsuite>\n";
}

}  // namespace

std::string xml_text(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = sequence_at(text, at);
    const char c = text[at];
    if (length == 0) {
      out += '?';
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else {
      out += text.substr(at, length);
    }
    at += std::max<std::size_t>(1, length);
  }
  return out;
}

std::string junit_xml(const std::vector<CiSuite>& suites) {
  Counts all;
  for (const auto& suite : suites) count(suite, all);
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  xml += fmt::format("<testsuites name=\"brokersim\" {}>\n", attributes(all));
  for (const auto& suite : suites) xml += suite_xml(suite);
  return xml + "</testsuites>\n";
}

}  // namespace brokersim::reports
