// Reading what people wrote: scenarios, plans, input.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/expected.h"

namespace brokersim::scenarios {

// What to say of a folder where a file belongs; nothing of anything else, also of what is not
// there.
std::optional<std::string> why_no_file(const std::string& path);
// The whole file; the error says which and why.
Expected<std::string, std::string> read_file(const std::string& path);
// Replaces the file; the error says why not.
Expected<Done, std::string> write_file(const std::string& path, const std::string& text);
// At its end, in one piece beside whoever else does the same; the file may be new.
Expected<Done, std::string> append_to_file(const std::string& path, const std::string& text);
// With what leads to it, if it is not there.
Expected<Done, std::string> make_folder(const std::string& path);
// Lines as `send` counts them: an end without newline is a line too.
std::int64_t lines_in(const std::string& text);

}  // namespace brokersim::scenarios
