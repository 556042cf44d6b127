// DescribeLogDirs (key 35): how much of which partition lies where (KIP-113), and how much the disk
// could hold (KIP-827). There is one directory.
#include <algorithm>
#include <map>
#include <set>

#include "core/broker/broker.h"
#include "core/broker/handlers/handlers.h"

namespace brokersim::broker::handlers {
namespace {

using DescribedDir = api::DescribeLogDirsResponse::DescribeLogDirsResult;

// Nothing asked for is everything.
bool is_asked(const api::DescribeLogDirsRequest& request, const TopicPartition& partition) {
  if (!request.topics) return true;
  return std::any_of(request.topics->begin(), request.topics->end(), [&](const auto& topic) {
    const auto& indexes = topic.partitions;
    return topic.topic == partition.topic &&
           std::find(indexes.begin(), indexes.end(), partition.partition) != indexes.end();
  });
}

}  // namespace

// As Kafka does, it names topics that were not asked for, without their partitions.
api::DescribeLogDirsResponse describe_log_dirs(Host& host, Broker& broker,
                                               const api::DescribeLogDirsRequest& request) {
  api::DescribeLogDirsResponse response;
  DescribedDir dir{.log_dir = broker.config().log_dir};
  if (const auto space = host.files().space()) {
    dir.total_bytes = static_cast<std::int64_t>(space->total);
    dir.usable_bytes = static_cast<std::int64_t>(space->usable);
  }
  for (const auto& [id, replica] : broker.replicas().all()) {
    if (dir.topics.empty() || dir.topics.back().name != id.topic) {
      dir.topics.push_back({.name = id.topic});
    }
    if (!is_asked(request, id)) continue;
    const auto& log = replica->log();
    dir.topics.back().partitions.push_back(
        {.partition_index = id.partition,
         .partition_size = static_cast<std::int64_t>(log.size()),
         .offset_lag = std::max<Offset>(replica->high_watermark() - log.end_offset(), 0)});
  }
  response.results.push_back(std::move(dir));
  return response;
}

}  // namespace brokersim::broker::handlers
