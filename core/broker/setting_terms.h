// What Kafka says of each setting of a node: its type, and the least value there is.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace brokersim::broker {

// As DescribeConfigs numbers them.
enum class ConfigType : std::int8_t {
  unknown = 0,
  boolean = 1,
  string = 2,
  int32 = 3,
  int16 = 4,
  int64 = 5,
  float64 = 6,
  list = 7,
};

struct SettingTerms {
  std::string_view name;
  ConfigType type = ConfigType::unknown;
  std::int64_t min = 0;  // Of a number.
  std::int64_t max() const;
};

std::span<const SettingTerms> all_setting_terms();  // Ordered by name.
// Null if it is no setting of a node, but one that topics may have for themselves.
const SettingTerms* find_setting_terms(std::string_view name);

}  // namespace brokersim::broker
