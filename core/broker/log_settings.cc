#include "core/broker/log_settings.h"

#include <algorithm>

namespace brokersim::broker {
namespace {

std::uint64_t size_of(const controller::TopicConfigs& configs, std::string_view name) {
  return static_cast<std::uint64_t>(configs.number(name));
}

// What is longer is as good as none.
Duration time_of(const controller::TopicConfigs& configs, std::string_view name) {
  return std::min(configs.number(name), longest_duration / 1ms) * Duration(1ms);
}

}  // namespace

log::LogConfig log_config_of(const controller::TopicConfigs& configs, const LogRules& rules) {
  log::LogConfig config{.segment_bytes = size_of(configs, "segment.bytes"), .rules = rules};
  config.roll = {.segment_ms = configs.number("segment.ms"),
                 .segment_jitter_ms = configs.number("segment.jitter.ms"),
                 .segment_index_bytes = size_of(configs, "segment.index.bytes"),
                 .index_interval_bytes = size_of(configs, "index.interval.bytes")};
  config.retention = {.ms = configs.number("retention.ms"),
                      .bytes = configs.number("retention.bytes")};
  config.compaction = {.is_compacted = configs.has("cleanup.policy", "compact"),
                       .deletes = configs.has("cleanup.policy", "delete"),
                       .min_dirty_millionths = configs.millionths("min.cleanable.dirty.ratio"),
                       .min_lag_ms = configs.number("min.compaction.lag.ms"),
                       .max_lag_ms = configs.number("max.compaction.lag.ms"),
                       .delete_retention_ms = configs.number("delete.retention.ms")};
  // What may wait for so long only must not lie in the active segment for longer (KIP-354).
  if (config.compaction.is_compacted) {
    config.roll.segment_ms = std::min(config.roll.segment_ms, config.compaction.max_lag_ms);
  }
  config.file_delete_delay = time_of(configs, "file.delete.delay.ms");
  config.flush_messages = configs.number("flush.messages");
  config.flush_ms = configs.number("flush.ms");
  return config;
}

}  // namespace brokersim::broker
