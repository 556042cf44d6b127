// One concrete run as plain data: the cluster, every client operation, every fault.
//
// Each entry of a list stands alone: any of them may be deleted, and with it what names it (see
// in_vain.h), and what is left is a valid plan. A fault without target does nothing.
// A plan plus a build decides a run completely. Its file is read and written by plan_toml.h.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/processing_guarantee.h"
#include "core/base/rules.h"
#include "core/base/time.h"
#include "core/client/assignors.h"
#include "core/client/config.h"
#include "core/wire/compression.h"

namespace brokersim::scenarios {

struct Cluster {
  std::int32_t brokers = 3;      // Machines broker-1 …
  std::int32_t controllers = 3;  // Machines controller-1 …
  std::int32_t voters = 0;       // So many controllers vote at first; 0: all. With kraft.version 1.
  std::int32_t racks = 0;        // Both stand in rack-1 … in turn; 0: in none.
  // That a producer gets before it needs another id. No setting of Kafka's, nor of `serve`.
  std::int16_t last_producer_epoch = last_epoch_of_producers;
  // Tunables of every node, by Kafka's names: core/broker/config.h `set`.
  std::map<std::string, std::string> settings;
  // Levels that the cluster agrees on before anything else (KIP-584): "transaction.version".
  std::map<std::string, std::int16_t> features;
  friend bool operator==(const Cluster&, const Cluster&) = default;
};

// Created by the machine "admin" when the run begins.
struct Topic {
  std::string name;
  std::int32_t partitions = 1;
  std::int16_t replication_factor = 3;
  std::map<std::string, std::string> configs;  // Kafka's topic configurations.
  friend bool operator==(const Topic&, const Topic&) = default;
};

// How a record without a partition of its own finds one.
enum class Partitioner : std::uint8_t { round_robin, key };

struct Producer {
  std::string name;        // Also its machine's.
  std::int16_t acks = -1;  // -1 is "all".
  Duration linger{};
  std::int64_t batch_size = 16384;
  std::int32_t max_in_flight = 5;
  bool enable_idempotence = false;  // Then acks are "all", and at most five in flight.
  Partitioner partitioner = Partitioner::round_robin;
  Duration delivery_timeout = 120s;
  Duration request_timeout = 30s;
  wire::Codec compression = wire::Codec::none;
  // Not empty: each of its operations is a transaction. It is idempotent then, too.
  std::string transactional_id;
  Duration transaction_timeout = 60s;
  // The latest protocol of transactions that it knows (KIP-890): 1 as librdkafka, 2 as Kafka, where
  // the cluster's level of transaction.version is not lower.
  std::int16_t transaction_protocol = 2;
  // Of what a producer id sends first to each partition; if it has no transactions.
  std::int32_t first_sequence = 0;
  friend bool operator==(const Producer&, const Producer&) = default;
};

// What a reader makes of each record it is handed.
enum class Parses : std::uint8_t { nothing, json };

// Reads from the beginning of each of its partitions, to the end of the run; in a group its share
// of them, from where the group is, as long as it is in.
struct Consumer {
  std::string name;  // Also its machine's.
  std::string topic;
  std::vector<std::int32_t> partitions;  // Empty: all. Of a member of a group: no matter.
  Duration at{};                         // When it begins, since the run began.
  Parses parses = Parses::nothing;       // Then the input files are checked to be that.
  std::string rack;                      // client.rack
  client::IsolationLevel isolation_level = client::IsolationLevel::read_uncommitted;
  // Where it begins where nothing else is known: with `none` it finds out that nobody says so, and
  // then begins at the beginning.
  client::OffsetReset auto_offset_reset = client::OffsetReset::earliest;

