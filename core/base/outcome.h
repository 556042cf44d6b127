// How a client operation ended for the client.
#pragma once

#include <cstdint>
#include <string_view>

namespace brokersim {

// Ok; failed, certainly without effect; or unknown.
enum class Outcome : std::uint8_t { ok, failed, unknown };
std::string_view name_of(Outcome outcome);

}  // namespace brokersim
