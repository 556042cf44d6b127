// The names topics may have.
#pragma once

#include <string>
#include <string_view>

#include "core/controller/plan.h"

namespace brokersim::controller {

// INVALID_TOPIC_EXCEPTION with the reason for a name that no topic may have.
OrRefusal<Done> check_topic_name(std::string_view name);

// Names with the same key may not both exist: they differ only in '.' and '_', and would share the
// names of their metrics.
std::string collision_key(std::string_view name);

}  // namespace brokersim::controller
