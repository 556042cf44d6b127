#include "core/controller/reassignment.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/controller/new_partitions.h"

namespace brokersim::controller {

namespace {

using api::ErrorCode;
using AskedMove = api::AlterPartitionReassignmentsRequest::ReassignablePartition;
using OngoingTopic = api::ListPartitionReassignmentsResponse::OngoingTopicReassignment;

bool is_moving(const Partition& partition) {
  return !partition.adding_replicas.empty() || !partition.removing_replicas.empty();
}

std::vector<NodeId> those_not_in(const std::vector<NodeId>& others, std::vector<NodeId> nodes) {
  std::erase_if(nodes, [&](NodeId node) { return contains(others, node); });
  return nodes;
}

// New replicas come before those that go: they are preferred as leaders once they are in sync.
Assignment on_the_way(const Partition& partition, const std::vector<NodeId>& target) {
  Assignment next{.replicas = target,
                  .adding = partition.adding_replicas,
                  .removing = partition.removing_replicas};
  auto removing = those_not_in(target, partition.replicas);
  auto adding = those_not_in(partition.replicas, target);
  std::sort(removing.begin(), removing.end());
  std::sort(adding.begin(), adding.end());
  next.replicas.insert(next.replicas.end(), removing.begin(), removing.end());
  // A move that replaces another keeps what that one had set, where it sets nothing itself.
  if (!removing.empty()) next.removing = std::move(removing);
  if (!adding.empty()) next.adding = std::move(adding);
  return next;
}

OrRefusal<PartitionChange> change_to(const Image& image, const Partition& partition,
                                     const std::vector<NodeId>& target) {
  TRY([[maybe_unused]] const Done possible, check_assignment(image, target, target.size()));
  return PartitionChange{.target_isr = partition.isr, .assignment = on_the_way(partition, target)};
}

OrRefusal<PartitionChange> change_back(const Partition& partition, const ElectionTerms& terms) {
  if (!is_moving(partition)) {
    return refuse(ErrorCode::no_reassignment_in_progress,
                  "No partition reassignment is in progress.");
  }
  PartitionChange change{.target_isr = those_not_in(partition.adding_replicas, partition.isr)};
  change.assignment = {.replicas = those_not_in(partition.adding_replicas, partition.replicas)};
  const auto& replicas = change.assignment->replicas;
  // Only what was being added is in sync: somebody else has to do, and may lack records.
  if (change.target_isr.empty() && !partition.isr.empty()) {
    if (replicas.empty() || !terms.may_elect_uncleanly) {
      return refuse(ErrorCode::invalid_replica_assignment,
                    "Cancelling would require an unclean leader election.");
    }
    if (!terms.has_elr()) change.target_isr = {replicas.front()};
  }
  if (terms.may_elect_uncleanly) change.election = Election::unclean;
  return change;
}

OrRefusal<std::optional<PartitionChangeRecord>> plan_move(const Image& image,
                                                          const TopicPartition& id,
                                                          const AskedMove& asked,
                                                          const TermsOfTopic& terms_of) {
  const auto* partition = image.find_partition(id);
  if (!partition) {
    return refuse(ErrorCode::unknown_topic_or_partition,
                  fmt::format("Unable to find partition {}.", id));
  }
  const auto terms = terms_of(id.topic);
  TRY(const PartitionChange change, asked.replicas ? change_to(image, *partition, *asked.replicas)
                                                   : change_back(*partition, terms));
  return change_partition(image.find_topic(id.topic)->id, id.partition, *partition, change, terms);
}

void list_topic(const Topic& topic, const std::vector<std::int32_t>* only,
                std::vector<OngoingTopic>& out) {
  OngoingTopic ongoing{.name = topic.name};
  for (const auto& [index, partition] : topic.partitions) {
    const bool is_asked = !only || std::find(only->begin(), only->end(), index) != only->end();
    if (!is_asked || !is_moving(partition)) continue;
    ongoing.partitions.push_back({.partition_index = index,
                                  .replicas = partition.replicas,
                                  .adding_replicas = partition.adding_replicas,
                                  .removing_replicas = partition.removing_replicas});
  }
  if (!ongoing.partitions.empty()) out.push_back(std::move(ongoing));
}

}  // namespace

Plan<api::AlterPartitionReassignmentsResponse> plan_reassignments(
    const Image& image, const api::AlterPartitionReassignmentsRequest& request,
    const TermsOfTopic& terms_of) {
  std::map<TopicPartition, int> times_named;
  for (const auto& topic : request.topics) {
    for (const auto& asked : topic.partitions) ++times_named[{topic.name, asked.partition_index}];
  }
  Plan<api::AlterPartitionReassignmentsResponse> out;
  for (const auto& topic : request.topics) {
    auto& answers = out.response.responses.emplace_back();
    answers.name = topic.name;
    for (const auto& asked : topic.partitions) {
      const TopicPartition id{topic.name, asked.partition_index};
      auto record = times_named[id] == 1
                        ? plan_move(image, id, asked, terms_of)
                        : OrRefusal<std::optional<PartitionChangeRecord>>(
                              refuse(ErrorCode::invalid_request, "The partition is named twice."));
      auto& answer = answers.partitions.emplace_back();
      answer.partition_index = asked.partition_index;
      if (!record) {
        answer.error_code = record.error().error;
        answer.error_message = record.error().message;
      } else if (*record) {
        out.records.push_back(**std::move(record));
      }
    }
  }
  return out;
}

api::ListPartitionReassignmentsResponse reassignments_of(
    const Image& image, const api::ListPartitionReassignmentsRequest& request) {
  api::ListPartitionReassignmentsResponse response;
  if (!request.topics) {
    for (const auto& [name, topic] : image.topics()) list_topic(topic, nullptr, response.topics);
    return response;
  }
  for (const auto& asked : *request.topics) {
    const auto* topic = image.find_topic(asked.name);
    if (topic) list_topic(*topic, &asked.partition_indexes, response.topics);
  }
  return response;
}

}  // namespace brokersim::controller
