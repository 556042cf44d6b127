// What a command may assume of where its output goes. With this file's exceptions nothing of the
// project reads the environment.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "reports/summary.h"

namespace brokersim::scenarios {

// The value of a variable of the environment; nothing if it is unset.
using Environment = std::function<std::optional<std::string>(const char* name)>;
Environment process_environment();

struct Terminal {
  bool is_terminal = false;  // Lines may be redrawn.
  reports::Style style;
};

// NO_COLOR and TERM=dumb switch colours off, and the latter redrawing, too; COLUMNS makes lines
// narrower; characters beyond ASCII only where the locale has them.
Terminal terminal_of(bool is_a_tty, const Environment& environment);
// Of a file descriptor: STDOUT_FILENO, STDERR_FILENO.
Terminal terminal_at(int fd);

}  // namespace brokersim::scenarios
