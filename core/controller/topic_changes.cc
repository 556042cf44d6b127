#include "core/controller/topic_changes.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "core/controller/draws.h"
#include "core/controller/new_partitions.h"
#include "core/controller/topic_config.h"
#include "core/controller/topic_name.h"

namespace brokersim::controller {

namespace {

using api::ErrorCode;
using CreatableTopic = api::CreateTopicsRequest::CreatableTopic;
using TopicResult = api::CreateTopicsResponse::CreatableTopicResult;

OrRefusal<Placed> place_as_told(const Image& image, const CreatableTopic& topic) {
  if (topic.replication_factor != -1 || topic.num_partitions != -1) {
    return refuse(ErrorCode::invalid_request,
                  "With assignments given, partitions and replication factor have to be -1.");
  }
  std::map<std::int32_t, std::vector<NodeId>> by_partition;
  for (const auto& assignment : topic.assignments) {
    TRY([[maybe_unused]] const Done fine,
        check_new_assignment(image, assignment.broker_ids,
                             topic.assignments.front().broker_ids.size()));
    if (!by_partition.emplace(assignment.partition_index, assignment.broker_ids).second) {
      return refuse(ErrorCode::invalid_replica_assignment, "A partition is assigned twice.");
    }
  }
  Placed placed;
  for (auto& [partition, brokers] : by_partition) {
    if (partition != static_cast<std::int32_t>(placed.size())) {
      return refuse(ErrorCode::invalid_replica_assignment,
                    "The partitions are not numbered 0, 1, 2 and so on.");
    }
    placed.push_back(std::move(brokers));
  }
  return placed;
}

OrRefusal<Placed> place_by_number(const Image& image, const ControllerConfig& config,
                                  const CreatableTopic& topic, std::uint64_t random) {
  const auto wanted = topic.replication_factor;
  const auto replicas = wanted == -1 ? config.default_replication_factor : wanted;
  if (replicas <= 0) {
    return refuse(ErrorCode::invalid_replication_factor,
                  "The replication factor has to be positive, or -1 for the default.");
  }
  const auto partitions = topic.num_partitions == -1 ? config.num_partitions : topic.num_partitions;
  if (partitions <= 0) {
    return refuse(ErrorCode::invalid_partitions,
                  "The number of partitions has to be positive, or -1 for the default.");
  }
  return place(image, partitions, replicas, random);
}

OrRefusal<Done> check_configs(const ControllerConfig& config, const CreatableTopic& topic) {
  Image::Configs own;
  for (const auto& entry : topic.configs) {
    if (!entry.value) {
      return refuse(ErrorCode::invalid_config,
                    fmt::format("Null value not supported for topic config: {}", entry.name));
    }
    auto why = why_invalid_topic_config(entry.name, *entry.value);
    if (why) return refuse(ErrorCode::invalid_config, *std::move(why));
    own[entry.name] = *entry.value;
  }
  auto why = why_contradictory(own, config.topic_defaults.configs);
  if (why) return refuse(ErrorCode::invalid_config, *std::move(why));
  return Done{};
}

std::vector<MetadataRecord> creation_records(const Image& image, const CreatableTopic& topic,
                                             const Uuid& id, const Placed& placed) {
  std::vector<MetadataRecord> records{TopicRecord{.name = topic.name, .topic_id = id}};
  for (const auto& config : topic.configs) {
    records.push_back(
        ConfigRecord{.resource_type = static_cast<std::int8_t>(ConfigResource::Type::topic),
                     .resource_name = topic.name,
                     .name = config.name,
                     .value = config.value});
  }
  std::int32_t partition = 0;
  for (const auto& replicas : placed) {
    records.push_back(new_partition(image, id, partition++, replicas));
  }
  return records;
}

// The configuration the topic will have, as the response shows it (KIP-525).
std::vector<api::CreateTopicsResponse::CreatableTopicConfigs> shown_configs(
    const Image& image, const ControllerConfig& config, const CreatableTopic& topic) {
  Image::Configs own;
  for (const auto& entry : topic.configs) own[entry.name] = *entry.value;
  const TopicConfigs inherited(image, topic.name, config.topic_defaults);
  std::vector<api::CreateTopicsResponse::CreatableTopicConfigs> shown;
  for (const auto& key : topic_config_keys()) {
    const auto set = own.find(key.name);
    auto value = inherited.get(key.name);
    if (set != own.end()) value = {set->second, TopicConfigs::Source::topic};
    shown.push_back({.name = std::string(key.name),
                     .value = std::string(value.text),
                     .config_source = static_cast<std::int8_t>(value.source)});
  }
  return shown;
}

// Plans the topics of one request, one after the other.
class Creation {
 public:
  Creation(const Image& image, const ControllerConfig& config,
           const api::CreateTopicsRequest& request, std::uint64_t random)
      : image_(image), config_(config), draws_(random) {
    for (const auto& [name, topic] : image.topics()) names_.emplace(collision_key(name), name);
    for (const auto& topic : request.topics) ++times_named_[topic.name];
  }

  Plan<api::CreateTopicsResponse> plan(const api::CreateTopicsRequest& request) {
    Plan<api::CreateTopicsResponse> out;
    std::set<std::string> done;
    for (const auto& topic : request.topics) {
      if (!done.insert(topic.name).second) continue;
      auto records = plan_topic(topic);
      if (!records) {
        out.response.topics.push_back({.name = topic.name,
                                       .error_code = records.error().error,
                                       .error_message = records.error().message});
        continue;
      }
      out.response.topics.push_back(result_of(topic, *records));
      std::move(records->begin(), records->end(), std::back_inserter(out.records));
    }
    return out;
  }

