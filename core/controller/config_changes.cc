#include "core/controller/config_changes.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/number.h"
#include "core/controller/broker_config.h"
#include "core/controller/elr_safety.h"
#include "core/controller/group_config.h"
#include "core/controller/topic_config.h"
#include "core/controller/topic_name.h"

namespace brokersim::controller {

namespace {

using api::ErrorCode;

enum class Operation : std::int8_t { set = 0, remove = 1, append = 2, subtract = 3 };

// One resource of either request.
struct AskedChange {
  std::string name;
  std::int8_t operation = 0;  // As in IncrementalAlterConfigs.
  wire::Nullable<std::string> value;
};
struct AskedResource {
  std::int8_t type = 0;
  std::string name;
  std::vector<AskedChange> changes;
  bool replaces_all = false;  // What is not named goes.
};

std::vector<AskedResource> resources_of(const api::AlterConfigsRequest& request) {
  std::vector<AskedResource> all;
  for (const auto& resource : request.resources) {
    auto& asked = all.emplace_back();
    asked = {.type = resource.resource_type, .name = resource.resource_name, .replaces_all = true};
    for (const auto& config : resource.configs)
      asked.changes.push_back({config.name, 0, config.value});
  }
  return all;
}

std::vector<AskedResource> resources_of(const api::IncrementalAlterConfigsRequest& request) {
  std::vector<AskedResource> all;
  for (const auto& resource : request.resources) {
    auto& asked = all.emplace_back();
    asked = {.type = resource.resource_type, .name = resource.resource_name};
    for (const auto& config : resource.configs) {
      asked.changes.push_back({config.name, config.config_operation, config.value});
    }
  }
  return all;
}

// ---- What was asked ----------------------------------------------------------------------------

OrRefusal<Done> check_form(const AskedResource& asked) {
  const auto invalid = [](std::string why) { return refuse(ErrorCode::invalid_request, why); };
  std::set<std::string_view> named;
  std::vector<std::string_view> nulls;
  for (const auto& change : asked.changes) {
    if (!named.insert(change.name).second) return invalid("Error due to duplicate config keys");
    const bool is_removal = change.operation == static_cast<std::int8_t>(Operation::remove);
    if (!change.value && !is_removal) nulls.push_back(change.name);
  }
  if (!nulls.empty()) {
    return invalid(fmt::format("Null value not supported for : {}", fmt::join(nulls, ", ")));
  }
  for (const auto& change : asked.changes) {
    if (change.operation >= static_cast<std::int8_t>(Operation::set) &&
        change.operation <= static_cast<std::int8_t>(Operation::subtract)) {
      continue;
    }
    return invalid(fmt::format("Unknown operations type {}", change.operation));
  }
  return Done{};
}

OrRefusal<ConfigResource> resource_of(const AskedResource& asked) {
  const auto type = static_cast<ConfigResource::Type>(asked.type);
  if (type == ConfigResource::Type::topic) {
    if (asked.name.empty()) {
      return refuse(ErrorCode::invalid_request, "Default topic resources are not allowed.");
    }
    TRY([[maybe_unused]] const Done legal, check_topic_name(asked.name));
  } else if (type == ConfigResource::Type::broker) {
    const bool is_id = number<std::int32_t>(asked.name).value_or(-1) >= 0;
    if (!asked.name.empty() && !is_id) {
      return refuse(ErrorCode::invalid_request,
                    fmt::format("Node id must be an integer, but it is: {}", asked.name));
    }
  } else if (type == ConfigResource::Type::group) {
    if (asked.name.empty()) {
      return refuse(ErrorCode::invalid_request, "Default group resources are not allowed.");
    }
  } else {
    return refuse(ErrorCode::invalid_request, fmt::format("Unknown resource type {}", asked.type));
  }
  return ConfigResource{type, asked.name};
}

OrRefusal<Done> check_existence(const Image& image, const ConfigResource& resource) {
  if (resource.type == ConfigResource::Type::topic) {
    if (image.find_topic(resource.name)) return Done{};
    return refuse(ErrorCode::unknown_topic_or_partition,
                  fmt::format("The topic '{}' does not exist.", resource.name));
  }
  if (resource.type == ConfigResource::Type::group) return Done{};
  const auto is_this = [&](const auto& entry) {
    return fmt::format("{}", entry.first) == resource.name;
  };
  const auto& brokers = image.brokers();
  if (resource.name.empty() || std::any_of(brokers.begin(), brokers.end(), is_this)) return Done{};
  return refuse(ErrorCode::broker_id_not_registered,
                fmt::format("No broker with id {} found.", resource.name));
}

// ---- What comes of it --------------------------------------------------------------------------

const TopicConfigKey* find_key(const ConfigResource& resource, std::string_view name) {
  switch (resource.type) {
    case ConfigResource::Type::topic: return find_topic_config_key(name);
    case ConfigResource::Type::group: return find_group_config_key(name);
    default: return find_broker_config_key(name);
  }
}

std::vector<std::string> words_of(std::string_view list) {
  std::vector<std::string> words;
  while (!list.empty()) {
    const auto comma = list.find(',');
    if (comma != 0) words.emplace_back(list.substr(0, comma));
    list = comma == std::string_view::npos ? "" : list.substr(comma + 1);
  }
  return words;
}

// The list with these words more or fewer. A list that nobody has set stands at its default.
OrRefusal<std::string> change_list(const ConfigResource& resource, const Image::Configs& configs,
                                   const AskedChange& change) {
  const bool appends = change.operation == static_cast<std::int8_t>(Operation::append);
  const auto* key = find_key(resource, change.name);
  const bool is_list = key && (key->kind == TopicConfigKey::Kind::choices ||
                               key->kind == TopicConfigKey::Kind::replicas);
  if (!is_list) {
    return refuse(ErrorCode::invalid_config,
                  fmt::format("Can't {} to key {} because its type is not LIST.",
                              appends ? "APPEND" : "SUBTRACT", change.name));
  }
  const auto present = configs.find(change.name);
  auto words = words_of(present == configs.end() ? key->initial : present->second);
  for (const auto& word : words_of(*change.value)) {
    const auto found = std::find(words.begin(), words.end(), word);
    if (appends && found == words.end()) words.push_back(word);
    if (!appends && found != words.end()) words.erase(found);
  }
  auto list = fmt::format("{}", fmt::join(words, ","));
  // By and by it may become longer than any text that is set at once.
  if (list.size() > wire::longest_text) {
    return refuse(ErrorCode::invalid_config,
                  fmt::format("The value of {} would be longer than {} bytes.", change.name,
                              wire::longest_text));
  }
  return list;
}

OrRefusal<Image::Configs> changed_configs(const ConfigResource& resource,
                                          const Image::Configs& present,
                                          const AskedResource& asked) {
  Image::Configs next = asked.replaces_all ? Image::Configs{} : present;
  for (const auto& change : asked.changes) {
    switch (static_cast<Operation>(change.operation)) {
      case Operation::set: next[change.name] = *change.value; break;
      case Operation::remove: next.erase(change.name); break;
      case Operation::append:
      case Operation::subtract: {
        TRY(next[change.name], change_list(resource, next, change));
        break;
      }
    }
  }
  return next;
}

OrRefusal<Done> check_topic_configs(const ControllerConfig& config, const Image::Configs& configs) {
  for (const auto& [name, value] : configs) {
    auto why = why_invalid_topic_config(name, value);
    if (why) return refuse(ErrorCode::invalid_config, *std::move(why));
  }
  auto why = why_contradictory(configs, config.topic_defaults.configs);
  if (why) return refuse(ErrorCode::invalid_config, *std::move(why));
  return Done{};
}

OrRefusal<Done> check_group_configs(const ControllerConfig& config, const Image::Configs& configs) {
  auto why = why_invalid_group_configs(configs, config.group_terms);
  if (why) return refuse(ErrorCode::invalid_config, *std::move(why));
  return Done{};
}

OrRefusal<Done> check_configs(const ConfigResource& resource, const ControllerConfig& config,
                              const Image::Configs& configs) {
  switch (resource.type) {
    case ConfigResource::Type::topic: return check_topic_configs(config, configs);
    case ConfigResource::Type::broker: return check_broker_configs(config, configs);
    case ConfigResource::Type::group: return check_group_configs(config, configs);
    case ConfigResource::Type::broker_logger: break;
  }
  return Done{};
}

std::vector<MetadataRecord> records_of(const ConfigResource& resource,
                                       const Image::Configs& present, const Image::Configs& next,
                                       const AskedResource& asked) {
  std::set<std::string> touched;
  for (const auto& change : asked.changes) touched.insert(change.name);
  if (asked.replaces_all) {
    for (const auto& [name, value] : present) touched.insert(name);
  }
  const auto value_in = [](const Image::Configs& configs, const std::string& name) {
    const auto found = configs.find(name);
    return found == configs.end() ? wire::Nullable<std::string>() : found->second;
  };
  std::vector<MetadataRecord> records;
  for (const auto& name : touched) {
    const auto value = value_in(next, name);
    // KAFKA-14136: brokers are to be told of their own even if nothing changed.
    const bool is_news = resource.type == ConfigResource::Type::broker;
    if (!is_news && value == value_in(present, name)) continue;
    records.push_back(ConfigRecord{.resource_type = static_cast<std::int8_t>(resource.type),
                                   .resource_name = resource.name,
                                   .name = name,
                                   .value = value});
  }
  return records;
}

OrRefusal<std::vector<MetadataRecord>> plan_resource(const Image& image,
                                                     const ControllerConfig& config,
                                                     const AskedResource& asked) {
  TRY([[maybe_unused]] const Done well_formed, check_form(asked));
  TRY(const ConfigResource resource, resource_of(asked));
  const auto& present = image.configs(resource);
  TRY(const Image::Configs next, changed_configs(resource, present, asked));
  TRY([[maybe_unused]] const Done legal, check_configs(resource, config, next));
  TRY([[maybe_unused]] const Done safe, check_elr_safety(image, resource, present, next));
  TRY([[maybe_unused]] const Done exists, check_existence(image, resource));
  return records_of(resource, present, next, asked);
}

template <class Response, class Request>
Plan<Response> plan_resources(const Image& image, const ControllerConfig& config,
                              const Request& request) {
  const auto all = resources_of(request);
  std::map<std::pair<std::int8_t, std::string>, int> times_named;
  for (const auto& asked : all) ++times_named[{asked.type, asked.name}];
  Plan<Response> out;
  for (const auto& asked : all) {
    auto& answer = out.response.responses.emplace_back();
    answer.resource_type = asked.type;
    answer.resource_name = asked.name;
    auto records =
        times_named[{asked.type, asked.name}] == 1
            ? plan_resource(image, config, asked)
            : OrRefusal<std::vector<MetadataRecord>>(
                  refuse(ErrorCode::invalid_request, "Each resource must appear at most once."));
    if (!records) {
      answer.error_code = records.error().error;
      answer.error_message = records.error().message;
      continue;
    }
    std::move(records->begin(), records->end(), std::back_inserter(out.records));
  }
  return out;
}

}  // namespace

OrRefusal<Done> check_broker_configs(const ControllerConfig& config,
                                     const Image::Configs& configs) {
  std::vector<std::string_view> fixed;
  for (const auto& [name, value] : configs) {
    if (config.static_broker_configs.contains(name)) fixed.push_back(name);
  }
  if (!fixed.empty()) {
    return refuse(
        ErrorCode::invalid_request,
        fmt::format("Cannot update these configs dynamically: {}", fmt::join(fixed, ", ")));
  }
  for (const auto& [name, value] : configs) {
    // KAFKA-13609: not INVALID_CONFIG, for brokers.
    auto why = why_invalid_broker_config(name, value);
    if (why) return refuse(ErrorCode::invalid_request, *std::move(why));
  }
  return Done{};
}

Plan<api::AlterConfigsResponse> plan_replacement(const Image& image, const ControllerConfig& config,
                                                 const api::AlterConfigsRequest& request) {
  return plan_resources<api::AlterConfigsResponse>(image, config, request);
}

Plan<api::IncrementalAlterConfigsResponse> plan_changes(
    const Image& image, const ControllerConfig& config,
    const api::IncrementalAlterConfigsRequest& request) {
  return plan_resources<api::IncrementalAlterConfigsResponse>(image, config, request);
}

}  // namespace brokersim::controller
