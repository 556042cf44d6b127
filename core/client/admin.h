// Administration: topics are created, described, grown, configured, moved and deleted, their
// leaders elected and their records deleted, with retries until a deadline. One call at a time
// waits for its answer.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/api/consumer_group_describe.h"
#include "core/api/create_topics.h"
#include "core/api/elect_leaders.h"
#include "core/api/list_offsets.h"
#include "core/client/cluster.h"
#include "core/env.h"

namespace brokersim::client {

struct NewTopic {
  std::string name;
  std::int32_t partitions = -1;          // -1: num.partitions
  std::int16_t replication_factor = -1;  // -1: default.replication.factor
  std::map<std::string, std::string> configs;
};

// What has a configuration: a topic by its name, a broker by its id, or all brokers, by no name.
struct Configured {
  enum class Type : std::int8_t { topic = 2, broker = 4 };
  Type type = Type::topic;
  std::string name;

  // The broker whose alone it is, and that alone takes changes to it (KIP-226).
  std::optional<NodeId> only_broker() const;
};

// ListOffsets' special timestamps.
inline constexpr std::int64_t latest_timestamp = -1;
inline constexpr std::int64_t earliest_timestamp = -2;

enum class ElectionType : std::int8_t { preferred = 0, unclean = 1 };

// UpdateFeatures' upgrade types, but for the one that loses what an older level cannot keep.
enum class FeatureChange : std::int8_t { upgrade = 1, safe_downgrade = 2 };

class Admin {
 public:
  explicit Admin(ClientConfig config) : cluster_(std::move(config), AutoCreate::forbidden) {}

  // Returns once every broker in the metadata knows all partitions and their leaders. Errors: the
  // controller's for the first topic refused; REQUEST_TIMED_OUT. A topic that exists is an error
  // only if no earlier attempt of this call can have made it.
  Expected<Done, api::ErrorCode> create_topics(Env& env, const std::vector<NewTopic>& topics,
                                               Instant deadline);
  // Partitions, leaders and replicas as one broker knows them.
  Expected<TopicView, api::ErrorCode> describe_topic(Env& env, const std::string& topic,
                                                     Instant deadline);
  // The offset at `timestamp` (ms, or one of the special ones), asked of the leader; -1 if there is
  // none.
  Expected<Offset, api::ErrorCode> list_offset(Env& env, const TopicPartition& partition,
                                               std::int64_t timestamp, Instant deadline);
  // The result of each partition asked for; ELECTION_NOT_NEEDED is the usual one.
  Expected<std::map<TopicPartition, api::ErrorCode>, api::ErrorCode> elect_leaders(
      Env& env, ElectionType type, const std::vector<TopicPartition>& partitions, Instant deadline);

  // The topic with this id (KIP-516), whatever its name is: no other one goes by mistake, however
  // late a request comes. Done once that is committed, also if it was gone before.
  Expected<Done, api::ErrorCode> delete_topic(Env& env, const Uuid& id, Instant deadline);
  // So many partitions in all. INVALID_PARTITIONS if there are as many already, unless an earlier
  // attempt of this call can have made them.
  Expected<Done, api::ErrorCode> create_partitions(Env& env, const std::string& topic,
                                                   std::int32_t count, Instant deadline);
  // Sets what has a value and removes what has none; the rest stays (KIP-339).
  Expected<Done, api::ErrorCode> alter_configs(
      Env& env, const Configured& what,
      const std::map<std::string, std::optional<std::string>>& configs, Instant deadline);
  // Raises features of the cluster to these levels, or lowers them, all of them or none (KIP-584).
  // To be at a level already is fine. INVALID_UPDATE_VERSION for a change the other way.
  Expected<Done, api::ErrorCode> update_features(Env& env,
                                                 const std::map<std::string, std::int16_t>& levels,
                                                 Instant deadline,
                                                 FeatureChange change = FeatureChange::upgrade);
  // Takes the broker off the cluster's records, as one that is down for good (KIP-631).
  // BROKER_ID_NOT_REGISTERED if it is not there, unless an earlier attempt of this call can have
  // done it.
  Expected<Done, api::ErrorCode> unregister_broker(Env& env, NodeId broker, Instant deadline);
  // Begins to move the partition to these brokers, or ends a move under way; done when the
  // controller has decided so, not when the move is complete.
  Expected<Done, api::ErrorCode> reassign(Env& env, const TopicPartition& partition,
                                          const std::optional<std::vector<NodeId>>& replicas,
                                          Instant deadline);
  // Gives an observer of the quorum a vote, or takes it from a voter (KIP-853): done once that is
  // committed. DUPLICATE_VOTER and VOTER_NOT_FOUND unless an earlier attempt of this call can have
  // done it.
  Expected<Done, api::ErrorCode> add_voter(Env& env, NodeId voter, const Uuid& directory,
                                           const Address& address, Instant deadline);
  Expected<Done, api::ErrorCode> remove_voter(Env& env, NodeId voter, const Uuid& directory,
                                              Instant deadline);
  // As its coordinator has it. GROUP_ID_NOT_FOUND if it is none of consumers (KIP-848), or not yet.
  Expected<api::ConsumerGroupDescribeResponse::DescribedGroup, api::ErrorCode>
  describe_consumer_group(Env& env, const std::string& group, Instant deadline);
  // Deletes what lies before `offset`, -1 being the high watermark; returns up to where all live
  // replicas have done so.
  Expected<Offset, api::ErrorCode> delete_records(Env& env, const TopicPartition& partition,
                                                  Offset offset, Instant deadline);

  Cluster& cluster() { return cluster_; }

 private:
  bool everybody_knows(Env& env, const std::vector<NewTopic>& topics, Instant deadline);
  bool knows_all(Env& env, NodeId broker, const std::vector<NewTopic>& topics, Instant deadline);

  Cluster cluster_;
};

}  // namespace brokersim::client
