// A story says: configure orders retention.ms=1000
//     configure b1 leader.replication.throttled.rate=1000
//     configure brokers log.segment.bytes=2000     all that have none of their own
//
// An administrator changes some of the configuration of a topic or a broker, and leaves the rest
// (IncrementalAlterConfigs).
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "scenarios/verbs/all.h"

namespace brokersim::scenarios::verbs {

namespace {

constexpr Duration configure_patience = 30s;

Read<client::Configured> configured_of(Stage& stage, const Word& name) {
  using Type = client::Configured::Type;
  if (name.text == "brokers") return client::Configured{Type::broker, ""};
  const auto broker = broker_of(stage, name);
  if (broker) return client::Configured{Type::broker, fmt::format("{}", *broker)};
  if (stage.cluster().metadata().find_topic(name.text)) {
    return client::Configured{Type::topic, name.text};
  }
  return Unexpected(broker.error());
}

// A list of Kafka's has commas between its words.
std::map<std::string, std::optional<std::string>> configs_of(const Step& step) {
  std::map<std::string, std::optional<std::string>> configs;
  for (const auto& argument : step.arguments) {
    if (argument.key.find('.') == std::string::npos) continue;
    std::vector<std::string_view> words;
    for (const Word& value : argument.values) words.push_back(value.text);
    configs[argument.key] = fmt::format("{}", fmt::join(words, ","));
  }
  return configs;
}

Printed configure_step(Stage& stage, const Step& step) {
  TRY(const Word name, word(step, 0));
  TRY(const auto what, configured_of(stage, name));
  TRY(const auto subjects, subjects_or(step, stage.told()));
  std::string refused;
  stage.administrate([&](Env& env, client::Admin& admin) {
    const auto done =
        admin.alter_configs(env, what, configs_of(step), env.now() + configure_patience);
    if (!done) refused = fmt::format("refused: {}\n", done.error());
  });
  return stage.tell(subjects) + refused;
}

}  // namespace

Verb configure_verb() {
  return {.group = "clients",
          .name = "configure",
          .example = "configure orders retention.ms=1000",
          .meaning = "an administrator changes some of the configuration of a topic or a broker",
          .least_words = 1,
          .most_words = 1,
          .keys = {"tell"},
          .takes_settings = true,
          .run = configure_step};
}

}  // namespace brokersim::scenarios::verbs