  // Of a member of a group.
  std::string group;        // Empty: it reads for itself.
  std::string instance_id;  // Of a static member.
  client::GroupProtocol protocol = client::GroupProtocol::classic;
  client::Assignor assignor = client::Assignor::range;  // Of a classic group.
  std::string server_assignor;                          // Of a consumer group; empty: no matter.
  Duration session_timeout = 45s;
  Duration max_poll_interval{};    // 0: 30 s, or its session if that is longer.
  bool enable_auto_commit = true;  // Every second. Otherwise it commits after each poll.
  friend bool operator==(const Consumer&, const Consumer&) = default;
};

// Makes records of the records of a topic and sends them to another one, as one of a group that
// shares the partitions: core/client/stream_task.h. What it makes of each: scenarios/pipeline.h.
struct Task {
  std::string name;  // Also its machine's.
  std::string group;
  std::string input;  // Topics.
  std::string output;
  ProcessingGuarantee guarantee = ProcessingGuarantee::exactly_once;
  std::string transactional_id;  // Empty: its name.
  Duration at{};                 // When it begins, since the run began.
  Duration commit_interval = 100ms;
  std::int64_t max_poll_records = 500;
  Duration transaction_timeout = 10s;
  std::int16_t transaction_protocol = 2;  // As a producer's.
  Duration delivery_timeout = 120s;
  Duration request_timeout = 30s;
  client::GroupProtocol protocol = client::GroupProtocol::classic;
  // Of a classic group.
  client::Assignor assignor = client::Assignor::range;
  Duration session_timeout = 45s;
  Duration max_poll_interval{};  // As a consumer's.
  friend bool operator==(const Task&, const Task&) = default;
};

inline constexpr std::int32_t any_partition = -1;
// That one operation may send: they are numbered over the whole run.
inline constexpr std::int64_t most_records = 1'000'000;

struct Operation {
  enum class Kind : std::uint8_t {
    send,       // Records, one after the other, `every` apart.
    elect,      // Election of the preferred leader.
    reassign,   // The partition moves to `replicas`.
    configure,  // `configs` of the topic, or without one of all brokers.
    // The topic is deleted, and after `away` another one is made by its name, as the plan has it.
    make_again,
    // Records of the topic go: what lies before `before`, or `percent` of what is there and
    // committed, in one partition or in each (KIP-107).
    delete_records,
    // The topic grows to `partitions` of them.
    create_partitions,
    leave,  // The member `client` of a group leaves it …
    join,   // … and joins it again; by the classic protocol, or that of KIP-848, from then on:
    join_as_classic,
    join_as_consumer,
    // A controller gets a vote in the quorum, or loses it (KIP-853).
    add_voter,
    remove_voter,
    // The broker `broker` goes off the cluster's records, as one that is down for good (KIP-631).
    // It registers anew if it is started again; one that runs does so at once.
    unregister_broker,
    // The features `levels` go to these levels, up or, where that is safe, down (KIP-584).
    update_features,
    // The member or task `client` takes `lasting` over what it was handed, and does not poll
    // meanwhile, while its heartbeats go on (KIP-62).
    process,
    // The member `client` pauses those of its partitions that `partition` says, for `lasting`.
    pause,
  };
  Duration at{};       // Since the run began; a client that is busy does it later.
  std::string client;  // A producer's name, a member's; of all else admin_name.
  Kind kind = Kind::send;
  std::string topic;
  // Any: the producer's partitioner; of `elect`, `delete_records` and `pause`: all.
  std::int32_t partition = any_partition;
  std::vector<std::int32_t> replicas;  // Of `reassign`: brokers by number.
  std::int32_t controller = 0;         // Of `add_voter`, `remove_voter`: by number.
  std::int32_t broker = 0;             // Of `unregister_broker`: by number.
  // Of `update_features`: by the name of the feature.
  std::map<std::string, std::int16_t> levels;
  std::map<std::string, std::string> configs;  // Of `configure`: Kafka's names.
  Duration away{};                             // Of `make_again`.
  // Of `process` and `pause`: until then, or until the quiet time.
  Duration lasting{};
  // Of `delete_records`.
  std::int64_t before = -1;  // The first offset that stays; -1: `percent` decides.
  std::int64_t percent = 100;
  std::int32_t partitions = 0;  // Of `create_partitions`: in all.

