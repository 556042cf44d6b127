// Every tunable of a node: Kafka's name, unit and default. Set by name, so that a scenario, a plan
// and a properties file all speak the same language.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/expected.h"
#include "core/base/ids.h"
#include "core/base/rules.h"
#include "core/base/time.h"
#include "core/controller/features.h"
#include "core/controller/topic_config.h"
#include "core/env.h"
#include "core/group/group_config.h"
#include "core/transaction/transaction_config.h"

namespace brokersim::broker {

// One member of the controller quorum (controller.quorum.voters).
struct Voter {
  NodeId id;
  Address address;
  friend bool operator==(const Voter&, const Voter&) = default;
};

struct NodeConfig {
  // Identity.
  NodeId node_id;              // node.id
  std::string cluster_id;      // Of 22 base64 characters in a real cluster.
  bool is_broker = true;       // process.roles
  bool is_controller = false;  // process.roles
  Address listener;            // Where this node is reached.
  // controller.quorum.voters, ordered by id: they are fixed. With none the directory was formatted
  // with the voters, or learns them from the quorum (KIP-853).
  std::vector<Voter> voters;
  std::vector<Address> bootstrap_servers;   // controller.quorum.bootstrap.servers
  std::string rack;                         // broker.rack
  std::string log_dir = "/tmp/kafka-logs";  // log.dirs: what clients are told of where data lies.
  Rules rules;
  // What a new cluster agrees on from the beginning: `kafka-storage format --feature`. Set by the
  // name of the feature.
  controller::FeatureLevels features;
  // Likewise, kraft.version: with 0 the voters are fixed. It is no feature of the metadata but of
  // the quorum, which knows it before there is any metadata.
  std::int16_t kraft_version = 0;

  // Topics.
  std::int32_t num_partitions = 1;              // num.partitions
  std::int16_t default_replication_factor = 1;  // default.replication.factor
  bool auto_create_topics_enable = true;        // auto.create.topics.enable
  bool delete_topic_enable = true;              // delete.topic.enable
  // Of topics that do not say otherwise, by the topic's name for each: log.segment.bytes is
  // {"segment.bytes", "14"} (core/controller/topic_config.h). What stands at its default is not
  // here.
  std::map<std::string, std::string, std::less<>> topic_defaults;
  // Where Kafka has several settings for one of them, the rank of that which said it: 0 is the one
  // that Kafka would rather have than any other (core/broker/fallback_settings.h).
  std::map<std::string, int, std::less<>> topic_default_ranks;

  // Requests.
  std::int32_t socket_request_max_bytes = 100 << 20;  // socket.request.max.bytes
  std::int32_t fetch_max_bytes = 55 << 20;            // fetch.max.bytes
  std::optional<std::int64_t> queued_max_request_bytes =
      256 << 20;  // queued.max.request.bytes; none: without bound, as with Kafka's -1.
  std::optional<Duration> connections_max_idle = 600s;  // connections.max.idle.ms; -1: they stay.
  std::int32_t max_incremental_fetch_session_cache_slots = 1000;  // Of that name; 0: no sessions.
  std::int32_t max_connections = std::numeric_limits<std::int32_t>::max();  // max.connections
  // replica.selector.class: where consumers may read from followers (KIP-392); empty: they may not.
  std::string replica_selector_class;
  std::int32_t max_connections_per_ip =
      std::numeric_limits<std::int32_t>::max();  // max.connections.per.ip
  // max.connections.per.ip.overrides: of some addresses.
  std::map<std::string, std::int32_t> max_connections_per_ip_overrides;
  std::int32_t max_request_partition_size_limit = 2000;  // max.request.partition.size.limit

  // Log.
  Duration log_retention_check_interval = 300s;  // log.retention.check.interval.ms
  std::int64_t log_flush_scheduler_interval_ms =
      std::numeric_limits<std::int64_t>::max();             // log.flush.scheduler.interval.ms
  bool log_cleaner_enable = true;                           // log.cleaner.enable
  Duration log_cleaner_backoff = 15s;                       // log.cleaner.backoff.ms
  std::int64_t log_cleaner_dedupe_buffer_size = 128 << 20;  // log.cleaner.dedupe.buffer.size
  Duration producer_id_expiration = 24h;                    // producer.id.expiration.ms
  Duration producer_id_expiration_check_interval =
      600s;  // producer.id.expiration.check.interval.ms
  bool transaction_partition_verification_enable =
      true;  // transaction.partition.verification.enable

