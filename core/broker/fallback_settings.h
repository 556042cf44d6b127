// Settings that count where another one is not set: Kafka has log.retention.hours, and would rather
// have log.retention.minutes, and log.retention.ms most. In which order they are told, in a file or
// on a command line, does not matter. They are read at the start only, as Kafka's are, and shown as
// the first of them.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string_view>

#include "core/controller/topic_config.h"

namespace brokersim::broker {

struct FallbackSetting {
  controller::TopicConfigKey terms;  // By its own name, in its own unit.
  std::string_view topic_key;        // What it is a default of, by the topic's name.
  std::int64_t unit_ms = 1;
  int rank = 1;  // How many others Kafka would rather have.
};

struct FallbackTable {
  using Kind = controller::TopicConfigKey::Kind;
  static constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
  static constexpr std::int64_t minute = 60'000, hour = 60 * minute;
  static constexpr std::array rows{
      FallbackSetting{{"", "log.retention.hours", Kind::int32, "168", 1, "", most, -1},
                      "retention.ms",
                      hour,
                      2},
      FallbackSetting{
          {"", "log.retention.minutes", Kind::int32, "", 1, "", most, -1}, "retention.ms", minute},
      FallbackSetting{{"", "log.roll.hours", Kind::int32, "168", 1}, "segment.ms", hour},
      FallbackSetting{
          {"", "log.roll.jitter.hours", Kind::int32, "0", 0}, "segment.jitter.ms", hour},
  };
};

// Null if it is none of them.
inline const FallbackSetting* find_fallback_setting(std::string_view name) {
  const auto& rows = FallbackTable::rows;
  const auto* const found = std::find_if(rows.begin(), rows.end(), [&](const FallbackSetting& row) {
    return row.terms.broker == name;
  });
  return found == rows.end() ? nullptr : found;
}

}  // namespace brokersim::broker
