// A story says: topic orders replicas=(b1,b2,b3) min.insync.replicas=2
//
// The first replica is the preferred leader, and leads; of a second partition it is the second, and
// so on. Keys with a dot are the topic's configuration. Returns when everybody has their role.
#include <algorithm>

#include <fmt/format.h>

#include "scenarios/story_names.h"
#include "scenarios/verbs/all.h"

namespace brokersim::scenarios::verbs {

namespace {

constexpr Duration topic_patience = 30s;
constexpr std::int16_t create_topics_version = 7;

using Topic = api::CreateTopicsRequest::CreatableTopic;

Read<std::vector<NodeId>> replicas_of(Stage& stage, const Step& step) {
  const auto* argument = step.find("replicas");
  if (argument == nullptr) return stage.brokers();
  std::vector<NodeId> replicas;
  for (const Word& name : argument->values) {
    TRY(const NodeId broker, broker_of(stage, name));
    replicas.push_back(broker);
  }
  return replicas;
}

Read<Topic> topic_of(Stage& stage, const Step& step) {
  Topic topic{.num_partitions = -1, .replication_factor = -1};
  TRY(const Word name, word(step, 0));
  topic.name = name.text;
  TRY(auto replicas, replicas_of(stage, step));
  TRY(const auto partitions, number_or(step, "partitions", 1));
  for (std::int32_t index = 0; index < partitions; ++index) {
    topic.assignments.push_back({.partition_index = index, .broker_ids = replicas});
    std::rotate(replicas.begin(), replicas.begin() + 1, replicas.end());
  }
  for (const auto& argument : step.arguments) {
    if (argument.key.find('.') == std::string::npos) continue;
    TRY(const Word value, single(argument));
    topic.configs.push_back({argument.key, value.text});
  }
  return topic;
}

// Leaders lead, and followers are in sync.
bool is_there(const Stage& stage, const Topic& topic) {
  for (const auto& assignment : topic.assignments) {
    const TopicPartition name{topic.name, assignment.partition_index};
    for (const NodeId broker : assignment.broker_ids) {
      const auto has_role = [&](const Event& event) {
        const auto* leads = std::get_if<BecameLeader>(&event.body);
        const auto* follows = std::get_if<BecameFollower>(&event.body);
        return event.node == broker &&
               ((leads && leads->partition == name) || (follows && follows->partition == name));
      };
      if (std::none_of(stage.events().rbegin(), stage.events().rend(), has_role)) return false;
    }
  }
  return true;
}

Printed topic_step(Stage& stage, const Step& step) {
  TRY(const Topic topic, topic_of(stage, step));
  std::string problem = "no answer from the controller";
  stage.administrate([&](Env& env, client::Admin& admin) {
    const Instant deadline = env.now() + topic_patience;
    auto& cluster = admin.cluster();
    cluster.needs_refresh();
    if (!cluster.refresh(env, deadline)) return;
    const auto channel = cluster.channel_to(cluster.view().controller());
    if (!channel) return;
    const api::CreateTopicsRequest request{.topics = {topic}};
    const auto response = channel->call(env, request, create_topics_version, deadline);
    if (!response || response->topics.empty()) return;
    const auto& result = response->topics.front();
    problem.clear();
    if (result.error_code == api::ErrorCode::none) return;
    problem = fmt::format("{}: {}", result.error_code, result.error_message.value_or(""));
  });
  if (!problem.empty()) return error_at(step.words()[0]->column, problem);
  for (Duration waited{}; !is_there(stage, topic); waited += 10ms) {
    if (waited > topic_patience) return error_at(0, "the brokers do not take up their roles");
    stage.run_for(10ms);
  }
  if (stage.is_setting()) stage.begin();
  return "";
}

}  // namespace

Verb topic_verb() {
  return {.group = "world",
          .name = "topic",
          .example = "topic orders replicas=(b1,b2,b3) min.insync.replicas=2",
          .meaning = "a topic on these brokers, led by the first of them",
          .least_words = 1,
          .most_words = 1,
          .keys = {"replicas", "partitions"},
          .takes_settings = true,
          .is_setting = true,
          .run = topic_step};
}

}  // namespace brokersim::scenarios::verbs
