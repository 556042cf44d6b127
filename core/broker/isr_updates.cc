#include "core/broker/isr_updates.h"

#include <map>

namespace brokersim::broker {

using api::ErrorCode;

namespace {

constexpr std::int16_t alter_partition_version = 3;
constexpr Duration proposal_backoff = 50ms;

partition::AlterPartitionResult failed(const partition::AlterPartition& proposal, ErrorCode error) {
  return {.proposal = proposal.proposal,
          .proposed_in = proposal.leader_epoch,
          .error = error,
          .isr = {}};
}

const api::AlterPartitionResponse::PartitionData* find_answer(
    const api::AlterPartitionResponse& response, const Replica& replica) {
  for (const auto& topic : response.topics) {
    if (topic.topic_id != replica.topic_id()) continue;
    for (const auto& partition : topic.partitions) {
      if (partition.partition_index == replica.partition().partition) return &partition;
    }
  }
  return nullptr;
}

}  // namespace

void IsrUpdates::run(Env& env) {
  while (!env.is_cancelled()) {
    const auto proposals = take_proposals();
    if (proposals.empty()) {
      replicas_.news().proposals.wait(env);
    } else if (!ask(env, proposals)) {
      env.sleep(proposal_backoff);
    }
  }
}

std::vector<IsrUpdates::Sent> IsrUpdates::take_proposals() {
  std::vector<Sent> taken;
  for (const auto& [partition, replica] : replicas_.all()) {
    if (auto proposal = replica->take_proposal()) taken.push_back({replica, *std::move(proposal)});
  }
  return taken;
}

api::AlterPartitionRequest IsrUpdates::request_for(const std::vector<Sent>& proposals) const {
  api::AlterPartitionRequest request;
  request.broker_id = config_.node_id;
  request.broker_epoch = lifecycle_.epoch();
  std::map<Uuid, std::vector<api::AlterPartitionRequest::PartitionData>> topics;
  for (const auto& [replica, proposal] : proposals) {
    api::AlterPartitionRequest::PartitionData data;
    data.partition_index = replica->partition().partition;
    data.leader_epoch = proposal.leader_epoch;
    data.partition_epoch = proposal.partition_epoch;
    for (const auto& member : proposal.new_isr) {
      data.new_isr_with_epochs.push_back(
          {.broker_id = member.broker, .broker_epoch = member.broker_epoch});
    }
    topics[replica->topic_id()].push_back(std::move(data));
  }
  for (auto& [id, partitions] : topics) {
    request.topics.push_back({.topic_id = id, .partitions = std::move(partitions)});
  }
  return request;
}

bool IsrUpdates::ask(Env& env, const std::vector<Sent>& proposals) {
  const auto request = request_for(proposals);
  const Instant deadline = env.now() + config_.replica_socket_timeout;
  const auto response = controller_.call(env, request, alter_partition_version, deadline);
  const auto whole = !response ? ErrorCode::request_timed_out : response->error_code;
  bool is_dealt_with = whole == ErrorCode::none;
  for (const auto& [replica, proposal] : proposals) {
    const auto* answer = whole == ErrorCode::none ? find_answer(*response, *replica) : nullptr;
    if (!answer) {
      const auto error = whole == ErrorCode::none ? ErrorCode::unknown_server_error : whole;
      is_dealt_with = false;
      replica->alter_partition_result(env, failed(proposal, error));
      continue;
    }
    const auto verdict = partition::verdict_of(answer->error_code);
    if (verdict == partition::AlterPartitionVerdict::retry) is_dealt_with = false;
    replica->alter_partition_result(env, {.proposal = proposal.proposal,
                                          .proposed_in = proposal.leader_epoch,
                                          .error = answer->error_code,
                                          .leader_epoch = answer->leader_epoch,
                                          .partition_epoch = answer->partition_epoch,
                                          .isr = answer->isr});
  }
  return is_dealt_with;
}

}  // namespace brokersim::broker
