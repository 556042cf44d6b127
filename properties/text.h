// How violations write things: "offset 42", "offsets 42..44", "{1,2,3}", "57.808 ms".
#pragma once

#include <string>
#include <vector>

#include "core/base/event.h"
#include "core/base/ids.h"
#include "core/base/time.h"

namespace brokersim::properties {

std::string text_of_offsets(const BatchRef& batch);
std::string text_of_nodes(const std::vector<NodeId>& nodes);
std::string text_of_time(Instant at);
std::string text_of_acks(std::int32_t acks);

}  // namespace brokersim::properties
