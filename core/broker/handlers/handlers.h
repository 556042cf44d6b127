// The requests a node answers, one function each; node.cc lists which role serves which.
//
// A handler may suspend: what it looked up before is stale afterwards.
#pragma once

#include "core/api/all.h"
#include "core/broker/server.h"
#include "core/env.h"

namespace brokersim::broker {

class Broker;
class QuorumNode;
struct NodeConfig;

namespace handlers {

// KIP-98, KIP-107, KIP-966 in part.
// With acks=0 nothing is answered, and after an error the connection ends: without it the client
// asks for metadata anew.
Answer<api::ProduceResponse> produce(Env& env, Broker& broker, const RequestContext& context,
                                     api::ProduceRequest request);
// KIP-74, KIP-227, KIP-320, KIP-541, KIP-595's truncation on fetch.
api::FetchResponse fetch(Env& env, Broker& broker, const RequestContext& context,
                         const api::FetchRequest& request);
api::ListOffsetsResponse list_offsets(Env& env, Broker& broker, const RequestContext& context,
                                      api::ListOffsetsRequest request);
// KIP-107.
api::DeleteRecordsResponse delete_records(Env& env, Broker& broker,
                                          const api::DeleteRecordsRequest& request);
api::OffsetForLeaderEpochResponse offset_for_leader_epoch(
    Broker& broker, const api::OffsetForLeaderEpochRequest& request);
// KIP-98, KIP-360. With a transactional id, its coordinator's to answer.
Answer<api::InitProducerIdResponse> init_producer_id(Env& env, Broker& broker,
                                                     const RequestContext& context,
                                                     const api::InitProducerIdRequest& request);
// KIP-98, KIP-1228; from coordinators of transactions.
api::WriteTxnMarkersResponse write_txn_markers(Env& env, Broker& broker,
                                               const RequestContext& context,
                                               api::WriteTxnMarkersRequest request);
// KIP-664.
api::DescribeProducersResponse describe_producers(Broker& broker,
                                                  const api::DescribeProducersRequest& request);
api::MetadataResponse metadata(Env& env, Broker& broker, const RequestContext& context,
                               const api::MetadataRequest& request);
api::DescribeClusterResponse describe_cluster(Broker& broker,
                                              const api::DescribeClusterRequest& request);
api::DescribeClusterResponse describe_controllers(const NodeConfig& config,
                                                  const QuorumNode& quorum,
                                                  const api::DescribeClusterRequest& request);
api::DescribeTopicPartitionsResponse describe_topic_partitions(
    Broker& broker, const api::DescribeTopicPartitionsRequest& request);
api::DescribeLogDirsResponse describe_log_dirs(Host& host, Broker& broker,
                                               const api::DescribeLogDirsRequest& request);

// KIP-133, KIP-226, KIP-569.
api::DescribeConfigsResponse describe_configs(Broker& broker, const RequestContext& context,
                                              const api::DescribeConfigsRequest& request);
api::AlterConfigsResponse alter_configs(Env& env, Broker& broker, const RequestContext& context,
                                        api::AlterConfigsRequest request);
api::IncrementalAlterConfigsResponse incremental_alter_configs(
    Env& env, Broker& broker, const RequestContext& context,
    api::IncrementalAlterConfigsRequest request);

}  // namespace handlers
}  // namespace brokersim::broker