  // Replication.
  Duration replica_lag_time_max = 30s;                       // replica.lag.time.max.ms
  Duration replica_fetch_wait_max = 500ms;                   // replica.fetch.wait.max.ms
  std::int32_t replica_fetch_min_bytes = 1;                  // replica.fetch.min.bytes
  std::int32_t replica_fetch_max_bytes = 1 << 20;            // replica.fetch.max.bytes
  std::int32_t replica_fetch_response_max_bytes = 10 << 20;  // replica.fetch.response.max.bytes
  Duration replica_fetch_backoff = 1s;                       // replica.fetch.backoff.ms
  Duration replica_socket_timeout = 30s;                     // replica.socket.timeout.ms
  std::int32_t replication_quota_window_num = 11;            // replication.quota.window.num
  Duration replication_quota_window_size = 1s;  // replication.quota.window.size.seconds
  Duration high_watermark_checkpoint_interval =
      5s;  // replica.high.watermark.checkpoint.interval.ms
  Duration recovery_point_checkpoint_interval = 60s;  // log.flush.offset.checkpoint.interval.ms

  // Groups.
  group::GroupConfig group;
  std::int32_t offsets_topic_num_partitions = 50;        // offsets.topic.num.partitions
  std::int16_t offsets_topic_replication_factor = 3;     // offsets.topic.replication.factor
  std::int32_t offsets_topic_segment_bytes = 100 << 20;  // offsets.topic.segment.bytes

  // Transactions.
  transaction::TransactionConfig transaction;
  std::int32_t transaction_state_log_num_partitions = 50;  // transaction.state.log.num.partitions
  std::int16_t transaction_state_log_replication_factor =
      3;                                           // transaction.state.log.replication.factor
  std::int16_t transaction_state_log_min_isr = 2;  // transaction.state.log.min.isr
  std::int32_t transaction_state_log_segment_bytes = 100
                                                     << 20;  // transaction.state.log.segment.bytes

  // Controller.
  Duration broker_heartbeat_interval = 2s;             // broker.heartbeat.interval.ms
  Duration broker_session_timeout = 9s;                // broker.session.timeout.ms
  Duration initial_broker_registration_timeout = 60s;  // initial.broker.registration.timeout.ms
  Duration leader_imbalance_check_interval = 300s;     // leader.imbalance.check.interval.seconds
  Duration unclean_leader_election_interval = 300s;    // unclean.leader.election.interval.ms
  bool auto_leader_rebalance_enable = true;            // auto.leader.rebalance.enable

  // Quorum.
  Duration quorum_election_timeout = 1s;        // controller.quorum.election.timeout.ms
  Duration quorum_election_backoff_max = 1s;    // controller.quorum.election.backoff.max.ms
  Duration quorum_fetch_timeout = 2s;           // controller.quorum.fetch.timeout.ms
  Duration quorum_request_timeout = 2s;         // controller.quorum.request.timeout.ms
  Duration quorum_retry_backoff = 20ms;         // controller.quorum.retry.backoff.ms
  bool quorum_auto_join_enable = false;         // controller.quorum.auto.join.enable
  Duration metadata_max_idle_interval = 500ms;  // metadata.max.idle.interval.ms, 0: never

  // Metadata log and snapshots.
  std::int64_t metadata_log_segment_bytes = std::int64_t{1} << 30;  // metadata.log.segment.bytes
  std::int64_t metadata_log_segment_ms = 604'800'000;               // metadata.log.segment.ms
  std::int64_t metadata_log_max_record_bytes_between_snapshots =
      20 << 20;  // metadata.log.max.record.bytes.between.snapshots
  Duration metadata_log_max_snapshot_interval = 1h;  // metadata.log.max.snapshot.interval.ms
  std::optional<std::int64_t> metadata_max_retention_bytes =
      100 << 20;  // metadata.max.retention.bytes; -1: all
  std::optional<Duration> metadata_max_retention =
      7 * 24h;  // metadata.max.retention.ms; -1: always
  std::int32_t quorum_fetch_snapshot_max_bytes =
      1 << 20;  // controller.quorum.fetch.snapshot.max.bytes
};

// Sets one tunable from its Kafka name and text; the error says what is wrong and what fits.
Expected<Done, std::string> set(NodeConfig& config, std::string_view name, std::string_view value);
// What contradicts itself in the settings taken together, and what would fit.
Expected<Done, std::string> check(const NodeConfig& config);
// No internal topic gets more copies than there are brokers.
void limit_copies(NodeConfig& config, std::int32_t brokers);
// The name and present value of every tunable, for docs, DescribeConfigs and did-you-mean.
std::map<std::string, std::string> settings_of(const NodeConfig& config);
// Whatever `set` takes: those, the features a cluster may begin with, and what only counts where
// one of those is not set.
std::vector<std::string> setting_names();
// Some topics' defaults are kept and shown, and nothing acts upon them yet.
bool has_effect(std::string_view name);
// As core/controller wants to know what this node has for topics.
controller::TopicDefaults topic_defaults_of(const NodeConfig& config);

}  // namespace brokersim::broker
