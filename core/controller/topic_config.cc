#include "core/controller/topic_config.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "core/base/ignoring_case.h"
#include "core/base/trimmed.h"
#include "core/controller/throttled_replicas.h"

namespace brokersim::controller {

namespace {

using Kind = TopicConfigKey::Kind;

constexpr std::string_view longest = "9223372036854775807";

constexpr std::array keys{
    TopicConfigKey{"cleanup.policy", "log.cleanup.policy", Kind::choices, "delete", 0,
                   "compact,delete"},
    TopicConfigKey{"compression.gzip.level", "compression.gzip.level", Kind::int32, "-1", 1, "", 9,
                   -1},
    TopicConfigKey{"compression.lz4.level", "compression.lz4.level", Kind::int32, "9", 1, "", 17},
    TopicConfigKey{"compression.type", "compression.type", Kind::choice, "producer", 0,
                   "uncompressed,zstd,lz4,snappy,gzip,producer"},
    TopicConfigKey{"compression.zstd.level", "compression.zstd.level", Kind::int32, "3", -131072,
                   "", 22},
    TopicConfigKey{"delete.retention.ms", "log.cleaner.delete.retention.ms", Kind::int64,
                   "86400000", 0},
    TopicConfigKey{"file.delete.delay.ms", "log.segment.delete.delay.ms", Kind::int64, "60000", 0},
    TopicConfigKey{"flush.messages", "log.flush.interval.messages", Kind::int64, longest, 1},
    TopicConfigKey{"flush.ms", "log.flush.interval.ms", Kind::int64, longest, 0},
    TopicConfigKey{"follower.replication.throttled.replicas", "", Kind::replicas, ""},
    TopicConfigKey{"index.interval.bytes", "log.index.interval.bytes", Kind::int32, "4096", 0},
    TopicConfigKey{"leader.replication.throttled.replicas", "", Kind::replicas, ""},
    TopicConfigKey{"max.compaction.lag.ms", "log.cleaner.max.compaction.lag.ms", Kind::int64,
                   longest, 1},
    TopicConfigKey{"max.message.bytes", "message.max.bytes", Kind::int32, "1048588", 0},
    TopicConfigKey{"message.timestamp.after.max.ms", "log.message.timestamp.after.max.ms",
                   Kind::int64, "3600000", 0},
    TopicConfigKey{"message.timestamp.before.max.ms", "log.message.timestamp.before.max.ms",
                   Kind::int64, longest, 0},
    TopicConfigKey{"message.timestamp.type", "log.message.timestamp.type", Kind::choice,
                   "CreateTime", 0, "CreateTime,LogAppendTime"},
    TopicConfigKey{"min.cleanable.dirty.ratio", "log.cleaner.min.cleanable.ratio", Kind::ratio,
                   "0.5"},
    TopicConfigKey{"min.compaction.lag.ms", "log.cleaner.min.compaction.lag.ms", Kind::int64, "0",
                   0},
    TopicConfigKey{"min.insync.replicas", "min.insync.replicas", Kind::int32, "1", 1},
    TopicConfigKey{"preallocate", "log.preallocate", Kind::boolean, "false"},
    TopicConfigKey{"retention.bytes", "log.retention.bytes", Kind::int64, "-1"},
    TopicConfigKey{"retention.ms", "log.retention.ms", Kind::int64, "604800000", -1},
    TopicConfigKey{"segment.bytes", "log.segment.bytes", Kind::int32, "1073741824", 14},
    TopicConfigKey{"segment.index.bytes", "log.index.size.max.bytes", Kind::int32, "10485760", 4},
    TopicConfigKey{"segment.jitter.ms", "log.roll.jitter.ms", Kind::int64, "0", 0},
    TopicConfigKey{"segment.ms", "log.roll.ms", Kind::int64, "604800000", 1},
    TopicConfigKey{"unclean.leader.election.enable", "unclean.leader.election.enable",
                   Kind::boolean, "false"},
};

constexpr std::array<std::string_view, 1> without_effect{
    "preallocate",
};

bool has_only(std::string_view text, std::string_view characters) {
  return text.find_first_not_of(characters) == std::string_view::npos;
}

std::optional<std::string> why_no_number(const TopicConfigKey& key, std::string_view text) {
  using Int = std::numeric_limits<std::int32_t>;
  const auto value = parse_number(text);
  const bool is_int = key.kind == Kind::int32;
  if (!value || (is_int && (*value < Int::min() || *value > Int::max()))) {
    return fmt::format("Not a number of type {}", is_int ? "INT" : "LONG");
  }
  if (value == key.besides) return std::nullopt;
  if (key.besides && (*value < key.min || *value > key.max)) {
    return fmt::format("Value must be between {} and {} or equal to {}", key.min, key.max,
                       *key.besides);
  }
  if (*value < key.min) return fmt::format("Value must be at least {}", key.min);
  if (*value > key.max) return fmt::format("Value must be no more than {}", key.max);
  return std::nullopt;
}

// A decimal fraction from 0 to 1, compared as text: "0.5", ".5", "1", "1.0".
std::optional<std::string> why_no_ratio(std::string_view text) {
  text = trimmed(text);
  const bool is_negative = text.starts_with('-');
  if (is_negative) text.remove_prefix(1);
  const auto point = text.find('.');
  const auto whole = text.substr(0, point);
  const auto fraction = point == std::string_view::npos ? "" : text.substr(point + 1);
  constexpr std::string_view digits = "0123456789";
  const bool is_number =
      has_only(whole, digits) && has_only(fraction, digits) && whole.size() + fraction.size() > 0;
  if (!is_number) return "Not a number of type DOUBLE";
  if (is_negative) return "Value must be at least 0";
  const bool is_below_1 = has_only(whole, "0");
  const auto digit = whole.find_first_not_of('0');
  const bool is_1 = !is_below_1 && whole.substr(digit) == "1" && has_only(fraction, "0");
  if (!is_below_1 && !is_1) return "Value must be no more than 1";
  return std::nullopt;
}

// Calls `body(word)` for each word of a list, without the blanks around it; true if it returns true
// for all, and there is one.
template <class Body>
bool all_words(std::string_view list, Body body) {
  if (list.empty()) return false;
  for (;;) {
    const auto comma = list.find(',');
    if (!body(trimmed(list.substr(0, comma)))) return false;
    if (comma == std::string_view::npos) return true;
    list.remove_prefix(comma + 1);
  }
}

bool is_limit(std::string_view word) {
  const auto colon = word.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const auto digits = word.substr(colon + 1);
  const auto number = parse_number(digits);
  return has_only(digits, "0123456789") && number &&
         *number <= std::numeric_limits<std::int32_t>::max();
}

bool is_choice(const TopicConfigKey& key, std::string_view text) {
  return !all_words(key.allowed, [&](std::string_view word) { return word != text; });
}

std::string why_no_choice(const TopicConfigKey& key) {
  std::string all;
  all_words(key.allowed, [&](std::string_view word) {
    all += fmt::format("{}{}", all.empty() ? "" : ", ", word);
    return true;
  });
  return "String must be one of: " + all;
}

// What of a value does not fit: of a list, the first such word.
std::string_view unfit_part(const TopicConfigKey& key, std::string_view text) {
  std::string_view part = text;
  if (key.kind != Kind::choices) return part;
  all_words(text, [&](std::string_view word) {
    part = word;
    return is_choice(key, word);
  });
  return part;
}

bool fits(const TopicConfigKey& key, std::string_view text) { return !why_unfit(key, text); }

std::optional<std::string> unless(bool is_fine, std::string why) {
  if (is_fine) return std::nullopt;
  return why;
}

}  // namespace

std::optional<std::int64_t> parse_number(std::string_view text) {
  text = trimmed(text);
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  std::int64_t value = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

std::optional<bool> parse_flag(std::string_view text) {
  text = trimmed(text);
  if (equals_ignoring_case(text, "true")) return true;
  if (equals_ignoring_case(text, "false")) return false;
  return std::nullopt;
}

std::span<const TopicConfigKey> topic_config_keys() { return keys; }

const TopicConfigKey* find_topic_config_key(std::string_view name) {
  const auto* const found =
      std::lower_bound(keys.begin(), keys.end(), name,
                       [](const TopicConfigKey& key, auto wanted) { return key.name < wanted; });
  return found != keys.end() && found->name == name ? &*found : nullptr;
}

const TopicConfigKey* find_topic_config_key_of_broker(std::string_view broker_name) {
  const auto* const found = std::find_if(keys.begin(), keys.end(), [&](const TopicConfigKey& key) {
    return key.broker == broker_name;
  });
  return found != keys.end() && !broker_name.empty() ? &*found : nullptr;
}

bool has_effect(const TopicConfigKey& key) {
  return std::find(without_effect.begin(), without_effect.end(), key.name) == without_effect.end();
}

std::optional<std::string> why_unfit(const TopicConfigKey& key, std::string_view text) {
  switch (key.kind) {
    case Kind::int32:
    case Kind::int64: return why_no_number(key, text);
    case Kind::boolean:
      return unless(parse_flag(text).has_value(), "Expected value to be either true or false");
    case Kind::ratio: return why_no_ratio(text);
    case Kind::choice: return unless(is_choice(key, trimmed(text)), why_no_choice(key));
    case Kind::choices:
      // None of them is a choice, too: what is neither deleted nor compacted stays.
      return unless(
          trimmed(text).empty() || all_words(text, [&](auto word) { return is_choice(key, word); }),
          why_no_choice(key));
    case Kind::replicas:
      return unless(ThrottledReplicas::parse(text).has_value(),
                    fmt::format("{} must be the literal '*' or a list of replicas in the following "
                                "format: [partitionId]:[brokerId],[partitionId]:[brokerId],...",
                                key.name));
    case Kind::limits:
      return unless(trimmed(text).empty() || all_words(text, is_limit),
                    "Value must be of the form ADDRESS:NUMBER,ADDRESS:NUMBER,...");
  }
  return std::nullopt;
}

std::optional<std::string> why_invalid_topic_config(std::string_view name, std::string_view value) {
  const auto* key = find_topic_config_key(name);
  if (!key) return fmt::format("Unknown topic config name: {}", name);
  return why_invalid(*key, name, value);
}

std::optional<std::string> why_invalid(const TopicConfigKey& key, std::string_view name,
                                       std::string_view value) {
  const auto why = why_unfit(key, value);
  if (!why) return std::nullopt;
  return fmt::format("Invalid value {} for configuration {}: {}", unfit_part(key, value), name,
                     *why);
}

std::optional<std::string> why_contradictory(const Image::Configs& configs,
                                             const Image::Configs& node) {
  const auto number = [&](std::string_view name) {
    const auto own = configs.find(name);
    const auto inherited = node.find(name);
    return parse_number(own != configs.end()      ? std::string_view(own->second)
                        : inherited != node.end() ? std::string_view(inherited->second)
                                                  : find_topic_config_key(name)->initial)
        .value_or(0);
  };
  const auto least = number("min.compaction.lag.ms");
  const auto most = number("max.compaction.lag.ms");
  if (least <= most) return std::nullopt;
  return fmt::format(
      "conflict topic config setting min.compaction.lag.ms ({}) > max.compaction.lag.ms ({})",
      least, most);
}

TopicConfigs::TopicConfigs(const Image& image, std::string_view topic,
                           const TopicDefaults& defaults)
    : topic_(image.configs({ConfigResource::Type::topic, std::string(topic)})),
      broker_(image.configs({ConfigResource::Type::broker, fmt::format("{}", defaults.node)})),
      cluster_(image.configs({ConfigResource::Type::broker, ""})),
      node_(defaults.configs) {}

TopicConfigs::Value TopicConfigs::get(std::string_view name) const {
  const auto* key = find_topic_config_key(name);
  REQUIRE(key != nullptr, name);
  struct Layer {
    const Image::Configs& configs;
    std::string_view name;
    Source source;
  };
  const Layer layers[] = {{topic_, name, Source::topic},
                          {broker_, key->broker, Source::broker},
                          {cluster_, key->broker, Source::cluster},
                          {node_, name, Source::node}};
  for (const auto& layer : layers) {
    const auto found = layer.configs.find(layer.name);
    // A record in the log may hold what a validation elsewhere let pass: it is not in force.
    if (found != layer.configs.end() && fits(*key, found->second)) {
      return {trimmed(found->second), layer.source};
    }
  }
  return {key->initial, Source::initial};
}

std::int64_t TopicConfigs::number(std::string_view name) const {
  const auto value = parse_number(get(name).text);
  REQUIRE(value.has_value(), name);
  return *value;
}

std::int64_t TopicConfigs::millionths(std::string_view name) const {
  const auto text = get(name).text;
  const auto point = std::min(text.find('.'), text.size());
  std::int64_t value = parse_number(text.substr(0, point)).value_or(0);
  for (std::size_t digit = 1; digit <= 6; ++digit) {
    const auto at = point + digit;
    value = value * 10 + (at < text.size() ? text[at] - '0' : 0);
  }
  return value;
}

bool TopicConfigs::has(std::string_view name, std::string_view word) const {
  const auto list = get(name).text;
  return !list.empty() && !all_words(list, [&](std::string_view each) { return each != word; });
}

}  // namespace brokersim::controller
