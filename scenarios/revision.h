// Which state of the sources this program was built from.
#pragma once

#include <string_view>

namespace brokersim::scenarios {

// The commit's short name, with "+" behind it if files differ from it; "unknown" if the sources
// were in no repository.
std::string_view revision();

}  // namespace brokersim::scenarios
