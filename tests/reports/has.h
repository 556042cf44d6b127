// Whether a text has a part, for expectations that name it.
#pragma once

#include <string_view>

namespace brokersim::reports {

inline bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace brokersim::reports
