#include "core/broker/setting_terms.h"

#include <algorithm>
#include <array>
#include <limits>

namespace brokersim::broker {

namespace {

// Where Kafka names no least value it is 0 here, and 1 where 0 would leave no time for anything
// else, or no copy of a topic.
struct SettingTable {
  using enum ConfigType;
  static constexpr std::array rows{
      SettingTerms{"advertised.listeners", string},
      SettingTerms{"auto.create.topics.enable", boolean},
      SettingTerms{"auto.leader.rebalance.enable", boolean},
      SettingTerms{"broker.heartbeat.interval.ms", int32, 1},
      SettingTerms{"broker.id", int32},
      SettingTerms{"broker.rack", string},
      SettingTerms{"broker.session.timeout.ms", int32, 1},
      SettingTerms{"connections.max.idle.ms", int64},
      SettingTerms{"controller.quorum.auto.join.enable", boolean},
      SettingTerms{"controller.quorum.election.backoff.max.ms", int32},
      SettingTerms{"controller.quorum.election.timeout.ms", int32, 1},
      SettingTerms{"controller.quorum.fetch.snapshot.max.bytes", int32},
      SettingTerms{"controller.quorum.fetch.timeout.ms", int32, 1},
      SettingTerms{"controller.quorum.request.timeout.ms", int32},
      SettingTerms{"controller.quorum.retry.backoff.ms", int32},
      SettingTerms{"controller.quorum.voters", list},
      SettingTerms{"default.replication.factor", int32, 1},
      SettingTerms{"delete.topic.enable", boolean},
      SettingTerms{"fetch.max.bytes", int32, 1024},
      SettingTerms{"group.consumer.assignors", list},
      SettingTerms{"group.consumer.heartbeat.interval.ms", int32, 1},
      SettingTerms{"group.consumer.max.heartbeat.interval.ms", int32, 1},
      SettingTerms{"group.consumer.max.session.timeout.ms", int32, 1},
      SettingTerms{"group.consumer.max.size", int32, 1},
      SettingTerms{"group.consumer.migration.policy", string},
      SettingTerms{"group.consumer.min.heartbeat.interval.ms", int32, 1},
      SettingTerms{"group.consumer.min.session.timeout.ms", int32, 1},
      SettingTerms{"group.consumer.session.timeout.ms", int32, 1},
      SettingTerms{"group.initial.rebalance.delay.ms", int32},
      SettingTerms{"group.max.session.timeout.ms", int32},
      SettingTerms{"group.max.size", int32, 1},
      SettingTerms{"group.min.session.timeout.ms", int32},
      SettingTerms{"initial.broker.registration.timeout.ms", int32, 1},
      SettingTerms{"leader.imbalance.check.interval.seconds", int64, 1},
      SettingTerms{"log.cleaner.backoff.ms", int64},
      SettingTerms{"log.cleaner.dedupe.buffer.size", int64},
      SettingTerms{"log.cleaner.enable", boolean},
      SettingTerms{"log.dirs", string},
      SettingTerms{"log.flush.offset.checkpoint.interval.ms", int32},
      SettingTerms{"log.flush.scheduler.interval.ms", int64},
      SettingTerms{"log.retention.check.interval.ms", int64, 1},
      SettingTerms{"max.connections", int32},
      SettingTerms{"max.connections.per.ip", int32},
      SettingTerms{"max.connections.per.ip.overrides", string},
      SettingTerms{"max.incremental.fetch.session.cache.slots", int32},
      SettingTerms{"max.request.partition.size.limit", int32, 1},
      SettingTerms{"metadata.log.max.record.bytes.between.snapshots", int64, 1},
      SettingTerms{"metadata.log.max.snapshot.interval.ms", int64},
      SettingTerms{"metadata.log.segment.bytes", int32, 12},
      SettingTerms{"metadata.log.segment.ms", int64},
      SettingTerms{"metadata.max.idle.interval.ms", int32},
      SettingTerms{"metadata.max.retention.bytes", int64},
      SettingTerms{"metadata.max.retention.ms", int64},
      SettingTerms{"node.id", int32},
      SettingTerms{"num.partitions", int32, 1},
      SettingTerms{"offset.metadata.max.bytes", int32},
      SettingTerms{"offsets.commit.timeout.ms", int32, 1},
      SettingTerms{"offsets.retention.check.interval.ms", int64, 1},
      SettingTerms{"offsets.retention.minutes", int32, 1},
      SettingTerms{"offsets.topic.num.partitions", int32, 1},
      SettingTerms{"offsets.topic.replication.factor", int16, 1},
      SettingTerms{"offsets.topic.segment.bytes", int32, 1},
      SettingTerms{"process.roles", list},
      SettingTerms{"producer.id.expiration.check.interval.ms", int32, 1},
      SettingTerms{"producer.id.expiration.ms", int32, 1},
      SettingTerms{"queued.max.request.bytes", int64},
      SettingTerms{"replica.fetch.backoff.ms", int32},
      SettingTerms{"replica.fetch.max.bytes", int32},
      SettingTerms{"replica.fetch.min.bytes", int32},
      SettingTerms{"replica.fetch.response.max.bytes", int32},
      SettingTerms{"replica.fetch.wait.max.ms", int32},
      SettingTerms{"replica.high.watermark.checkpoint.interval.ms", int64},
      SettingTerms{"replica.lag.time.max.ms", int64, 1},
      SettingTerms{"replica.selector.class", string},
      SettingTerms{"replica.socket.timeout.ms", int32},
      SettingTerms{"replication.quota.window.num", int32, 1},
      SettingTerms{"replication.quota.window.size.seconds", int32, 1},
      SettingTerms{"socket.request.max.bytes", int32, 1},
      SettingTerms{"transaction.abort.timed.out.transaction.cleanup.interval.ms", int32, 1},
      SettingTerms{"transaction.max.timeout.ms", int32, 1},
      SettingTerms{"transaction.partition.verification.enable", boolean},
      SettingTerms{"transaction.remove.expired.transaction.cleanup.interval.ms", int32, 1},
      SettingTerms{"transaction.state.log.min.isr", int32, 1},
      SettingTerms{"transaction.state.log.num.partitions", int32, 1},
      SettingTerms{"transaction.state.log.replication.factor", int16, 1},
      SettingTerms{"transaction.state.log.segment.bytes", int32, 1},
      SettingTerms{"transactional.id.expiration.ms", int32, 1},
      SettingTerms{"unclean.leader.election.interval.ms", int64, 1},
  };
};

}  // namespace

std::span<const SettingTerms> all_setting_terms() { return SettingTable::rows; }

std::int64_t SettingTerms::max() const {
  switch (type) {
    case ConfigType::int16: return std::numeric_limits<std::int16_t>::max();
    case ConfigType::int32: return std::numeric_limits<std::int32_t>::max();
    default: return std::numeric_limits<std::int64_t>::max();
  }
}

const SettingTerms* find_setting_terms(std::string_view name) {
  const auto all = all_setting_terms();
  const auto found =
      std::lower_bound(all.begin(), all.end(), name,
                       [](const SettingTerms& row, auto wanted) { return row.name < wanted; });
  return found != all.end() && found->name == name ? &*found : nullptr;
}

}  // namespace brokersim::broker
