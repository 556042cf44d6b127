// Metrics in the text format that Prometheus scrapes, version 0.0.4.
//
//   Exposition out;
//   out.family("brokersim_requests_total", Type::counter, "Requests answered.");
//   out.sample({{"broker", "1"}}, 7);
//   out.text()
//     # HELP brokersim_requests_total Requests answered.
//     # TYPE brokersim_requests_total counter
//     brokersim_requests_total{broker="1"} 7
//
// Values are whole numbers or times; a time is written exactly, in seconds.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/base/histogram.h"
#include "core/base/time.h"

namespace brokersim::live {

using Labels = std::vector<std::pair<std::string_view, std::string>>;

class Exposition {
 public:
  enum class Type : std::uint8_t { counter, gauge, histogram };
  static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

  // All samples of a family follow it, before the next one.
  void family(std::string_view name, Type type, std::string_view help);
  template <std::integral T>
  void sample(const Labels& labels, T value) {
    line("", labels, fmt::format("{}", value));
  }
  void sample(const Labels& labels, Duration value);
  void sample(Labels labels, const LatencyHistogram& histogram);

  const std::string& text() const { return text_; }

 private:
  void line(std::string_view suffix, const Labels& labels, std::string_view value);

  std::string text_;
  std::string name_;
};

// "0.25", "30": a time in seconds without a needless digit.
std::string seconds_text(Duration time);

}  // namespace brokersim::live
