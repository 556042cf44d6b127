// What the clients of a plan do: the admin creates topics, deletes them and makes them again, asks
// for elections and administrates the cluster, producers send their records in the order of the
// plan, one by one or in transactions, consumers read from the beginning and go on reading, or
// share their topic's partitions with the others of their group, as tasks do, which make other
// records of what they read.
//
// What a client has done so far outlives its machine, as an application's own state would: after a
// crash a producer goes on with the next record, and what was under way has an unknown end.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/event.h"
#include "core/client/admin.h"
#include "core/client/consumer.h"
#include "core/client/group_consumer.h"
#include "core/client/producer.h"
#include "core/client/stream_task.h"
#include "core/client/transactional_producer.h"
#include "core/env.h"
#include "properties/ledger.h"
#include "scenarios/cluster.h"
#include "scenarios/inputs.h"
#include "scenarios/plan.h"

namespace brokersim::scenarios {

// max.poll.interval.ms of members and tasks that say nothing of it. So long a member that joins
// waits for a coordinator whose machine went without a word, which is to be over before everybody
// has to have converged.
inline constexpr Duration member_max_poll_interval = 30s;

// Where an application goes on that is asked, as nobody else says so: where the logs part, or at
// the beginning.
template <class Client>
void go_on(Host& host, Client& client, const client::Problem& problem) {
  if (problem.diverges_at) {
    client.seek(host, problem.partition, *problem.diverges_at);
  } else {
    client.seek_by(host, problem.partition, client::OffsetReset::earliest);
  }
}

// What a client, or a group of them, is not done with.
struct Waiting {
  std::string group;  // Empty: it is no group's matter.
  std::string what;   // For people: who, of which partition, at which offset.
};

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

// Numbers a client operation over the whole run: the operation's place in the plan, from 1, then
// the record's in it.
std::int64_t op_number(std::int64_t step, std::int64_t record);
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

