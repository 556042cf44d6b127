// A producer whose records, in whichever partitions, are committed together or not at all, and with
// them the offsets that a group has consumed (KIP-98, KIP-360, KIP-447, KIP-588, KIP-890).
//
//   auto producer = TransactionalProducer::start(env, config);
//   producer->init(env, deadline);             // from now on nobody else has this transactional id
//   producer->begin();
//   producer->send(env, partition, record, on_sent);
//   producer->send_offsets(env, positions, member, deadline);
//   producer->commit(env, deadline);           // or abort()
//
// After an error that is not fatal the transaction is to be aborted; after a fatal one another
// producer has the transactional id, and this one can only be closed. A commit without an answer
// may have been carried out: it may be repeated, and nothing else done before.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "core/client/consumer.h"
#include "core/client/coordinator_link.h"
#include "core/client/producer.h"

namespace brokersim::client {

// As whom offsets are committed; as nobody in particular if the member is empty (KIP-447).
struct GroupMember {
  std::string group_id;
  std::int32_t generation = -1;
  std::string member_id;
  std::optional<std::string> instance_id;
};

class TransactionalProducer : public std::enable_shared_from_this<TransactionalProducer> {
 public:
  using Result = Expected<Done, api::ErrorCode>;

  // Requires a transactional id; the producer is idempotent.
  static std::shared_ptr<TransactionalProducer> start(Host& host, ProducerConfig config);
  TransactionalProducer(const TransactionalProducer&) = delete;
  TransactionalProducer& operator=(const TransactionalProducer&) = delete;

  // Gets the id's present producer id and next epoch; whoever had the one before is fenced, and its
  // transaction aborted.
  Result init(Env& env, Instant deadline);
  // Requires that init() has succeeded, and that no transaction is open.
  void begin();
  Expected<TopicPartition, api::ErrorCode> choose_partition(Env& env, const std::string& topic,
                                                            const wire::Record& record) {
    return producer_->choose_partition(env, topic, record);
  }
  // As Producer's. The first to a partition waits until this is part of the transaction.
  void send(Env& env, const TopicPartition& partition, const wire::Record& record, OnSent on_sent);
  // Of a group's member: where it is to go on from, once the transaction is committed.
  Result send_offsets(Env& env, const Positions& positions, const GroupMember& member,
                      Instant deadline);
  // Waits until everything sent is settled, and ends the transaction. The error of a send that
  // failed is also the commit's: then it is not attempted.
  Result commit(Env& env, Instant deadline);
  Result abort(Env& env, Instant deadline);
  // A transaction that is open is left to its timeout.
  void close(Env& env);

  // Whether the open transaction has failed, and can only be aborted.
  bool must_abort() const { return is_open_ && failed_.has_value() && !fatal_; }
  // What ended this producer.
  const std::optional<api::ErrorCode>& fatal_error() const { return fatal_; }
  std::int64_t producer_id() const { return producer_id_; }
  std::int16_t epoch() const { return epoch_; }

 private:
  explicit TransactionalProducer(ProducerConfig config) : config_(std::move(config)) {}

  // Asks until there is a definite answer, which it returns.
  template <class Request>
  Expected<typename Request::Response, api::ErrorCode> ask(Env& env, CoordinatorLink& link,
                                                           const Request& request,
                                                           std::int16_t version, Instant deadline);
  bool back_off(Env& env, std::int32_t failures, Instant deadline);
  Result learn_transaction_version(Env& env, Instant deadline);
  Result ask_for_epoch(Env& env, Instant deadline);
  Result add(Env& env, const TopicPartition& partition, Instant deadline);
  Result add_offsets(Env& env, const std::string& group_id, Instant deadline);
  Result end(Env& env, bool is_commit, Instant deadline);
  Result fail(api::ErrorCode error);

  const ProducerConfig config_;
  std::shared_ptr<Producer> producer_;
  std::unique_ptr<CoordinatorLink> coordinator_;
  std::map<std::string, std::unique_ptr<CoordinatorLink>> groups_;
  std::int64_t producer_id_ = -1;
  std::int16_t epoch_ = -1;
  bool has_epoch_per_transaction_ = false;
  bool is_open_ = false;
  bool may_be_begun_ = false;  // The coordinator may know of the open transaction …
  bool is_begun_ = false;      // … and has said that it does, where producers tell it themselves.
  std::set<TopicPartition> partitions_;   // Those it knows.
  std::optional<api::ErrorCode> failed_;  // Why the open transaction is to be aborted.
  std::optional<api::ErrorCode> fatal_;
  std::uint64_t backoffs_ = 0;
};

}  // namespace brokersim::client
