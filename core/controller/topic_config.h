// The configuration of topics: which keys there are, what they may be set to, what is in force.
//
// A value is looked for in the topic, then in what was set for this broker, then for all brokers —
// there under the broker's name for the key, log.segment.bytes for segment.bytes —, then in the
// node's own configuration, then in Kafka's defaults (KIP-226).
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
  enum class Kind : std::uint8_t {
    int32,
    int64,
    boolean,
    ratio,
    choice,
    choices,
    replicas,
    limits,  // Addresses, each with a number behind its last colon: "10.0.0.7:100,::1:2".
  };
  std::string_view name;
  std::string_view broker;  // The broker's name for the default of all topics; "" if it has none.
  Kind kind = Kind::int64;
  std::string_view initial;  // Kafka's default.
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::string_view allowed = {};  // Of choice and choices, separated by commas.
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
  std::optional<std::int64_t> besides = {};  // A number outside of the range that is allowed, too.
};

// As Kafka reads them: a flag in any case of letters; blanks around do not count.
std::optional<bool> parse_flag(std::string_view text);
std::optional<std::int64_t> parse_number(std::string_view text);

std::span<const TopicConfigKey> topic_config_keys();  // Ordered by name.
const TopicConfigKey* find_topic_config_key(std::string_view name);
const TopicConfigKey* find_topic_config_key_of_broker(std::string_view broker_name);

// Not of those that are kept and shown, and that nothing acts upon yet.
bool has_effect(const TopicConfigKey& key);

// What is wrong with setting `name` of a topic to `value`, if something is: in Kafka's words.
std::optional<std::string> why_invalid_topic_config(std::string_view name, std::string_view value);
// The same where the key goes by another name.
std::optional<std::string> why_invalid(const TopicConfigKey& key, std::string_view name,
                                       std::string_view value);
// The same of a value alone: "Value must be at least 1".
std::optional<std::string> why_unfit(const TopicConfigKey& key, std::string_view value);
// Why a topic's own values, each of which fits, do not fit each other or what the node has for
// topics that do not say otherwise.
std::optional<std::string> why_contradictory(const Image::Configs& configs,
                                             const Image::Configs& node);

// What a node has for topics that do not say otherwise.
struct TopicDefaults {
  NodeId node = no_node;   // What was set for this broker counts.
  Image::Configs configs;  // Topic keys that its own configuration sets: {"segment.bytes", "14"}.
};

// A view of the configuration of one topic, which need not exist.
class TopicConfigs {
 public:
  // As in DescribeConfigs.
  enum class Source : std::int8_t { topic = 1, broker = 2, cluster = 3, node = 4, initial = 5 };
  struct Value {
    std::string_view text;
    Source source = Source::initial;
  };

  // All arguments must outlive the view.
  TopicConfigs(const Image& image, std::string_view topic, const TopicDefaults& defaults);

  // Requires a key of topic_config_keys().
  Value get(std::string_view name) const;
  std::int64_t number(std::string_view name) const;
  bool flag(std::string_view name) const { return parse_flag(get(name).text).value_or(false); }
  // Of a ratio: "0.5" is 500000. What comes behind the sixth digit does not count.
  std::int64_t millionths(std::string_view name) const;
  // Of a list: whether `word` is in it.
  bool has(std::string_view name, std::string_view word) const;

 private:
  const Image::Configs& topic_;
  const Image::Configs& broker_;
  const Image::Configs& cluster_;
  const Image::Configs& node_;
};

}  // namespace brokersim::controller
