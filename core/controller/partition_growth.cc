#include "core/controller/partition_growth.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/controller/draws.h"
#include "core/controller/new_partitions.h"

namespace brokersim::controller {

namespace {

using api::ErrorCode;
using AskedGrowth = api::CreatePartitionsRequest::CreatePartitionsTopic;

OrRefusal<std::int32_t> count_of_new(const Topic& topic, std::int32_t wanted) {
  const auto present = static_cast<std::int32_t>(topic.partitions.size());
  if (wanted == present) {
    return refuse(ErrorCode::invalid_partitions,
                  fmt::format("Topic already has {} partition(s).", present));
  }
  if (wanted < present) {
    return refuse(ErrorCode::invalid_partitions,
                  fmt::format("The topic {} currently has {} partition(s); {} would not be an "
                              "increase.",
                              topic.name, present, wanted));
  }
  return wanted - present;
}

OrRefusal<Placed> place_growth_as_told(const Image& image, const AskedGrowth& asked,
                                       std::int32_t count, std::size_t replication_factor) {
  if (asked.assignments->size() != static_cast<std::size_t>(count)) {
    return refuse(ErrorCode::invalid_replica_assignment,
                  fmt::format("Attempted to add {} additional partition(s), but {} assignment(s) "
                              "were specified.",
                              count, asked.assignments->size()));
  }
  Placed placed;
  for (const auto& assignment : *asked.assignments) {
    TRY([[maybe_unused]] const Done fine,
        check_new_assignment(image, assignment.broker_ids, replication_factor));
    placed.push_back(assignment.broker_ids);
  }
  return placed;
}

OrRefusal<std::vector<MetadataRecord>> grow(const Image& image, const AskedGrowth& asked,
                                            std::uint64_t random) {
  const auto* topic = image.find_topic(asked.name);
  if (!topic) {
    return refuse(ErrorCode::unknown_topic_or_partition, "There is no such topic.");
  }
  TRY(const std::int32_t count, count_of_new(*topic, asked.count));
  const auto replicas = topic->partitions.begin()->second.replicas.size();
  TRY(const Placed placed, asked.assignments
                               ? place_growth_as_told(image, asked, count, replicas)
                               : place(image, count, static_cast<std::int16_t>(replicas), random));
  std::vector<MetadataRecord> records;
  auto partition = static_cast<std::int32_t>(topic->partitions.size());
  for (const auto& brokers : placed) {
    records.push_back(new_partition(image, topic->id, partition++, brokers));
  }
  return records;
}

}  // namespace

Plan<api::CreatePartitionsResponse> plan_growth(const Image& image,
                                                const api::CreatePartitionsRequest& request,
                                                std::uint64_t random) {
  Draws draws(random);
  std::map<std::string, int> times_named;
  for (const auto& asked : request.topics) ++times_named[asked.name];
  Plan<api::CreatePartitionsResponse> out;
  std::set<std::string> done;
  std::int64_t created = 0;
  for (const auto& asked : request.topics) {
    if (!done.insert(asked.name).second) continue;
    auto& answer = out.response.results.emplace_back();
    answer.name = asked.name;
    auto records = times_named[asked.name] > 1
                       ? OrRefusal<std::vector<MetadataRecord>>(
                             refuse(ErrorCode::invalid_request, "Duplicate topic name."))
                       : grow(image, asked, draws.next());
    const auto more = records ? static_cast<std::int64_t>(records->size()) : 0;
    if (records && created + more > max_partitions_per_request) {
      records = refuse(ErrorCode::policy_violation, "Too many partitions in one request.");
    }
    if (!records) {
      answer.error_code = records.error().error;
      answer.error_message = records.error().message;
      continue;
    }
    created += more;
    std::move(records->begin(), records->end(), std::back_inserter(out.records));
  }
  return out;
}

}  // namespace brokersim::controller
