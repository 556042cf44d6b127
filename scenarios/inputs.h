// The files that producers send line by line, and what is wrong with them.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/expected.h"
#include "scenarios/plan.h"

namespace brokersim::scenarios {

// The lines of the plan's input files, by the names the plan gives them.
using Inputs = std::map<std::string, std::vector<std::string>>;

// `folder` is that of scenarios. The error says which file, which line, and why. If a consumer
// parses what it reads, what is sent to it is checked first.
Expected<Inputs, std::string> load_inputs(const Plan& plan, const std::string& folder);

// Where the file of a plan's input is: relative to the folder of scenarios; where it begins with a
// dot, relative to where the command is run.
std::string input_path(const std::string& input, const std::string& folder);
Expected<std::vector<std::string>, std::string> read_lines(const std::string& input,
                                                           const std::string& folder);

bool is_json(std::string_view line);
// Whether each line is one JSON value; the error names file, line and column.
Expected<Done, std::string> check_json(const std::vector<std::string>& lines,
                                       const std::string& file);

}  // namespace brokersim::scenarios
