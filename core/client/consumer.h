// A consumer of assigned partitions: fetches from their leaders ahead of poll(), or from replicas
// in its rack where leaders name them (KIP-392).
//
//   auto consumer = Consumer::make(config);
//   consumer->assign(env, {{"orders", 0}});
//   Polled polled = consumer->poll(env, env.now() + 1s);
//   consumer->close(env);
//
// With isolation.level=read_committed it is given no record of a transaction that is open or was
// aborted (KIP-98). The markers that end transactions are nobody's records; positions pass them.
//
// Each fetch names the epoch of the last record read, so that a leader whose log was truncated
// before our position says so, and none is asked that led before that epoch (KIP-320).
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/api/fetch.h"
#include "core/client/cluster.h"
#include "core/client/config.h"
#include "core/env.h"
#include "core/fetch/session.h"
#include "core/signal.h"
#include "core/wire/record_batch.h"

namespace brokersim::client {

struct Delivered {
  TopicPartition partition;
  wire::RecordAt at;
  LeaderEpoch leader_epoch{};
};

// What comes next, and of which epoch the record before it was, if that is known: a leader that
// does not have that one says so (KIP-320).
struct Position {
  Offset offset = 0;
  LeaderEpoch epoch = no_epoch;
};
using Positions = std::map<TopicPartition, Position>;

// The position was set by something other than delivery.
struct Reset {
  TopicPartition partition;
  Offset offset = 0;
  std::string why;  // "assign", "committed", "seek", "out_of_range", "truncated"
};

// What the caller has to deal with: nothing is delivered from the partition until its position is
// set anew.
struct Problem {
  TopicPartition partition;
  api::ErrorCode error = api::ErrorCode::none;
  // With OFFSET_OUT_OF_RANGE: what comes before our position is not in the leader's log any more,
  // from here on (KIP-320; Kafka's LogTruncationException).
  std::optional<Position> diverges_at = {};
};

// Resets come before the records, and problems after them.
struct Polled {
  std::vector<Reset> resets;
  std::vector<Delivered> records;
  std::vector<Problem> problems;
  bool empty() const { return resets.empty() && records.empty() && problems.empty(); }
};

class Consumer : public std::enable_shared_from_this<Consumer> {
 public:
  static std::shared_ptr<Consumer> make(ConsumerConfig config);
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  // Replaces the assignment. A partition that stays keeps its position; a new one begins where
  // auto.offset.reset says.
  void assign(Host& host, const std::vector<TopicPartition>& partitions);
  // Requires that the partition is assigned.
  void seek(Host& host, const TopicPartition& partition, const Position& position);
  // The same for a partition just assigned, of which an earlier owner committed so much.
  void start_at(Host& host, const TopicPartition& partition, const Position& committed);
  // `none`: nobody says where to begin, which is a problem of the next poll.
  void seek_by(Host& host, const TopicPartition& partition, OffsetReset to);

  // Waits for records, resets or problems; empty at the deadline. Records of a partition come in
  // the order of their offsets, at most max.poll.records in all.
  Polled poll(Env& env, Instant deadline);
  // The offset that comes next; nothing while it is being looked up.
  std::optional<Offset> position(const TopicPartition& partition) const;
  std::optional<Position> position_and_epoch(const TopicPartition& partition) const;
  // The same of the record behind what is fetched.
  std::optional<Position> fetched_up_to(const TopicPartition& partition) const {
    auto position = position_and_epoch(partition);
    if (!position || assigned_.at(partition).buffered.empty()) return position;
    const auto& last = assigned_.at(partition).buffered.back();
    return Position{last.at.offset + 1, last.leader_epoch};
  }
  // The leader's high watermark as of the last fetch; nothing before it.
  std::optional<Offset> high_watermark(const TopicPartition& partition) const;

  // Delivers and fetches nothing of the partition until it is resumed; the position stays. Of a
  // partition that is no longer assigned this is forgotten.
  void pause(const TopicPartition& partition);
  void resume(Host& host, const TopicPartition& partition);

