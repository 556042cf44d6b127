// Which partition of a coordinator's topic the records of a group or of a transactional id are in,
// as every implementation computes it: by Java's hash of the name.
#pragma once

#include <cstdint>
#include <string_view>

namespace brokersim::coordination {

std::int32_t partition_of(std::string_view name, std::int32_t partitions);

}  // namespace brokersim::coordination
