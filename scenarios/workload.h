// What the clients of a plan do: the admin creates topics and asks for elections, producers send
// their records in the order of the plan, consumers read from the beginning and go on reading, or
// share their topic's partitions with the others of their group.
//
// What a client has done so far outlives its machine, as an application's own state would: after a
// crash a producer goes on with the next record, and what was under way has an unknown end.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/event.h"
#include "core/client/admin.h"
#include "core/client/consumer.h"
#include "core/client/group_consumer.h"
#include "core/client/producer.h"
#include "core/env.h"
#include "properties/ledger.h"
#include "scenarios/cluster.h"
#include "scenarios/inputs.h"
#include "scenarios/plan.h"

namespace brokersim::scenarios {

struct SentRecord {
  TopicPartition partition;
  std::string value;
  std::int16_t acks = -1;
  bool has_ended = false;
  Outcome outcome = Outcome::unknown;
};

// What one consumer has read of one partition since its last reset; of a group, what anybody in it
// has ever read.
struct ReadCopy {
  std::map<Offset, std::string> records;
  Offset position = 0;
  bool has_begun = false;
};

// What events know a record by: of its key and its value.
std::uint64_t digest_of(const wire::Record& record);

class Workload {
 public:
  // All three outlive it.
  Workload(const Plan& plan, const Inputs& inputs, SimulatedCluster& cluster);
  Workload(const Workload&) = delete;
  Workload& operator=(const Workload&) = delete;

  // Starts the machines of all clients.
  void start();
  // Starts those again that are down and have something left to do.
  void restart();

  const Plan& plan() const { return plan_; }

  // Everything was sent, and every send has ended.
  bool has_sent_all() const;
  // Every consumer has what its partitions' leaders hold.
  bool has_read_all(const properties::Ledger& ledger) const;

  // By operation number.
  const std::map<std::int64_t, SentRecord>& sent() const { return sent_; }
  // By consumer, or group, and partition.
  using Copies = std::map<std::string, std::map<TopicPartition, ReadCopy>>;
  const Copies& copies() const { return copies_; }

 private:
  struct Step {  // An operation, and its place in the plan, from 1.
    const Operation* operation = nullptr;
    std::int64_t number = 0;
  };
  struct Progress {
    std::vector<Step> steps;  // In order of time.
    std::size_t step = 0;
    std::int64_t record = 0;  // Of a send: how many of its records are done.
    std::set<std::int64_t> under_way;
    bool has_finished() const { return step == steps.size(); }
  };

  // A member of a group: what it is told to do, and what it has.
  struct Member {
    std::vector<Step> steps;  // In order of time.
    std::size_t step = 0;
    bool is_in = true;
    std::map<TopicPartition, Offset> positions;  // Of what it owns.
  };

  void run_client(Env& env, const std::string& name);
  bool has_more_to_do(const std::string& name) const;
  void administrate(Env& env);
  void create_topics(Env& env, client::Admin& admin);
  void reassign(Env& env, client::Admin& admin, const Operation& operation);
  void elect(Env& env, client::Admin& admin, const Operation& operation);
  void produce(Env& env, const Producer& producer);
  void send(Env& env, client::Producer& client, const Producer& producer, const Step& step);
  // Nothing if cancelled first.
  std::optional<TopicPartition> choose(Env& env, client::Producer& client, const Producer& producer,
                                       const Operation& operation,
                                       const wire::Record& record) const;
  void consume(Env& env, const Consumer& consumer);
  void take(Host& host, const Consumer& consumer, const client::Polled& polled);
  // Of one partition: its consumer is behind, unless the position is at the end.
  static bool is_at_end(const properties::Ledger& ledger, const TopicPartition& partition,
                        std::optional<Offset> position);

  // ---- Groups (workload_groups.cc) ----
  void take_part(Env& env, const Consumer& consumer);
  void be_member(Env& env, const Consumer& consumer, Instant until);
  void take_as_member(Host& host, const Consumer& consumer, const client::Polled& polled);
  client::GroupConsumerConfig config_of_member(const Consumer& consumer) const;
  client::RebalanceListener listener_of(const Consumer& consumer);
  std::optional<Offset> position_of_group(const std::string& group,
                                          const TopicPartition& partition) const;

  std::vector<TopicPartition> partitions_of(const Consumer& consumer) const;
  void ended(Host& host, const Producer& producer, std::int64_t op,
             const client::SendResult& result);

  const Topic* find_topic(const std::string& name) const;
  // How many records the operation has, and the text of one, counted from 0.
  std::int64_t count_of(const Operation& operation) const;
  std::string value_of(const Operation& operation, std::int64_t index) const;
  client::ClientConfig config_of(const std::string& name) const;

  const Plan& plan_;
  const Inputs& inputs_;
  SimulatedCluster& cluster_;
  std::set<std::string> created_;
  std::map<std::string, Progress> progress_;  // By client.
  std::map<std::string, Member> members_;     // By consumer.
  std::map<std::int64_t, SentRecord> sent_;
  Copies copies_;
};

}  // namespace brokersim::scenarios
