// The clients' tunables, by Kafka's names and with its defaults.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/rules.h"
#include "core/base/time.h"
#include "core/client/assignors.h"
#include "core/client/backoff.h"
#include "core/env.h"
#include "core/wire/compression.h"

namespace brokersim::client {

struct ClientConfig {
  std::vector<Address> bootstrap_servers;  // bootstrap.servers
  std::string client_id = "brokersim";     // client.id
  Duration request_timeout = 30s;          // request.timeout.ms
  Duration retry_backoff = 100ms;          // retry.backoff.ms
  Duration retry_backoff_max = 1s;         // retry.backoff.max.ms
  Duration metadata_max_age = 300s;        // metadata.max.age.ms

  Backoff backoff() const { return {retry_backoff, retry_backoff_max}; }
};

struct ProducerConfig {
  ClientConfig client;
  std::int16_t acks = -1;                            // acks
  std::size_t batch_size = 16384;                    // batch.size, before compression
  Duration linger = 0s;                              // linger.ms
  Duration delivery_timeout = 120s;                  // delivery.timeout.ms
  Duration max_block = 60s;                          // max.block.ms
  std::size_t buffer_memory = 32 << 20;              // buffer.memory
  std::size_t max_request_size = 1 << 20;            // max.request.size
  std::int32_t max_in_flight = 5;                    // max.in.flight.requests.per.connection
  wire::Codec compression_type = wire::Codec::none;  // compression.type
  // enable.idempotence; unlike Kafka's producer ours has to be asked. Requires acks=all and at most
  // five requests in flight.
  bool enable_idempotence = false;
  // The sequence of what a producer id sends first to each partition, in its first epoch. Kafka's
  // is 0; a later one shows what comes after the largest. Not of a transactional producer.
  std::int32_t first_sequence = 0;
  // transactional.id, which a TransactionalProducer has; it requires idempotence.
  std::optional<std::string> transactional_id;
  Duration transaction_timeout = 60s;  // transaction.timeout.ms
  // The latest protocol of transactions that it knows (KIP-890): 2, as Kafka since 4.0, with an
  // epoch for each where the cluster has agreed on that; or 1, as Kafka 3.8, and librdkafka still.
  std::int16_t transaction_protocol = 2;
  Rules rules;
};

enum class OffsetReset : std::uint8_t { earliest, latest, none };

enum class IsolationLevel : std::uint8_t { read_uncommitted, read_committed };

struct ConsumerConfig {
  ClientConfig client;
  IsolationLevel isolation_level = IsolationLevel::read_uncommitted;  // isolation.level
  OffsetReset auto_offset_reset = OffsetReset::latest;                // auto.offset.reset
  Duration fetch_max_wait = 500ms;                                    // fetch.max.wait.ms
  std::int32_t fetch_min_bytes = 1;                                   // fetch.min.bytes
  std::int32_t fetch_max_bytes = 50 << 20;                            // fetch.max.bytes
  std::int32_t max_partition_fetch_bytes = 1 << 20;                   // max.partition.fetch.bytes
  std::size_t max_poll_records = 500;                                 // max.poll.records
  std::string client_rack;                                            // client.rack
  bool allow_auto_create_topics = true;                               // allow.auto.create.topics
  ConsumerRules rules;
};

// How members of a group share its partitions: the leader among them assigns (KIP-62), or the
// coordinator does (KIP-848).
enum class GroupProtocol : std::uint8_t { classic, consumer };

// A consumer that shares the partitions of its topics with the others of its group.
struct GroupConsumerConfig {
  ConsumerConfig consumer;
  std::string group_id;                                   // group.id
  std::optional<std::string> group_instance_id;           // group.instance.id
  GroupProtocol group_protocol = GroupProtocol::classic;  // group.protocol
  std::optional<std::string> group_remote_assignor;       // group.remote.assignor
  // The next three are of the classic protocol only.
  Assignor assignor = Assignor::range;  // partition.assignment.strategy
  Duration session_timeout = 45s;       // session.timeout.ms
  Duration heartbeat_interval = 3s;     // heartbeat.interval.ms
  Duration max_poll_interval = 300s;    // max.poll.interval.ms
  bool enable_auto_commit = true;       // enable.auto.commit
  Duration auto_commit_interval = 5s;   // auto.commit.interval.ms
  GroupRules rules;
};

}  // namespace brokersim::client
