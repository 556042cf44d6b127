// Where the tests find the catalogue, the plans and the stories.
#pragma once

#include <string>

namespace brokersim::scenarios {

inline const std::string folder = BROKERSIM_SOURCE_DIR "/scenarios";

}  // namespace brokersim::scenarios
