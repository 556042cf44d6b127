// The active controller of a KRaft cluster: requests and time in, metadata records out (KIP-631).
//
//   request ─▶ Controller ─▶ Decision{records, response, events}
//                              │ append as ONE batch, wait until committed below end_offset
//                              └▶ then answer; if the append or the leadership fails, throw the
//                                 Controller away and build a new one from the committed log
//
// It decides on speculative state, its image with all records it returned so far. Pure and
// synchronous: no I/O, no clock; every random choice is a function of a number passed in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/allocate_producer_ids.h"
#include "core/api/alter_configs.h"
#include "core/api/alter_partition.h"
#include "core/api/alter_partition_reassignments.h"
#include "core/api/broker_heartbeat.h"
#include "core/api/broker_registration.h"
#include "core/api/create_partitions.h"
#include "core/api/create_topics.h"
#include "core/api/delete_topics.h"
#include "core/api/elect_leaders.h"
#include "core/api/incremental_alter_configs.h"
#include "core/api/list_partition_reassignments.h"
#include "core/api/unregister_broker.h"
#include "core/api/update_features.h"
#include "core/base/event.h"
#include "core/base/ids.h"
#include "core/base/rules.h"
#include "core/base/time.h"
#include "core/controller/controller_config.h"
#include "core/controller/election.h"
#include "core/controller/features.h"
#include "core/controller/heartbeats.h"
#include "core/controller/image.h"
#include "core/controller/partition_index.h"
#include "core/controller/plan.h"
#include "core/controller/records.h"

namespace brokersim::controller {

// What follows from a request, or from time having passed.
struct Decided {
  Offset base_offset = 0;  // The offset the first record must get.
  std::vector<MetadataRecord> records;
  std::vector<EventBody> events;

  Offset end_offset() const { return base_offset + static_cast<Offset>(records.size()); }
};

// The response is to be given once everything below end_offset() is committed, even if there are no
// records: it was decided on state that may not be committed yet.
template <class Response>
struct Decision : Decided {
  Response response{};
};

class Controller {
 public:
  // `committed` is the image of all below `next_offset`, the offset the next record will get; `now`
  // is when this node became the active controller: all unfenced brokers get a fresh session.
  Controller(Image committed, Offset next_offset, Instant now, ControllerConfig config,
             Rules rules);

  Decision<api::BrokerRegistrationResponse> register_broker(
      Instant now, const api::BrokerRegistrationRequest& request);
  Decision<api::BrokerHeartbeatResponse> heartbeat(Instant now,
                                                   const api::BrokerHeartbeatRequest& request);
  Decision<api::AlterPartitionResponse> alter_partition(const api::AlterPartitionRequest& request);
  // `random` decides topic ids and placement; a fresh number for each call.
  Decision<api::CreateTopicsResponse> create_topics(const api::CreateTopicsRequest& request,
                                                    std::uint64_t random);
  // `version` decides how a client learns that topics cannot be deleted here.
  Decision<api::DeleteTopicsResponse> delete_topics(const api::DeleteTopicsRequest& request,
                                                    std::int16_t version);
  Decision<api::CreatePartitionsResponse> create_partitions(
      const api::CreatePartitionsRequest& request, std::uint64_t random);
  Decision<api::AlterPartitionReassignmentsResponse> alter_partition_reassignments(
      const api::AlterPartitionReassignmentsRequest& request);
  Decision<api::ListPartitionReassignmentsResponse> list_partition_reassignments(
      const api::ListPartitionReassignmentsRequest& request) const;
  Decision<api::AlterConfigsResponse> alter_configs(const api::AlterConfigsRequest& request);
  Decision<api::IncrementalAlterConfigsResponse> incremental_alter_configs(
      const api::IncrementalAlterConfigsRequest& request);
  // Forgets the broker, fenced or not; it may register again.
  Decision<api::UnregisterBrokerResponse> unregister_broker(
      const api::UnregisterBrokerRequest& request);
  Decision<api::UpdateFeaturesResponse> update_features(const api::UpdateFeaturesRequest& request,
                                                        std::int16_t version);
  Decision<api::ElectLeadersResponse> elect_leaders(const api::ElectLeadersRequest& request);
  // A block of ids that nobody has had or will have again (KIP-730).
  Decision<api::AllocateProducerIdsResponse> allocate_producer_ids(
      const api::AllocateProducerIdsRequest& request);

