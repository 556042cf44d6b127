#include "core/controller/image_records.h"

#include <utility>

#include "core/controller/features.h"

namespace brokersim::controller {

namespace {

RegisterBrokerRecord record_of(const Broker& broker) {
  RegisterBrokerRecord record;
  record.broker_id = broker.id;
  record.broker_epoch = broker.epoch;
  record.incarnation_id = broker.incarnation_id;
  for (const auto& endpoint : broker.endpoints) {
    record.end_points.push_back(
        {endpoint.name, endpoint.host, endpoint.port, endpoint.security_protocol});
  }
  for (const auto& [name, range] : broker.features) {
    record.features.push_back({name, range.min, range.max});
  }
  record.rack = broker.rack;
  record.log_dirs = broker.log_dirs;
  record.fenced = broker.is_fenced;
  record.in_controlled_shutdown = broker.is_in_controlled_shutdown;
  return record;
}

PartitionRecord record_of(const Uuid& topic_id, std::int32_t id, const Partition& partition) {
  PartitionRecord record;
  record.partition_id = id;
  record.topic_id = topic_id;
  record.replicas = partition.replicas;
  record.isr = partition.isr;
  record.removing_replicas = partition.removing_replicas;
  record.adding_replicas = partition.adding_replicas;
  record.leader = partition.leader;
  record.leader_recovery_state = static_cast<std::int8_t>(partition.leader_recovery_state);
  record.leader_epoch = partition.leader_epoch;
  record.partition_epoch = partition.partition_epoch;
  record.directories = partition.directories;
  if (!partition.elr.empty()) record.eligible_leader_replicas = partition.elr;
  if (!partition.last_known_elr.empty()) record.last_known_elr = partition.last_known_elr;
  return record;
}

// The metadata.version first: it says how to read the rest (KIP-778).
void add_features(const Image& image, std::vector<MetadataRecord>& records) {
  const auto add = [&](const std::string& name, std::int16_t level) {
    records.emplace_back(FeatureLevelRecord{.name = name, .feature_level = level});
  };
  const auto written = image.features().find(std::string(metadata_version));
  if (written != image.features().end()) add(written->first, written->second);
  for (const auto& [name, level] : image.features()) {
    if (name != metadata_version) add(name, level);
  }
}

void add_topics(const Image& image, std::vector<MetadataRecord>& records) {
  for (const auto& [name, topic] : image.topics()) {
    TopicRecord record;
    record.name = name;
    record.topic_id = topic.id;
    records.emplace_back(std::move(record));
    for (const auto& [id, partition] : topic.partitions) {
      records.emplace_back(record_of(topic.id, id, partition));
    }
  }
}

void add_configs(const Image& image, std::vector<MetadataRecord>& records) {
  for (const auto& [resource, configs] : image.all_configs()) {
    for (const auto& [name, value] : configs) {
      ConfigRecord record;
      record.resource_type = static_cast<std::int8_t>(resource.type);
      record.resource_name = resource.name;
      record.name = name;
      record.value = value;
      records.emplace_back(std::move(record));
    }
  }
}

// The keys whose values are not the same in both.
template <class Map>
std::set<typename Map::key_type> changed_keys(const Map& before, const Map& after) {
  std::set<typename Map::key_type> keys;
  for (const auto& [key, value] : before) {
    if (after.count(key) == 0) keys.insert(key);
  }
  for (const auto& [key, value] : after) {
    const auto known = before.find(key);
    if (known == before.end() || !(known->second == value)) keys.insert(key);
  }
  return keys;
}

void add_changed_partitions(const Topic* before, const Topic& after, Delta& delta) {
  for (const auto& [id, partition] : after.partitions) {
    const bool is_known = before && before->id == after.id && before->partitions.count(id) > 0;
    if (is_known && before->partitions.at(id) == partition) continue;
    delta.partitions.insert({after.name, id});
  }
}

}  // namespace

std::vector<MetadataRecord> records_of(const Image& image) {
  std::vector<MetadataRecord> records;
  add_features(image, records);
  for (const auto& [id, broker] : image.brokers()) records.emplace_back(record_of(broker));
  add_topics(image, records);
  add_configs(image, records);
  if (image.next_producer_id() > 0) {
    ProducerIdsRecord record;
    record.next_producer_id = image.next_producer_id();
    records.emplace_back(std::move(record));
  }
  return records;
}

Delta difference(const Image& before, const Image& after) {
  Delta delta;
  for (const auto& [name, topic] : before.topics()) {
    const auto* now = after.find_topic(name);
    if (!now || now->id != topic.id) delta.removed_topics.push_back(topic);
  }
  for (const auto& [name, topic] : after.topics()) {
    add_changed_partitions(before.find_topic(name), topic, delta);
  }
  delta.brokers = changed_keys(before.brokers(), after.brokers());
  delta.features = changed_keys(before.features(), after.features());
  for (const auto& resource : changed_keys(before.all_configs(), after.all_configs())) {
    const bool is_gone =
        resource.type == ConfigResource::Type::topic && !after.find_topic(resource.name);
    if (!is_gone) delta.configs.insert(resource);
  }
  return delta;
}

}  // namespace brokersim::controller
