// The cluster as Metadata responses tell it to a client: brokers, topics and who leads them. Pure.
//
// Responses of different brokers arrive in any order, and some brokers lag: what was once known of
// a later leader epoch is not forgotten for an earlier one (KIP-320), unless the topic is another
// one by the same name (KIP-516).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/api/metadata.h"
#include "core/base/ids.h"
#include "core/env.h"

namespace brokersim::client {

struct PartitionView {
  NodeId leader = no_node;  // -1: nobody leads at present.
  LeaderEpoch leader_epoch = no_epoch;
  std::vector<NodeId> replicas;
  std::vector<NodeId> isr;
  friend bool operator==(const PartitionView&, const PartitionView&) = default;
};

struct TopicView {
  Uuid id = no_uuid;
  api::ErrorCode error = api::ErrorCode::none;  // Of the topic in the latest response.
  std::map<std::int32_t, PartitionView> partitions;
  friend bool operator==(const TopicView&, const TopicView&) = default;
};

class ClusterView {
 public:
  // Whether the response told anything new.
  bool apply(const api::MetadataResponse& response);
  // A broker told us of a leader (KIP-951); ignored if a later epoch is known. Nobody's id: there
  // is one, and it has yet to be found.
  void learn_leader(const TopicPartition& partition, NodeId leader, LeaderEpoch epoch);

  const std::map<NodeId, Address>& brokers() const { return brokers_; }
  std::optional<Address> address_of(NodeId broker) const;
  // Where to send what only the controller does: it, or a broker that forwards. -1: unknown.
  NodeId controller() const { return controller_; }
  const TopicView* find(const std::string& topic) const;
  const PartitionView* find(const TopicPartition& partition) const;
  // A leader whose address is known; nothing otherwise.
  std::optional<NodeId> leader_of(const TopicPartition& partition) const;
  // Whether it was last said that there is none of that name: who says so may lag behind. And
  // whether two have said so, one after the other.
  bool may_be_absent(const std::string& topic) const;
  bool is_absent(const std::string& topic) const;
  // 0 while the topic is unknown. Of one that is absent by now, as many as there were.
  std::int32_t partition_count(const std::string& topic) const;

 private:
  std::map<NodeId, Address> brokers_;
  std::map<std::string, TopicView> topics_;
  // Of topics of which the latest response said that there is none: how many in a row have.
  std::map<std::string, std::int32_t> denials_;
  NodeId controller_ = no_node;
};

}  // namespace brokersim::client
