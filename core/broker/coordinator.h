// The coordinator of the groups in one partition of __consumer_offsets, while this broker leads it
// in one leader epoch.
//
//   loading ─ the log is replayed, and what was replayed is committed ─▶ active ─ role lost ─▶
//   ended
//
// What is decided, group::Shard decides; here its writes meet the log, its deadlines the clock, and
// requests that are parked wait for their answers.
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
#include "core/env.h"
#include "core/group/shard.h"
#include "core/signal.h"

namespace brokersim::broker {

class Coordinator {
 public:
  // Requires a replica that leads.
  Coordinator(const NodeConfig& config, std::shared_ptr<Replica> replica);

  // Until we no longer lead in this epoch, or the fiber is cancelled.
  void run(Env& env);

  // Whether it still is the coordinator of this replica.
  bool is_of(const Replica& replica) const {
    return !has_ended_ && replica_.get() == &replica && leads();
  }
  // NONE, COORDINATOR_LOAD_IN_PROGRESS or NOT_COORDINATOR: only with NONE may anything be asked.
  api::ErrorCode availability() const;
  group::Shard& shard() { return shard_; }
  group::Now now(Host& host) const { return {host.now(), host.wall_clock()}; }

  // Gives a request to the shard and waits for its answer, which comes at the latest when the
  // coordinator ends. The error, that the node ends first.
  using Request = std::function<group::Output(group::Shard&, group::Now, group::RequestId)>;
  template <class Response>
  Answer<Response> ask(Env& env, const Request& request) {
    auto response = ask_any(env, request);
    if (!response) return Unexpected(std::string("the node ends"));
    return std::get<Response>(*std::move(response));
  }
  // What came out of the shard: appends, answers, tells.
  void carry_out(Host& host, group::Output output);

 private:
  // A request whose fiber waits.
  struct Waiting {
    std::optional<group::Response> response;
    Signal answered;
  };

  bool leads() const;
  bool load(Env& env);
  Expected<Done, std::string_view> replay(const Slice& bytes, Offset from);
  bool wait_until_committed(Env& env, Offset end);
  void work(Env& env);
  std::optional<group::Response> ask_any(Env& env, const Request& request);
  std::optional<group::Output> append(Host& host, const group::Write& write);
  void deliver(Host& host, group::Answer answer);

  const std::shared_ptr<Replica> replica_;
  const LeaderEpoch epoch_;
  const std::size_t max_batch_bytes_;
  group::Shard shard_;
  bool is_loaded_ = false;
  bool has_ended_ = false;
  std::uint64_t requests_ = 0;
  std::map<group::RequestId, Waiting*> waiting_;
  Instant wakes_at_ = never;  // What run() waits for at the latest.
  Signal sooner_;             // The shard has an earlier deadline than that.
};

}  // namespace brokersim::broker
