// The settings of Kafka's brokers by name: what a server.properties that was written for Kafka may
// say although brokersim has nothing that it could mean.
#pragma once

#include <span>
#include <string_view>

namespace brokersim::scenarios {

// Ordered. Some of them brokersim honours: acts_when_served (serve_config.h).
std::span<const std::string_view> kafka_settings();
bool is_kafka_setting(std::string_view name);

}  // namespace brokersim::scenarios