  // Ends all fetches; a fetch under way keeps the consumer alive until then.
  void close(Host& host);

  Cluster& cluster() { return cluster_; }

 private:
  explicit Consumer(ConsumerConfig config);

  // Whom the leader named to read from, until it is to be asked again.
  struct ReadReplica {
    NodeId broker = no_node;
    Instant until;
  };
  struct Assigned {
    std::optional<Offset> position;  // Nothing: to be looked up, by `reset_to`.
    OffsetReset reset_to = OffsetReset::latest;
    std::string reset_why = "assign";
    LeaderEpoch last_epoch = no_epoch;  // Of the record before `position`, if it is known.
    LeaderEpoch told_epoch = no_epoch;  // Of a position given to us, until the view has it.
    std::optional<Offset> high_watermark;
    std::deque<Delivered> buffered;  // Fetched, from `position` on.
    Instant not_before;
    std::int32_t failures = 0;
    std::int64_t generation = 0;  // Raised by each seek: answers to earlier requests are dropped.
    bool has_problem = false;
    std::optional<ReadReplica> read_replica;
  };
  // What one request asks for.
  struct Asked {
    TopicPartition partition;
    std::int64_t generation = 0;
    std::optional<Offset> position;
    std::int64_t timestamp = 0;  // Of a look-up.
    LeaderEpoch leader_epoch = no_epoch;
    LeaderEpoch last_epoch = no_epoch;
    bool is_of_leader = true;
  };

  // Starts a request to each broker that has none and leads a partition that is due.
  void start_requests(Env& env);
  void start_refresh(Env& env);
  bool is_due(const TopicPartition& partition, const Assigned& assigned, Instant now) const;
  Instant next_due(Instant now) const;
  void spawn(Host& host, const std::string& name, std::function<void(Consumer&, Env&)> body);
  void run_request(Env& env, NodeId broker, const std::vector<Asked>& asked);
  void fetch(Env& env, NodeId broker, wire::Channel& channel, const std::vector<Asked>& asked);
  void learn_epoch(const TopicPartition& partition, Assigned& assigned);
  // Who is to be asked next; nothing if nobody is known to lead.
  std::optional<NodeId> broker_for(const TopicPartition& partition, Assigned& assigned,
                                   Instant now) const;
  void take(Env& env, const Asked& asked, const api::FetchResponse::PartitionData& data);
  void take_records(Env& env, const Asked& asked, Assigned& assigned,
                    const api::FetchResponse::PartitionData& data);
  void look_up(Env& env, wire::Channel& channel, const std::vector<Asked>& asked);
  void out_of_range(const TopicPartition& partition, Assigned& assigned);
  // The leader has the log that we have read up to `end` only.
  void truncated(const TopicPartition& partition, Assigned& assigned, const Position& end);
  // Whether an error in the answer says how things are.
  bool is_of_judge(const Asked& asked) const;
  // The leader is to be asked next, after a while.
  void failed(Env& env, const Asked& asked, Assigned& assigned, api::ErrorCode error);
  void all_failed(Env& env, const std::vector<Asked>& asked, api::ErrorCode error);
  void set_position(const TopicPartition& partition, Assigned& assigned, const Position& position,
                    std::string why);
  // It goes on somewhere else: nobody is to be asked about them any more.
  void forget_problems_of(const TopicPartition& partition);
  // Null if the answer is to a question that is no longer asked.
  Assigned* current(const Asked& asked);
  Polled drain();

  const ConsumerConfig config_;
  const Backoff backoff_;
  std::uint64_t backoffs_ = 0;
  Cluster cluster_;
  std::map<TopicPartition, Assigned> assigned_;
  std::set<TopicPartition> paused_;
  std::vector<Reset> resets_;
  std::vector<Problem> problems_;
  std::set<NodeId> busy_;
  std::map<NodeId, fetch::Session> sessions_;
  bool is_refreshing_ = false;
  std::int64_t generations_ = 0;
  std::set<FiberId> fibers_;
  TopicPartition last_served_;
  Signal changed_;
};

}  // namespace brokersim::client
