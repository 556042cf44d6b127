#include "core/controller/elr_safety.h"

#include <string>
#include <string_view>

#include "core/controller/features.h"
#include "core/controller/topic_config.h"

namespace brokersim::controller {

namespace {

constexpr std::string_view min_insync_replicas = "min.insync.replicas";

ConfigRecord record_for(const std::string& broker, wire::Nullable<std::string> value) {
  return {.resource_type = static_cast<std::int8_t>(ConfigResource::Type::broker),
          .resource_name = broker,
          .name = std::string(min_insync_replicas),
          .value = std::move(value)};
}

}  // namespace

std::vector<MetadataRecord> elr_safety_records(const Image& image, const ControllerConfig& config) {
  std::vector<MetadataRecord> records;
  const ConfigResource all_brokers{ConfigResource::Type::broker, ""};
  if (!image.configs(all_brokers).contains(min_insync_replicas)) {
    const auto own = config.topic_defaults.configs.find(min_insync_replicas);
    const auto* key = find_topic_config_key(min_insync_replicas);
    const bool is_set = own != config.topic_defaults.configs.end();
    records.emplace_back(record_for("", is_set ? own->second : std::string(key->initial)));
  }
  for (const auto& [resource, configs] : image.all_configs()) {
    const bool is_of_one_broker =
        resource.type == ConfigResource::Type::broker && !resource.name.empty();
    if (!is_of_one_broker || !configs.contains(min_insync_replicas)) continue;
    records.emplace_back(record_for(resource.name, std::nullopt));
  }
  return records;
}

std::set<std::string> topics_of_new_min_isr(const Image& image,
                                            const std::vector<MetadataRecord>& records) {
  std::set<std::string> names;
  for (const auto& record : records) {
    const auto* config = std::get_if<ConfigRecord>(&record);
    if (config == nullptr || config->name != min_insync_replicas) continue;
    const auto type = static_cast<ConfigResource::Type>(config->resource_type);
    if (type == ConfigResource::Type::topic) {
      names.insert(config->resource_name);
    } else {
      for (const auto& [name, topic] : image.topics()) names.insert(name);
    }
  }
  return names;
}

OrRefusal<Done> check_elr_safety(const Image& image, const ConfigResource& resource,
                                 const Image::Configs& present, const Image::Configs& next) {
  if (!has_eligible_leader_replicas(image) || resource.type != ConfigResource::Type::broker) {
    return Done{};
  }
  if (!resource.name.empty() && next.contains(min_insync_replicas)) {
    return refuse(api::ErrorCode::invalid_config,
                  "Broker-level min.insync.replicas cannot be altered while ELR is enabled.");
  }
  if (present.contains(min_insync_replicas) && !next.contains(min_insync_replicas) &&
      resource.name.empty()) {
    return refuse(api::ErrorCode::invalid_config,
                  "Cluster-level min.insync.replicas cannot be removed while ELR is enabled.");
  }
  return Done{};
}

}  // namespace brokersim::controller
