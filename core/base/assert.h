// ASSERT for our own bugs, REQUIRE for our caller's. Always on, in every build type.
//
//   ASSERT(high_watermark <= end_offset, high_watermark, end_offset);
//
// A failure prints the expression, the named values and the place, then whatever the running
// program adds (a simulation adds seed, virtual time, fiber and the last events), and aborts.
// Split conjunctions into two assertions; write implications as `if (a) ASSERT(b);`.
#pragma once

#include <string>
#include <string_view>

#include <fmt/format.h>

namespace brokersim {

// Called with the report of a failed assertion before the process aborts. One per process, because
// an assertion has no other way to reach the program around it.
using AssertionContext = void (*)(std::string& report);
void set_assertion_context(AssertionContext context);

namespace detail {

[[noreturn]] void assertion_failed(const char* kind, const char* expression, const char* file,
                                   int line, std::string values);

template <class T>
std::string show_value(const T& value) {
  if constexpr (fmt::is_formattable<T>::value) {
    return fmt::format("{}", value);
  } else {
    return "?";
  }
}

template <class... T>
std::string show_values(std::string_view names, const T&... values) {
  if constexpr (sizeof...(T) == 0) {
    return {};
  } else {
    std::string out = fmt::format("({}) = (", names);
    const char* separator = "";
    ((out += separator, out += show_value(values), separator = ", "), ...);
    return out + ")";
  }
}

}  // namespace detail
}  // namespace brokersim

#define BROKERSIM_CHECK(kind, condition, ...)                                            \
  do {                                                                                   \
    if (!(condition)) [[unlikely]] {                                                     \
      ::brokersim::detail::assertion_failed(                                             \
          kind, #condition, __FILE__, __LINE__,                                          \
          ::brokersim::detail::show_values("" #__VA_ARGS__ __VA_OPT__(, ) __VA_ARGS__)); \
    }                                                                                    \
  } while (false)

#define ASSERT(condition, ...) BROKERSIM_CHECK("ASSERT", condition, __VA_ARGS__)
#define REQUIRE(condition, ...) BROKERSIM_CHECK("REQUIRE", condition, __VA_ARGS__)
