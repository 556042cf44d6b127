// A producer: records in, batches out to the partitions' leaders, several requests in flight.
//
//   auto producer = Producer::start(env, config);
//   auto partition = producer->choose_partition(env, "orders", record);
//   producer->send(env, *partition, record, [](Host&, const SendResult& result) { … });
//   producer->close(env);                      // waits for everything sent
//
// With enable.idempotence every record is stored once, and each partition's in the order of their
// sending. Without, a retry after a lost answer may store a record twice, and with more than one
// request in flight retries may change the order.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/api/produce.h"
#include "core/client/accumulator.h"
#include "core/client/cluster.h"
#include "core/client/config.h"
#include "core/client/versions.h"
#include "core/env.h"
#include "core/signal.h"

namespace brokersim::client {

class Producer : public std::enable_shared_from_this<Producer> {
 public:
  // Its fibers run until close() and keep it alive as long.
  static std::shared_ptr<Producer> start(Host& host, ProducerConfig config);
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  // By the key's hash; without key round robin. Waits up to max.block.ms for the topic's metadata:
  // the topic's error, or REQUEST_TIMED_OUT.
  Expected<TopicPartition, api::ErrorCode> choose_partition(Env& env, const std::string& topic,
                                                            const wire::Record& record);
  // Hands over one record; `on_sent` is called once. Waits while buffer.memory is full, up to
  // max.block.ms; then, and for a record beyond max.request.size, on_sent tells of the failure.
  void send(Env& env, const TopicPartition& partition, const wire::Record& record, OnSent on_sent);
  // The same, and waits for the result.
  SendResult send_and_wait(Env& env, const TopicPartition& partition, const wire::Record& record);
  // Waits until everything sent so far is settled, or `is_vain`, which is looked at whenever
  // something is settled. False if it is not: then, or because the wait was cancelled.
  bool flush(
      Env& env, const std::function<bool()>& is_vain = [] { return false; });
  // Flushes, then ends all fibers. If cancelled meanwhile, what is not settled ends as it stands.
  void close(Env& env);

  Cluster& cluster() { return cluster_; }

  // ---- For transactions (transactional_producer.h) ----

  // Id and epoch of what is sent from now on. Requires that everything is settled.
  void set_producer(std::int64_t id, std::int16_t epoch) { accumulator_.set_producer(id, epoch); }
  // The version of Produce from now on; of one with an epoch for each transaction or without.
  void speak(std::int16_t version, bool has_epoch_per_transaction) {
    produce_version_ = version;
    accumulator_.rely_on_leaders_order(has_epoch_per_transaction);
  }
  // Gives up what is not on its way, and waits for what is.
  void drop(Env& env);
  bool has_gap() const { return accumulator_.has_gap(); }
  // Something was sent under the present id and epoch.
  bool has_numbered() const { return accumulator_.has_numbered(); }

 private:
  // The fibers that send to one broker: one of them waits for batches, the others for answers.
  struct Sender {
    bool has_front = false;
    bool is_connected = false;  // Until then one request at a time, so that none overtakes.
    std::int32_t in_flight = 0;
    Signal turn;
  };

  explicit Producer(ProducerConfig config);

  void spawn(Host& host, const std::string& name, void (Producer::*body)(Env&, NodeId), NodeId of);
  // For brokers that have none.
  void start_senders(Host& host);
  void metadata_loop(Env& env, NodeId);
  void expiry_loop(Env& env, NodeId);
  void producer_id_loop(Env& env, NodeId);
  std::optional<std::int64_t> ask_producer_id(Env& env);
  void send_loop(Env& env, NodeId broker);
  std::vector<BatchPtr> next_batches(Env& env, NodeId broker);
  void exchange(Env& env, NodeId broker, std::vector<BatchPtr> batches);
  void settle_all(Env& env, std::vector<BatchPtr> batches, const Attempt& attempt);
  void settle_each(Env& env, std::vector<BatchPtr> batches, const api::ProduceResponse& response);
  api::ProduceRequest request_for(const std::vector<BatchPtr>& batches) const;
  void want_metadata(Host& host);

  const ProducerConfig config_;
  Cluster cluster_;
  Accumulator accumulator_;
  std::map<NodeId, std::unique_ptr<Sender>> senders_;
  std::map<std::string, std::int32_t> round_robin_;
  std::set<FiberId> fibers_;
  std::int16_t produce_version_ = produce_version;
  bool is_closing_ = false;
  // How often InitProducerId got no answer.
  std::uint64_t silent_brokers_ = 0;
  Signal work_;      // Records or leaders have come.
  Signal metadata_;  // The view of the cluster is wrong or incomplete.
  Signal settled_;   // Batches or fibers have ended.
};

}  // namespace brokersim::client
