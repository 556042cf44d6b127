// The coordinator of what is in one partition of a coordinators' topic, while this broker leads it
// in one leader epoch: groups in __consumer_offsets, transactional ids in __transaction_state.
//
//   loading ─ the log is replayed, and what was replayed is committed ─▶ active ─ role lost ─▶
//   ended
//
// What is decided, a group::Shard or transaction::Shard decides; here its writes meet the log, its
// deadlines the clock, and requests that are parked wait for their answers.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/expected.h"
#include "core/broker/config.h"
#include "core/broker/replica.h"
#include "core/broker/server.h"
#include "core/coordination/producer.h"
#include "core/coordination/request.h"
#include "core/env.h"
#include "core/group/shard.h"
#include "core/signal.h"
#include "core/transaction/shard.h"

namespace brokersim::broker {

template <class Shard>
class Coordinator {
 public:
  using Output = typename Shard::Output;
  using Response = typename Shard::Response;
  using Now = coordination::Now;
  using RequestId = coordination::RequestId;

  // Requires a replica that leads. More than `max_batch_bytes` are not appended at once. `moved`,
  // which outlives it, is notified whenever the shard may have changed.
  Coordinator(const NodeConfig& config, std::shared_ptr<Replica> replica,
              std::size_t max_batch_bytes, Shard shard, Signal& moved);

  // Until we no longer lead in this epoch, or the fiber is cancelled.
  void run(Env& env);
  // The topic's max.message.bytes has changed.
  void limit_batches(std::size_t max_batch_bytes) { max_batch_bytes_ = max_batch_bytes; }

  // Whether it still is the coordinator of this replica.
  bool is_of(const Replica& replica) const {
    return !has_ended_ && replica_.get() == &replica && leads();
  }
  // NONE, COORDINATOR_LOAD_IN_PROGRESS or NOT_COORDINATOR: only with NONE may anything be asked.
  api::ErrorCode availability() const;
  Shard& shard() { return shard_; }
  Now now(Host& host) const { return {host.now(), host.wall_clock()}; }
  LeaderEpoch epoch() const { return epoch_; }
  const TopicPartition& partition() const { return replica_->partition(); }

  // Gives a request to the shard and waits for its answer, which comes at the latest when the
  // coordinator ends. The error, that the node ends first.
  using Request = std::function<Output(Shard&, Now, RequestId)>;
  template <class Wanted>
  Answer<Wanted> ask(Env& env, const Request& request) {
    auto response = ask_any(env, request);
    if (!response) return Unexpected(std::string("the node ends"));
    return std::get<Wanted>(*std::move(response));
  }
  // The same for records that are part of a producer's transaction. Whether they are is to be found
  // out before, if there is a ticket (Replica::begin_verification).
  std::optional<partition::VerificationTicket> begin_verification(
      Host& host, const coordination::ProducerAndEpoch& producer, bool adds);
  template <class Wanted>
  Answer<Wanted> ask_verified(Env& env, partition::VerificationTicket ticket,
                              const Request& request) {
    return ask<Wanted>(env, [&](Shard& shard, Now present, RequestId id) {
      ticket_ = ticket;
      return request(shard, present, id);
    });
  }
  // The shard was asked something without a record, and may have an earlier deadline since.
  void expect_deadline(Host& host);
  // A marker has been appended to our log: the end of a transaction.
  void marker_written(Host& host, Offset offset, const wire::TransactionMarker& marker);
  // What came out of the shard: appends, answers, tells.
  void carry_out(Host& host, Output output);

 private:
  // A request whose fiber waits.
  struct Waiting {
    std::optional<Response> response;
    Signal answered;
  };

  bool leads() const;
  bool load(Env& env);
  Expected<Done, std::string_view> replay(const Slice& bytes, Offset from);
  bool wait_until_committed(Env& env, Offset end);
  bool hears_of_commits() const;
  void work(Env& env);
  std::optional<Response> ask_any(Env& env, const Request& request);
  std::optional<Output> append(Host& host, const typename Shard::Write& write);
  void deliver(Host& host, RequestId request, Response response);

  const std::shared_ptr<Replica> replica_;
  const LeaderEpoch epoch_;
  std::size_t max_batch_bytes_;
  const GroupRules rules_;
  Shard shard_;
  Signal& moved_;
  partition::VerificationTicket ticket_;  // For what the present request appends.
  bool has_read_log_ = false;
  bool is_loaded_ = false;
  bool has_ended_ = false;
  std::uint64_t requests_ = 0;
  std::map<RequestId, Waiting*> waiting_;
  Instant wakes_at_ = never;  // What run() waits for at the latest.
  Signal sooner_;             // The shard has an earlier deadline than that.
};

extern template class Coordinator<group::Shard>;
extern template class Coordinator<transaction::Shard>;

}  // namespace brokersim::broker
