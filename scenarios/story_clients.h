// The clients of a story: machines that do one thing at a time as they are told, with the real
// producer, consumer and admin.
//
// A job runs on a fiber of its client's machine. Nothing here moves time: who hands over a job runs
// the world until what it waits for has come.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/client/admin.h"
#include "core/client/consumer.h"
#include "core/client/producer.h"
#include "scenarios/cluster.h"
#include "scenarios/story_facts.h"

namespace brokersim::scenarios {

class StoryClients {
 public:
  // Both outlive it; `tell` is called with what events do not say: the records that are read.
  StoryClients(SimulatedCluster& cluster, std::function<void(Fact)> tell);
  StoryClients(const StoryClients&) = delete;
  StoryClients& operator=(const StoryClients&) = delete;

  // ---- Producers ----

  struct Send {
    std::string topic;
    std::int32_t partition = -1;  // -1: as the producer's partitioner says.
    std::vector<std::string> values;
  };
  // The client of that name with these settings, made if it does not exist: a producer keeps the
  // settings it began with. False: there is one with others.
  bool has_producer(const std::string& name, const client::ProducerConfig& config);
  void produce(const std::string& name, const Send& send);
  // Sends that have not ended.
  std::size_t sends_under_way() const { return values_under_way_; }
  // The text of the record that an operation sent.
  std::string value_of(std::int64_t op) const;

  // ---- Consumers ----

  struct Read {
    TopicPartition partition;
    // Where it begins. Nothing: where it was, and a new consumer at the beginning.
    std::optional<Offset> from;
    std::optional<client::OffsetReset> from_end;
    client::OffsetReset reset = client::OffsetReset::earliest;  // auto.offset.reset, when made.
    std::string rack;                                           // client.rack, when made.
    std::size_t count = SIZE_MAX;
    Instant deadline;
  };
  // Polls until `count` records have come, or the deadline.
  void consume(const std::string& name, const Read& read);
  bool is_reading(const std::string& name) const;

  // ---- Administration ----

  using AdminJob = std::function<void(Env&, client::Admin&)>;
  // `done` turns true when it has ended.
  void administrate(AdminJob job, const std::shared_ptr<bool>& done);

 private:
  using Job = std::function<void(Env&)>;
  struct Machine {
    std::vector<Job> jobs;  // Not begun.
    FiberId fiber;
    std::int64_t begun = 0;
  };
  struct Producer {
    client::ProducerConfig config;
    std::shared_ptr<client::Producer> client;  // Since its first job.
  };
  struct Consumer {
    std::shared_ptr<client::Consumer> client;
    bool is_reading = false;
  };
  struct Sent {
    TopicPartition partition;
    std::string value;
  };

  void post(const std::string& machine, Job job);
  void serve(Env& env, Machine& machine);
  // Its bootstrap.servers are the brokers that run at present.
  client::ClientConfig config_of(const std::string& name) const;
  void send(Env& env, const std::string& name, const Send& send, const std::string& value);
  void poll(Env& env, const std::string& name, const Read& read);
  void take(Env& env, const std::string& name, const client::Polled& polled);

  SimulatedCluster& cluster_;
  std::function<void(Fact)> tell_;
  std::map<std::string, Machine> machines_;
  std::map<std::string, Producer> producers_;
  std::map<std::string, Consumer> consumers_;
  std::optional<client::Admin> admin_;
  std::map<std::int64_t, Sent> sent_;  // By operation.
  std::size_t values_under_way_ = 0;
};

}  // namespace brokersim::scenarios
