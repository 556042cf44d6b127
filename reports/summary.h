// A finished run on a terminal, at most 100 columns wide, and as one JSON object.
//
//   passing   what held, how long it took, the elections, how long there was a leader
//   failing   the same, then one block for the cause: error[BS-D01], the sentence, the two events
//             that contradict each other, the run up to them, what came of it, and the line that
//             reproduces it
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/event.h"
#include "reports/run_result.h"

namespace brokersim::reports {

// Colour never carries meaning alone.
struct Style {
  bool has_color = false;
  bool has_unicode = false;
  std::size_t columns = 100;
};

// `events` are the run's, or those that were kept; facts that are not among them are named only.
std::string summary(const RunResult& run, const std::vector<Event>& events, Style style = {});
// The last line of it: "passed", how much there was, how fast.
std::string verdict_line(const RunResult& run, Style style = {});
// The block of a failing run's cause alone.
std::string failure_block(const RunResult& run, const std::vector<Event>& events, Style style = {});

// Broken at blanks to the width; every line begins with the indent.
std::string paragraph(std::string_view text, std::string_view indent, Style style = {});
// "1 fault", "2 faults".
std::string counted(std::size_t count, std::string_view noun);

// Who led, who leads, when, why, and how long nobody did.
std::string elections_table(const std::vector<Election>& elections, Style style = {});

// The object that `brokersim run --format json` prints, without a line end.
std::string result_json(const RunResult& run);

// "53.713 ms", "3.4 s"
std::string text_of(Duration duration);
// "all", "2"
std::string acks_text(std::int32_t acks);
// One line for people: "broker-1 stopped (power_loss)".
std::string describe(const Event& event);

}  // namespace brokersim::reports