  // The first thing that is not done, nothing where all is: every topic is there, everything was
  // sent, and every send has ended …
  std::optional<Waiting> unsent() const;
  // … apart from those in transactions, which wait for their coordinators.
  std::optional<Waiting> unsent_outside_transactions() const;
  // Every consumer has what its partitions' leaders hold, but for those that cannot be read to
  // their end; those that read for themselves alone, or the groups, too.
  std::optional<Waiting> unread(const properties::Ledger& ledger, bool of_groups = true,
                                const client::Partitions& endless = {}) const;
  // Every member of a group that takes part has its share, and all shares of a group are all that
  // there is to share.
  std::optional<Waiting> unshared() const;
  // Every task has made records of what its input's leaders hold, and that counts.
  std::optional<Waiting> unprocessed(const properties::Ledger& ledger,
                                     const client::Partitions& endless = {}) const;
  // How long after the last fault groups may need for all that if one of them was stopped: members
  // that are gone are missed when their sessions end. 0 without groups: who reads for itself is in
  // nobody's way.
  Duration patience_of_groups() const;
  // Members may share all within this time even if somebody has to be missed meanwhile, such as who
  // was given an id and never heard of it (KIP-394).
  bool can_share_all_within(Duration bound) const;
  // A member of a group, or a task, is on that machine.
  bool is_in_group(const std::string& machine) const;

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
    std::optional<std::int64_t> transaction;   // The operation of the one that is open …
    std::vector<std::int64_t> in_transaction;  // … and its records.
    bool has_finished() const { return step == steps.size(); }
    bool has_sent_all() const { return has_finished() && under_way.empty() && !transaction; }
  };
  // What is not done of it: "is at operation 3 of its 12"
  static std::string text_of(const Progress& progress);

  // A member of a group: what it is told to do, and what it has.
  struct Member {
    std::vector<Step> steps;  // In order of time.
    std::size_t step = 0;
    bool is_in = true;
    client::GroupProtocol protocol = client::GroupProtocol::classic;
    std::map<TopicPartition, Offset> positions;           // Of what it owns.
    std::shared_ptr<const client::GroupConsumer> client;  // While it is one.
  };

  // A stream task: what it has, and what is under way.
  struct TaskState {
    std::int64_t records = 0;                    // Operations so far.
    std::set<std::int64_t> under_way;            // Sends that have not ended.
    std::optional<std::int64_t> work;            // The unit of work that is open …
    std::vector<std::int64_t> in_work;           // … and its records.
    std::map<TopicPartition, Offset> positions;  // Of what it owns.
    bool has_to_go_back = false;                 // They are ahead of what counts.
  };
  class TaskApplication;

  void run_client(Env& env, const std::string& name);
  bool has_more_to_do(const std::string& name) const;
  void administrate(Env& env);
  void raise_features(Env& env, client::Admin& admin);
  void create_topics(Env& env, client::Admin& admin);
  void make_again(Env& env, client::Admin& admin, const Operation& operation);
  void delete_topics(Env& env, client::Admin& admin);
  void delete_records(Env& env, client::Admin& admin, const Operation& operation) const;
  void grow_topics(Env& env, client::Admin& admin);
  void reassign(Env& env, client::Admin& admin, const Operation& operation);
  void configure(Env& env, client::Admin& admin, const Operation& operation);
  void change_voters(Env& env, client::Admin& admin, const Operation& operation);
  static void unregister_broker(Env& env, client::Admin& admin, const Operation& operation);
  static void update_features(Env& env, client::Admin& admin, const Operation& operation);
  // There are consumer groups only once the cluster has agreed on them.
  void allow_consumer_groups(Env& env, client::Admin& admin);
  // Asks again and again how the consumer groups are: what is answered is judged.
  void watch_consumer_groups(Env& env);
  void elect(Env& env, client::Admin& admin, const Operation& operation);
  void produce(Env& env, const Producer& producer);
  void send(Env& env, client::Producer& client, const Producer& producer, const Step& step);
  using Choose = std::function<Expected<TopicPartition, api::ErrorCode>(const wire::Record&)>;
  // Nothing if cancelled first.
  std::optional<TopicPartition> choose(Env& env, const Choose& choose_for, const Producer& producer,
                                       const Operation& operation,
                                       const wire::Record& record) const;
  wire::Record record_of(Host& host, const Operation& operation, std::int64_t index) const;
  // The record is about to be sent; the result is to be told of how that ends.
  client::OnSent invoked(Host& host, const std::string& client, std::int16_t acks,
                         const TopicPartition& partition, const wire::Record& record,
                         std::int64_t op);
  void ended(Host& host, const std::string& client, std::int16_t acks, std::int64_t op,
             const client::SendResult& result);
  void end_unknown(Host& host, const std::string& client, std::int16_t acks,
                   const std::set<std::int64_t>& ops);
  std::set<std::int64_t>& under_way(const std::string& client);
  void consume(Env& env, const Consumer& consumer);
  void take(Host& host, const Consumer& consumer, const client::Polled& polled);
  // Of one partition: whoever has it is behind, unless the position is at the end; nobody has it
  // without a position. "is at offset 3 of t-0, which ends at 7"
  static std::optional<std::string> behind(const properties::Ledger& ledger,
                                           const TopicPartition& partition,
                                           std::optional<Offset> position);
  std::optional<Waiting> unread_of(const properties::Ledger& ledger, const Consumer& consumer,
                                   const client::Partitions& endless) const;

  // ---- Groups (workload_groups.cc) ----
  void take_part(Env& env, const Consumer& consumer);
  static void take_step(Member& member);
  void be_member(Env& env, const Consumer& consumer, Instant until);
  // Solves what can be solved of what is said of partitions; false if a member has to begin anew.
  static bool solve(Host& host, client::GroupConsumer& client, const client::Polled& polled);
  // Of one that lasts: by the quiet time at the latest, as faults do.
  Instant end_of(const Operation& operation) const;
  // Takes as long over what was handed over just now as the plan says. False if cancelled first.
  bool take_time(Env& env, const std::string& name) const;
  // Pauses what is to be paused now of what the member has, and resumes the rest.
  void pause(Host& host, const Consumer& consumer, client::GroupConsumer& client);
  void take_as_member(Host& host, const Consumer& consumer, const client::Polled& polled);
  client::GroupConsumerConfig config_of_member(const Consumer& consumer) const;
  // The longer one, of a member that changes its protocol.
  Duration session_of(const Consumer& consumer) const;
  Duration session_of(const Task& task) const;
  // max.poll.interval.ms of a consumer, or of a task.
  template <class Client>
  static Duration max_poll_interval_of(const Client& client) {
    const auto unsaid = std::max(client.session_timeout, member_max_poll_interval);
    return client.max_poll_interval > Duration{} ? client.max_poll_interval : unsaid;
  }
  client::RebalanceListener listener_of(const Consumer& consumer);
  struct Owner {
    std::string name;
    Offset position = -1;
  };
  std::optional<Owner> owner_in_group(const std::string& group,
                                      const TopicPartition& partition) const;

  // ---- Transactions (workload_transactions.cc) ----
  client::ProducerConfig config_of_producer(const Producer& producer) const;
  // The admin has done its part, and everybody knows. False if cancelled first.
  bool await_setting(Env& env) const;
  void produce_in_transactions(Env& env, const Producer& producer);
  // False: the producer is of no use any more.
  bool transact(Env& env, client::TransactionalProducer& client, const Producer& producer,
                const Step& step);
  bool send_in_transaction(Env& env, client::TransactionalProducer& client,
                           const Producer& producer, const Step& step, std::int64_t index);
  bool end_transaction(Env& env, client::TransactionalProducer& client, const Producer& producer,
                       bool is_commit);
  void note_end(Host& host, const Producer& producer, bool is_commit, Outcome outcome);
  // What has become of records that were part of a transaction.
  void settle_records(std::vector<std::int64_t>& ops, bool is_commit, Outcome outcome);

  // ---- Tasks (workload_tasks.cc) ----
  void run_task(Env& env, const Task& task);
  client::StreamTaskConfig config_of_task(const Task& task) const;
  std::optional<Waiting> unprocessed_of(const properties::Ledger& ledger, const Task& task,
                                        const client::Partitions& endless) const;
  std::optional<Owner> owner_among_tasks(const std::string& group,
                                         const TopicPartition& partition) const;

  std::vector<TopicPartition> partitions_of(const std::string& topic,
                                            const std::vector<std::int32_t>& named = {}) const;

  const Topic* find_topic(const std::string& name) const;
  // As many as somebody has asked for by now.
  std::int32_t partition_count(const std::string& topic) const;
  // How many records the operation has, and the text of one, counted from 0.
  std::int64_t count_of(const Operation& operation) const;
  std::string value_of(const Operation& operation, std::int64_t index) const;
  client::ClientConfig config_of(const std::string& name) const;

  const Plan& plan_;
  const Inputs& inputs_;
  SimulatedCluster& cluster_;
  std::set<std::string> created_;
  std::map<std::string, Uuid> gone_;             // To be deleted, by their ids, and made again.
  std::map<std::string, std::int32_t> grown_;    // How many partitions topics are to have …
  std::map<std::string, std::int32_t> growing_;  // … and may not have yet.
  bool allows_consumer_groups_ = false;
  std::map<std::string, Progress> progress_;  // By client.
  std::map<std::string, Member> members_;     // By consumer.
  // By member or task, in order of time: when it is slow, and what it pauses.
  std::map<std::string, std::vector<Step>> reading_;
  std::map<std::string, TaskState> tasks_;  // By task.
  bool has_features_ = false;
  std::map<std::int64_t, SentRecord> sent_;
  Copies copies_;
};

}  // namespace brokersim::scenarios
