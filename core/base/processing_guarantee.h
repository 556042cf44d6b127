// What a stream task promises of each record that it reads: how often it counts in what is made of
// it (processing.guarantee of Kafka Streams, and the third that goes with committing first).
#pragma once

#include <cstdint>
#include <string_view>

namespace brokersim {

enum class ProcessingGuarantee : std::uint8_t { at_least_once, exactly_once, at_most_once };
std::string_view name_of(ProcessingGuarantee guarantee);

}  // namespace brokersim
