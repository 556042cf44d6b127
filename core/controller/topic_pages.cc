#include "core/controller/topic_pages.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "core/controller/topic_name.h"

namespace brokersim::controller {

namespace {

using api::ErrorCode;
using Request = api::DescribeTopicPartitionsRequest;
using Response = api::DescribeTopicPartitionsResponse;
using DescribedTopic = Response::DescribeTopicPartitionsResponseTopic;
using DescribedPartition = Response::DescribeTopicPartitionsResponsePartition;

DescribedPartition describe_partition(const Image& image, std::int32_t index,
                                      const Partition& partition) {
  DescribedPartition out{
      .error_code = partition.has_leader() ? ErrorCode::none : ErrorCode::leader_not_available,
      .partition_index = index,
      .leader_id = partition.leader,
      .leader_epoch = partition.leader_epoch,
      .replica_nodes = partition.replicas,
      .isr_nodes = partition.isr};
  out.eligible_leader_replicas = partition.elr;
  out.last_known_elr = partition.last_known_elr;
  for (const auto replica : partition.replicas) {
    if (!image.is_active(replica)) out.offline_replicas.push_back(replica);
  }
  return out;
}

// Topics from the cursor on.
std::set<std::string> asked_names(const Image& image, const Request& request) {
  const std::string first = request.cursor ? request.cursor->topic_name : "";
  std::set<std::string> asked;
  if (request.topics.empty()) {
    for (const auto& [name, topic] : image.topics()) asked.insert(name);
  }
  for (const auto& topic : request.topics) asked.insert(topic.name);
  asked.erase(asked.begin(), asked.lower_bound(first));
  return asked;
}

DescribedTopic describe_unknown(const std::string& name) {
  const bool is_legal = check_topic_name(name).has_value();
  return {.error_code =
              is_legal ? ErrorCode::unknown_topic_or_partition : ErrorCode::invalid_topic_exception,
          .name = name};
}

Response refuse_all(const Request& request) {
  Response response;
  for (const auto& topic : request.topics) {
    response.topics.push_back({.error_code = ErrorCode::invalid_request, .name = topic.name});
  }
  return response;
}

}  // namespace

Response page_of_partitions(const Image& image, const Request& request,
                            std::int32_t max_partitions) {
  const auto asked = asked_names(image, request);
  const auto& cursor = request.cursor;
  const bool is_stray = cursor && !request.topics.empty() && !asked.contains(cursor->topic_name);
  if (is_stray || (cursor && cursor->partition_index < 0)) return refuse_all(request);

  auto room = std::max(1, std::min(max_partitions, request.response_partition_limit));
  Response response;
  for (const auto& name : asked) {
    if (room == 0) {
      response.next_cursor = {.topic_name = name, .partition_index = 0};
      return response;
    }
    const auto* topic = image.find_topic(name);
    if (!topic) {
      if (!request.topics.empty()) response.topics.push_back(describe_unknown(name));
      continue;
    }
    auto& out = response.topics.emplace_back();
    out.name = name;
    out.topic_id = topic->id;
    const auto first = cursor && cursor->topic_name == name ? cursor->partition_index : 0;
    for (auto at = topic->partitions.lower_bound(first); at != topic->partitions.end(); ++at) {
      if (room == 0) {
        response.next_cursor = {.topic_name = name, .partition_index = at->first};
        return response;
      }
      out.partitions.push_back(describe_partition(image, at->first, at->second));
      --room;
    }
  }
  return response;
}

}  // namespace brokersim::controller
