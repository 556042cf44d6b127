// The last line of a trace file: what the run was found to be. A file without it is of a run that
// was interrupted.
//
//   {"end":{"verdict":"fail","trace_hash":"…","findings":[…],"violations":[…],"stats":{…}}}
#pragma once

#include <string>
#include <string_view>

#include "core/base/expected.h"
#include "reports/run_result.h"

namespace brokersim::reports {

// Of `run`, all that the trace's header does not say and its events do not show, but for the time
// it took.
std::string trace_end(const RunResult& run);
bool is_trace_end(std::string_view line);
// Fills in what trace_end() wrote. The error says what is wrong with the line.
Expected<Done, std::string> read_trace_end(std::string_view line, RunResult& run);

}  // namespace brokersim::reports