  // Fences one broker whose session has ended (KAFKA-13173), else brings leadership back to
  // preferred replicas where that is due. Call again whenever next_tick() is not after now.
  Decided tick(Instant now);
  Instant next_tick() const;
  // The first records of a cluster: the features it was formatted with (KIP-778).
  Decided bootstrap(const FeatureLevels& levels);
  // One NoOpRecord, for when nothing else was appended during metadata.max.idle.interval.ms: a log
  // that never stands still shows how far behind its readers are (KIP-835).
  Decided no_op();

  // The quorum has appended records of its own, which are no metadata: the next one gets this
  // offset.
  void go_on_at(Offset next_offset);

  const Image& image() const { return image_; }
  Offset next_offset() const { return next_offset_; }
  bool may_elect_uncleanly(std::string_view topic) const;
  // How many partitions brokers that came or went, ticks and changed configurations have made it
  // look at so far: what its decisions cost.
  std::int64_t partitions_looked_at() const { return partitions_looked_at_; }

 private:
  using Concerns = std::function<bool(const Partition&)>;
  // A broker that is not to be counted on any more.
  struct Leaving {
    NodeId broker = no_node;
    bool has_lost_records = false;  // For all that we know.
  };

  template <class Request>
  Decision<typename Request::Response> begin() const;
  void decide(MetadataRecord record, std::string_view why, Decided& out);
  template <class Response>
  Decision<Response> carry_out(Plan<Response> plan, std::string_view why);
  template <class Response>
  Decision<Response> carry_out_unless(bool validate_only, Plan<Response> plan,
                                      std::string_view why);
  // Elects anew in those of `partitions` that concern us, taking `leaving` out of their ISRs.
  void update_partitions(const PartitionIndex::Partitions& partitions, const Concerns& concerns,
                         Leaving leaving, std::string_view why, Decided& out);
  void elect_where_nobody_leads(std::string_view why, Decided& out);
  void take_out(Leaving leaving, std::string_view why, Decided& out);
  ElectionTerms terms_of(std::string_view topic) const;
  // To be called once changes of configurations are decided.
  void review_eligibility(Decided& out);
  void fence(NodeId id, std::string_view why, Decided& out);
  void unfence(NodeId id, Decided& out);
  void enter_controlled_shutdown(NodeId id, Decided& out);
  void move_to(BrokerState state, const Broker& broker, Decided& out);
  // What a broker has to know of before it may be unfenced.
  Offset unfencing_offset(const Broker& broker) const;
  HeartbeatFacts facts_of(const Broker& broker, const api::BrokerHeartbeatRequest& request) const;
  api::ErrorCode check_registration(Instant now,
                                    const api::BrokerRegistrationRequest& request) const;
  bool is_current(NodeId id, BrokerEpoch epoch) const;
  api::AlterPartitionResponse::PartitionData alter_one(
      NodeId requester, const Uuid& topic_id,
      const api::AlterPartitionRequest::PartitionData& proposal, Decided& out);
  std::vector<api::ElectLeadersRequest::TopicPartitions> all_partitions() const;
  api::ErrorCode elect_leader(const TopicPartition& partition, Election election, Decided& out);
  // Those that bring leadership back to preferred replicas, or as many as `most` of them.
  std::vector<PartitionChangeRecord> changes_to_preferred(std::size_t most);
  // Whether nothing is left to do.
  bool balance_leaders(Decided& out);

  Image image_;
  PartitionIndex index_;  // Of image_.
  std::int64_t partitions_looked_at_ = 0;
  Offset next_offset_;
  ControllerConfig config_;
  Rules rules_;
  Sessions sessions_;
  std::map<NodeId, Offset> controlled_shutdown_offsets_;
  Instant next_balance_;
  Instant next_unclean_election_;
};

}  // namespace brokersim::controller
