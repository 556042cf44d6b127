// The configuration of topics: which keys there are, what they may be set to, what is in force.
//
// A value is looked for in the topic, then in the cluster's default of all brokers, then in the
// node's own configuration, then in Kafka's defaults.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/controller/image.h"

namespace brokersim::controller {

struct TopicConfigKey {
  enum class Kind : std::uint8_t { int32, int64, boolean, ratio, choice, choices, replicas };
  std::string_view name;
  Kind kind = Kind::int64;
  std::string_view initial;  // Kafka's default.
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::string_view allowed = {};  // Of choice and choices, separated by commas.
};

std::span<const TopicConfigKey> topic_config_keys();  // Ordered by name.
const TopicConfigKey* find_topic_config_key(std::string_view name);

// What is wrong with setting `name` of a topic to `value`, if something is.
std::optional<std::string> why_invalid_topic_config(std::string_view name, std::string_view value);

// A view of the configuration of one topic, which need not exist.
class TopicConfigs {
 public:
  // As in DescribeConfigs.
  enum class Source : std::int8_t { topic = 1, cluster = 3, node = 4, initial = 5 };
  struct Value {
    std::string_view text;
    Source source = Source::initial;
  };

  // `node` holds topic keys ("segment.bytes") this node's own configuration sets. All arguments
  // must outlive the view.
  TopicConfigs(const Image& image, std::string_view topic, const Image::Configs& node);

  // Requires a key of topic_config_keys().
  Value get(std::string_view name) const;
  std::int64_t number(std::string_view name) const;
  bool flag(std::string_view name) const { return get(name).text == "true"; }

 private:
  const Image::Configs& topic_;
  const Image::Configs& cluster_;
  const Image::Configs& node_;
};

}  // namespace brokersim::controller
