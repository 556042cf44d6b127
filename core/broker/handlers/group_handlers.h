// What members and administrators of groups ask for, one function each. Which groups are ours and
// what becomes of a request, group::Shard and its Coordinator know; here are the versions of the
// messages, and what is refused before.
#pragma once

#include "core/api/all.h"
#include "core/broker/server.h"
#include "core/env.h"

namespace brokersim::broker {

class Broker;

namespace handlers {

// Makes __consumer_offsets or __transaction_state if nobody has needed it yet.
api::FindCoordinatorResponse find_coordinator(Env& env, Broker& broker,
                                              const RequestContext& context,
                                              api::FindCoordinatorRequest request);

// These two wait until the generation begins or has its assignment.
Answer<api::JoinGroupResponse> join_group(Env& env, Broker& broker, const RequestContext& context,
                                          api::JoinGroupRequest request);
Answer<api::SyncGroupResponse> sync_group(Env& env, Broker& broker, const RequestContext& context,
                                          api::SyncGroupRequest request);
api::HeartbeatResponse heartbeat(Env& env, Broker& broker, const RequestContext& context,
                                 api::HeartbeatRequest request);
Answer<api::LeaveGroupResponse> leave_group(Env& env, Broker& broker, const RequestContext& context,
                                            api::LeaveGroupRequest request);
// Waits until what it changes is replicated.
Answer<api::ConsumerGroupHeartbeatResponse> consumer_group_heartbeat(
    Env& env, Broker& broker, const RequestContext& context,
    api::ConsumerGroupHeartbeatRequest request);

// Wait until what they say is replicated.
Answer<api::OffsetCommitResponse> offset_commit(Env& env, Broker& broker,
                                                const RequestContext& context,
                                                api::OffsetCommitRequest request);
// After the transaction's coordinator knows this group to be part of it.
Answer<api::TxnOffsetCommitResponse> txn_offset_commit(Env& env, Broker& broker,
                                                       const RequestContext& context,
                                                       api::TxnOffsetCommitRequest request);
Answer<api::OffsetDeleteResponse> offset_delete(Env& env, Broker& broker,
                                                const RequestContext& context,
                                                api::OffsetDeleteRequest request);
Answer<api::DeleteGroupsResponse> delete_groups(Env& env, Broker& broker,
                                                const RequestContext& context,
                                                api::DeleteGroupsRequest request);

api::OffsetFetchResponse offset_fetch(Env& env, Broker& broker, const RequestContext& context,
                                      api::OffsetFetchRequest request);
api::DescribeGroupsResponse describe_groups(Env& env, Broker& broker, const RequestContext& context,
                                            api::DescribeGroupsRequest request);
api::ConsumerGroupDescribeResponse consumer_group_describe(
    Env& env, Broker& broker, const RequestContext& context,
    api::ConsumerGroupDescribeRequest request);
api::ListGroupsResponse list_groups(Env& env, Broker& broker, const RequestContext& context,
                                    api::ListGroupsRequest request);

}  // namespace handlers
}  // namespace brokersim::broker
