// The cluster's metadata as a value: what replaying the metadata log up to some offset gives.
//
// The active controller decides on an Image, and every broker keeps one and acts on the Deltas that
// applying records to it returns (KIP-500, KIP-631). The same records always give equal images.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/expected.h"
#include "core/base/ids.h"
#include "core/controller/records.h"

namespace brokersim::controller {

enum class LeaderRecoveryState : std::int8_t {
  recovered = 0,
  recovering = 1,  // Elected uncleanly, and not yet done with making good for it.
};

struct Partition {
  std::vector<NodeId> replicas;  // In order of preference.
  std::vector<NodeId> isr;
  // Out of sync, and with all that is committed nevertheless (KIP-966).
  std::vector<NodeId> elr;
  // Who led last, where nobody is left who is known to have all that is committed.
  std::vector<NodeId> last_known_elr;
  std::vector<NodeId> removing_replicas;
  std::vector<NodeId> adding_replicas;
  NodeId leader = no_node;
  LeaderRecoveryState leader_recovery_state = LeaderRecoveryState::recovered;
  LeaderEpoch leader_epoch{};
  PartitionEpoch partition_epoch{};
  std::vector<Uuid> directories;  // One for each replica, or none at all.

  bool has_leader() const { return leader != no_node; }
  NodeId preferred_leader() const { return replicas.empty() ? no_node : replicas.front(); }
  friend bool operator==(const Partition&, const Partition&) = default;
};

bool contains(const std::vector<NodeId>& nodes, NodeId node);

struct Topic {
  std::string name;
  Uuid id{};
  std::map<std::int32_t, Partition> partitions;
  friend bool operator==(const Topic&, const Topic&) = default;
};

struct Endpoint {
  std::string name;  // Of the listener.
  std::string host;
  std::uint16_t port = 0;
  std::int16_t security_protocol = 0;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

struct VersionRange {
  std::int16_t min = 0;
  std::int16_t max = 0;
  friend bool operator==(VersionRange, VersionRange) = default;
};

struct Broker {
  NodeId id = no_node;
  BrokerEpoch epoch = no_broker_epoch;
  Uuid incarnation_id{};
  Offset registration_offset = -1;  // Of the last RegisterBrokerRecord.
  std::vector<Endpoint> endpoints;
  std::map<std::string, VersionRange> features;
  std::optional<std::string> rack;
  std::vector<Uuid> log_dirs;
  bool is_fenced = true;
  bool is_in_controlled_shutdown = false;

  // May lead, and may be in an ISR (KIP-841).
  bool is_active() const { return !is_fenced && !is_in_controlled_shutdown; }
  friend bool operator==(const Broker&, const Broker&) = default;
};

struct ConfigResource {
  // Of loggers an image holds none: their levels are a broker's own (KIP-412).
  enum class Type : std::int8_t { topic = 2, broker = 4, broker_logger = 8, group = 32 };
  Type type = Type::topic;
  std::string name;  // A broker's id; "" is the default of all brokers.
  friend auto operator<=>(const ConfigResource&, const ConfigResource&) = default;
};

// What applying records touched.
struct Delta {
  std::set<TopicPartition> partitions;  // Created or changed, and still there.
  std::vector<Topic> removed_topics;    // As they were last.
  std::set<NodeId> brokers;             // Registered, changed or unregistered.
  std::set<ConfigResource> configs;     // Not those of removed topics.
  std::set<std::string> features;

  bool empty() const;
  void add(Delta later);
};

class Image {
 public:
  using Topics = std::map<std::string, Topic, std::less<>>;
  using Configs = std::map<std::string, std::string, std::less<>>;

  Image() = default;
  explicit Image(std::string cluster_id) : cluster_id_(std::move(cluster_id)) {}

  // Applies the record at `offset`, which never goes back (it stays while a snapshot is read, whose
  // records all stand for its last offset). A record that contradicts the image changes nothing and
  // gives the reason: the log then comes from a controller that is wrong, and must not be followed.
  Expected<Delta, std::string_view> apply(const MetadataRecord& record, Offset offset);

  // Becomes `newer`, which `delta` has led to from here: as a copy would, and without the cost of
  // one where a cluster is big and little has changed.
  void catch_up(const Image& newer, const Delta& delta);

  const std::string& cluster_id() const { return cluster_id_; }
  Offset last_offset() const { return last_offset_; }  // Of what was applied; -1 at first.

  const std::map<NodeId, Broker>& brokers() const { return brokers_; }
  const Broker* find_broker(NodeId id) const;
  bool is_active(NodeId broker) const;

  const Topics& topics() const { return topics_; }
  const Topic* find_topic(std::string_view name) const;
  const Topic* find_topic(const Uuid& id) const;
  const Partition* find_partition(const TopicPartition& partition) const;

  // What is set for exactly this resource; see topic_config.h for what is in force.
  const Configs& configs(const ConfigResource& resource) const;
  const std::map<ConfigResource, Configs>& all_configs() const { return configs_; }
  const std::map<std::string, std::int16_t>& features() const { return features_; }
  std::int64_t next_producer_id() const { return next_producer_id_; }

  friend bool operator==(const Image&, const Image&) = default;

 private:
  friend struct RecordApplier;
  Topic& topic_like(const Topic& newer);

  std::string cluster_id_;
  Offset last_offset_ = -1;
  std::map<NodeId, Broker> brokers_;
  Topics topics_;
  std::map<Uuid, std::string> topic_names_;
  std::map<ConfigResource, Configs> configs_;
  std::map<std::string, std::int16_t> features_;
  std::int64_t next_producer_id_ = 0;
};

}  // namespace brokersim::controller
