// What each configuration is for, in a sentence: the documentation of DescribeConfigs (KIP-569).
#pragma once

#include <string_view>

namespace brokersim::controller {

// Of a topic's key or a broker's; empty for a name that is not described.
std::string_view documentation_of(std::string_view name);

}  // namespace brokersim::controller
