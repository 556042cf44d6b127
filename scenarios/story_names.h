// The short names of a story: b1 is broker-1, c1 is controller-1, clients are called as they are.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"

namespace brokersim::scenarios {

// "b1" of "broker-1"; other names stay.
std::string short_name(std::string_view machine);
// "broker-1" of "b1"; other names stay.
std::string machine_name(std::string_view short_name);
// The same of a broker or controller by its node.id: "b1", "c1"; "nobody" of -1.
std::string short_name(NodeId node);
// "b1 b2 b3"
std::string short_names(const std::vector<NodeId>& nodes);
// A sentence of the broker's, with short names in it.
std::string with_short_names(std::string_view sentence);

// A story's clock: "   9.14s", since `zero`.
std::string clock_text(Instant at, Instant zero);

// A whole number, with nothing before or behind it.
std::optional<std::int64_t> parse_number(std::string_view text);

}  // namespace brokersim::scenarios
