// Text as the bytes of a file or stream.
#pragma once

#include <string_view>

#include "core/base/bytes.h"

namespace brokersim::sim {

inline Rope rope(std::string_view text) { return Rope(Slice::copy_of(as_bytes(text))); }

}  // namespace brokersim::sim