  // Of `send`: lines of a file, or made-up records if there is none.
  std::string input;            // scenarios/files.h `input_path` says relative to what.
  std::int64_t first_line = 1;  // Counted from 1. Of made-up records: the first one's number.
  std::int64_t count = 1;       // Lines or records. Lines beyond the file's end are not sent.
  Duration every{};             // From one record to the next.
  std::string key;              // Of every record; empty: none.
  bool aborts = false;          // As a transaction it is given up in the end.
  friend bool operator==(const Operation&, const Operation&) = default;
};
// Of a member of a group.
constexpr bool is_of_membership(Operation::Kind kind) {
  using Kind = Operation::Kind;
  return kind == Kind::leave || kind == Kind::join || kind == Kind::join_as_classic ||
         kind == Kind::join_as_consumer;
}

// Likewise, or of a task: how it reads.
constexpr bool is_of_reading(Operation::Kind kind) {
  return kind == Operation::Kind::process || kind == Operation::Kind::pause;
}

// Of those that ask something of a partition, or of all of a topic.
inline bool concerns(const Operation& operation, std::int32_t partition) {
  return operation.partition == any_partition || operation.partition == partition;
}

// What a fault waits for: that a transaction or a group enters a state (sim/trigger.h).
struct When {
  std::string transaction;  // A transactional id, or "*" for any; empty: it is about a group.
  std::string group;        // Likewise.
  std::string becomes;   // Of scenarios/coordinator_states.h; empty: the fault waits for nothing.
  std::int64_t nth = 1;  // The first time since it waits, or a later one.
  Duration after{};      // And then so long.
  friend bool operator==(const When&, const When&) = default;
};

// One fault that heals by itself: it begins at `at`, or when what it waits for from then on
// happens, and is lifted `lasting` later. Kinds, their targets and parameters: sim/fault.h.
struct Fault {
  using Parameter = std::variant<std::int64_t, Duration>;

  std::string kind;
  Duration at{};  // Since the run began.
  When when;
  Duration lasting{};
  // Machines by name, or by what they are when the fault begins: "leader:my-topic-0",
  // "follower:my-topic-0" (one of the followers), "controller" (the active one); "there" is where
  // what it waited for happened.
  std::vector<std::string> targets;
  std::vector<std::string> peers;  // Of faults between machines, the other side. Empty: all others.
  std::map<std::string, Parameter> parameters;
  friend bool operator==(const Fault&, const Fault&) = default;
};

// The client that creates topics, asks for elections and the like; a plan need not list it.
inline constexpr const char* admin_name = "admin";

// How many controllers have a vote when the cluster is made.
std::int32_t voters_at_first(const Cluster& cluster);
// Where the number-th broker or controller stands, counted from 1; empty: nowhere.
std::string rack_of(const Cluster& cluster, std::int32_t number);

// A file knows no larger numbers.
inline constexpr std::uint64_t most_seed = std::numeric_limits<std::int64_t>::max();

struct Plan {
  std::int64_t version = 1;
  std::string scenario;           // The name of the scenario it was drawn from.
  std::uint64_t seed = 0;         // Of everything that the world draws. At most most_seed.
  std::vector<std::string> bugs;  // Historical bugs brought back: scenarios/bugs.h.
  Cluster cluster;
  std::vector<Topic> topics;
  std::vector<Producer> producers;
  std::vector<Consumer> consumers;
  std::vector<Task> tasks;
  std::vector<Operation> operations;
  std::vector<Fault> faults;
  // From here on no fault lasts and every machine runs.
  Duration quiet_at = 30s;
  // Within this time from quiet_at on the cluster must have converged.
  Duration converge_within = 60s;
  friend bool operator==(const Plan&, const Plan&) = default;
};

}  // namespace brokersim::scenarios
