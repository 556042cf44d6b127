#include "sim/live/exposition.h"

namespace brokersim::live {
namespace {

std::string_view name_of(Exposition::Type type) {
  switch (type) {
    case Exposition::Type::counter: return "counter";
    case Exposition::Type::gauge: return "gauge";
    case Exposition::Type::histogram: return "histogram";
  }
  __builtin_unreachable();
}

// A backslash and a line's end have to be escaped everywhere, a quote only within quotes.
std::string escaped(std::string_view text, bool is_quoted) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && is_quoted) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string seconds_text(Duration time) {
  auto text = fmt::format("{}.{:09}", time / 1s, (time % 1s).count());
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

void Exposition::family(std::string_view name, Type type, std::string_view help) {
  name_ = name;
  fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", name,
                 escaped(help, false), name, name_of(type));
}

void Exposition::sample(const Labels& labels, Duration value) {
  line("", labels, seconds_text(value));
}

void Exposition::sample(Labels labels, const LatencyHistogram& histogram) {
  std::uint64_t so_far = 0;
  labels.emplace_back("le", "");
  for (std::size_t i = 0; i < LatencyHistogram::bounds.size(); ++i) {
    so_far += histogram.in_bucket(i);
    labels.back().second = seconds_text(LatencyHistogram::bounds[i]);
    line("_bucket", labels, fmt::format("{}", so_far));
  }
  labels.back().second = "+Inf";
  line("_bucket", labels, fmt::format("{}", histogram.count()));
  labels.pop_back();
  line("_sum", labels, seconds_text(histogram.sum()));
  line("_count", labels, fmt::format("{}", histogram.count()));
}

void Exposition::line(std::string_view suffix, const Labels& labels, std::string_view value) {
  text_ += name_;
  text_ += suffix;
  char separator = '{';
  for (const auto& [label, text] : labels) {
    fmt::format_to(std::back_inserter(text_), "{}{}=\"{}\"", separator, label, escaped(text, true));
    separator = ',';
  }
  if (separator == ',') text_ += '}';
  fmt::format_to(std::back_inserter(text_), " {}\n", value);
}

}  // namespace brokersim::live
