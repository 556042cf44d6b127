#include "core/controller/image.h"

#include <algorithm>
#include <utility>

namespace brokersim::controller {

namespace {

// A change of a broker's or partition's state that the log cannot rightly hold.
Unexpected<std::string_view> contradiction(std::string_view why) { return Unexpected(why); }

Partition partition_of(const PartitionRecord& record) {
  return {
      .replicas = record.replicas,
      .isr = record.isr,
      .elr = record.eligible_leader_replicas.value_or(std::vector<NodeId>()),
      .last_known_elr = record.last_known_elr.value_or(std::vector<NodeId>()),
      .removing_replicas = record.removing_replicas,
      .adding_replicas = record.adding_replicas,
      .leader = record.leader,
      .leader_recovery_state = static_cast<LeaderRecoveryState>(record.leader_recovery_state),
      .leader_epoch = record.leader_epoch,
      .partition_epoch = record.partition_epoch,
      .directories = record.directories,
  };
}

Partition changed(Partition partition, const PartitionChangeRecord& record) {
  if (record.replicas) partition.replicas = *record.replicas;
  if (record.isr) partition.isr = *record.isr;
  if (record.eligible_leader_replicas) partition.elr = *record.eligible_leader_replicas;
  if (record.last_known_elr) partition.last_known_elr = *record.last_known_elr;
  if (record.removing_replicas) partition.removing_replicas = *record.removing_replicas;
  if (record.adding_replicas) partition.adding_replicas = *record.adding_replicas;
  if (record.directories) partition.directories = *record.directories;
  if (record.leader_recovery_state >= 0) {
    partition.leader_recovery_state =
        static_cast<LeaderRecoveryState>(record.leader_recovery_state);
  }
  if (record.leader != leader_unchanged) {
    partition.leader = record.leader;
    partition.leader_epoch = partition.leader_epoch.next();
  }
  partition.partition_epoch = partition.partition_epoch.next();
  return partition;
}

Broker broker_of(const RegisterBrokerRecord& record, Offset offset) {
  Broker broker{
      .id = record.broker_id,
      .epoch = record.broker_epoch,
      .incarnation_id = record.incarnation_id,
      .registration_offset = offset,
      .rack = record.rack,
      .log_dirs = record.log_dirs,
      .is_fenced = record.fenced,
      .is_in_controlled_shutdown = record.in_controlled_shutdown,
  };
  for (const auto& e : record.end_points) {
    broker.endpoints.push_back({e.name, e.host, e.port, e.security_protocol});
  }
  for (const auto& f : record.features) {
    broker.features[f.name] = {f.min_supported_version, f.max_supported_version};
  }
  return broker;
}

}  // namespace

bool contains(const std::vector<NodeId>& nodes, NodeId node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

// What each type of record does. Checks first, changes then: a refused record leaves no trace.
struct RecordApplier {
  using Applied = Expected<Delta, std::string_view>;

  Image& image;
  Offset offset;

  Topic* find_topic(const Uuid& id) {
    const auto name = image.topic_names_.find(id);
    return name == image.topic_names_.end() ? nullptr : &image.topics_.at(name->second);
  }

  // Null unless the record speaks of the broker's present incarnation.
  Broker* find_broker(NodeId id, BrokerEpoch epoch) {
    const auto found = image.brokers_.find(id);
    return found == image.brokers_.end() || found->second.epoch != epoch ? nullptr : &found->second;
  }

  Applied operator()(const RegisterBrokerRecord& record) {
    const auto* before = image.find_broker(record.broker_id);
    if (before && record.broker_epoch < before->epoch) {
      return contradiction("broker epoch moved back");
    }
    image.brokers_[record.broker_id] = broker_of(record, offset);
    return Delta{.brokers = {record.broker_id}};
  }

  Applied operator()(const UnregisterBrokerRecord& record) {
    if (!find_broker(record.broker_id, record.broker_epoch)) {
      return contradiction("unregisters an unknown broker");
    }
    image.brokers_.erase(record.broker_id);
    return Delta{.brokers = {record.broker_id}};
  }

  Applied set_fenced(NodeId id, BrokerEpoch epoch, bool is_fenced) {
    auto* broker = find_broker(id, epoch);
    if (!broker) return contradiction("fences or unfences an unknown broker");
    broker->is_fenced = is_fenced;
    return Delta{.brokers = {id}};
  }
  Applied operator()(const FenceBrokerRecord& record) {
    return set_fenced(record.id, record.epoch, true);
  }
  Applied operator()(const UnfenceBrokerRecord& record) {
    return set_fenced(record.id, record.epoch, false);
  }

  Applied operator()(const BrokerRegistrationChangeRecord& record) {
    auto* broker = find_broker(record.broker_id, record.broker_epoch);
    if (!broker) return contradiction("changes the registration of an unknown broker");
    if (record.fenced != 0) broker->is_fenced = record.fenced > 0;
    if (record.in_controlled_shutdown > 0) broker->is_in_controlled_shutdown = true;
    if (!record.log_dirs.empty()) broker->log_dirs = record.log_dirs;
    return Delta{.brokers = {record.broker_id}};
  }

  Applied operator()(const TopicRecord& record) {
    if (image.topics_.count(record.name) || image.topic_names_.count(record.topic_id)) {
      return contradiction("creates a topic that exists");
    }
    image.topics_[record.name] = {.name = record.name, .id = record.topic_id};
    image.topic_names_[record.topic_id] = record.name;
    return Delta{};
  }

  Applied operator()(const PartitionRecord& record) {
    auto* topic = find_topic(record.topic_id);
    if (!topic) return contradiction("adds a partition to an unknown topic");
    if (topic->partitions.count(record.partition_id)) {
      return contradiction("creates a partition that exists");
    }
    topic->partitions[record.partition_id] = partition_of(record);
    return Delta{.partitions = {{topic->name, record.partition_id}}};
  }

  Applied operator()(const PartitionChangeRecord& record) {
    auto* topic = find_topic(record.topic_id);
    if (!topic) return contradiction("changes a partition of an unknown topic");
    const auto partition = topic->partitions.find(record.partition_id);
    if (partition == topic->partitions.end()) return contradiction("changes an unknown partition");
    partition->second = changed(std::move(partition->second), record);
    return Delta{.partitions = {{topic->name, record.partition_id}}};
  }

  Applied operator()(const RemoveTopicRecord& record) {
    auto* topic = find_topic(record.topic_id);
    if (!topic) return contradiction("removes an unknown topic");
    Delta delta;
    delta.removed_topics.push_back(std::move(*topic));
    const auto& name = delta.removed_topics.back().name;
    image.configs_.erase({ConfigResource::Type::topic, name});
    image.topic_names_.erase(record.topic_id);
    image.topics_.erase(name);
    return delta;
  }

  Applied operator()(const ConfigRecord& record) {
    ConfigResource resource{static_cast<ConfigResource::Type>(record.resource_type),
                            record.resource_name};
    auto& configs = image.configs_[resource];
    if (record.value) {
      configs[record.name] = *record.value;
    } else {
      configs.erase(record.name);
    }
    if (configs.empty()) image.configs_.erase(resource);
    return Delta{.configs = {std::move(resource)}};
  }

  Applied operator()(const FeatureLevelRecord& record) {
    if (record.feature_level == 0) {
      image.features_.erase(record.name);
    } else {
      image.features_[record.name] = record.feature_level;
    }
    return Delta{.features = {record.name}};
  }

  Applied operator()(const ProducerIdsRecord& record) {
    if (record.next_producer_id < image.next_producer_id_) {
      return contradiction("hands out producer ids twice");
    }
    image.next_producer_id_ = record.next_producer_id;
    return Delta{};
  }

  Applied operator()(const NoOpRecord&) { return Delta{}; }
};

bool Delta::empty() const {
  return partitions.empty() && removed_topics.empty() && brokers.empty() && configs.empty() &&
         features.empty();
}

void Delta::add(Delta later) {
  // What was touched in a topic that is gone is not there any more.
  for (const auto& topic : later.removed_topics) {
    for (const auto& [id, partition] : topic.partitions) partitions.erase({topic.name, id});
    configs.erase({ConfigResource::Type::topic, topic.name});
  }
  partitions.merge(later.partitions);
  brokers.merge(later.brokers);
  configs.merge(later.configs);
  features.merge(later.features);
  for (auto& topic : later.removed_topics) removed_topics.push_back(std::move(topic));
}

Expected<Delta, std::string_view> Image::apply(const MetadataRecord& record, Offset offset) {
  REQUIRE(offset >= last_offset_, offset, last_offset_);
  auto applied = std::visit(RecordApplier{*this, offset}, record);
  if (applied) last_offset_ = offset;
  return applied;
}

namespace {

template <class Map, class Key>
void copy_or_erase(Map& into, const Map& from, const Key& key) {
  const auto found = from.find(key);
  if (found == from.end()) {
    into.erase(key);
  } else {
    into[key] = found->second;
  }
}

}  // namespace

Topic& Image::topic_like(const Topic& newer) {
  const auto [at, is_new] = topics_.try_emplace(newer.name);
  if (is_new) {
    at->second = {.name = newer.name, .id = newer.id};
    topic_names_[newer.id] = newer.name;
  }
  return at->second;
}

void Image::catch_up(const Image& newer, const Delta& delta) {
  for (const auto& removed : delta.removed_topics) {
    if (topic_names_.erase(removed.id) > 0) topics_.erase(removed.name);
    copy_or_erase(configs_, newer.configs_,
                  ConfigResource{ConfigResource::Type::topic, removed.name});
  }
  for (const auto& [name, index] : delta.partitions) {
    const auto& topic = newer.topics_.find(name)->second;
    topic_like(topic).partitions[index] = topic.partitions.at(index);
  }
  // Those without partitions are in no delta.
  if (topics_.size() != newer.topics_.size()) {
    for (const auto& [name, topic] : newer.topics_) topic_like(topic);
  }
  for (const auto id : delta.brokers) copy_or_erase(brokers_, newer.brokers_, id);
  for (const auto& resource : delta.configs) copy_or_erase(configs_, newer.configs_, resource);
  features_ = newer.features_;
  next_producer_id_ = newer.next_producer_id_;
  cluster_id_ = newer.cluster_id_;
  last_offset_ = newer.last_offset_;
}

const Broker* Image::find_broker(NodeId id) const {
  const auto found = brokers_.find(id);
  return found == brokers_.end() ? nullptr : &found->second;
}

bool Image::is_active(NodeId broker) const {
  const auto* found = find_broker(broker);
  return found && found->is_active();
}

const Topic* Image::find_topic(std::string_view name) const {
  const auto found = topics_.find(name);
  return found == topics_.end() ? nullptr : &found->second;
}

const Topic* Image::find_topic(const Uuid& id) const {
  const auto name = topic_names_.find(id);
  return name == topic_names_.end() ? nullptr : find_topic(name->second);
}

const Partition* Image::find_partition(const TopicPartition& partition) const {
  const auto* topic = find_topic(partition.topic);
  if (!topic) return nullptr;
  const auto found = topic->partitions.find(partition.partition);
  return found == topic->partitions.end() ? nullptr : &found->second;
}

const Image::Configs& Image::configs(const ConfigResource& resource) const {
  static const Configs none;
  const auto found = configs_.find(resource);
  return found == configs_.end() ? none : found->second;
}

}  // namespace brokersim::controller
