// A story says: metadata b2 orders create=yes
//
// What one broker tells a client that asks it for Metadata: it may know less than the controllers.
// With `create` a topic that does not exist is made, if auto.create.topics.enable.
#include "core/api/metadata.h"

#include <fmt/format.h>

#include "scenarios/story_names.h"
#include "scenarios/verbs/all.h"

namespace brokersim::scenarios::verbs {

namespace {

constexpr Duration metadata_patience = 5s;
constexpr std::int16_t metadata_version = 12;

std::string text_of(const api::MetadataResponse& response) {
  std::vector<NodeId> brokers;
  for (const auto& broker : response.brokers) brokers.push_back(broker.node_id);
  std::string text = fmt::format("brokers {}\n", short_names(brokers));
  for (const auto& topic : response.topics) {
    const auto name = topic.name.value_or("");
    if (topic.error_code != api::ErrorCode::none) {
      text += fmt::format("{}: {}\n", name, topic.error_code);
    }
    for (const auto& partition : topic.partitions) {
      text += fmt::format("{}-{}  leader {}  epoch {}  isr {}\n", name, partition.partition_index,
                          short_name(partition.leader_id), partition.leader_epoch,
                          short_names(partition.isr_nodes));
    }
  }
  return text;
}

Printed metadata_step(Stage& stage, const Step& step) {
  TRY(const Word at, word(step, 0));
  TRY(const NodeId broker, broker_of(stage, at));
  api::MetadataRequest request{.topics = std::vector<api::MetadataRequest::MetadataRequestTopic>{},
                               .allow_auto_topic_creation = false};
  for (std::size_t i = 1; i < step.words().size(); ++i) {
    TRY(const Word name, word(step, i));
    request.topics->push_back({.name = name.text});
  }
  if (const auto* create = step.find("create")) {
    TRY(const Word value, single(*create));
    TRY(const std::size_t place, choice_of(value, {"no", "yes"}));
    request.allow_auto_topic_creation = place == 1;
  }
  std::string text = fmt::format("{} does not answer\n", at.text);
  stage.administrate([&](Env& env, client::Admin&) {
    const auto address = stage.world().find(broker)->name();
    wire::Channel channel({address, 9092}, "admin");
    const auto response =
        channel.call(env, request, metadata_version, env.now() + metadata_patience);
    if (response) text = text_of(*response);
    channel.close();
  });
  return text;
}

}  // namespace

Verb metadata_verb() {
  return {.group = "look",
          .name = "metadata",
          .example = "metadata b2 orders create=yes",
          .meaning = "what one broker tells a client of the cluster",
          .least_words = 1,
          .most_words = 9,
          .keys = {"create"},
          .run = metadata_step};
}

}  // namespace brokersim::scenarios::verbs