 private:
  OrRefusal<std::vector<MetadataRecord>> plan_topic(const CreatableTopic& topic) {
    const auto placement = draws_.next();
    const auto id = unused_id();
    TRY([[maybe_unused]] const Done legal, check_name(topic));
    TRY([[maybe_unused]] const Done known, check_configs(config_, topic));
    TRY(const Placed placed, topic.assignments.empty()
                                 ? place_by_number(image_, config_, topic, placement)
                                 : place_as_told(image_, topic));
    partitions_ += static_cast<std::int64_t>(placed.size());
    if (partitions_ > max_partitions_per_request) {
      return refuse(ErrorCode::policy_violation, "Too many partitions in one request.");
    }
    names_.emplace(collision_key(topic.name), topic.name);
    return creation_records(image_, topic, id, placed);
  }

  Uuid unused_id() {
    for (;;) {
      const auto id = draws_.uuid();
      if (!image_.find_topic(id)) return id;
    }
  }

  OrRefusal<Done> check_name(const CreatableTopic& topic) {
    if (times_named_[topic.name] > 1) {
      return refuse(ErrorCode::invalid_request, "Duplicate topic name.");
    }
    if (topic.name == metadata_partition().topic) {
      return refuse(ErrorCode::invalid_request, "This internal topic cannot be created.");
    }
    TRY([[maybe_unused]] const Done fine, check_topic_name(topic.name));
    if (image_.find_topic(topic.name)) {
      return refuse(ErrorCode::topic_already_exists,
                    fmt::format("Topic '{}' already exists.", topic.name));
    }
    const auto other = names_.find(collision_key(topic.name));
    if (other != names_.end()) {
      return refuse(ErrorCode::invalid_topic_exception,
                    fmt::format("Topic '{}' collides with '{}'.", topic.name, other->second));
    }
    return Done{};
  }

  TopicResult result_of(const CreatableTopic& topic,
                        const std::vector<MetadataRecord>& records) const {
    const auto& first = std::get<PartitionRecord>(records.back());
    return {
        .name = topic.name,
        .topic_id = first.topic_id,
        .num_partitions = first.partition_id + 1,
        .replication_factor = static_cast<std::int16_t>(first.replicas.size()),
        .configs = shown_configs(image_, config_, topic),
    };
  }

  const Image& image_;
  const ControllerConfig& config_;
  Draws draws_;
  std::map<std::string, std::string> names_;  // By what they collide on.
  std::map<std::string, int> times_named_;
  std::int64_t partitions_ = 0;
};

using DeletableResult = api::DeleteTopicsResponse::DeletableTopicResult;

OrRefusal<const Topic*> find_deletable(const Image& image, const DeletableResult& asked) {
  const bool has_id = asked.topic_id != no_uuid;
  if (asked.name.has_value() == has_id) {
    return refuse(ErrorCode::invalid_request, "Give either the name or the id of a topic.");
  }
  const auto* topic = has_id ? image.find_topic(asked.topic_id) : image.find_topic(*asked.name);
  if (topic) return topic;
  return refuse(has_id ? ErrorCode::unknown_topic_id : ErrorCode::unknown_topic_or_partition,
                "There is no such topic.");
}

// Whom the request names, by either way of naming topics that its versions have.
std::vector<DeletableResult> asked_topics(const api::DeleteTopicsRequest& request) {
  std::vector<DeletableResult> asked;
  for (const auto& name : request.topic_names) asked.push_back({.name = name});
  for (const auto& topic : request.topics) {
    asked.push_back({.name = topic.name, .topic_id = topic.topic_id});
  }
  return asked;
}

}  // namespace

Plan<api::CreateTopicsResponse> plan_creation(const Image& image, const ControllerConfig& config,
                                              const api::CreateTopicsRequest& request,
                                              std::uint64_t random) {
  return Creation(image, config, request, random).plan(request);
}

Plan<api::DeleteTopicsResponse> plan_deletion(const Image& image, const ControllerConfig& config,
                                              const api::DeleteTopicsRequest& request,
                                              std::int16_t version) {
  Plan<api::DeleteTopicsResponse> out;
  out.response.responses = asked_topics(request);
  std::map<Uuid, int> times_named;
  for (const auto& asked : out.response.responses) {
    const auto topic = find_deletable(image, asked);
    if (topic) ++times_named[(*topic)->id];
  }
  for (auto& result : out.response.responses) {
    const auto topic = find_deletable(image, result);
    if (!config.delete_topic_enable) {
      result.error_code =
          version < 3 ? ErrorCode::invalid_request : ErrorCode::topic_deletion_disabled;
    } else if (!topic) {
      result.error_code = topic.error().error;
      result.error_message = topic.error().message;
    } else if (times_named[(*topic)->id] > 1) {
      result.error_code = ErrorCode::invalid_request;
      result.error_message = "The topic is named twice.";
    } else {
      result.name = (*topic)->name;
      result.topic_id = (*topic)->id;
      out.records.push_back(RemoveTopicRecord{.topic_id = (*topic)->id});
    }
  }
  return out;
}

}  // namespace brokersim::controller
