#include "core/base/assert.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace brokersim {
namespace {

AssertionContext assertion_context = nullptr;

}  // namespace

void set_assertion_context(AssertionContext context) { assertion_context = context; }

namespace detail {

void assertion_failed(const char* kind, const char* expression, const char* file, int line,
                      std::string values) {
  std::string report = fmt::format("{} failed: {}\n  at {}:{}\n", kind, expression, file, line);
  if (!values.empty()) report += fmt::format("  {}\n", values);
  if (const auto context = std::exchange(assertion_context, nullptr)) context(report);
  std::fwrite(report.data(), 1, report.size(), stderr);
  std::abort();
}

}  // namespace detail
}  // namespace brokersim
