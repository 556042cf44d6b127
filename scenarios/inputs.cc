#include "scenarios/inputs.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "scenarios/files.h"

namespace brokersim::scenarios {
namespace {

using Json = nlohmann::json;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

// Keeps nothing but where parsing stopped.
class FirstError : public nlohmann::json_sax<Json> {
 public:
  std::size_t place() const { return place_; }  // From 1.
  const std::string& why() const { return why_; }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return true; }
  bool key(string_t&) override { return true; }
  bool end_object() override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t position, const std::string&, const Json::exception& e) override {
    place_ = std::max<std::size_t>(1, position);
    // Its sentence comes after "… - "; what is before speaks of its own lines and columns.
    const std::string text = e.what();
    const auto dash = text.find(" - ");
    why_ = dash == std::string::npos ? text : text.substr(dash + 3);
    why_ = why_.substr(0, why_.find(';'));
    return false;
  }

 private:
  std::size_t place_ = 1;
  std::string why_;
};

}  // namespace

std::string input_path(const std::string& input, const std::string& folder) {
  if (input.starts_with('.')) return input;
  return (std::filesystem::path(folder) / input).string();  // Absolute ones win.
}

Expected<std::vector<std::string>, std::string> read_lines(const std::string& input,
                                                           const std::string& folder) {
  TRY(const std::string text, read_file(input_path(input, folder)));
  return lines_of(text);
}

bool is_json(std::string_view line) { return Json::accept(line); }

Expected<Done, std::string> check_json(const std::vector<std::string>& lines,
                                       const std::string& file) {
  for (std::size_t i = 0; i < lines.size(); ++i) {
    FirstError error;
    if (Json::sax_parse(lines[i], &error)) continue;
    return Unexpected(fmt::format(
        "{}:{}:{}: this is no JSON ({}), but the reader parses every line: mend the "
        "line, or --set consumers.parses=nothing",
        file, i + 1, error.place(), lines[i].empty() ? "the line is empty" : error.why()));
  }
  return Done{};
}

Expected<Inputs, std::string> load_inputs(const Plan& plan, const std::string& folder) {
  const auto is_parsed = [&](const std::string& topic) {
    return std::any_of(plan.consumers.begin(), plan.consumers.end(), [&](const Consumer& consumer) {
      return consumer.topic == topic && consumer.parses == Parses::json;
    });
  };
  Inputs inputs;
  for (const auto& operation : plan.operations) {
    if (operation.input.empty()) continue;
    if (!inputs.contains(operation.input)) {
      TRY(auto lines, read_lines(operation.input, folder));
      if (is_parsed(operation.topic)) {
        TRY([[maybe_unused]] const Done done, check_json(lines, operation.input));
      }
      inputs.emplace(operation.input, std::move(lines));
    }
    const auto size = static_cast<std::int64_t>(inputs.at(operation.input).size());
    if (operation.count == 0 || operation.first_line <= size) continue;
    return Unexpected(
        fmt::format("{}: it has {} lines, so that nothing can be sent from line {} on",
                    operation.input, size, operation.first_line));
  }
  return inputs;
}

}  // namespace brokersim::scenarios
